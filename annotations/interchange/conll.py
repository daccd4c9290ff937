"""CoNLL-2003: a token a line (token, two empty columns, IOB2 tag), a blank line between reports.

The columns hold the mentions. All else (the raw text with its spaces, links, records) stands in
comment lines before the tokens, which readers of the format pass over; so the way back is
lossless. Without them a report comes back as its tokens with one space between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.text import tokens

from ..form import AnnotatedReport
from .parts import Relation, Span, build, meta_of, record_lines


def write(reports: Iterable[AnnotatedReport], path: Path) -> int:
    """Write ``reports`` to the file ``path``; returns how many."""
    blocks = [_block(report) for report in reports]
    path.write_text("\n".join(blocks), "utf-8")
    return len(blocks)


def read(path: Path) -> Iterator[AnnotatedReport]:
    """The reports of a file in this format, ours or another's (mentions alone, then).

    Raises InlineError for a tag that is no label, ValueError for a line that is no row.
    """
    block: list[str] = []
    for line in [*path.read_text("utf-8").split("\n"), ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield _report(path, block)
            block = []


def _block(report: AnnotatedReport) -> str:
    extra = {
        "meta": meta_of(report),
        "text": report.text,
        "mentions": [m.id for m in report.mentions],
        "links": [[x.type, x.head, x.tail] for x in report.links],
        "records": record_lines(report),
    }
    heads = [f"# {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in extra.items()]
    spans = tokens(report.text)
    tags = ["O"] * len(spans)
    for m in report.mentions:
        inside = [i for i, (a, b) in enumerate(spans) if m.start <= a and b <= m.end]
        for n, i in enumerate(inside):
            tags[i] = ("I-" if n else "B-") + m.label
    rows = [f"{report.text[a:b]} _ _ {tag}" for (a, b), tag in zip(spans, tags, strict=True)]
    return "\n".join([*heads, *rows, ""])


def _report(path: Path, block: list[str]) -> AnnotatedReport:
    heads = [line[2:].partition(" = ") for line in block if line.startswith("# ") and " = " in line]
    extra = {name: json.loads(value) for name, _, value in heads}
    rows = [line.split() for line in block if not line.startswith("# ") or " = " not in line]
    if any(len(row) < 2 for row in rows):
        raise ValueError(f"{path}: a line is not 'token … tag': {block[0]!r}")
    text = extra.get("text", " ".join(row[0] for row in rows))
    where = tokens(text) if "text" in extra else _spaced([row[0] for row in rows])
    found = _spans([row[-1] for row in rows], where)
    ids = extra.get("mentions", [])
    if len(ids) == len(found):
        order = sorted(range(len(ids)), key=lambda k: k)
        found = [Span(ids[k], s.label, s.start, s.end) for k, s in zip(order, found, strict=True)]
    return build(
        extra.get("meta", {"id": rows[0][0] if rows else path.stem}), text, found,
        [Relation(*x) for x in extra.get("links", [])], extra.get("records", {}),
    )  # fmt: skip


def _spaced(words: list[str]) -> list[tuple[int, int]]:
    where, at = [], 0
    for word in words:
        where.append((at, at + len(word)))
        at += len(word) + 1
    return where


def _spans(tags: list[str], where: list[tuple[int, int]]) -> list[Span]:
    """IOB2 tags as spans, in order; an orphan I- opens a span."""
    spans: list[Span] = []
    open_label = ""
    for k, (tag, (start, end)) in enumerate(zip(tags, where, strict=True)):
        kind, _, label = tag.partition("-")
        if kind == "I" and label == open_label:
            last = spans[-1]
            spans[-1] = Span(last.id, label, last.start, end)
        elif kind in "BI":
            spans.append(Span(f"token{k}", label, start, end))
        open_label = label
    return spans
