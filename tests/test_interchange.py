"""The formats of annotation tools: what goes out comes back, and what a person did there counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotations.cli import app
from annotations.form import AnnotatedReport, read_reports
from annotations.inline import InlineError
from annotations.interchange import FORMATS, brat, conll, convert, docbin, label_studio, prodigy

from .marked import marked

SHIPPED = Path(__file__).resolve().parent.parent / "annotations"
TOOLS = (label_studio, brat, conll, docbin, prodigy)


def with_emoji() -> AnnotatedReport:
    """Two lines, an emoji, bidi marks, glued words, one anchor with two records."""
    return marked(
        "🔴 عاجل\u200f | [[إصابة|o1]] [[شخصين|v1]] و[[اعتقالهما|o2]]  في\t«[[نابلس|l1]]» 🕊\n"
        "و[[3|n1]] [[جرحى|o3]] بينهم [[طفل|v2]] في [[جنين|l2]].وقال&nbsp;",
        "v1: injured 2 dual | unknown | incident | o1 l1 |",
        "v1: captured 2 dual | unknown | incident | o2 l1 |",
        "n1: injured 3 | unknown | incident | o3 l2 |",
        "v2: injured 1 single | civilian | incident | o3 l2 | demo=child part=n1",
    )


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__.rpartition(".")[2])
def test_what_goes_out_comes_back(tool: object, tmp_path: Path) -> None:
    reports = [with_emoji(), *read_reports(SHIPPED / "dev")]
    assert tool.write(reports, tmp_path / "out") == len(reports)
    back = {r.id: r for r in tool.read(tmp_path / "out")}
    assert [back[r.id] for r in reports] == reports


def test_label_studio_counts_utf16_units(tmp_path: Path) -> None:
    report = with_emoji()
    label_studio.write([report], tmp_path / "x.json")
    (task,) = json.loads((tmp_path / "x.json").read_text("utf-8"))
    units = report.text.encode("utf-16-le")
    for region in task["annotations"][0]["result"]:
        value = region.get("value", {})
        if "labels" in value:
            assert units[2 * value["start"] : 2 * value["end"]].decode("utf-16-le") == value["text"]


def test_what_is_drawn_in_label_studio_is_read(tmp_path: Path) -> None:
    """A task without our ids: regions cut inside a word, a drawn part_of, record lines by hand."""
    text = "قتل 12 شخصا بينهم 3 أطفال"
    region = {"to_name": "text", "from_name": "label", "type": "labels"}
    place = {"a1": (0, 3, "OUTCOME"), "b2": (4, 6, "COUNT"), "c3": (18, 19, "COUNT"),
             "d4": (21, 25, "VICTIM")}  # fmt: skip
    result = [
        region | {"id": i, "value": {"start": a, "end": b, "labels": [label]}}
        for i, (a, b, label) in place.items()
    ]
    line = {"to_name": "text", "from_name": "records", "type": "textarea"}
    result += [
        line | {"id": "b2", "value": {"text": ["killed 12 | unknown | incident"]}},
        line | {"id": "c3", "value": {"text": "killed 3 | civilian | incident | demo=child"}},
    ]
    result += [
        {"type": "relation", "from_id": a, "to_id": b, "labels": [label]}
        for a, b, label in [("b2", "a1", "outcome"), ("c3", "b2", "part_of"),
                            ("c3", "d4", "victims"), ("c3", "a1", "outcome")]
    ]  # fmt: skip
    task = {"data": {"text": text, "id": "x"}, "annotations": [{"result": result}]}
    (tmp_path / "x.json").write_text(json.dumps([task]), "utf-8")
    (report,) = label_studio.read(tmp_path / "x.json")
    assert [m.text for m in report.mentions] == ["قتل", "12", "3", "أطفال"]
    assert [(r.count.value, r.subset_of, r.demographics) for r in report.records] == [
        (12, None, ()), (3, "r1", ("child",)),
    ]  # fmt: skip


def test_a_plain_conll_file_gives_mentions(tmp_path: Path) -> None:
    (tmp_path / "x.conll").write_text("قتل _ _ B-OUTCOME\n12 _ _ B-COUNT\nفي O\nدير _ _ B-PLACE\n"
                                      "الزور _ _ I-PLACE\n\n", "utf-8")  # fmt: skip
    (report,) = conll.read(tmp_path / "x.conll")
    assert [(m.label, m.text) for m in report.mentions] == [
        ("OUTCOME", "قتل"), ("COUNT", "12"), ("PLACE", "دير الزور"),
    ]  # fmt: skip


def test_docbin_holds_entities_that_spacy_can_train_on(tmp_path: Path) -> None:
    import spacy
    from spacy.tokens import DocBin

    report = with_emoji()
    docbin.write([report], tmp_path / "x.spacy")
    (doc,) = DocBin().from_disk(tmp_path / "x.spacy").get_docs(spacy.blank("ar").vocab)
    assert doc.text == report.text
    assert [(e.label_, e.text) for e in doc.ents] == [(m.label, m.text) for m in report.mentions]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("label-studio", "{", "export the project as JSON"),
        ("prodigy", '{"spans": []}', "no Prodigy task"),
        ("conll", "قتل B-DEAD\n", "is no label"),
        ("docx", "", "is no format"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(content, "utf-8")
    with pytest.raises((ValueError, InlineError), match=said):
        convert(tmp_path / "in", tmp_path / "out.jsonl", name, "jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_the_command_goes_both_ways(tmp_path: Path) -> None:
    there = [str(SHIPPED / "dev"), "--to", "brat", "--out", str(tmp_path / "brat")]
    back = [str(tmp_path / "brat"), "--from", "brat", "--out", str(tmp_path / "dev.jsonl")]
    for arguments in (there, back):
        result = CliRunner().invoke(app, ["convert", *arguments])
        assert result.exit_code == 0, result.output
    assert sorted(read_reports(tmp_path / "dev.jsonl"), key=lambda r: r.id) == sorted(
        read_reports(SHIPPED / "dev"), key=lambda r: r.id
    )
    missing = CliRunner().invoke(app, ["convert", "nowhere", "--out", str(tmp_path / "x")])
    assert missing.exit_code == 1 and "no such file" in missing.output


def test_the_labelling_configuration_names_every_label_and_link() -> None:
    from pipeline.schema import LINK_TYPES, MENTION_LABELS

    config = (SHIPPED / "interchange" / "label-studio.xml").read_text("utf-8")
    assert all(f'value="{name}"' in config for name in (*MENTION_LABELS, *LINK_TYPES))
    assert len(FORMATS) == 6
