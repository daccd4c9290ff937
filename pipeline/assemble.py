"""Mentions, links and their values -> casualty records -> events.

Pure functions of their arguments: gold mentions and links can be fed in the place of the model's.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date as day

from msgspec.structs import replace

from .counts import apply_bound, find_bound
from .data import load_toml
from .dates import combine_dates
from .resolve import Values
from .schema import (
    Casualty,
    Count,
    Date,
    Event,
    Link,
    Mention,
    Outcome,
    Party,
    Place,
    Record,
    Scope,
    Tagged,
    Victims,
    scaled,
)
from .text import key, sentences
from .victims import is_unarmed, victim_profile

Linked = Mapping[str, Sequence[Link]]
# The words of a victim's description may stand this many characters apart and still be one phrase.
_PHRASE_GAP = 6
_COUNTED_GAP = 2  # and between a number and the noun that it counts
BYSTANDERS = ("monitor", "civilian-org")  # kinds of party that do not fight
# Probabilities, chosen on dev. A record of a number that only a noun's form tells is kept from the
# first on; a link of several of one kind is taken from the second on; a doer, total or first
# telling from the third on.
KEPT = 0.5
STRONG = 0.34
BELIEVED = 0.25
UNKNOWN_COUNT = Count(value=None, low=None, high=None, qualifier="vague", kind="vague")


_NEAR = 500  # characters about a number beyond which no other bears on its bound


def build_records(text: str, tagged: Tagged, values: Values) -> list[Record]:
    """One record for each anchor and outcome, in text order; nothing is inherited or merged yet.

    ``subset_of`` and ``same_as`` follow the part_of and same_as links of the model. A number that
    only the form of a noun tells ('a man', 'wounded') is kept where it is more likely than not.
    """
    by_head: dict[int, dict[str, list[Link]]] = defaultdict(lambda: defaultdict(list))
    for link in tagged.links:
        by_head[link.head][link.type].append(link)
    spans = sentences(text)
    stops = [(m.start, m.end) for m in tagged.mentions if m.label == "COUNT"]
    records = []
    for i, mention in enumerate(tagged.mentions):
        if mention.anchor is None:
            continue
        count = _count(text, mention, values.counts.get(i), stops)
        for outcome, score in _outcomes(i, tagged.mentions, by_head[i], values):
            record = _record(
                text, i, tagged.mentions, by_head[i], values, outcome, count, score, spans
            )
            sure = scaled(record.confidence, tagged.record_scale)
            record = replace(record, confidence=sure)
            if record.count.kind == "explicit" or sure >= KEPT:
                records.append(record)
    return _refer(records, by_head)


def settle_scopes(tagged: Tagged, values: Values) -> Tagged:
    """Each anchor in the scope that its days tell, where they tell it.

    The report's day, the day before it, or two days together are an incident's (on gold marks of
    train right for 3,036 of 3,061 records); many days told as a period ('since', 'within') are
    those of a cumulative toll (882 of 949).
    """
    dates: dict[int, list[Link]] = defaultdict(list)
    for link in tagged.links:
        if link.type == "date" and link.tail in values.dates:
            dates[link.head].append(link)
    mentions = list(tagged.mentions)
    for i, links in dates.items():
        date = combine_dates([values.dates[x.tail] for x in _strong(links)])
        told = _scope_of(date, values.reference)
        if told and mentions[i].anchor:
            mentions[i] = replace(mentions[i], anchor=told)
    return replace(tagged, mentions=tuple(mentions))


def _scope_of(date: Date, reference: str | None) -> Scope | None:
    if date.start is None or date.end is None:
        return None
    rules = load_toml("structure.toml")["scope"]
    first, last = day.fromisoformat(date.start), day.fromisoformat(date.end)
    days = (last - first).days + 1
    recent = reference is not None and (day.fromisoformat(reference) - last).days <= 1
    if days <= rules["most_days_of_incident"] and (days > 1 or recent):
        return "incident"
    is_period = not set(rules["period_words"]).isdisjoint(key(date.text).split())
    return "cumulative" if is_period and days >= rules["least_days_of_period"] else None


def _count(
    text: str, mention: Mention, parsed: Count | None, stops: Sequence[tuple[int, int]]
) -> Count:
    """The anchor's count with raw offsets, and with a bound that stands apart from its number."""
    if parsed is None:
        return replace(UNKNOWN_COUNT, text=mention.text, start=mention.start, end=mention.end)
    start, end = mention.start + parsed.start, mention.start + parsed.end
    if not mention.start <= start < end <= mention.end:
        start, end = mention.start, mention.end
    count = replace(parsed, text=text[start:end], start=start, end=end)
    if mention.label == "COUNT" and count.qualifier == "exact":
        near = stops[bisect_left(stops, (start - _NEAR,)) : bisect_left(stops, (end + _NEAR,))]
        bound = find_bound(text, start, end, [s for s in near if s != (mention.start, mention.end)])
        if bound is not None:
            return apply_bound(count, bound[0])
    return count


def _outcomes(
    anchor: int, mentions: Sequence[Mention], linked: Linked, values: Values
) -> Iterator[tuple[Outcome, float]]:
    """The anchor's outcomes, each once, with the score of the link that says so."""
    found: dict[Outcome, float] = {}
    together = _told_together(mentions, linked, values)
    if together is not None:
        yield "killed_or_injured", together
        return
    if mentions[anchor].label == "OUTCOME":
        found |= {code: 1.0 for code in values.outcomes.get(anchor, ())}
    elif anchor in values.outcomes:
        yield from ((code, 1.0) for code in values.outcomes[anchor])
        return
    for link in linked.get("outcome", ()):
        for code in values.outcomes.get(link.tail, ()):
            found[code] = max(link.score, found.get(code, 0.0))
    yield from found.items()


def _told_together(mentions: Sequence[Mention], linked: Linked, values: Values) -> float | None:
    """The score of a number over the dead and the wounded ('40 dead and wounded'); else None."""
    links = sorted(linked.get("outcome", ()), key=lambda x: x.tail)
    for a, b in zip(links, links[1:], strict=False):
        gap = mentions[b.tail].start - mentions[a.tail].end
        codes = {*values.outcomes.get(a.tail, ()), *values.outcomes.get(b.tail, ())}
        if gap <= 2 and codes == {"killed", "injured"}:
            return min(a.score, b.score)
    return None


def _record(
    text: str,
    anchor: int,
    mentions: Sequence[Mention],
    linked: Linked,
    values: Values,
    outcome: Outcome,
    count: Count,
    score: float,
    spans: Sequence[tuple[int, int]],
) -> Record:
    def tails(kind: str) -> list[int]:
        least = BELIEVED if kind == "perpetrator" else 0.0
        return sorted({x.tail for x in _strong(linked.get(kind, ())) if x.score >= least})

    causes = [values.causes[t] for t in tails("cause") if values.causes.get(t)]
    sources = [values.parties[t] for t in tails("source") if t in values.parties]
    mention = mentions[anchor]
    victims = _victims(text, anchor, mentions, tails("victims"), tails("outcome"), values)
    evidence = _sentence(spans, mention.start, mention.end)
    dates = [values.dates[t] for t in tails("date") if t in values.dates]
    scope = mention.anchor or "incident"
    return Record(
        anchor=anchor,
        outcome=outcome,
        count=count,
        victims=victims,
        scope=scope,
        cause=causes[0] if causes else None,
        date=_date(dates, evidence, values.reference if scope == "cumulative" else None),
        places=_specific_first(values.places[t] for t in tails("place") if t in values.places),
        perpetrators=_doers(
            (
                party
                for t in tails("perpetrator")
                if values.kinds.get(t) not in BYSTANDERS
                for party in values.parties.get(t, ())
            ),
            victims,
        ),
        source=sources[0][0] if sources and sources[0] else None,
        confidence=mention.score * mention.anchor_score * score,
        evidence=evidence,
    )


def _doers(parties: Iterable[Party], victims: Victims) -> tuple[Party, ...]:
    """Each doer once; a party is not the doer of its own losses."""
    suffered = set((victims.party_id or "").split(";"))
    found: dict[str, Party] = {}
    for party in parties:
        if party.party_id not in suffered:
            found.setdefault(party.party_id or party.text, party)
    return tuple(found.values())


_BREADTH = {"admin1": 1, "country": 2}


def _specific_first(places: Iterable[Place]) -> tuple[Place, ...]:
    """In text order, but divisions behind what may lie in them, and countries last."""
    return tuple(sorted(places, key=lambda p: (_BREADTH.get(p.precision, 0), p.start)))


def _strong(links: Sequence[Link]) -> Sequence[Link]:
    """The links that are more likely than not; where none is, the likeliest alone."""
    strong = [link for link in links if link.score >= STRONG]
    return strong or sorted(links, key=lambda x: (-x.score, x.tail))[:1]


def _date(dates: Sequence[Date], evidence: tuple[int, int], until: str | None) -> Date | None:
    """The record's date of all that are linked to it; inherited if none is in its sentence.

    A toll over a period of which one day alone is told runs from that day ``until`` the report's.
    """
    if not dates:
        return None
    date = combine_dates(dates)
    if until and date.start and date.start == date.end and date.start < until:
        date = replace(date, end=until, precision="interval")
    beside = any(evidence[0] <= a < evidence[1] for a, _ in date.spans)
    return date if beside or date.start is None else replace(date, basis="inherited")


def _sentence(spans: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    at = bisect_right(spans, (start, 1 << 60)) - 1
    if at < 0:
        return start, end
    return spans[at][0], max(spans[at][1], end)


def _victims(
    text: str,
    anchor: int,
    mentions: Sequence[Mention],
    linked: Sequence[int],
    outcomes: Sequence[int],
    values: Values,
) -> Victims:
    """Who the people are: the described people and the party they belong to, as one phrase."""
    people = [i for i in linked if mentions[i].label == "VICTIM"]
    if mentions[anchor].label == "VICTIM":
        people = [anchor, *people]
    if mentions[anchor].label == "COUNT":
        people = _counted(mentions, mentions[anchor], people) or people
    sides = [i for i in linked if mentions[i].label == "PARTY"]
    described = " ".join(mentions[i].text for i in people)
    if is_unarmed(described):
        sides = [i for i in sides if _touches(mentions, i, people)]
    # 'policemen' and the like name their side themselves.
    owners = sides or [i for i in people if values.parties.get(i)]
    shown = people or sides or list(outcomes) or [anchor]
    start, end = _phrase([mentions[i] for i in sorted({*shown[:1], *sides})], mentions[shown[0]])
    parties = [party for i in owners for party in values.parties.get(i, ())]
    named = [p for p in parties if p.party_id]
    kind = values.kinds.get(owners[0]) if owners else None
    category, demographics = victim_profile(described, kind)
    if category == "unknown" and any("displaced" in values.outcomes.get(i, ()) for i in outcomes):
        category = "civilian"
    return Victims(
        text=text[start:end], start=start, end=end, category=category, demographics=demographics,
        party_id=";".join(dict.fromkeys(p.party_id for p in named if p.party_id)) or None,
        name="; ".join(dict.fromkeys(p.name for p in named if p.name)) or None,
    )  # fmt: skip


def _touches(mentions: Sequence[Mention], side: int, people: Sequence[int]) -> bool:
    """Whether ``side`` and one of ``people`` are one phrase."""
    a = mentions[side]
    gaps = (max(a.start - mentions[i].end, mentions[i].start - a.end) for i in people)
    return min(gaps) <= _PHRASE_GAP


def _counted(mentions: Sequence[Mention], number: Mention, people: Sequence[int]) -> list[int]:
    """The noun right behind the number, and what tells more ('persons of the displaced')."""
    chain: list[int] = []
    end, gap = number.end, _COUNTED_GAP
    for i in sorted(people, key=lambda i: mentions[i].start):
        if 0 <= mentions[i].start - end <= gap:
            chain.append(i)
            end, gap = mentions[i].end, _PHRASE_GAP
    return chain


def _phrase(parts: Sequence[Mention], core: Mention) -> tuple[int, int]:
    """The span over ``parts`` as far as they stand together, else the span of ``core``."""
    if all(b.start - a.end <= _PHRASE_GAP for a, b in zip(parts, parts[1:], strict=False)):
        return parts[0].start, max(p.end for p in parts)
    return core.start, core.end


def _refer(
    records: list[Record], by_head: Mapping[int, Mapping[str, Sequence[Link]]]
) -> list[Record]:
    """Turn part_of and same_as links between anchors into references between their records."""
    at_anchor: dict[int, list[int]] = defaultdict(list)
    for k, record in enumerate(records):
        at_anchor[record.anchor].append(k)

    def target(k: int, kind: str) -> int | None:
        links = sorted(by_head[records[k].anchor].get(kind, ()), key=lambda x: -x.score)
        for link in (x for x in links if x.score >= BELIEVED):
            for other in at_anchor[link.tail]:
                if other != k and records[other].outcome == records[k].outcome:
                    return other
        return None

    return [
        replace(r, subset_of=target(k, "part_of"), same_as=target(k, "same_as"))
        for k, r in enumerate(records)
    ]


def inherit(records: Sequence[Record], *, sure: bool = False) -> list[Record]:
    """Fill what a record leaves out and its own incident states; inherited dates are marked.

    Everything comes from its total or first telling; place, date and cause from records of its
    sentence too, but not the doer: two sides of one sentence seldom share it. Another scope gives
    nothing. A total's place goes before one that is not of the part's own sentence, unless the
    links are ``sure``, an annotator's.
    """
    out = list(records)
    for k, record in enumerate(out):
        for donor in (record.subset_of, record.same_as):
            if donor is not None and out[donor].scope == record.scope:
                own = out[k] if sure else _without_far_places(out[k], out[donor])
                out[k] = _filled(own, out[donor], doer=True)
    beside: dict[tuple[tuple[int, int], str], list[int]] = defaultdict(list)
    for k, record in enumerate(out):
        beside[record.evidence, record.scope].append(k)
    for k, record in enumerate(out):
        for j in beside[record.evidence, record.scope]:
            if _is_full(out[k]) and (sure or _near(out[k])):
                break
            if j != k:
                own = _without_far_places(out[k], out[j]) if not sure and _near(out[j]) else out[k]
                out[k] = _filled(own, out[j])
    return out


def _without_far_places(record: Record, donor: Record) -> Record:
    """``record`` without its places where ``donor`` has some and none of its own is near it."""
    return replace(record, places=()) if donor.places and not _near(record) else record


def _near(record: Record) -> bool:
    """Whether a place of ``record`` stands in its sentence."""
    start, end = record.evidence
    return any(start <= place.start < end for place in record.places)


def _is_full(record: Record) -> bool:
    return bool(record.date and record.places and record.cause)


def _filled(record: Record, donor: Record, *, doer: bool = False) -> Record:
    date = record.date
    if date is None and donor.date is not None:
        date = replace(donor.date, basis="inherited" if donor.date.start else None)
    return replace(
        record,
        date=date,
        places=record.places or donor.places,
        perpetrators=record.perpetrators
        or (_doers(donor.perpetrators, record.victims) if doer else ()),
        cause=record.cause or donor.cause,
    )


def build_events(report_id: str, records: Sequence[Record]) -> tuple[Event, ...]:
    """Group records into events, in order of first statement; ids count from 1 in a report.

    Records of one event agree in scope, days, places and doers, and do not differ in cause.
    """
    groups: list[list[int]] = []
    alike: dict[tuple[object, ...], list[list[int]]] = defaultdict(list)
    for k, record in enumerate(records):
        homes = alike[_incident(record)]
        home = next((g for g in homes if _one_kind(records, g, record)), None)
        if home is None:
            home = []
            homes.append(home)
            groups.append(home)
        home.append(k)
    ids = {k: f"{report_id}#c{k + 1}" for k in range(len(records))}
    return tuple(
        _event(f"{report_id}#e{n}", [records[k] for k in group], [ids[k] for k in group], ids)
        for n, group in enumerate(groups, 1)
    )


def _incident(record: Record) -> tuple[object, ...]:
    places = frozenset(p.start for p in record.places)
    return record.scope, _days(record.date), places, frozenset(_names(record.perpetrators))


def _one_kind(records: Sequence[Record], group: Sequence[int], record: Record) -> bool:
    known = next((records[j].cause for j in group if records[j].cause), None)
    return known is None or record.cause is None or known.code == record.cause.code


def _names(parties: Sequence[Party]) -> set[str]:
    return {p.party_id or p.text for p in parties}


def _days(date: Date | None) -> tuple[str | None, str | None]:
    return (date.start, date.end) if date else (None, None)


def _event(
    event_id: str, members: Sequence[Record], own: Sequence[str], ids: Mapping[int, str]
) -> Event:
    first = members[0]
    cause = next((r.cause for r in members if r.cause), None)
    date = next((r.date for r in members if r.date and r.date.basis != "inherited"), first.date)
    return Event(
        event_id=event_id, scope=first.scope, cause=cause, date=date, places=first.places,
        perpetrators=first.perpetrators,
        casualties=tuple(_casualty(i, r, ids) for i, r in zip(own, members, strict=True)),
        confidence=round(min(r.confidence for r in members), 4),
    )  # fmt: skip


def _casualty(casualty_id: str, record: Record, ids: Mapping[int, str]) -> Casualty:
    def name(k: int | None) -> str | None:
        return None if k is None else ids[k]

    return Casualty(
        casualty_id=casualty_id, outcome=record.outcome, count=record.count, victims=record.victims,
        according_to=record.source, subset_of=name(record.subset_of), same_as=name(record.same_as),
        confidence=round(record.confidence, 4), evidence=record.evidence,
    )  # fmt: skip
