"""The inline form, the JSONL form and the checks of the annotated set."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from annotations.check import SPLITS, check_folder, check_report
from annotations.cli import app
from annotations.form import read_reports, write_reports
from annotations.hints import hints
from annotations.inline import InlineError, blocks, parse, parse_block, render
from annotations.overlap import copied_runs, near_duplicates, shared_runs
from annotations.stats import shown
from pipeline.schema import MENTION_LABELS

from .marked import marked

SHIPPED = Path(__file__).resolve().parent.parent / "annotations"


def example() -> object:
    return marked(
        "[[قُتل|o1]] [[ما لا يقل عن 12|n1]] [[مدنياً|v1]]، بينهم [[3|n2]] [[أطفال|v2]] "
        "[[بريف إدلب|l1]]",
        "n1: killed >=12 | civilian | incident | o1 v1 l1 | by=",
        "n2: killed 3 | civilian | incident | o1 v2 l1 | demo=child part=n1",
    )


def test_the_inline_form_reads_back_what_it_renders() -> None:
    report = example()
    ((name, body),) = blocks(render(report))
    assert parse_block(name, body) == report
    assert list(check_report(report)) == []


def test_mentions_grow_to_whole_tokens() -> None:
    report = marked(
        "[[قت|o1]]ل ب[[ريف إدلب|l1]]، و[[3|n1]]", "n1: killed 3 | unknown | incident | o1 l1 |"
    )
    assert [m.text for m in report.mentions] == ["قتل", "بريف إدلب", "3"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[[قتل|o1]] 3", "n1: killed 3 | unknown | incident | o1 |", "names n1"),
        ("[[قتل|o1]] [[3|n1]]", "n1: killed many | unknown | incident | o1 |", "count 'many'"),
        ("[[قتل|o1]] [[3|n1]]", "n1: killed 3 | unknown | today | o1 |", "scope 'today'"),
        ("[[قتل|o1]] [[3|n1", "n1: killed 3 | unknown | incident | o1 |", "unclosed"),
        ("[[قتل|o1]] [[3|n1]]", "n1: maimed 3 | unknown | incident | o1 |", "outcome 'maimed'"),
        ("[[قتل|o1]] [[3|n1]]", "n1: killed 3 pair | unknown | incident | o1 |", "kind 'pair'"),
        ("[[قتل|o1]] [[3|n1]]", "n1: killed 3 | unknown | incident | : |", "not a record line"),
        ("[[قتل|o1]] [[3|o1]]", "o1: killed 3 | unknown | incident | |", "used twice"),
    ],
)
def test_what_is_wrong_is_named(text: str, line: str, said: str) -> None:
    with pytest.raises(InlineError, match=said):
        marked(text, line)


def test_no_report_is_dropped_in_silence() -> None:
    block = render(example())
    assert len(list(parse(f"{block}\n{block}"))) == 2
    for source in ("", block.replace("@end", ""), block.replace("@@ t-1", "@@ t-1 x")):
        with pytest.raises(InlineError):
            list(parse(source))


def test_checks_find_each_kind_of_fault() -> None:
    report = example()
    mention, *others = report.mentions
    cases = {
        "not what stands": replace(report, mentions=(replace(mention, text="x"), *others)),
        "overlaps": replace(report, mentions=(*report.mentions, replace(mention, id="o9"))),
        "has no record": replace(report, records=(), mentions=tuple(
            replace(m, anchor=None) for m in report.mentions)),
        "may not point": replace(report, links=(replace(report.links[0], type="place"),)),
        "anchors and records differ": replace(report, records=report.records[:1]),
        "no outcome link": replace(report, links=()),
        "a part of itself": replace(report, records=(
            replace(report.records[0], subset_of="r2"), report.records[1])),
        "ends before": replace(report, records=(
            replace(report.records[0], date_start="2020-01-02", date_end="2020-01-01"),
            report.records[1])),
    }  # fmt: skip
    for said, broken in cases.items():
        assert any(said in finding for finding in check_report(broken)), said


def test_a_run_of_eight_words_in_two_splits_is_found() -> None:
    words = "واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية"
    one = replace(example(), id="a", text=f"قال {words}")
    two = replace(example(), id="b", text=f"{words.replace('أ', 'ا')} ثم مضى")
    assert len(shared_runs({"train": [one], "test": [two]})) == 1
    assert shared_runs({"train": [one, two], "test": []}) == []


def test_near_duplicates_and_copies_are_found() -> None:
    words = [f"كلمة{k}" for k in range(20)]
    one = replace(example(), id="a", text=" ".join(words))
    other = replace(example(), id="b", text=" ".join([*words[:14], "ثم", "مضى"]))
    apart = replace(example(), id="c", text=" ".join(reversed(words)))
    assert [f.split(":")[0] for f in near_duplicates([one, other, apart])] == [
        "a and b are near duplicates"
    ]
    tagged = "\n".join(f"{w} B-X" for w in words[3:12])  # a token a line, as corpora have it
    others = [("corpus", tagged), ("too short", " ".join(words[:7]))]
    assert len(copied_runs([(r.id, r.text) for r in (one, apart)], others)) == 1


def test_each_part_is_seen_where_it_stands() -> None:
    report = marked(
        "[[مقتل|o1]] [[طفلين|v1]] و[[٣|n1]] [[رجال|v2]] على الأقل، ولم تسجل إصابات أخرى",
        "v1: killed 2 dual | civilian | incident | o1 |",
        "n1: killed >=3 | civilian | incident | o1 v2 |",
    )
    seen = set(shown(report))
    assert {"1b", "1e", "3a", "5a", "5f", "9a", "16g"} <= seen
    assert not seen & {"1a", "1c", "3b", "5c", "8a", "12a", "20i"}
    assert "11d" in shown(replace(report, points=("11d",))) and "11d" not in seen


def test_hints_ask_about_what_looks_forgotten() -> None:
    report = marked(
        "قصفت [[قوات النظام|p1]] [[سرمين|l1]]، و[[قتل|o1]] ما لا يقل عن [[4|n1]] [[مدنيين|v1]] "
        "بينهم [[طفل|v2]] وأصيب 5 مدنيين، وانسحبت قوات النظام من سرمين",
        "n1: killed >=4 | civilian | incident | o1 v1 by:p1 l1 |",
        "v2: killed 1 single | civilian | incident | o1 | part=n1",
    )
    asked = " ".join(hints(report))
    for said in (
        "«قوات النظام» at", "a PARTY?", "«سرمين» at", "«5 مدنيين»", "before COUNT n1",
        "record v2 «طفل» has no place", "lacks its total's place, perpetrator",
    ):  # fmt: skip
        assert said in asked, said


def test_a_bad_line_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_reports([example()], path)
    assert list(read_reports(path)) == [example()]
    path.write_text(path.read_text("utf-8") + '{"id": 3}\n', "utf-8")
    with pytest.raises(ValueError, match=r"a\.jsonl:2"):
        list(read_reports(path))


def test_the_shipped_set_is_sound_and_spans_stand_in_the_raw_text() -> None:
    assert check_folder(SHIPPED) == []
    reports = [r for split in SPLITS for r in read_reports(SHIPPED / split)]
    assert all(r.text[m.start : m.end] == m.text for r in reports for m in r.mentions)
    assert {m.label for r in reports for m in r.mentions} == set(MENTION_LABELS)


def test_the_command_says_where_a_split_is_missing(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "train" in result.output
