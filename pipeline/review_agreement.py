"""How far two people who reviewed the same reports agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from msgspec import Struct

from .review import Reading, ReviewRecord

Span = tuple[int, int]


class Agreement(Struct, frozen=True, kw_only=True):
    """F1 (0 to 1; 1 where neither says anything) of one person's facts against another's, over
    the reports that both finished: words and label of mentions; anchor, outcome and number of
    records; records with all their values."""

    first: str
    second: str
    reports: int
    mentions: float
    records: float
    values: float


def agreements(
    readings: Mapping[str, Mapping[str, Reading]],
) -> list[Agreement]:
    """Of each pair of people, in order of name. ``readings`` are by person and report, finished
    ones alone."""
    out = []
    for first, second in combinations(sorted(readings), 2):
        shared = sorted(set(readings[first]) & set(readings[second]))
        if shared:
            pairs = [(readings[first][i], readings[second][i]) for i in shared]
            out.append(_agreement(first, second, pairs))
    return out


def _agreement(first: str, second: str, pairs: Sequence[tuple[Reading, Reading]]) -> Agreement:
    facts = [(_facts(a), _facts(b)) for a, b in pairs]
    return Agreement(
        first=first,
        second=second,
        reports=len(pairs),
        **{name: f1((a[name], b[name]) for a, b in facts) for name in facts[0][0]},
    )


def f1(pairs: Iterable[tuple[Counter[Any], Counter[Any]]]) -> float:
    """Twice what both hold over all that either holds, pooled over ``pairs``."""
    shared = total = 0
    for a, b in pairs:
        shared += 2 * (a & b).total()
        total += a.total() + b.total()
    return round(shared / total, 3) if total else 1.0


def _facts(reading: Reading) -> dict[str, Counter[Any]]:
    spans = {m.id: (m.start, m.end) for m in reading.mentions}
    names = {r.id: (spans[r.anchor], r.outcome) for r in reading.records}
    links: dict[str, set[tuple[str, Span]]] = defaultdict(set)
    for link in reading.links:
        links[link.head].add((link.type, spans[link.tail]))
    return {
        "mentions": Counter((m.label, *spans[m.id]) for m in reading.mentions),
        "records": Counter((*names[r.id], r.count) for r in reading.records),
        "values": Counter(
            (*names[r.id], *_values(r, names), frozenset(links[r.anchor])) for r in reading.records
        ),
    }


def _values(record: ReviewRecord, names: Mapping[str, Any]) -> tuple[Any, ...]:
    r = record
    return (
        r.count, r.category, r.scope, r.cause, r.date_start, r.date_end,
        frozenset(r.victim_parties), frozenset(r.perpetrators), frozenset(r.demographics),
        names.get(r.subset_of or ""), names.get(r.same_as or ""),
    )  # fmt: skip
