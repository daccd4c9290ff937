"""An event as the fields that data/exports.toml hands to the columns of other formats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from .data import load_toml
from .flat import party_name, place_name
from .parties import party
from .schema import OUTCOMES, Casualty, Event, ReportResult
from .tables import day

Fields = dict[str, Any]
CIVILIANS = "Civilians"


def event_fields(result: ReportResult, event: Event, evidence: Sequence[str]) -> Fields:
    """What any format may say of ``event``; a value that is not known is None.

    ``evidence`` holds the words of each of its records. Sums are over its net records.
    """
    net = net_records(event)
    fields = {
        "event_id": event.event_id,
        "report_id": result.report_id,
        "published": result.published,
        "title": result.title,
        "source": result.source,
        "cause": event.cause and event.cause.code,
        "confidence": event.confidence,
        "evidence": " | ".join(dict.fromkeys(evidence)) or None,
        "perpetrators": joined(party_name(p) for p in event.perpetrators),
        "claimants": joined(party_name(record.according_to) for record in net),
        **bounds(net),
        **_when(event),
        **_where(event),
    }
    fields |= _sources(result, fields)
    fields |= _actors(event, net, fields)
    return fields | _types(event, fields) | _deaths(event, net) | {"notes": _notes(fields)}


def net_records(event: Event) -> list[Casualty]:
    """The records of ``event`` that may be added up."""
    return [r for r in event.casualties if r.subset_of is None and r.same_as is None]


def bounds(records: Iterable[Casualty]) -> Fields:
    """The sum of bounds for each outcome, None where nothing was said or no bound is known."""
    told: Fields = {f"{outcome}_{end}": None for outcome in OUTCOMES for end in ("low", "high")}
    for outcome in OUTCOMES:
        counts = [record.count for record in records_of(records, outcome)]
        if counts:
            highs = [count.high for count in counts if count.high is not None]
            told[f"{outcome}_low"] = sum(count.low or 0 for count in counts)
            told[f"{outcome}_high"] = sum(highs) if len(highs) == len(counts) else None
    return told


def records_of(records: Iterable[Casualty], outcome: str) -> list[Casualty]:
    """Those of ``records`` that have the outcome."""
    return [record for record in records if record.outcome == outcome]


def joined(names: Iterable[str | None]) -> str | None:
    """The names, each once, in one cell; None where there is none."""
    return "; ".join(dict.fromkeys(name for name in names if name)) or None


def _when(event: Event) -> Fields:
    start = day(event.date.start) if event.date else None
    end = day(event.date.end) if event.date else None
    codes = _time_codes(start, end)
    return {
        "date_start": start and start.isoformat(),
        "date_end": end and end.isoformat(),
        "year": start and start.year,
        "time_precision": codes.get("acled"),
        "date_prec": codes.get("ucdp"),
    }


def _time_codes(start: date | None, end: date | None) -> dict[str, int]:
    if start is None or end is None:
        return {}
    days = (end - start).days + 1
    return next((row for row in load_toml("exports.toml")["time"] if days <= row["days"]), {})


def _where(event: Event) -> Fields:
    rules = load_toml("exports.toml")
    place = event.places[0] if event.places else None
    code = place.country if place else None
    country = rules["country"].get(code, {})
    precision = rules["place"].get(place.precision, {}) if place else {}
    lat, lon = (place.lat, place.lon) if place else (None, None)
    return {
        "country": code,
        "country_name": country.get("name", code),
        "iso": country.get("iso"),
        "gwno": country.get("gwno"),
        "region": country.get("acled"),
        "ucdp_region": country.get("ucdp"),
        "admin1": place.admin1 if place else None,
        "location": place_name(place) if place else None,
        "place_names": joined(place_name(place) for place in event.places),
        "lat": lat,
        "lon": lon,
        "geo_precision": precision.get("acled"),
        "where_prec": precision.get("ucdp"),
        "geom_wkt": None if lat is None or lon is None else f"POINT ({lon} {lat})",
        "priogrid_gid": None if lat is None or lon is None else priogrid(lat, lon),
    }


def priogrid(lat: float, lon: float) -> int:
    """The PRIO-GRID cell of a point (degrees): half a degree wide, 720 a row, counted from 1 at
    90 S 180 W eastwards and then northwards (Tollefsen, Strand and Buhaug 2012)."""
    row, column = math.floor((lat + 90) * 2), math.floor((lon + 180) * 2)
    return min(row, 359) * 720 + min(column, 719) + 1


def _sources(result: ReportResult, fields: Fields) -> Fields:
    claimants = fields["claimants"]
    return {
        "source_names": claimants or result.source,
        "number_of_sources": len(claimants.split("; ")) if claimants else 1,
        "source_article": joined([result.source, result.published, result.title]),
    }


def _actors(event: Event, net: Sequence[Casualty], fields: Fields) -> Fields:
    victims = [record.victims for record in net if record.victims]
    categories = [record.victims.category if record.victims else "unknown" for record in net]
    harmed = next((v for v in victims if v.party_id), None)
    civilians = all(category == "civilian" for category in categories)
    one = party_name(event.perpetrators[0]) if event.perpetrators else None
    of_country = f"{CIVILIANS} ({fields['country_name']})" if fields["country"] else CIVILIANS
    two = of_country if civilians else (harmed.name or harmed.text) if harmed else None
    first_id = event.perpetrators[0].party_id if event.perpetrators else None
    harmed_id = harmed.party_id.split(";")[0] if harmed and harmed.party_id else None
    inter1 = _inter(first_id, fields["country"])
    inter2 = _rule("inter")["civilians"] if civilians else _inter(harmed_id, fields["country"])
    side_b = CIVILIANS.lower() if civilians else two
    return {
        "actor1": one,
        "assoc_actor_1": joined(party_name(p) for p in event.perpetrators[1:]),
        "actor2": two,
        "side_b": side_b,
        "inter1": inter1,
        "inter2": inter2,
        "interaction": _interaction(inter1, inter2),
        "civilian_targeting": "Civilian targeting" if civilians else None,
        "dyad_name": f"{one} - {side_b}" if one and side_b else None,
        "type_of_violence": _violence(first_id, harmed_id, civilians),
        "gwnoa": _government(first_id),
        "gwnob": None if civilians else _government(harmed_id),
    }


def _rule(name: str) -> dict[str, Any]:
    rules: dict[str, Any] = load_toml("exports.toml")[name]
    return rules


def _inter(party_id: str | None, country: str | None) -> str | None:
    entry = party(party_id)
    if entry is None:
        return None
    abroad = entry.country and country and entry.country != country
    kind = "external" if entry.kind in ("state-force", "police") and abroad else entry.kind
    code: str | None = _rule("inter").get(kind)
    return code


def _interaction(one: str | None, two: str | None) -> str | None:
    order: list[str] = _rule("inter")["order"]
    return "-".join(sorted((one, two), key=order.index)) if one and two else None


def _violence(one: str | None, two: str | None, civilians: bool) -> int | None:
    """UCDP's kinds: 1 a state is a side, 2 none is, 3 against civilians. None where not known."""
    if party(one) is None:
        return None
    if civilians:
        return 3
    if party(two) is None:
        return None
    return 1 if _is_state(one) or _is_state(two) else 2


def _is_state(party_id: str | None) -> bool:
    entry = party(party_id)
    return entry is not None and entry.kind in ("state-force", "police")


def _government(party_id: str | None) -> int | None:
    entry = party(party_id)
    if entry is None or not entry.country or not _is_state(party_id):
        return None
    number: int | None = _rule("country").get(entry.country, {}).get("gwno")
    return number


def _types(event: Event, fields: Fields) -> Fields:
    code = fields["cause"]
    kinds = _rule("cause")
    if fields["civilian_targeting"]:
        kinds = kinds | _rule("cause_civilians")
    event_type, sub_event_type = kinds.get(code, (None, None))
    return {
        "disorder_type": event_type and "Political violence",
        "event_type": event_type,
        "sub_event_type": sub_event_type,
    }


def best(record: Casualty) -> int:
    """One number for a record: the value, else the lower bound, else the upper one, else 0."""
    count = record.count
    return next((n for n in (count.value, count.low, count.high) if n is not None), 0)


def _deaths(event: Event, net: Sequence[Casualty]) -> Fields:
    """ACLED's fatalities; UCDP's estimates, low <= best <= high, and whose deaths they are."""
    killed = records_of(net, "killed")
    doer = event.perpetrators[0].party_id if event.perpetrators else None
    sides: Fields = {"deaths_a": 0, "deaths_b": 0, "deaths_civilians": 0, "deaths_unknown": 0}
    for record in killed:
        sides[_side(record, doer)] += best(record)
    highs = [max(best(r), r.count.high or 0) for r in killed]
    lows = [min(best(r), r.count.low or 0) for r in killed]
    total = sum(map(best, killed))
    return {**sides, "best": total, "high": sum(highs), "low": sum(lows), "fatalities": total}


def _side(record: Casualty, doer: str | None) -> str:
    victims = record.victims
    if victims is None or victims.category in ("unknown", "mixed"):
        return "deaths_unknown"
    if victims.category == "civilian":
        return "deaths_civilians"
    if not victims.party_id or not doer:
        return "deaths_unknown"
    sides = victims.party_id.split(";")
    if doer not in sides:
        return "deaths_b"
    # A number that is of several sides at once says of none how many were its own.
    return "deaths_a" if len(sides) == 1 else "deaths_unknown"


def _notes(fields: Fields) -> str | None:
    """The evidence, and the figures for which ACLED has no column."""
    said = [
        f"{name.replace('_', ' ')}: {fields[f'{name}_low']} to {fields[f'{name}_high'] or '?'}"
        for name in OUTCOMES
        if fields[f"{name}_low"] is not None
    ]
    return " | ".join([*said, *([fields["evidence"]] if fields["evidence"] else [])]) or None
