"""The machine's reading of a report in the form that reviewers correct."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from .analyse import find_records
from .review import (
    Reading,
    ReviewCount,
    ReviewError,
    ReviewLink,
    ReviewMention,
    ReviewRecord,
    settled_count,
    whole_tokens,
)
from .schema import ANCHOR_LINKS, LINK_TARGETS, Count, LinkType, Record, Report, Tagged

Span = tuple[int, int]


def machine_reading(report: Report, tagged: Tagged) -> Reading:
    """What the rules make of ``tagged``, with links to the words that each value rests on.

    A value that a record inherits is linked too, as an annotator links it. Records are named as
    in the run's output (``c1``, ...). Numbers without a record are left out.
    """
    tagged, records = find_records(report, tagged)
    mentions = _mentions(report.text, tagged, {r.anchor for r in records})
    return Reading(
        mentions=tuple(mentions.values()),
        links=tuple(sorted(set(_all_links(tagged, records, mentions)))),
        records=tuple(_record(k, r, mentions) for k, r in enumerate(records, 1)),
    )


def _mentions(text: str, tagged: Tagged, anchors: set[int]) -> dict[int, ReviewMention]:
    """By index of the tagged mention, in whole tokens and without overlaps."""
    kept: dict[int, ReviewMention] = {}
    reached = 0
    # An anchor goes before what overlaps it: its record hangs on it.
    held = [(m.start, m.end) for i, m in enumerate(tagged.mentions) if i in anchors]
    for i, m in enumerate(tagged.mentions):
        if m.label == "COUNT" and i not in anchors:
            continue
        start, end = whole_tokens(text, m.start, m.end)
        crowded = start < reached or any(a < end and start < b for a, b in held)
        if crowded and i not in anchors:
            continue
        kept[i] = ReviewMention(id=f"m{i + 1}", label=m.label, start=max(start, reached), end=end)
        reached = end
    return kept


def _all_links(
    tagged: Tagged, records: Sequence[Record], mentions: dict[int, ReviewMention]
) -> Iterator[ReviewLink]:
    """One link a pair of mentions; of several the first in the order of the schema's types."""
    told: dict[int, dict[LinkType, list[int]]] = defaultdict(lambda: defaultdict(list))
    for link in tagged.links:
        if link.type not in ANCHOR_LINKS and link.tail in mentions:
            told[link.head][link.type].append(link.tail)
    for record in records:
        used: set[int] = {record.anchor}
        for kind, found in _tails(record, told[record.anchor], mentions):
            for tail in found:
                if tail not in used and mentions[tail].label in LINK_TARGETS[kind]:
                    used.add(tail)
                    yield ReviewLink(
                        type=kind, head=mentions[record.anchor].id, tail=mentions[tail].id
                    )


def _tails(
    record: Record, told: dict[LinkType, list[int]], mentions: dict[int, ReviewMention]
) -> Iterator[tuple[LinkType, list[int]]]:
    """The mentions that a record's values rest on; where it has no value, those the model links."""
    spans: dict[LinkType, Iterable[Span]] = {
        "perpetrator": [(p.start, p.end) for p in record.perpetrators],
        "place": [(p.start, p.end) for p in record.places],
        "date": record.date.spans if record.date else (),
        "cause": [(record.cause.start, record.cause.end)] if record.cause else (),
        "source": [(record.source.start, record.source.end)] if record.source else (),
    }
    for kind in ("outcome", "victims"):
        yield kind, told.get(kind, [])
    for kind, rests_on in spans.items():
        touched = [
            i
            for i, m in mentions.items()
            if m.label in LINK_TARGETS[kind] and any(a < m.end and m.start < b for a, b in rests_on)
        ]
        yield kind, touched or told.get(kind, [])


def _record(number: int, record: Record, mentions: dict[int, ReviewMention]) -> ReviewRecord:
    date = record.date
    return ReviewRecord(
        id=f"c{number}",
        anchor=mentions[record.anchor].id,
        outcome=record.outcome,
        count=_count(record.count),
        category=record.victims.category,
        scope=record.scope,
        cause=record.cause.code if record.cause else None,
        date_start=date.start if date else None,
        date_end=date.end if date else None,
        victim_parties=tuple(filter(None, (record.victims.party_id or "").split(";"))),
        perpetrators=tuple(dict.fromkeys(p.party_id for p in record.perpetrators if p.party_id)),
        demographics=record.victims.demographics,
        subset_of=_name(record.subset_of),
        same_as=_name(record.same_as),
        confidence=round(record.confidence, 4),
    )


def _name(index: int | None) -> str | None:
    return None if index is None else f"c{index + 1}"


def _count(count: Count) -> ReviewCount:
    own = ReviewCount(
        value=count.value,
        low=count.low,
        high=count.high,
        qualifier=count.qualifier,
        kind=count.kind,
    )
    try:
        return settled_count(own)
    except ReviewError:  # A number without a value, whatever its qualifier says, is a vague one.
        return settled_count(replace(own, qualifier="vague"))
