"""One figure an event, out of what several reports claim, by a declared rule; no claim is lost.

Rules (`RULES`), each over one claim a report:
  conservative  the least lower bound of all
  latest        the number of the report that was published last
  majority      the number that most reports have; of two such, the lower
  highest       the greatest number
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from msgspec import Struct

from .relate_claims import Claim, Toll
from .schema import OUTCOMES


class ToldToll(Struct, frozen=True, kw_only=True):
    """What one report claims of an outcome."""

    event_id: str
    published: str | None
    low: int
    best: int
    high: int | None


class Figure(Struct, frozen=True, kw_only=True):
    """``best`` by the rule; ``low`` and ``high`` (None: unbounded) take in all claims.

    ``agree`` says whether one number fits all of them.
    """

    outcome: str
    best: int
    low: int
    high: int | None
    agree: bool
    claims: tuple[ToldToll, ...]


def figures(claims: Sequence[Claim], rule: str) -> tuple[Figure, ...]:
    """The figures of the event that ``claims`` tell, by outcome. Raises KeyError for no rule."""
    choose = RULES[rule]
    found = []
    for outcome in OUTCOMES:
        told = _one_a_report([c for c in claims if outcome in c.tolls], outcome)
        if told:
            low, high = _bounds(told)
            tightest = min((t.high for t in told if t.high is not None), default=None)
            found.append(Figure(
                outcome=outcome, best=choose(told), low=low, high=high,
                agree=tightest is None or max(t.low for t in told) <= tightest,
                claims=tuple(told),
            ))  # fmt: skip
    return tuple(found)


def _one_a_report(claims: Sequence[Claim], outcome: str) -> list[ToldToll]:
    """By day of publication; of a report that tells the outcome twice, the greater number."""
    by_report: dict[str, Claim] = {}
    for claim in claims:
        kept = by_report.get(claim.report_id)
        if kept is None or claim.tolls[outcome].best > kept.tolls[outcome].best:
            by_report[claim.report_id] = claim
    ordered = sorted(by_report.values(), key=lambda c: (c.published or date.min, c.order))
    return [_told(claim, claim.tolls[outcome]) for claim in ordered]


def _told(claim: Claim, toll: Toll) -> ToldToll:
    published = claim.published.isoformat() if claim.published else None
    return ToldToll(
        event_id=claim.event_id, published=published, low=toll.low, best=toll.best, high=toll.high
    )


def _bounds(told: Sequence[ToldToll]) -> tuple[int, int | None]:
    highs = [t.high for t in told if t.high is not None]
    return min(t.low for t in told), max(highs) if len(highs) == len(told) else None


def _conservative(told: Sequence[ToldToll]) -> int:
    return min(t.low for t in told)


def _latest(told: Sequence[ToldToll]) -> int:
    return told[-1].best


def _majority(told: Sequence[ToldToll]) -> int:
    times = Counter(t.best for t in told)
    return min(times, key=lambda n: (-times[n], n))


def _highest(told: Sequence[ToldToll]) -> int:
    return max(t.best for t in told)


RULES: dict[str, Callable[[Sequence[ToldToll]], int]] = {
    "conservative": _conservative,
    "latest": _latest,
    "majority": _majority,
    "highest": _highest,
}
