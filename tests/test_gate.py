from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.components import results
from pipeline.gate import Gate, chosen, features, load_gate, pieces, sentences, stem
from pipeline.schema import Report

ANNOTATIONS = Path("annotations")
TOLL = "قُتل سبعة مدنيين وأصيب آخرون بغارة جوية على بلدة سرمين."
PLAIN = "افتتح الوزير معرض الكتاب في قاعة البلدية أمس."


def gold(split: str) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """The text of each report and where its records are anchored."""
    for path in sorted((ANNOTATIONS / split).glob("*.jsonl")):
        for report in map(json.loads, path.read_text("utf-8").splitlines()):
            spans = {m["id"]: (m["start"], m["end"]) for m in report["mentions"]}
            yield report["text"], [spans[record["anchor"]] for record in report["records"]]


@pytest.mark.parametrize("split", ["train", "dev", "test", "test-unseen"])
def test_keeps_the_records_of_every_split(split: str) -> None:
    gate = load_gate()
    kept = total = 0
    for text, anchors in gold(split):
        stretches = gate.stretches(text)
        total += len(anchors)
        kept += sum(any(s < b and e > a for s, e in stretches) for a, b in anchors)
    assert kept / total >= 0.998


def test_opens_for_a_toll_and_not_for_plain_news() -> None:
    gate = load_gate()
    assert gate.stretches(TOLL) == [(0, len(TOLL))]
    assert gate.stretches(PLAIN) == []
    assert gate.stretches("") == []


@pytest.mark.parametrize(
    "telling",
    [
        "ق ت ل ى في قصف على السوق",
        "وبمقتلهم يرتفع عدد الشهداء إلى 12",
        "استُشهِدَ طفلانِ برصاصِ قنّاصٍ",
        "العثور على ٣ جثث مجهولة الهوية",
    ],
)
def test_spelling_shuts_nothing_out(telling: str) -> None:
    assert load_gate().stretches(telling)


def test_reads_about_a_casualty_and_at_the_head() -> None:
    text = "\n".join([*[PLAIN] * 20, TOLL, *[PLAIN] * 20])
    head, rest = load_gate().stretches(text)
    assert head == (0, 2 * len(PLAIN) + 2)
    at = text.index(TOLL)
    assert rest[0] < at and at + len(TOLL) < rest[1]
    assert rest[1] - rest[0] < 4 * len(TOLL)


def test_chosen_by_two_thresholds() -> None:
    spans = [(k, k + 1) for k in range(9)]
    low = [-9.0] * 9
    assert chosen(spans, low, opens=0, reads=-2) == []
    assert chosen([], [], opens=0, reads=-2) == []
    scores = [*low[:5], 0.0, *low[6:]]
    assert chosen(spans, scores, opens=0, reads=-2) == [(0, 2), (4, 7)]
    assert chosen(spans, [*low[:5], 0.0, -9, -2.0, -9], opens=0, reads=-2) == [(0, 2), (4, 9)]


@given(st.text(alphabet="قتل شهداء.؟!\n3،"))
def test_sentences_are_all_of_the_text(text: str) -> None:
    spans = list(sentences(text))
    assert "".join(text[a:b] for a, b in spans) == text
    assert all(a < b for a, b in spans)


def test_a_number_is_not_cut() -> None:
    assert len(list(sentences("مقتل 1.200 شخص. ثم هدوء."))) == 2


def test_a_long_sentence_is_read_in_pieces_that_overlap() -> None:
    words = [f"كلمة{'ا' * k}" for k in range(100)]
    read = list(pieces(" ".join(words)))
    assert max(map(len, read)) == 40
    assert {w for piece in read for w in piece} == {w for (w,) in (next(pieces(x)) for x in words)}


def test_kin_share_a_skeleton() -> None:
    assert stem("القتيل")[1] == stem("قتيلا")[1] == stem("وقتلي")[1] == "~قتل"
    assert stem("بالقصف")[0] == "قصف"
    assert {"0", "0 قتيل", "~0 ~قتل"} <= features(["12", "قتيلا"])


def test_score_is_the_best_piece() -> None:
    gate = Gate(weights={"قتل": 3.0, "قتل 0": 1.0}, bias=-1.0, opens=0.0, reads=0.0)
    assert gate.score("قتل") == 2.0
    assert gate.score("قتل 5") == 3.0
    assert gate.score("هدوء") == -1.0
    assert gate.score("؟؟") == float("-inf")


def test_results_behind_the_gate() -> None:
    nlp = pipeline.load()
    reports = [Report(report_id=str(k), text=text) for k, text in enumerate([PLAIN, TOLL])]
    plain, toll = results(nlp, reports, load_gate())
    assert not plain.events and plain.language == "ar" and len(plain.sha256) == 64
    assert toll == next(results(nlp, reports[1:]))
