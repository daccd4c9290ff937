"""What every format carries in its own way: who the report is, its mentions, links, record lines.

A record line is the one of the inline form without its links: ``killed >=12 | civilian | incident
| date=2019-05-13 by=russia id=r1``. It hangs on its anchor, so a person can write it in any tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from msgspec import Struct

from pipeline.schema import LINK_TYPES, LinkType, MentionLabel, Scope

from ..form import AnnotatedReport, GoldLink, GoldMention
from ..inline import LABELS, InlineError, record_row, record_values, records_of, whole_tokens

META = ("id", "published", "country", "style", "points")
CODES: dict[str, str] = {label: code for code, label in LABELS.items()}


class Span(Struct, frozen=True):
    """A mention as a tool has it; code points of the text."""

    id: str
    label: str
    start: int
    end: int


class Relation(Struct, frozen=True):
    """A link as a tool has it; ``head`` and ``tail`` are span ids."""

    type: str
    head: str
    tail: str


def meta_of(report: AnnotatedReport) -> dict[str, Any]:
    """The fields of a report that are neither text nor marks."""
    return {"id": report.id, "published": report.published, "country": report.country,
            "style": report.style, "points": list(report.points)}  # fmt: skip


def record_lines(report: AnnotatedReport) -> dict[str, list[str]]:
    """The record lines of each anchor, by mention id."""
    lines: dict[str, list[str]] = {}
    for record in report.records:
        head, values = record_values(report, record)
        values = f"{values} id={record.id}".strip()
        lines.setdefault(record.anchor, []).append(f"{head} | {values}")
    return lines


def build(
    meta: Mapping[str, Any],
    text: str,
    spans: Iterable[Span],
    relations: Iterable[Relation],
    lines: Mapping[str, Sequence[str]],
) -> AnnotatedReport:
    """The report that a tool's file holds. Spans grow to whole tokens; ids that are not in our
    manner (a tool's own) are named anew; a drawn part_of or same_as need not be written out.

    Raises InlineError, naming the report, for a record line or a link that cannot be read.
    """
    report_id = str(meta["id"])
    named = _named(report_id, sorted(spans, key=lambda s: s.start))
    order = {span.id: (name, span) for name, span in named}
    links = [GoldLink(type=_link_type(report_id, r.type), head=order[r.head][0],
                      tail=order[r.tail][0]) for r in relations]  # fmt: skip
    rows = _rows(report_id, {order[i][0]: ls for i, ls in lines.items()}, links)
    records = records_of(report_id, rows)
    scopes = {record.anchor: record.scope for record in records}
    anchor = {record.id: record.anchor for record in records}
    drawn = {(x.type, x.head, x.tail) for x in links}
    for record in records:
        for kind, other in (("part_of", record.subset_of), ("same_as", record.same_as)):
            link = (cast(LinkType, kind), record.anchor, anchor.get(other or "", record.anchor))
            if link[1] != link[2] and link not in drawn:
                drawn.add(link)
                links.append(GoldLink(type=link[0], head=link[1], tail=link[2]))
    return AnnotatedReport(
        id=report_id, text=text, published=meta.get("published"),
        country=meta.get("country") or "", style=meta.get("style") or "",
        points=tuple(meta.get("points") or ()),
        mentions=tuple(_mention(name, span, text, scopes.get(name)) for name, span in named),
        links=tuple(links), records=records,
    )  # fmt: skip


def _named(report_id: str, spans: Sequence[Span]) -> list[tuple[str, Span]]:
    """Spans with their names: their own where it is a code letter and a number, else the next."""
    taken = {s.id for s in spans}
    named, last = [], 0
    for span in spans:
        code, name = CODES.get(span.label), span.id
        if code is None:
            raise InlineError(
                f"{report_id}: {span.label!r} is no label; write one of {', '.join(CODES)}"
            )
        if not (name[:1] == code and name[1:].isdigit()):
            while f"{code}{(last := last + 1)}" in taken:
                pass
            name = f"{code}{last}"
        named.append((name, span))
    return named


def _mention(name: str, span: Span, text: str, scope: Scope | None) -> GoldMention:
    start, end = whole_tokens(text, span.start, span.end)
    label = cast(MentionLabel, span.label)
    return GoldMention(
        id=name, label=label, start=start, end=end, text=text[start:end], anchor=scope
    )


def _link_type(report_id: str, name: str) -> LinkType:
    if name not in LINK_TYPES:
        raise InlineError(f"{report_id}: {name!r} is no link; write one of {', '.join(LINK_TYPES)}")
    return cast(LinkType, name)


def _rows(
    report_id: str, lines: Mapping[str, Sequence[str]], links: Sequence[GoldLink]
) -> list[dict]:
    rows: list[dict] = []
    for anchor, own in lines.items():
        for line in own:
            head, values = line.split("|")[:3], " ".join(line.split("|")[3:])
            rows.append(record_row(report_id, f"{anchor}: {'|'.join(head)} |  | {values}"))
        refs = {key for row in rows if row["anchor"] == anchor for key in row["values"]}
        for key, kind in (("part", "part_of"), ("same", "same_as")):
            tail = next((x.tail for x in links if (x.head, x.type) == (anchor, kind)), None)
            if tail and key not in refs:
                rows[-1]["values"][key] = tail
    return sorted(rows, key=lambda row: int(row["values"].get("id", "r0")[1:]) or len(rows) + 1)
