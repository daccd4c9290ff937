"""Casualty records: number and outcome, the whole record, the net toll of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from annotations.form import AnnotatedReport, GoldCount, GoldRecord
from pipeline.schema import Casualty, Count, Event, ReportResult
from pipeline.text import key

from .scores import Score

Number = tuple[str, int | None, int | None]
FIELDS = ("category", "victims", "doer", "place", "date", "scope", "subset")
VALUES = ("number", "date", "victims", "doer", "cause", "category")


class FlatRecord(Struct, frozen=True, kw_only=True):
    """A record with its event's fields, as both sides are compared.

    ``places`` are raw spans; ``parent`` is the number of the record that it is a part of.
    """

    outcome: str
    number: Number
    span: tuple[int, int]
    category: str
    victims: frozenset[str]
    doer: frozenset[str]
    places: tuple[tuple[int, int], ...]
    place_words: frozenset[str]
    date: tuple[str | None, str | None]
    scope: str
    cause: str | None
    parent: Number | None
    repeat: bool


def number_of(count: Count | GoldCount) -> Number:
    """What a count says, without bounds by data file: ('=', 12, 12), ('..', 5, 7), ('vague', …)."""
    if count.qualifier == "range":
        return ("..", count.low, count.high)
    if count.value is None:
        return ("vague", None, None)
    return ("=", count.value, count.value)


def gold_records(report: AnnotatedReport) -> list[FlatRecord]:
    """The gold records of ``report``; places and victims' spans come from the anchor's links."""
    by_id = {r.id: r for r in report.records}
    spans = {m.id: (m.start, m.end) for m in report.mentions}
    label = {m.id: m.label for m in report.mentions}

    def places(record: GoldRecord) -> tuple[tuple[int, int], ...]:
        return tuple(
            spans[x.tail] for x in report.links
            if x.head == record.anchor and label[x.tail] == "PLACE"
        )  # fmt: skip

    return [
        FlatRecord(
            outcome=r.outcome, number=number_of(r.count), span=spans[r.anchor], category=r.category,
            victims=frozenset(r.victim_parties), doer=frozenset(r.perpetrators), places=places(r),
            place_words=_words(report.text, places(r)), date=(r.date_start, r.date_end),
            scope=r.scope, cause=r.cause, repeat=r.same_as is not None,
            parent=number_of(by_id[r.subset_of].count) if r.subset_of else None,
        )
        for r in report.records
    ]  # fmt: skip


def predicted_records(text: str, result: ReportResult) -> list[FlatRecord]:
    """The records of a pipeline result, in the same form."""
    by_id = {c.casualty_id: c for e in result.events for c in e.casualties}
    return [_flat(text, e, c, by_id) for e in result.events for c in e.casualties]


def _flat(text: str, event: Event, c: Casualty, by_id: dict[str, Casualty]) -> FlatRecord:
    places = tuple((p.start, p.end) for p in event.places)
    date = event.date
    party = c.victims.party_id if c.victims else None
    return FlatRecord(
        outcome=c.outcome, number=number_of(c.count), span=(c.count.start, c.count.end),
        category=c.victims.category if c.victims else "unknown",
        victims=frozenset(party.split(";") if party else ()),
        doer=frozenset(p.party_id for p in event.perpetrators if p.party_id),
        places=places, place_words=_words(text, places),
        date=(date.start, date.end) if date else (None, None), scope=event.scope,
        cause=event.cause.code if event.cause else None,
        parent=number_of(by_id[c.subset_of].count) if c.subset_of else None,
        repeat=c.same_as is not None,
    )  # fmt: skip


def _words(text: str, spans: Sequence[tuple[int, int]]) -> frozenset[str]:
    return frozenset(key(text[a:b]) for a, b in spans)


def pair(gold: Sequence[FlatRecord], said: Sequence[FlatRecord]) -> list[tuple[int, int]]:
    """One-to-one pairs of records, alike in outcome and number; nearest in the text first."""
    alike = [
        (not _overlap(g.span, p.span), abs(g.span[0] - p.span[0]), i, j)
        for i, g in enumerate(gold) for j, p in enumerate(said)
        if g.outcome == p.outcome and g.number == p.number
    ]  # fmt: skip
    pairs, used_gold, used_said = [], set(), set()
    for _, _, i, j in sorted(alike):
        if i not in used_gold and j not in used_said:
            pairs.append((i, j))
            used_gold.add(i)
            used_said.add(j)
    return pairs


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def field_matches(gold: FlatRecord, said: FlatRecord) -> dict[str, bool]:
    """Which fields of a paired record are right.

    A place is right when a predicted place span overlaps a gold one, or is the same words, or
    neither side has one; the part-of field when both name a total of the same number, or none.
    """
    return {
        "category": gold.category == said.category,
        "victims": gold.victims == said.victims,
        "doer": gold.doer == said.doer,
        "place": (
            any(_overlap(a, b) for a in gold.places for b in said.places)
            or bool(gold.place_words & said.place_words)
            or not (gold.places or said.places)
        ),
        "date": gold.date == said.date,
        "scope": gold.scope == said.scope,
        "subset": gold.parent == said.parent,
    }


def score_records(
    gold: Sequence[Sequence[FlatRecord]], said: Sequence[Sequence[FlatRecord]]
) -> dict[str, Score]:
    """``records`` (outcome and number), the same for killed and injured, each field of the paired
    records, and ``whole`` (every field right)."""
    scores: Counter[str] = Counter()
    total = {"gold": sum(map(len, gold)), "said": sum(map(len, said))}
    for wanted, told in zip(gold, said, strict=True):
        for i, j in pair(wanted, told):
            matches = field_matches(wanted[i], told[j])
            scores.update(["records", f"is {wanted[i].outcome}"])
            scores.update(name for name, right in matches.items() if right)
            scores.update(["whole"] if all(matches.values()) else [])
    paired = scores["records"]
    out = {"records": Score(paired, total["said"], total["gold"]),
           "whole": Score(scores["whole"], total["said"], total["gold"])}  # fmt: skip
    for outcome in ("killed", "injured"):
        out[outcome] = Score(
            scores[f"is {outcome}"],
            sum(r.outcome == outcome for rs in said for r in rs),
            sum(r.outcome == outcome for rs in gold for r in rs),
        )
    return out | {name: Score(scores[name], paired, paired) for name in FIELDS}


def score_values(
    gold: Sequence[Sequence[FlatRecord]], said: Sequence[Sequence[FlatRecord]]
) -> dict[str, Score]:
    """Each of VALUES over the gold records that ``said`` has a record of, at the same words and
    with the same outcome: the share of values that are right.

    Meant for records made from gold mentions and links, where only the rules can be wrong.
    """
    right: Counter[str] = Counter({name: 0 for name in VALUES})
    paired = 0
    for wanted, told in zip(gold, said, strict=True):
        free = list(told)
        for record in wanted:
            alike = [
                p for p in free if p.outcome == record.outcome and _overlap(record.span, p.span)
            ]
            if not alike:
                continue
            free.remove(alike[0])
            paired += 1
            right.update(v for v in VALUES if getattr(record, v) == getattr(alike[0], v))
    return {name: Score(right[name], paired, paired) for name in VALUES}


def net_toll(records: Sequence[FlatRecord]) -> dict[tuple[str, str], tuple[int, int]]:
    """(sum of stated numbers, how many are vague) by outcome and scope, parts and repeats out."""
    total: dict[tuple[str, str], tuple[int, int]] = {}
    for r in records:
        if r.parent is None and not r.repeat:
            number, vague = total.get((r.outcome, r.scope), (0, 0))
            least = r.number[1]
            total[r.outcome, r.scope] = (number + (least or 0), vague + (least is None))
    return total


def score_net_tolls(
    gold: Sequence[Sequence[FlatRecord]], said: Sequence[Sequence[FlatRecord]]
) -> dict[str, Score]:
    """Reports whose net toll is exactly right: all of it, and that of the killed alone."""
    whole = killed = 0
    for wanted, told in zip(gold, said, strict=True):
        a, b = net_toll(wanted), net_toll(told)
        whole += a == b
        killed += all(
            a.get(("killed", s)) == b.get(("killed", s)) for s in ("incident", "cumulative")
        )
    n = len(gold)
    return {"net_toll": Score(whole, n, n), "net_toll_killed": Score(killed, n, n)}
