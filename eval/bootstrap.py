"""Intervals by resampling reports: how far a figure could be off by the luck of the draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scores import Score

ROUNDS = 1000
SEED = 7
COVERAGE = 0.95

Interval = tuple[float, float]


def draws(reports: int, rounds: int = ROUNDS, seed: int = SEED) -> NDArray[np.int64]:
    """How often each report is drawn in each round: ``rounds`` x ``reports``, rows sum to the
    number of reports (the bootstrap of Efron 1979; a report is the unit, since its items hang
    together)."""
    random = np.random.default_rng(seed)
    return random.multinomial(reports, np.full(reports, 1 / max(reports, 1)), size=rounds)


def interval_of(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """The middle `COVERAGE` of ``values``, by percentiles."""
    tail = 50 * (1 - COVERAGE)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def f1_interval(scores: Sequence[Score], drawn: NDArray[np.int64]) -> Interval:
    """The 95 % interval of the F1 of the sum of ``scores``, one a report; 0 and 1 for none."""
    if not scores:
        return 0.0, 1.0
    counts = np.array([(s.correct, s.predicted, s.gold) for s in scores], dtype=float)
    correct, predicted, gold = (drawn @ counts).T
    nothing = predicted + gold == 0
    return interval_of(np.where(nothing, 1.0, 2 * correct / np.where(nothing, 1, predicted + gold)))


def interval_by_report(
    items: Sequence[Sequence[Any]],
    figure: Callable[[list[Any]], float],
    drawn: NDArray[np.int64],
) -> Interval:
    """The 95 % interval of any ``figure`` of the items of all reports, a sequence a report."""
    rounds = [
        figure([item for times, own in zip(row, items, strict=True) for item in [*own] * times])
        for row in drawn.tolist()
    ]
    return interval_of(rounds)
