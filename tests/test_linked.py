"""The link set: its written form, its halves, its checks."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from annotations.inline import InlineError
from annotations.linked import (
    HALVES,
    LOOKALIKES,
    LinkedReport,
    Lookalike,
    Telling,
    check_linked,
    count_linked,
    halves,
    parse_linked,
    read_linked,
    read_lookalikes,
    write_linked,
)
from eval.linked import linked_figures, place_tellings, told_by, units
from pipeline.schema import Casualty, ReportResult

from .test_database import event, record

WRITTEN = """@@ k1-001
country: SY | source: وكالة | published: 2019-05-14
e1: ev01 | killed=12 injured=~30
e2: ev02 | killed=3
@text
[[قتل 12 وأصيب نحو 30 في سوق معرة النعمان.|e1]] [[وقتل 3 في سراقب.|e2]]
@end

@@ k1-002
country: SY | source: المرصد | published: 2019-05-15
e1: ev01 | killed=>=13
@text
[[ارتفعت حصيلة سوق المعرة إلى 13 على الأقل|e1]]
@end

@@ k1-003
country: IQ | source: وكالة | published: 2019-06-01
e1: ev03 | killed=2
@text
عاجل
[[مقتل شرطيين في كركوك|e1]]
@end

## lookalike ev01 ev02 | the next town, the same day
"""


def test_the_written_form_is_read_with_raw_offsets() -> None:
    reports, pairs = parse_linked(WRITTEN)
    assert [t.event for r in reports for t in r.tellings] == ["ev01", "ev02", "ev01", "ev03"]
    assert all(r.text[t.start : t.end] == t.text for r in reports for t in r.tellings)
    assert reports[0].tellings[0].tolls["injured"].qualifier == "approximate"
    assert pairs == [Lookalike(first="ev01", second="ev02", why="the next town, the same day")]
    counts = {"reports": 3, "tellings": 4, "events": 3, "told_again": 1}
    assert count_linked(reports) == counts


@pytest.mark.parametrize(
    ("old", "new"),
    [("e2: ev02 | killed=3\n", ""), ("killed=3", "slain=3"), ("|e2]]", "]]"), ("published", "x")],
)
def test_a_bad_report_is_named(old: str, new: str) -> None:
    with pytest.raises(InlineError, match="k1-001"):
        parse_linked(WRITTEN.replace(old, new, 1))


def test_nothing_is_torn_between_the_halves(tmp_path: Path) -> None:
    reports, pairs = parse_linked(WRITTEN)
    split = halves(reports, pairs)
    assert sorted(len(split[half]) for half in HALVES) == [1, 2]
    write_linked(reports, pairs, tmp_path)
    assert check_linked(tmp_path) == []
    assert read_lookalikes(tmp_path / LOOKALIKES) == pairs
    both = sorted(
        (r for h in HALVES for r in read_linked(tmp_path / f"{h}.jsonl")), key=lambda r: r.id
    )
    assert both == reports


def test_checks_find_each_kind_of_fault(tmp_path: Path) -> None:
    reports, pairs = parse_linked(WRITTEN)
    write_linked(reports, [*pairs, Lookalike(first="ev01", second="ev01", why="")], tmp_path)
    moved = [replace(t, start=t.start + 1) for t in reports[2].tellings]
    again = replace(reports[2], id="k1-001", tellings=(*moved, reports[0].tellings[0]))
    half = next(h for h in HALVES if read_linked(tmp_path / f"{h}.jsonl")[0].id == "k1-003")
    write_linked([again], [], tmp_path / "x")
    content = [p.read_bytes() for p in sorted((tmp_path / "x").glob("*t.jsonl"))]
    content += [p.read_bytes() for p in sorted((tmp_path / "x").glob("dev.jsonl"))]
    (tmp_path / f"{half}.jsonl").write_bytes(b"".join(content))
    found = " ".join(check_linked(tmp_path))
    for said in ("not what stands", "told in both", "2 reports bear", "are one, or not both told"):
        assert said in found, said


# Scores of groups


ONE = [("e1", "g1"), ("e1", "g1"), ("e1", "g2"), ("e2", "g1")]


def test_pairs_and_b_cubed_of_a_known_case() -> None:
    """Three tellings of e1, one torn off and one of e2 mixed in: by hand 1 of 3 pairs is right on
    either side; precision (2/3 + 2/3 + 1 + 1/3) / 4, recall (2/3 + 2/3 + 1/3 + 1) / 4."""
    unit = {"e1": "u", "e2": "u"}
    pair = [Lookalike(first="e1", second="e2", why="one market")]
    found = linked_figures(ONE, unit, pair)
    assert found["pairs precision"].value == pytest.approx(1 / 3)
    assert found["pairs recall"].value == pytest.approx(1 / 3)
    assert found["pairs F1"].value == pytest.approx(1 / 3) and found["pairs F1"].of == 5
    assert found["b-cubed precision"].value == pytest.approx(2 / 3)
    assert found["b-cubed recall"].value == pytest.approx(2 / 3)
    assert found["groups that mix events"].value == 1.0
    assert found["events torn apart"].value == 1.0
    assert found["look-alikes kept apart"].value == 0.0


def test_groups_as_they_should_be_score_one() -> None:
    right = [("e1", 0), ("e1", 0), ("e2", 1)]
    found = linked_figures(
        right, {"e1": "u", "e2": "v"}, [Lookalike(first="e1", second="e2", why="")]
    )
    assert {found[name].value for name in ("pairs F1", "b-cubed F1", "look-alikes kept apart")} == {
        1
    }
    assert found["groups that mix events"].value == found["events torn apart"].value == 0
    assert found["pairs F1"].as_dict()["value"] == 1


def test_a_telling_stands_for_the_event_with_most_records_in_it_and_unread_ones_stand_alone() -> (
    None
):
    report = LinkedReport(
        id="r", text="x" * 60, published="2019-05-14", source="", country="SY",
        tellings=(telling("e1", 0, 30), telling("e2", 30, 60)),
    )  # fmt: skip
    events = (
        event("few", record_at("1", 5)),
        event("many", record_at("2", 6), record_at("3", 20)),
    )
    result = ReportResult(
        report_id="r", source="", title=None, published=None, language="ar", sha256="",
        events=events, warnings=(),
    )  # fmt: skip
    told = told_by([report], [result])
    assert told == [("e1", ["many", "few"]), ("e2", [])]
    placed = place_tellings([*told, ("e2", [])], {"many": 7})
    assert placed == [("e1", 7), ("e2", "unread 1"), ("e2", "unread 2")]
    assert units([report]) == {"e1": "e1", "e2": "e1"}


def telling(name: str, start: int, end: int) -> Telling:
    return Telling(event=name, start=start, end=end, text="", tolls={})


def record_at(name: str, start: int) -> Casualty:
    plain = record(name, 1, 1)
    return replace(plain, count=replace(plain.count, start=start, end=start + 1))
