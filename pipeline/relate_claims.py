"""What a run's events claim, in the form in which they are compared across reports.

A claim is one event of one report. Its words are those of its evidence, each weighed by how few
reports have it: the name of a market or a family says much, "killed" nothing.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import pyarrow as pa
from msgspec import Struct

from .data import load_toml, read_rows
from .export_fields import best, net_records
from .gate import stem
from .places import bare_name
from .schema import Casualty, Event, Place, ReportResult
from .stored import Stored
from .tables import day
from .text import key

# Places so wide that two events in one of them have little in common.
WIDE = frozenset({"admin1", "country"})
_WORD = re.compile(r"[^\W\d_]+")


class Toll(Struct, frozen=True, kw_only=True):
    """People of one outcome as one report has them; ``high`` None is unbounded.

    Where several sources are at odds, the bounds take in all of them and ``best`` is the first.
    """

    low: int
    best: int
    high: int | None


class Claim(Struct, frozen=True, kw_only=True):
    """An event of a report, with what of it can be compared."""

    event_id: str
    report_id: str
    order: int  # of its report in the archive
    scope: str
    cause: str | None
    published: date | None
    start: date | None
    end: date | None
    days: tuple[int, ...]  # ordinals of the days on which another claim of it may fall
    spots: tuple[str, ...]  # names of places narrower than a governorate
    spot_words: tuple[str, ...]  # the words of those names
    areas: tuple[str, ...]  # country/governorate
    countries: tuple[str, ...]
    lat: float | None
    lon: float | None
    doers: tuple[str, ...]
    harmed: tuple[str, ...]
    categories: tuple[str, ...]
    tolls: dict[str, Toll]
    words: tuple[str, ...]  # of the evidence, each with its weight: ``word|weight``
    rare_words: tuple[str, ...]
    told_same: tuple[str, ...]  # events of the same report that say one of its tolls again
    confidence: float


def claims(results: Iterable[Stored]) -> Iterator[Claim]:
    """The claims of each report, in order."""
    for order, (result, evidence) in enumerate(results):
        rest = iter(evidence)
        owner = {r.casualty_id: e.event_id for e in result.events for r in e.casualties}
        for event in result.events:
            told = [next(rest) for _ in event.casualties]
            yield _claim(result, event, told, order, owner)


def _claim(
    result: ReportResult, event: Event, evidence: Sequence[str], order: int, owner: dict[str, str]
) -> Claim:
    start = day(event.date.start) if event.date else None
    end = day(event.date.end) if event.date else None
    published = day((result.published or "")[:10])
    point = next((p for p in event.places if p.lat is not None and p.precision not in WIDE), None)
    spots = _unique(map(_spot, event.places))
    victims = [record.victims for record in event.casualties if record.victims]
    words, rare = _telling_words(evidence)
    same = {owner[r.same_as] for r in event.casualties if r.same_as} - {event.event_id}
    return Claim(
        event_id=event.event_id, report_id=result.report_id, order=order, scope=event.scope,
        cause=event.cause.code if event.cause else None, published=published, start=start, end=end,
        days=tuple(_days(start, end, published)), spots=spots,
        spot_words=_unique(word for spot in spots for word in spot.split() if len(word) > 2),
        areas=_unique(f"{p.country}/{p.admin1}" if p.admin1 else None for p in event.places),
        countries=_unique(p.country for p in event.places),
        lat=point.lat if point else None, lon=point.lon if point else None,
        doers=_unique(p.party_id for p in event.perpetrators),
        harmed=_unique(side for v in victims for side in (v.party_id or "").split(";")),
        categories=_unique(v.category for v in victims if v.category != "unknown"),
        tolls=tolls_of(event), words=words, rare_words=rare,
        told_same=tuple(sorted(same)), confidence=event.confidence,
    )  # fmt: skip


def _unique(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _spot(place: Place) -> str | None:
    """The place's name, not its number: two reports may well take it for two places of one name."""
    if place.precision in WIDE:
        return None
    return bare_name(place.name_ar or place.text) or None


def _days(start: date | None, end: date | None, published: date | None) -> Iterator[int]:
    """The days of a date and the one after it, so that neighbouring days meet; of a report that
    names none, the days before its publication."""
    rules = load_toml("relate.toml")["blocking"]
    if start is None or end is None:
        if published is None:
            return
        start, end = published - timedelta(days=rules["undated_days"]), published
    span = (end - start).days
    yield from range(start.toordinal(), start.toordinal() + min(span, rules["longest_days"]) + 2)


def tolls_of(event: Event) -> dict[str, Toll]:
    """Each outcome's toll: sums over people of one kind, rival sources of one kind side by side."""
    told: dict[str, dict[tuple[str, str], dict[str, list[Casualty]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for record in net_records(event):
        victims, source = record.victims, record.according_to
        kind = (victims.category, victims.party_id or "") if victims else ("unknown", "")
        claimant = (source.party_id or key(source.text)) if source else ""
        told[record.outcome][kind][claimant].append(record)
    return {
        outcome: _sum([_rivals([_sum(map(_toll, rs)) for rs in by_claimant.values()])
                       for by_claimant in kinds.values()])
        for outcome, kinds in told.items()
    }  # fmt: skip


def _toll(record: Casualty) -> Toll:
    n = best(record)
    low, high = record.count.low or 0, record.count.high
    return Toll(low=min(low, n), best=n, high=high if high is None else max(high, n))


def _sum(tolls: Iterable[Toll]) -> Toll:
    tolls = list(tolls)
    highs = [t.high for t in tolls if t.high is not None]
    high = sum(highs) if len(highs) == len(tolls) else None
    return Toll(low=sum(t.low for t in tolls), best=sum(t.best for t in tolls), high=high)


def _rivals(tolls: Sequence[Toll]) -> Toll:
    highs = [t.high for t in tolls if t.high is not None]
    high = max(highs) if len(highs) == len(tolls) else None
    return Toll(low=min(t.low for t in tolls), best=tolls[0].best, high=high)


@cache
def _frequencies() -> tuple[dict[str, int], int]:
    rows = read_rows("word_frequency.tsv")
    total = int(next(rows)[1])
    return {word: int(n) for word, n in rows}, total


def _telling_words(evidence: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of the evidence that say something, as ``word|weight``, and the rare of them."""
    rules = load_toml("relate.toml")["words"]
    frequency, total = _frequencies()
    found = sorted({word for sentence in evidence for word in stems(sentence)})
    seen = {word: frequency.get(word, rules["unseen"]) for word in found}
    telling = [w for w, n in seen.items() if n <= rules["most_reports"]]
    return (
        tuple(f"{word}|{math.log(total / seen[word]):.1f}" for word in telling),
        tuple(word for word in telling if seen[word] <= rules["rare"]),
    )


def stems(text: str) -> list[str]:
    """The words of ``text`` without what Arabic writes on to them: alike in two tellings."""
    least: int = load_toml("relate.toml")["words"]["shortest"]
    words = _WORD.findall(key(text))
    return [found for word in words if len(found := stem(word)[0]) >= least]


def claim_table(found: Sequence[Claim]) -> pa.Table:
    """The claims as rows for DuckDB: days as ordinals, tolls as low, best and high columns."""
    rows = [_row(number, claim) for number, claim in enumerate(found)]
    return pa.Table.from_pylist(rows, schema=_schema())


def _row(number: int, claim: Claim) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": number, "report_id": claim.report_id, "event_id": claim.event_id,
        "scope": claim.scope, "cause": claim.cause,
        "first": claim.start and claim.start.toordinal(),
        "last": claim.end and claim.end.toordinal(),
        "published": claim.published and claim.published.toordinal(),
        "lat": claim.lat, "lon": claim.lon,
        **{name: getattr(claim, name) for name in LISTS},
    }  # fmt: skip
    for outcome in COMPARED:
        toll = claim.tolls.get(outcome)
        row |= {
            f"{outcome}_low": toll and toll.low,
            f"{outcome}_best": toll and toll.best,
            f"{outcome}_high": toll and toll.high,
        }
    return row


# The outcomes whose tolls are compared.
COMPARED = ("killed", "injured")
LISTS = {
    "days": pa.int32(),
    **dict.fromkeys(
        ("spots", "spot_words", "areas", "countries", "doers", "harmed", "categories", "words",
         "rare_words", "told_same"),
        pa.string(),
    ),
}  # fmt: skip


def _schema() -> pa.Schema:
    texts = ("report_id", "event_id", "scope", "cause")
    numbers = ("first", "last", "published")
    return pa.schema(
        [("number", pa.int64())]
        + [(name, pa.string()) for name in texts]
        + [(name, pa.int32()) for name in numbers]
        + [(name, pa.float64()) for name in ("lat", "lon")]
        + [(name, pa.list_(kind)) for name, kind in LISTS.items()]
        + [(f"{o}_{end}", pa.int64()) for o in COMPARED for end in ("low", "best", "high")]
    )
