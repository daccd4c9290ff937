"""Each mention's value: counts, dates, places, parties, outcomes, causes of one report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from .causes import cause_code, outcome_codes
from .counts import parse_count
from .data import load_toml
from .dates import DateContext, parse_day, resolve_date
from .parties import PartyContext, party, party_of_victims, resolve_party, trim_party
from .places import Neighbours, PlaceContext, country_of_report, resolve_place, trim_place
from .report_day import find_reference_day
from .schema import Cause, Count, Date, Mention, Outcome, Party, Place, Report, Tagged
from .text import key, sentence_at, sentences

_BEHIND = 80  # characters behind a verb that may settle its sense ('lost ... their lives')


class Values(Struct, frozen=True):
    """Values by index of the mention; a mention whose value is not known has none here."""

    counts: dict[int, Count]
    dates: dict[int, Date]
    places: dict[int, Place]
    parties: dict[int, tuple[Party, ...]]
    kinds: dict[int, str | None]
    outcomes: dict[int, tuple[Outcome, ...]]
    causes: dict[int, Cause]
    reference: str | None  # the ISO day of the report


def resolve(report: Report, tagged: Tagged) -> Values:
    """The values of all mentions of ``report``, each from its text and the report around it."""
    mentions = tagged.mentions
    parties, kinds = resolve_parties(report, mentions)
    return Values(
        counts=resolve_counts(mentions),
        dates=resolve_dates(report, mentions),
        places=resolve_places(report, mentions, parties),
        parties=parties,
        kinds=kinds,
        outcomes=resolve_outcomes(report.text, mentions),
        causes=resolve_causes(report.text, mentions),
        reference=_reference(report),
    )


def _reference(report: Report) -> str | None:
    found = find_reference_day(report.text, report.published)
    return found[0] if found else None


def resolve_counts(mentions: Sequence[Mention]) -> dict[int, Count]:
    """The count of each anchor; offsets are within the mention."""
    parsed = {i: parse_count(m.text) for i, m in enumerate(mentions) if m.anchor}
    return {
        i: count or _one(mentions[i].text)
        for i, count in parsed.items() if count or mentions[i].label == "VICTIM"
    }  # fmt: skip


def _one(text: str) -> Count:
    """A victim described in words that the lexicon does not know: plurals it mostly does."""
    return Count(
        value=1, low=1, high=1, qualifier="exact", kind="singular",
        text=text, start=0, end=len(text),
    )  # fmt: skip


def resolve_outcomes(text: str, mentions: Sequence[Mention]) -> dict[int, tuple[Outcome, ...]]:
    """The outcomes that each OUTCOME mention names, read with the words behind it.

    Words that the lexicon does not know name none: most are rescues, treatment, flight. A bare
    plural that anchors a toll ('prisoners') names its outcome itself.
    """
    outcomes: dict[int, tuple[Outcome, ...]] = {}
    for i, m in enumerate(mentions):
        if m.label == "OUTCOME":
            outcomes[i] = outcome_codes(m.text, text[m.end : m.end + _BEHIND])
        elif m.label == "VICTIM" and m.anchor and _is_bare_plural(m.text):
            codes = outcome_codes(m.text)
            outcomes |= {i: codes} if codes else {}
    return outcomes


def _is_bare_plural(text: str) -> bool:
    """'Wounded', 'prisoners': one word, a number of people in its form alone."""
    count = parse_count(text)
    return count is not None and count.kind == "vague" and len(text.split()) == 1


def resolve_dates(report: Report, mentions: Sequence[Mention]) -> dict[int, Date]:
    """Each DATE mention's days; a date told before lends the year and month it leaves out."""
    reference = _reference(report)
    dates: dict[int, Date] = {}
    previous: Date | None = None
    nearest: Date | None = None
    period: Date | None = None
    for i, m in enumerate(mentions):
        if m.label == "DATE":
            context = DateContext(
                reference=reference, year=_year(previous), previous=previous, nearest=nearest
            )
            day = resolve_date(m.text, report.published, context)
            if day.start is None and period and _same_period().search(key(m.text)):
                day = replace(period, text=day.text, basis="relative")
            dates[i] = replace(day, spans=((m.start, m.end),))
            period = day if day.start and day.end and day.start != day.end else period
            previous = day if day.start and day.basis == "stated" else previous
            nearest = day if day.precision == "day" else nearest
    return _aligned(dates)


@cache
def _same_period() -> re.Pattern[str]:
    return re.compile(load_toml("dates.toml")["same_period"]["pattern"])


_PERIOD_SLACK = timedelta(days=2)


def _aligned(dates: dict[int, Date]) -> dict[int, Date]:
    """Counted periods ('over 50 days') that begin within two days of a stated one begin with it."""
    stated = [d for d in dates.values() if d.precision == "interval" and d.basis == "stated"]
    out = dict(dates)
    for i, period in dates.items():
        start = parse_day(period.start)
        if period.precision != "interval" or period.basis != "relative" or start is None:
            continue
        for other in stated:
            since = parse_day(other.start)
            if since and abs(since - start) <= _PERIOD_SLACK and other.end == period.end:
                out[i] = replace(period, start=other.start)
    return out


def _year(date: Date | None) -> int | None:
    return int(date.start[:4]) if date and date.start else None


def resolve_parties(
    report: Report, mentions: Sequence[Mention], country: str | None = None
) -> tuple[dict[int, tuple[Party, ...]], dict[int, str | None]]:
    """The parties that each PARTY, SOURCE and VICTIM mention names, and the kind of the first.

    A reference ('the organisation', 'both sides') is resolved from the mentions before it, or,
    where they tell nothing, from those behind it. ``country`` is that of the report where it is
    known; otherwise its places tell.
    """
    told, year = _setting(report, mentions)
    country = country or told
    parties, kinds = _read_parties(report.text, mentions, PartyContext(country=country, year=year))
    behind = tuple(
        (-mentions[i].start, p.party_id)
        for i, found in parties.items() if mentions[i].label == "PARTY"
        for p in found if p.party_id
    )  # fmt: skip
    for i in parties:
        m = mentions[i]
        if m.label == "PARTY" and not any(p.party_id for p in parties[i]):
            # Nearest first: of the offsets, negated, the greatest is the first to come.
            later = tuple((at, p) for at, p in behind if -at > m.start)
            context = PartyContext(country=country, year=year, earlier=later)
            parties[i], kinds[i] = _read_party(report.text, m, context)
    return parties, kinds


def _read_party(
    text: str, m: Mention, context: PartyContext
) -> tuple[tuple[Party, ...], str | None]:
    start, end = trim_party(text, m.start, m.end)
    found = resolve_party(text[start:end], context)
    read = tuple(
        Party(text=text[start:end], start=start, end=end, party_id=p, name=_name(p))
        for p in found.party_ids or (None,)
    )
    return read, found.kind


def _read_parties(
    text: str, mentions: Sequence[Mention], setting: PartyContext
) -> tuple[dict[int, tuple[Party, ...]], dict[int, str | None]]:
    """Each mention read in the order of the text, with the parties named before it."""
    earlier: list[tuple[int, str]] = []
    parties: dict[int, tuple[Party, ...]] = {}
    kinds: dict[int, str | None] = {}
    for i, m in enumerate(mentions):
        context = replace(setting, earlier=tuple(earlier[-12:]))
        if m.label == "VICTIM":
            own = party_of_victims(m.text, context)
            if own.party_id:
                parties[i] = (
                    Party(
                        text=m.text, start=m.start, end=m.end, party_id=own.party_id, name=own.name
                    ),
                )
                kinds[i] = own.kind
        if m.label not in ("PARTY", "SOURCE"):
            continue
        parties[i], kinds[i] = _read_party(text, m, context)
        if m.label == "PARTY":
            earlier += [(m.start, p.party_id) for p in parties[i] if p.party_id]
    return parties, kinds


def _name(party_id: str | None) -> str | None:
    known = party(party_id)
    return known.name if known else None


def _setting(report: Report, mentions: Sequence[Mention]) -> tuple[str | None, int | None]:
    """The country that the report's places speak for most, and the year of the report."""
    reference = _reference(report)
    countries = country_of_report(m.text for m in mentions if m.label == "PLACE")
    return next(iter(countries), None), int(reference[:4]) if reference else None


def resolve_places(
    report: Report,
    mentions: Sequence[Mention],
    parties: dict[int, tuple[Party, ...]],
    country: str | None = None,
) -> dict[int, Place]:
    """Each PLACE mention's entry; the report's country and its other places decide homonyms.

    Read twice: what is sure at the first reading is the neighbourhood of the second. ``country`` is
    that of the report, where it is known beforehand.
    """
    spans = {
        i: trim_place(report.text, m.start, m.end)
        for i, m in enumerate(mentions) if m.label == "PLACE"
    }  # fmt: skip
    ids = [p.party_id for found in parties.values() for p in found]
    countries = country_of_report((report.text[a:b] for a, b in spans.values()), ids)
    if country:
        countries = {**countries, country: 1.0}
    first = {
        i: resolve_place(report.text, a, b, PlaceContext(countries=countries))
        for i, (a, b) in spans.items()
    }
    sure = Neighbours(p for p in first.values() if p.geonameid is not None or p.lat is not None)
    beside = _beside(report.text, [first[i] for i in sorted(first)])
    return {
        i: resolve_place(
            report.text, a, b, PlaceContext(countries=countries, places=sure, beside=beside.get(a))
        )
        for i, (a, b) in spans.items()
    }


_BESIDE = re.compile(r"\W*(?:في|ب|من|قرب|شمال|جنوب|شرق|غرب)?\w{0,8}\W*")


def _beside(text: str, places: Sequence[Place]) -> dict[int, Place]:
    """By the offset of a place, the known one that stands right behind it in its sentence and is
    not listed with it by 'and' or a comma."""
    found = {}
    for place, behind in pairwise(places):
        between = text[place.end : behind.start]
        listed = text[behind.start : behind.end].startswith("و") or re.search(r"[،,؛;.\n]", between)
        if behind.lat is not None and not listed and _BESIDE.fullmatch(between):
            found[place.start] = behind
    return found


def resolve_causes(text: str, mentions: Sequence[Mention]) -> dict[int, Cause]:
    """The code of each CAUSE mention, read in its sentence ('shelling' by what?)."""
    spans = sentences(text)
    causes = {}
    for i, m in enumerate(mentions):
        if m.label == "CAUSE":
            around = sentence_at(spans, m.start) or (m.start, m.end)
            code = cause_code(m.text, text[around[0] : around[1]])
            if code is not None:
                causes[i] = Cause(code=code, text=m.text, start=m.start, end=m.end)
    return causes
