"""What the reviewer's page is shown: the queue, a report, the values that fields may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec
from msgspec import Struct

from . import schema
from .data import load_toml
from .parties import parties
from .review import Reading, ReviewRecord, faults, standing
from .review_agreement import agreements
from .review_queue import Queued
from .review_store import Store


class Review(Struct, frozen=True):
    """What the page shows: the queue, the database, and who decides."""

    store: Store
    queue: Sequence[Queued]
    who: str


def queue_view(review: Review) -> dict[str, Any]:
    """The queue with what each person did, progress, and where two overlap their agreement."""
    statuses = review.store.statuses()
    own = [statuses.get(row.report_id, {}).get(review.who) for row in review.queue]
    return {
        "who": review.who,
        "rows": [
            {**msgspec.to_builtins(row), "people_status": statuses.get(row.report_id, {})}
            for row in review.queue
        ],
        "progress": {"done": own.count("done"), "begun": own.count("begun"), "all": len(own)},
        "agreement": agreements(shared(review.store)),
    }


def shared(store: Store) -> dict[str, dict[str, Reading]]:
    """By person and report, the finished readings of the reports that two or more finished."""
    out: dict[str, dict[str, Reading]] = {}
    for report_id, people in store.statuses().items():
        done = [who for who, status in people.items() if status == "done"]
        for who in done if len(done) > 1 else ():
            out.setdefault(who, {})[report_id] = store.reading(report_id, who)
    return out


def report_view(review: Review, report_id: str) -> dict[str, Any]:
    """A report: its text, the machine's reading, the person's, and what it still lacks."""
    kept = review.store.get(report_id)
    reading = review.store.reading(report_id, review.who)
    decisions = review.store.decisions(report_id, review.who)
    # Of others' work nothing is shown to one who has not finished: agreement is of two who did
    # not see each other's.
    done = [who for who, s in review.store.statuses().get(report_id, {}).items() if s == "done"]
    known = {who: {report_id: review.store.reading(report_id, who)} for who in done}
    pairs = agreements(known) if review.who in done else []
    row = next((r for r in review.queue if r.report_id == report_id), None)
    return {
        "report": kept.report,
        "machine": kept.reading,
        "reading": reading,
        "events": events_of(reading),
        "faults": faults(reading),
        "warnings": row.warnings if row else (),
        "decisions": standing(decisions),
        "agreement": [p for p in pairs if review.who in (p.first, p.second)],
    }


def vocabulary() -> dict[str, Any]:
    """The values that fields may have, as the page offers them."""
    return {
        "labels": schema.MENTION_LABELS,
        "anchors": sorted(schema.ANCHOR_LABELS),
        "targets": {k: sorted(v) for k, v in schema.LINK_TARGETS.items()},
        "outcomes": schema.OUTCOMES,
        "qualifiers": get_args(schema.Qualifier),
        "kinds": get_args(schema.CountKind),
        "categories": schema.CATEGORIES,
        "scopes": schema.SCOPES,
        "causes": schema.CAUSE_CODES,
        "demographics": sorted(load_toml("victims.toml")["demographics"]),
        "parties": [
            {"id": p, "name": entry.name, "name_ar": entry.name_ar}
            for p, entry in parties().items()
        ],
    }


def events_of(reading: Reading) -> list[list[str]]:
    """The ids of the records, those together that agree in scope, days, places and doers."""
    places: dict[str, set[str]] = {}
    for link in reading.links:
        if link.type == "place":
            places.setdefault(link.head, set()).add(link.tail)

    def incident(r: ReviewRecord) -> tuple[object, ...]:
        where = frozenset(places.get(r.anchor, ()))
        return r.scope, r.date_start, r.date_end, where, frozenset(r.perpetrators)

    groups: dict[tuple[object, ...], list[str]] = {}
    for record in reading.records:
        groups.setdefault(incident(record), []).append(record.id)
    return list(groups.values())
