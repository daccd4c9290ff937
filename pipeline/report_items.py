"""A run as what the report page adds up: statements or, after `hasila relate`, events told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from .export_fields import best, net_records
from .relate import GROUPS, Group
from .schema import Casualty, Event, Place, ReportResult, Warning
from .stored import stored_results

LONGEST_EVIDENCE = 1500  # characters shown


class Evidence(Struct, frozen=True, kw_only=True):
    """The sentence of a casualty record; ``spans`` are (start, end, label) within ``text``."""

    report_id: str
    published: str | None
    outcome: str
    size: int
    confidence: float
    text: str
    spans: tuple[tuple[int, int, str], ...]


class Item(Struct, frozen=True, kw_only=True):
    """People of one outcome in one event; ``high`` None is unbounded. ``records`` are numbers of
    evidence."""

    event_id: str
    scope: str
    outcome: str
    low: int
    best: int
    high: int | None
    start: str | None
    end: str | None
    place: Place | None
    doers: tuple[str, ...]
    cause: str | None
    records: tuple[int, ...]


class Archive(Struct, frozen=True, kw_only=True):
    """What the page is made of. ``related`` says that ``items`` count each event once."""

    reports: int
    events: int
    evidence: list[Evidence]
    items: list[Item]
    warnings: list[tuple[str, Warning]]  # with the report's id
    related: bool


def read_archive(out: str | Path) -> Archive:
    """The run in ``out``, whole. Raises as `stored_results`; ValueError where groups.jsonl is of
    another run."""
    out = Path(out)
    evidence: list[Evidence] = []
    items: list[Item] = []
    warnings: list[tuple[str, Warning]] = []
    reports = events = 0
    for result, told in stored_results(out):
        reports += 1
        warnings += [(result.report_id, warning) for warning in result.warnings]
        sentences = iter(told)
        for event in result.events:
            events += 1
            first = len(evidence)
            evidence += [_evidence(result, event, r, next(sentences)) for r in event.casualties]
            items += _items(event, first)
    path = out / GROUPS
    related = path.is_file()
    if related:
        items = list(_related(path, items))
    return Archive(
        reports=reports, events=events, evidence=evidence, items=items, warnings=warnings,
        related=related,
    )  # fmt: skip


def _items(event: Event, first: int) -> Iterator[Item]:
    net = {id(record) for record in net_records(event)}
    for number, record in enumerate(event.casualties, start=first):
        if id(record) in net:
            n, low, high = best(record), record.count.low or 0, record.count.high
            yield Item(
                event_id=event.event_id, scope=event.scope, outcome=record.outcome,
                low=min(low, n), best=n, high=high if high is None else max(high, n),
                start=event.date.start if event.date else None,
                end=event.date.end if event.date else None,
                place=event.places[0] if event.places else None,
                doers=tuple(dict.fromkeys(p.party_id or p.text for p in event.perpetrators)),
                cause=event.cause.code if event.cause else None, records=(number,),
            )  # fmt: skip


def _related(path: Path, items: Sequence[Item]) -> Iterator[Item]:
    """The figures of groups.jsonl, each with the evidence of all that claim it."""
    told: dict[tuple[str, str], list[int]] = defaultdict(list)
    for item in items:
        told[item.event_id, item.outcome] += item.records
    known = {item.event_id for item in items}
    decoder = msgspec.json.Decoder(Group)
    for line in path.read_bytes().splitlines():
        group = decoder.decode(line)
        if any(t.event_id not in known for figure in group.figures for t in figure.claims):
            raise ValueError(
                f"{path} is not of this run; make it anew by: hasila relate {path.parent}"
            )
        for figure in group.figures:
            numbers = [n for name in group.event_ids for n in told[name, figure.outcome]]
            yield Item(
                event_id=group.group_id, scope=group.scope, outcome=figure.outcome,
                low=figure.low, best=figure.best, high=figure.high, start=group.start,
                end=group.end, place=group.place, doers=group.perpetrators, cause=group.cause,
                records=tuple(numbers),
            )  # fmt: skip


def _evidence(result: ReportResult, event: Event, record: Casualty, text: str) -> Evidence:
    start = record.evidence[0]
    marked = [(a - start, b - start, label) for a, b, label in _spans(event, record) if b > a]
    return Evidence(
        report_id=result.report_id, published=result.published, outcome=record.outcome,
        size=best(record), confidence=record.confidence, text=text[:LONGEST_EVIDENCE],
        spans=tuple(apart(marked, min(len(text), LONGEST_EVIDENCE))),
    )  # fmt: skip


def _spans(event: Event, record: Casualty) -> Iterator[tuple[int, int, str]]:
    if record.count.text:
        yield record.count.start, record.count.end, "COUNT"
    if record.victims:
        yield record.victims.start, record.victims.end, "VICTIM"
    if event.cause:
        yield event.cause.start, event.cause.end, "CAUSE"
    yield from ((p.start, p.end, "PLACE") for p in event.places)
    yield from ((p.start, p.end, "PARTY") for p in event.perpetrators)
    if event.date:
        yield from ((a, b, "DATE") for a, b in event.date.spans)
    if record.according_to:
        yield record.according_to.start, record.according_to.end, "SOURCE"


def apart(spans: Sequence[tuple[int, int, str]], length: int) -> Iterator[tuple[int, int, str]]:
    """Those of ``spans`` that lie in [0, length), in order, none over another; the first counts."""
    kept: list[tuple[int, int, str]] = []
    for start, end, label in spans:
        if 0 <= start < end <= length and all(end <= a or b <= start for a, b, _ in kept):
            kept.append((start, end, label))
    yield from sorted(kept)
