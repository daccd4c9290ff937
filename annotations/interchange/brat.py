"""brat standoff: a folder with a .txt and an .ann for each report, and brat's annotation.conf.

Mentions are text-bound annotations, links are binary relations, record lines are annotator notes
on their anchors. What brat has no place for (who the report is, our mention ids) is in a .json
beside them. Format: https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from pipeline.schema import ANCHOR_LABELS, LINK_TARGETS, MENTION_LABELS

from ..form import AnnotatedReport
from ..inline import InlineError
from .parts import Relation, Span, build, meta_of, record_lines


def write(reports: Iterable[AnnotatedReport], path: Path) -> int:
    """Write ``reports`` into the folder ``path``; returns how many."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "annotation.conf").write_text(_configuration(), "utf-8")
    done = [_write_one(report, path) for report in reports]
    return len(done)


def read(path: Path) -> Iterator[AnnotatedReport]:
    """The reports of a folder that `write` or an annotator in brat left, in name order.

    Raises InlineError for a row that cannot be read, ValueError for a folder without .ann files.
    """
    files = sorted(path.glob("*.ann"))
    if not files:
        raise ValueError(f"{path}: no .ann file in this folder")
    for file in files:
        text = file.with_suffix(".txt").read_bytes().decode("utf-8")
        beside = file.with_suffix(".json")
        meta = json.loads(beside.read_text("utf-8")) if beside.exists() else {"id": file.stem}
        yield _report(meta, text, file.read_text("utf-8").splitlines())


def _write_one(report: AnnotatedReport, folder: Path) -> None:
    stem = folder / quote(report.id, safe="")
    names = {m.id: f"T{k}" for k, m in enumerate(report.mentions, 1)}
    beside = meta_of(report) | {"mentions": {t: m for m, t in names.items()}}
    _save(stem, ".txt", report.text)
    _save(stem, ".ann", "".join(f"{row}\n" for row in _rows(report, names)))
    _save(stem, ".json", json.dumps(beside, ensure_ascii=False) + "\n")


def _save(stem: Path, suffix: str, content: str) -> None:
    stem.with_name(stem.name + suffix).write_bytes(content.encode("utf-8"))


def _rows(report: AnnotatedReport, names: dict[str, str]) -> Iterator[str]:
    for m in report.mentions:
        shown = " ".join(m.text.split("\n"))
        yield f"{names[m.id]}\t{m.label} {m.start} {m.end}\t{shown}"
    for k, x in enumerate(report.links, 1):
        yield f"R{k}\t{x.type} Arg1:{names[x.head]} Arg2:{names[x.tail]}"
    notes = [(m, line) for m, lines in record_lines(report).items() for line in lines]
    for k, (anchor, line) in enumerate(notes, 1):
        yield f"#{k}\tAnnotatorNotes {names[anchor]}\t{line}"


def _report(meta: dict, text: str, rows: list[str]) -> AnnotatedReport:
    names = meta.get("mentions", {})
    spans: list[Span] = []
    relations: list[Relation] = []
    lines: dict[str, list[str]] = {}
    for row in rows:
        try:
            name, what, *rest = row.split("\t")
            kind, *fields = what.split()
            if name[0] == "T":
                ends = " ".join(fields).replace(";", " ").split()
                label_span = Span(names.get(name, name), kind, int(ends[0]), int(ends[-1]))
                spans.append(label_span)
            elif name[0] == "R":
                head, tail = (field.partition(":")[2] for field in fields)
                relations.append(Relation(kind, names.get(head, head), names.get(tail, tail)))
            elif name[0] == "#":
                lines.setdefault(names.get(fields[0], fields[0]), []).append(rest[0])
        except (ValueError, IndexError) as error:
            raise InlineError(f"{meta['id']}: not a row of brat: {row!r}") from error
    return build(meta, text, spans, relations, lines)


def _configuration() -> str:
    relations = [
        f"{link}\tArg1:{'|'.join(ANCHOR_LABELS)}, Arg2:{'|'.join(labels)}"
        for link, labels in LINK_TARGETS.items()
    ]
    return "\n".join(
        ["[entities]", *MENTION_LABELS, "", "[relations]", *relations, "", "[events]", "",
         "[attributes]", ""]
    )  # fmt: skip
