from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.languages import find_language
from pipeline.run import run
from pipeline.schema import PassedOver

from .conftest import fake_results
from .reading import read

ANNOTATIONS = Path(__file__).resolve().parent.parent / "annotations"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fa", "مقام‌های محلی گفتند که در این حمله هوایی پنج غیرنظامی کشته و ده نفر زخمی شدند."),
        ("fa", "به گفته پليس در اثر انفجار بمب در بازار شهر هفت نفر كشته شدند كه كودك بود."),
        ("ur", "پولیس کے مطابق دھماکے میں پانچ افراد ہلاک اور بارہ زخمی ہوئے ہیں۔"),
        ("ckb", "لە هێرشێکی ئاسمانیدا پێنج هاووڵاتی مەدەنی کوژران و دەیانی دیکە برینداربوون."),
        ("ps", "چارواکو وویل چې په دې برید کې پنځه ملکي کسان وژل شوي او لس نور ټپیان شوي دي."),
        ("und", "Five civilians were killed when an air strike hit the town of Sarmin (سرمين)."),
        ("und", "Пять мирных жителей погибли в результате удара по посёлку."),
    ],
)
def test_other_languages(language: str, text: str) -> None:
    assert find_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "شهيدان في قصف اليوم #Idlib #Syria @SyrianDefence https://t.co/abcdefgh https://t.co/lmnop",
        "چان اكو گصف اليوم بالفلوجة واستشهد بيه ثلاثة من اهلنا وگلوبنا وياهم، شلون هيچ يصير",
        "قتلی وجرحی فی قصف علی حی سکنی فی مدینة حلب والدفاع المدنی ینتشل العالقین",
        "ڨفصة: حادث مرور يودي بحياة شاب وطفلتين",
        "محمد أحمد علي\nحسن حسين\nخالد وليد\nعمر سعيد",
        "مقتل قائد في ميليشيا فاطميون الأفغانية، ونعته صفحات إيرانية: «شهید مدافع حرم»",
        "ﻣﻘﺘﻞ ﺛﻼﺛﺔ ﻣﺪﻧﻴﻴﻦ ﻓﻲ ﻗﺼﻒ ﻋﻠﻰ ﺍﻟﺒﻠﺪﺓ",
        "<div class='post'><span style='color:red'>3 شهداء في غزة</span></div>",
        "قتل 3",
        "ok",
        "",
        "12.5.2018",
    ],
)
def test_arabic_is_kept(text: str) -> None:
    assert find_language(text) == "ar"


def test_no_annotated_report_is_passed_over() -> None:
    texts = [
        row["text"]
        for path in sorted(ANNOTATIONS.rglob("*.jsonl"))
        for row in map(json.loads, path.open(encoding="utf-8"))
        if "text" in row
    ]
    assert len(texts) > 1000
    assert [text[:80] for text in texts if find_language(text) != "ar"] == []


def test_what_is_passed_over_is_counted(tmp_path: Path, model: Path) -> None:
    rows = [
        {"id": "a", "text": "قُتل ثلاثة مدنيين بقصف على البلدة."},
        {"id": "b", "text": "پولیس کے مطابق دھماکے میں پانچ افراد ہلاک اور بارہ زخمی ہوئے ہیں۔"},
        {"id": "c", "text": ""},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (report,), rejects = read(path)
    assert report.report_id == "a"
    assert [isinstance(reject, PassedOver) for reject in rejects] == [True, False]
    assert rejects[0].input == "a.jsonl#2" and "language ur" in rejects[0].reason
    summary = run([path], tmp_path / "out", model=model, make=lambda _: fake_results)
    counts = summary.counts
    assert (counts.reports, counts.rejects, counts.passed_over) == (1, 2, 1)
    assert json.loads((tmp_path / "out/run.json").read_text())["counts"]["passed_over"] == 1
    reports, _ = read(path, any_language=True)
    assert [r.report_id for r in reports] == ["a", "b"]
