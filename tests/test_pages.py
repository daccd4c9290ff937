from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("trafilatura")

from .reading import read, read_bytes

TITLE = "مقتل ثلاثة مدنيين في سرمين"
BODY = [
    "قُتل ثلاثة مدنيين بينهم طفل وأصيب خمسة آخرون بقصف مدفعي على بلدة سرمين بريف إدلب.",
    "وقال الدفاع المدني إن فرقه انتشلت الجثث من تحت الأنقاض ونقلت المصابين إلى المشفى.",
]
DAY = '<meta property="article:published_time" content="2018-05-02T23:04:05+03:00">'


def page(head: str = "", body: str | None = None, title: str = TITLE) -> str:
    body = "".join(f"<p>{line}</p>" for line in BODY) if body is None else body
    return (
        f"<!DOCTYPE html><html lang=ar dir=rtl><head><title>{title} - موقع الخبر</title>{head}"
        "</head><body><nav><a href=/>الرئيسية</a> <a href=/s>سياسة</a></nav>"
        f"<article><h1>{title}</h1>{body}</article><footer>© 2019 جميع الحقوق محفوظة</footer>"
        "</body></html>"
    )


def test_an_article_with_its_title_and_day(tmp_path: Path) -> None:
    (report,), rejects = read_bytes(tmp_path, "a.html", page(DAY).encode())
    assert report.text == "\n".join([TITLE, *BODY]) and rejects == []
    assert (report.title, report.published) == (TITLE, "2018-05-02")


def test_a_day_is_never_taken_from_the_words(tmp_path: Path) -> None:
    text = "<p>وكان قد قتل خمسة في 3 آذار 2017.</p>" + "".join(f"<p>{line}</p>" for line in BODY)
    (report,), _ = read_bytes(tmp_path, "a.html", page(body=text).encode())
    assert report.published is None
    (report,), _ = read_bytes(tmp_path, "2018-05-02-a.html", page(body=text).encode())
    assert report.published == "2018-05-02"


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1256", "iso-8859-6", "utf-16"])
@pytest.mark.parametrize("declared", [True, False])
def test_encodings(tmp_path: Path, encoding: str, declared: bool) -> None:
    head = f'<meta charset="{encoding}">' if declared else ""
    data = page(head).replace("©", "").encode(encoding)
    (report,), _ = read_bytes(tmp_path, "a.htm", data)
    assert report.text == "\n".join([TITLE, *BODY])


def test_a_wrong_declaration_is_put_right(tmp_path: Path) -> None:
    data = page('<meta charset="iso-8859-1">').encode("windows-1256")
    (report,), _ = read_bytes(tmp_path, "a.html", data)
    assert report.text == "\n".join([TITLE, *BODY])


def test_mojibake_in_a_page_is_put_right_and_said(tmp_path: Path) -> None:
    body = "".join(f"<p>{line.encode().decode('latin-1')}</p>" for line in BODY)
    title = TITLE.encode().decode("latin-1")
    (report,), _ = read_bytes(tmp_path, "a.html", page(body=body, title=title).encode())
    assert BODY[1] in report.text and report.title and report.title.startswith("مقتل")
    assert len(report.repairs) == 1 and "garbled" in report.repairs[0]


def test_a_page_without_text(tmp_path: Path) -> None:
    for text in ("<html><body><script>render()</script></body></html>", "<p></p>", "<"):
        reports, (reject,) = read_bytes(tmp_path, "a.html", text.encode())
        assert reports == [] and ("no text" in reject.reason or "damaged" in reject.reason)


def test_xhtml_with_entities_that_multiply(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "قتل "}">' for n in range(10))
    text = page(body=f"<p>&e9;</p><p>{BODY[0]}</p><p>{BODY[1]}</p>")
    text = f'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html [{entities}]>' + text[15:]
    reports, rejects = read_bytes(tmp_path, "a.xhtml", text.encode())
    assert len(reports) + len(rejects) == 1
    assert all(len(report.text) < 2000 for report in reports)


def test_entities_do_not_read_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("سر لا يقرأ", "utf-8")
    head = f'<!DOCTYPE html [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]>'
    text = head + page(body=f"<p>&s; {BODY[0]}</p><p>{BODY[1]}</p>")[15:]
    reports, _ = read_bytes(tmp_path, "a.xhtml", text.encode())
    assert all("لا يقرأ" not in report.text for report in reports)


@pytest.mark.parametrize("tag", ["div", "b", "table><tr><td", "ul><li", "blockquote", "font"])
def test_deep_nesting(tmp_path: Path, tag: str) -> None:
    body = f"<{tag}>" * 50_000 + BODY[0]
    (tmp_path / "z.txt").write_text(BODY[1], "utf-8")
    (tmp_path / "a.html").write_text(page(body=body), "utf-8")
    reports, _ = read(tmp_path)
    assert reports[-1].report_id == "z.txt"


def test_the_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("trafilatura", "pdfminer", "warcio.archiveiterator"):
        monkeypatch.setitem(sys.modules, package, None)
    for name in ("a.html", "a.pdf", "a.warc"):
        (tmp_path / name).write_bytes(b"data")
    (tmp_path / "z.txt").write_text(BODY[0], "utf-8")
    (report,), rejects = read(tmp_path)
    assert report.report_id == "z.txt"
    assert all("not installed" in r.reason and "[readers]" in r.reason for r in rejects)
    assert len(rejects) == 3
