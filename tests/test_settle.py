"""A third reader settles two annotations of one report."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from annotations.cli import app
from annotations.form import AnnotatedReport, read_reports, write_reports
from annotations.settle import choices, differences, settle

from .marked import marked

A = marked(
    "[[قُتل|o1]] [[3|n1]] [[مدنيين|v1]] في [[قصف|x1]] على [[بلدة سرمين|l1]] [[أمس|d1]].",
    "n1: killed 3 | civilian | incident | o1 v1 l1 d1 x1 | date=2019-05-13 cause=shelling",
    published="2019-05-14",
)
B = marked(
    "[[قُتل|o1]] [[3|n1]] [[مدنيين|v1]] في [[قصف|x1]] على بلدة [[سرمين|l1]] [[أمس|d1]].",
    "n1: killed 3 | unknown | incident | o1 v1 l1 x1 | cause=shelling",
    published="2019-05-14",
)


def facts(report: AnnotatedReport) -> tuple[object, ...]:
    """What a report says, whatever its ids are."""
    spans = {m.id: (m.start, m.end, m.label, m.anchor) for m in report.mentions}
    return (
        set(spans.values()),
        {(x.type, spans[x.head], spans[x.tail]) for x in report.links},
        [replace(r, id="", anchor=str(spans[r.anchor])) for r in report.records],
    )


def test_differences_are_asked_about_once_and_in_text_order() -> None:
    asked = [fact[0] + "".join(f" {part}" for part in fact[2:]) for fact, _, _ in differences(A, B)]
    assert asked == [
        "field killed category", "field killed date_end", "field killed date_start", "link date",
        "mention",
    ]  # fmt: skip
    assert differences(A, A) == []


def test_all_of_one_side_is_that_side() -> None:
    lines = "".join(choices([A], [B]))
    assert facts(settle([A], [B], lines)[0]) == facts(A)
    assert facts(settle([A], [B], lines.replace("[A]", "[B]"))[0]) == facts(B)


def test_a_choice_takes_one_difference_and_no_other() -> None:
    lines = "".join(choices([A], [B])).replace("t-1 5 [A]", "t-1 5 [B]")
    (settled,) = settle([A], [B], lines)
    (record,) = settled.records
    assert [m.text for m in settled.mentions if m.label == "PLACE"] == ["سرمين"]
    assert record.category == "civilian" and record.date_start == "2019-05-13"
    assert {x.type for x in settled.links} == {"outcome", "victims", "place", "date", "cause"}


def test_a_record_of_one_side_comes_with_all_that_hangs_on_it() -> None:
    more = marked(
        "[[قُتل|o1]] [[3|n1]] [[مدنيين|v1]] في [[قصف|x1]] على [[بلدة سرمين|l1]] [[أمس|d1]].",
        published="2019-05-14",
    )
    lines = "".join(choices([more], [A]))
    assert facts(settle([more], [A], lines.replace("[A]", "[B]"))[0]) == facts(A)
    assert settle([more], [A], lines)[0].records == ()


def test_lines_of_other_annotations_are_refused() -> None:
    with pytest.raises(ValueError, match="t-1: 5 differences, 4 choices"):
        settle([A], [B], "".join(choices([A], [B])).replace("t-1 3 [A]", ""))
    with pytest.raises(ValueError, match="not with the same text"):
        list(choices([A], [replace(B, text=B.text + " ")]))


def test_from_the_command_line(tmp_path: Path) -> None:
    a, b, lines, out = (tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.txt", "out.jsonl"))
    write_reports([A], a)
    write_reports([B], b)
    run = CliRunner().invoke(app, ["settle", str(a), str(b), "--choices", str(lines)])
    assert run.exit_code == 0 and "5 differences" in run.output
    run = CliRunner().invoke(
        app, ["settle", str(a), str(b), "--choices", str(lines), "--out", str(out)]
    )
    assert run.exit_code == 0 and facts(next(read_reports(out))) == facts(A)
