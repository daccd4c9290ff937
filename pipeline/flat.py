"""The flat table: one row a casualty record, the event's fields repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from .schema import Casualty, Date, Event, Party, Place, ReportResult, Victims

_STRINGS = pa.string()
_INTEGERS = pa.int64()
_FLOATS = pa.float64()

# The columns in their order. Lists are joined by ";"; where a list has a first and foremost
# member (places), the columns that hold one value are that member's.
SCHEMA = pa.schema(
    [
        ("report_id", _STRINGS),
        ("source", _STRINGS),
        ("published", _STRINGS),
        ("event_id", _STRINGS),
        ("casualty_id", _STRINGS),
        ("scope", _STRINGS),
        ("outcome", _STRINGS),
        ("count_value", _INTEGERS),
        ("count_low", _INTEGERS),
        ("count_high", _INTEGERS),
        ("qualifier", _STRINGS),
        ("kind", _STRINGS),
        ("count_text", _STRINGS),
        ("victims_text", _STRINGS),
        ("victims_party_id", _STRINGS),
        ("victims_name", _STRINGS),
        ("victims_category", _STRINGS),
        ("victims_demographics", _STRINGS),
        ("perpetrator_ids", _STRINGS),
        ("perpetrator_names", _STRINGS),
        ("place_names", _STRINGS),
        ("geonameid", _INTEGERS),
        ("lat", _FLOATS),
        ("lon", _FLOATS),
        ("admin1", _STRINGS),
        ("country", _STRINGS),
        ("place_precision", _STRINGS),
        ("date_start", _STRINGS),
        ("date_end", _STRINGS),
        ("date_precision", _STRINGS),
        ("cause", _STRINGS),
        ("according_to", _STRINGS),
        ("subset_of", _STRINGS),
        ("same_as", _STRINGS),
        ("confidence", _FLOATS),
        ("evidence_start", _INTEGERS),
        ("evidence_end", _INTEGERS),
        ("evidence_text", _STRINGS),
    ]
)


def flat_rows(result: ReportResult, text: str) -> Iterator[dict[str, Any]]:
    """The rows of ``result``, keyed by the columns of SCHEMA; ``text`` is the report's text."""
    for event in result.events:
        for casualty in event.casualties:
            yield {
                "report_id": result.report_id,
                "source": result.source,
                "published": result.published,
                "event_id": event.event_id,
                "casualty_id": casualty.casualty_id,
                "scope": event.scope,
                "outcome": casualty.outcome,
                **_count(casualty),
                **_victims(casualty.victims),
                **_event(event),
                "according_to": party_name(casualty.according_to),
                "subset_of": casualty.subset_of,
                "same_as": casualty.same_as,
                "confidence": casualty.confidence,
                **_evidence(casualty, text),
            }


def party_name(party: Party | Victims | None) -> str | None:
    """The name of a party that is known, else as it is written."""
    return None if party is None else party.name or party.text


def place_name(place: Place) -> str:
    """The name of a place that is known, else as it is written."""
    return place.name or place.text


def _count(casualty: Casualty) -> dict[str, Any]:
    count = casualty.count
    return {
        "count_value": count.value,
        "count_low": count.low,
        "count_high": count.high,
        "qualifier": count.qualifier,
        "kind": count.kind,
        "count_text": count.text,
    }


def _victims(victims: Victims | None) -> dict[str, Any]:
    return {
        "victims_text": victims and victims.text,
        "victims_party_id": victims and victims.party_id,
        "victims_name": victims and victims.name,
        "victims_category": victims and victims.category,
        "victims_demographics": _joined(victims.demographics) if victims else None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "perpetrator_ids": _joined(p.party_id for p in event.perpetrators if p.party_id),
        "perpetrator_names": _joined(p.name or p.text for p in event.perpetrators),
        **_places(event.places),
        **_date(event.date),
        "cause": event.cause and event.cause.code,
    }


def _places(places: tuple[Place, ...]) -> dict[str, Any]:
    first = places[0] if places else None
    return {
        "place_names": _joined(map(place_name, places)),
        "geonameid": first and first.geonameid,
        "lat": first and first.lat,
        "lon": first and first.lon,
        "admin1": first and first.admin1,
        "country": first and first.country,
        "place_precision": first and first.precision,
    }


def _date(date: Date | None) -> dict[str, Any]:
    return {
        "date_start": date and date.start,
        "date_end": date and date.end,
        "date_precision": date and date.precision,
    }


def _evidence(casualty: Casualty, text: str) -> dict[str, Any]:
    start, end = casualty.evidence
    return {"evidence_start": start, "evidence_end": end, "evidence_text": text[start:end]}


def _joined(names: Iterable[str]) -> str | None:
    """The names in one cell; None where there is none, as for every unknown value."""
    return ";".join(names) or None
