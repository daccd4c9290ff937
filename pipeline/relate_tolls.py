"""Running tolls beside the incidents that they should hold: the same period, place and parties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
from msgspec import Struct

from .relate_claims import Claim
from .schema import OUTCOMES

if TYPE_CHECKING:
    from .relate import Group


class TollCheck(Struct, frozen=True, kw_only=True):
    """A running toll and the incidents of the archive within it: a line of tolls.jsonl.

    ``low``, ``best``, ``high`` are the toll's; ``incidents`` how many groups lie within, and
    ``sum_low``, ``sum_best``, ``sum_high`` what they add up to (None: unbounded). ``ratio`` is
    sum_best over best. ``gaps`` are the stretches (ISO days, both included), a fortnight or longer,
    of the period in which no incident lies.
    """

    event_id: str
    outcome: str
    start: str
    end: str
    areas: tuple[str, ...]
    perpetrators: tuple[str, ...]
    victims: tuple[str, ...]
    low: int
    best: int
    high: int | None
    incidents: int
    sum_low: int
    sum_best: int
    sum_high: int | None
    ratio: float | None
    gaps: tuple[tuple[str, str], ...]


LONGEST_SILENCE = 14  # days without an incident that are no gap
# Of a toll that names no place, no party and no side, nothing can be said to belong to it.
_SQL = """
SELECT t.number, i.first, i.last, i.low, i.best, i.high
FROM running t JOIN incidents i
    ON t.outcome = i.outcome AND i.first >= t.first AND i.last <= t.last
WHERE (len(t.places) = 0 OR list_has_any(t.places, i.places))
    AND (len(t.doers) = 0 OR list_has_any(t.doers, i.doers))
    AND (len(t.harmed) = 0 OR list_has_any(t.harmed, i.harmed))
ORDER BY t.number, i.first, i.number
"""


def check_tolls(told: Sequence[Claim], groups: Sequence[Group]) -> list[TollCheck]:
    """Each running toll with a period, and a place, a doer or a side, beside its incidents."""
    import duckdb

    running = [
        (claim, outcome)
        for claim in told
        for outcome in OUTCOMES
        if claim.scope == "cumulative" and claim.start and claim.end and outcome in claim.tolls
        if claim.areas or claim.countries or claim.doers or claim.harmed
    ]
    with duckdb.connect() as connection:
        connection.register("running", _running(running))
        connection.register("incidents", _incidents(told, groups))
        rows = connection.execute(_SQL).fetchall()
    within: dict[int, list[tuple[int, int, int, int, int | None]]] = {}
    for number, *row in rows:
        within.setdefault(number, []).append(tuple(row))
    return [_check(*toll, within.get(number, [])) for number, toll in enumerate(running)]


def _widest(claim: Claim) -> list[str]:
    """Where a toll holds: its governorates, else its countries."""
    return list(claim.areas or claim.countries)


_LISTS = ("places", "doers", "harmed")
_SCHEMA = pa.schema(
    [("number", pa.int64()), ("outcome", pa.string()), ("first", pa.int32()), ("last", pa.int32())]
    + [(name, pa.list_(pa.string())) for name in _LISTS]
    + [(name, pa.int64()) for name in ("low", "best", "high")]
)


def _running(running: Sequence[tuple[Claim, str]]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "number": number, "outcome": outcome,
                "first": claim.start.toordinal(), "last": claim.end.toordinal(),
                "places": _widest(claim), "doers": claim.doers, "harmed": claim.harmed,
            }
            for number, (claim, outcome) in enumerate(running)
            if claim.start and claim.end
        ],
        schema=_SCHEMA,
    )  # fmt: skip


def _incidents(told: Sequence[Claim], groups: Sequence[Group]) -> pa.Table:
    by_id = {claim.event_id: claim for claim in told}
    rows = []
    for number, group in enumerate(groups):
        if group.scope != "incident" or not (group.start and group.end):
            continue
        own = [by_id[name] for name in group.event_ids]
        rows += [
            {
                "number": number, "outcome": figure.outcome,
                "first": date.fromisoformat(group.start).toordinal(),
                "last": date.fromisoformat(group.end).toordinal(),
                "places": sorted({p for c in own for p in (*c.areas, *c.countries)}),
                "doers": group.perpetrators,
                "harmed": sorted({side for c in own for side in c.harmed}),
                "low": figure.low, "best": figure.best, "high": figure.high,
            }
            for figure in group.figures
        ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _check(
    claim: Claim, outcome: str, rows: Sequence[tuple[int, int, int, int, int | None]]
) -> TollCheck:
    assert claim.start and claim.end
    toll = claim.tolls[outcome]
    highs = [high for *_, high in rows if high is not None]
    best = sum(row[3] for row in rows)
    return TollCheck(
        event_id=claim.event_id, outcome=outcome,
        start=claim.start.isoformat(), end=claim.end.isoformat(),
        areas=tuple(_widest(claim)), perpetrators=claim.doers, victims=claim.harmed,
        low=toll.low, best=toll.best, high=toll.high, incidents=len(rows),
        sum_low=sum(row[2] for row in rows), sum_best=best,
        sum_high=sum(highs) if len(highs) == len(rows) else None,
        ratio=round(best / toll.best, 4) if toll.best else None,
        gaps=tuple(_gaps(claim.start, claim.end, [(row[0], row[1]) for row in rows])),
    )  # fmt: skip


def _gaps(
    start: date, end: date, incidents: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, str]]:
    before, after = start.toordinal() - 1, end.toordinal() + 1
    spans = [(before, before), *sorted(incidents), (after, after)]
    reached = before
    for (_, last), (first, _) in pairwise(spans):
        reached = max(reached, last)
        if first - reached - 1 >= LONGEST_SILENCE:
            silent, until = date.fromordinal(reached + 1), date.fromordinal(first - 1)
            yield silent.isoformat(), until.isoformat()
