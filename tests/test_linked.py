"""The link set: its written form, its halves, its checks."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from annotations.inline import InlineError
from annotations.linked import (
    HALVES,
    LOOKALIKES,
    Lookalike,
    check_linked,
    count_linked,
    halves,
    parse_linked,
    read_linked,
    read_lookalikes,
    write_linked,
)

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
