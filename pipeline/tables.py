"""A report's result as rows of the tables of data/database.sql."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from .schema import Casualty, Event, Party, Place, ReportResult
from .stored import Stored

TABLES = ("reports", "events", "casualties", "places", "parties", "sources")
Row = dict[str, Any]


def table_rows(stored: Stored) -> Iterator[tuple[str, Row]]:
    """The rows that a result comes to, each with the name of its table."""
    result, evidence = stored
    texts = iter(evidence)
    yield "reports", _report(result)
    for event in result.events:
        yield "events", _event(result, event)
        for rank, place in enumerate(event.places, start=1):
            yield "places", _place(event, rank, place)
        for rank, party in enumerate(event.perpetrators, start=1):
            yield "parties", _perpetrator(event, rank, party)
        for record in event.casualties:
            yield "casualties", _casualty(result, event, record, next(texts))
            for row in _sides(event, record):
                yield "parties", row
            if record.according_to is not None:
                yield "sources", _source(event, record, record.according_to)


def _report(result: ReportResult) -> Row:
    return {
        "report_id": result.report_id,
        "source": result.source,
        "title": result.title,
        "published": result.published,
        "language": result.language,
        "sha256": result.sha256,
        "warnings": len(result.warnings),
    }


def _event(result: ReportResult, event: Event) -> Row:
    cause, when = event.cause, event.date
    return {
        "event_id": event.event_id,
        "report_id": result.report_id,
        "scope": event.scope,
        "cause": cause and cause.code,
        "cause_text": cause and cause.text,
        "cause_start": cause and cause.start,
        "cause_end": cause and cause.end,
        "date_start": when and day(when.start),
        "date_end": when and day(when.end),
        "date_precision": when and when.precision,
        "date_basis": when and when.basis,
        "date_text": when and when.text,
        "confidence": event.confidence,
    }


def day(iso: str | None) -> date | None:
    """An ISO day as a date; None where it is none."""
    try:
        return date.fromisoformat(iso) if iso else None
    except ValueError:
        return None


def _casualty(result: ReportResult, event: Event, record: Casualty, evidence: str) -> Row:
    count, victims = record.count, record.victims
    return {
        "casualty_id": record.casualty_id,
        "event_id": event.event_id,
        "report_id": result.report_id,
        "outcome": record.outcome,
        "count_value": count.value,
        "count_low": count.low,
        "count_high": count.high,
        "qualifier": count.qualifier,
        "kind": count.kind,
        "count_text": count.text,
        "count_start": count.start,
        "count_end": count.end,
        "victims_text": victims and victims.text,
        "victims_start": victims and victims.start,
        "victims_end": victims and victims.end,
        "victims_party_id": victims and victims.party_id,
        "victims_name": victims and victims.name,
        "victims_category": victims and victims.category,
        "victims_demographics": (victims and ";".join(victims.demographics)) or None,
        "subset_of": record.subset_of,
        "same_as": record.same_as,
        "confidence": record.confidence,
        "evidence_start": record.evidence[0],
        "evidence_end": record.evidence[1],
        "evidence_text": evidence,
    }


def _place(event: Event, rank: int, place: Place) -> Row:
    return {
        "event_id": event.event_id,
        "rank": rank,
        "text": place.text,
        "span_start": place.start,
        "span_end": place.end,
        "name": place.name,
        "name_ar": place.name_ar,
        "geonameid": place.geonameid,
        "lat": place.lat,
        "lon": place.lon,
        "admin1": place.admin1,
        "country": place.country,
        "precision_code": place.precision,
    }


def _perpetrator(event: Event, rank: int, party: Party) -> Row:
    said = {"event_id": event.event_id, "casualty_id": None, "role": "perpetrator", "rank": rank}
    return said | {"party_id": party.party_id, **_said(party), "name": party.name}


def _sides(event: Event, record: Casualty) -> Iterator[Row]:
    """A row for each armed party whose people the victims are."""
    victims = record.victims
    if victims is None or not victims.party_id:
        return
    ids = victims.party_id.split(";")
    for rank, party_id in enumerate(ids, start=1):
        yield {
            "event_id": event.event_id,
            "casualty_id": record.casualty_id,
            "role": "victim",
            "rank": rank,
            "party_id": party_id,
            # One name for several ids says of none which it is.
            "name": victims.name if len(ids) == 1 else None,
            "text": victims.text,
            "span_start": victims.start,
            "span_end": victims.end,
        }


def _source(event: Event, record: Casualty, party: Party) -> Row:
    ids = {"casualty_id": record.casualty_id, "event_id": event.event_id}
    return ids | {"party_id": party.party_id, "name": party.name, **_said(party)}


def _said(party: Party) -> Row:
    return {"text": party.text, "span_start": party.start, "span_end": party.end}
