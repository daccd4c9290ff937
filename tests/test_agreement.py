"""Two annotations of one text, gold against the rules: figures known by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from annotations.form import read_reports, write_reports
from eval.agreement import agreement, cohen_kappa
from eval.consistency import by_reading, explained, findings
from pipeline.cli import app

from .marked import marked

TEXT = "[[قتل|o1]] [[3|n1]] [[مدنيين|v1]] في [[دوما|l1]] [[أمس|d1]]"
LINE = "n1: killed 3 | civilian | incident | o1 v1 l1 d1 | date=2016-05-01"
SHIPPED = Path(__file__).resolve().parent.parent / "annotations"


def test_an_annotation_agrees_with_itself() -> None:
    report = marked(TEXT, LINE, published="2016-05-02")
    result = agreement([report], [report])
    assert {t: rows["micro"].f1 for t, rows in result.tables.items() if "micro" in rows} == {
        "mentions": 1.0, "links": 1.0,
    }  # fmt: skip
    assert result.tables["records"]["whole"].f1 == 1.0 and result.paired == 1


def test_what_one_annotator_lacks_counts_on_both_sides() -> None:
    first = marked(TEXT, LINE, published="2016-05-02")
    second = marked(
        "[[قتل|o1]] [[3|n1]] [[مدنيين في|v1]] [[دوما|l1]] أمس",
        "n1: killed 3 | unknown | cumulative | o1 v1 l1 |",
        published="2016-05-02",
    )
    result = agreement([first], [second])
    mentions, links = result.tables["mentions"]["micro"], result.tables["links"]["micro"]
    assert (mentions.correct, mentions.predicted, mentions.gold) == (3, 4, 5)
    assert (links.correct, links.predicted, links.gold) == (2, 3, 4)
    assert result.tables["records"]["records"].f1 == 1.0
    assert result.tables["records"]["whole"].correct == 0


def test_kappa_is_agreement_beyond_chance() -> None:
    # Two raters, 50 items, 20 yes-yes, 15 no-no, 5 and 10 apart: 0.7 observed, 0.5 by chance.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert cohen_kappa([("y", "n"), ("n", "y")]) == pytest.approx(-1.0)
    assert cohen_kappa([("y", "y")]) == 1.0


def test_annotations_of_other_texts_are_not_compared() -> None:
    report = marked(TEXT, LINE)
    with pytest.raises(ValueError, match="t-1"):
        agreement([report], [replace(report, text=report.text + " ")])
    with pytest.raises(ValueError, match="t-2"):
        agreement([report], [report, replace(report, id="t-2")])


def test_a_record_that_the_marks_do_not_give_must_say_so() -> None:
    sound = marked(TEXT, LINE, published="2016-05-02")
    assert by_reading(sound) == {"r1": ()} and list(findings([sound])) == []
    other = replace(sound, records=(replace(sound.records[0], date_start="2016-04-30"),))
    assert [f.rpartition(" ")[2] for f in findings([other])] == ["date"]
    assert list(findings([explained(other)])) == []
    stale = replace(sound, records=(replace(sound.records[0], by_reading=("date",)),))
    assert "the same date now" in next(iter(findings([stale])))
    unseen = replace(other, records=(replace(sound.records[0], outcome="missing"),))
    assert by_reading(unseen) == {"r1": ("record",)}


def test_the_commands_read_write_and_fail(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    sound = marked(TEXT, LINE, published="2016-05-02")
    write_reports([replace(sound, records=(replace(sound.records[0], scope="cumulative"),))], path)
    run = CliRunner().invoke
    assert run(app, ["consistency", str(path)]).exit_code == 1
    assert run(app, ["consistency", str(path), "--write"]).exit_code == 0
    assert run(app, ["consistency", str(path)]).exit_code == 0
    assert next(iter(read_reports(path))).records[0].by_reading == ("scope",)
    shown = run(app, ["agreement", str(path), str(path)])
    assert shown.exit_code == 0 and "kappa scope" in shown.output
    assert run(app, ["agreement", str(path), str(tmp_path / "none")]).exit_code != 0
