"""Claims put together into events, pair by pair, so that no chain of likenesses joins what differs.

Average linkage (Sokal and Michener 1958): the two groups whose pairs weigh most on average become
one, as long as that average reaches a threshold. Of pairs that were never compared a fixed weight
is taken. What people decided holds before all weights.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Pair = tuple[int, int]
SAME, DIFFERENT = math.inf, -math.inf


class Contradiction(ValueError):
    """Two claims that were decided to be one event, by way of others, and to be two."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"claims {first} and {second} are decided to be one event and to be two")
        self.first, self.second = first, second


def group(
    count: int, first: Ints, second: Ints, bits: Floats, *, threshold: float, unseen: float
) -> list[list[int]]:
    """The claims ``range(count)`` in groups, each sorted, by their first member.

    ``first``, ``second`` and ``bits`` (pairs,) hold what was compared, each two claims once at
    most; `SAME` joins, `DIFFERENT` parts. ``threshold`` and ``unseen`` are bits, ``unseen`` the
    lower. Raises Contradiction where what must be one must be two.
    """
    # Groups become one only by a pair that reaches the threshold: what is not joined by such pairs
    # can be looked at apart, and other pairs between them left out.
    near = bits >= threshold
    parts = _roots(count, first[near], second[near])
    within = parts[first] == parts[second]
    order = np.argsort(parts[first[within]], kind="stable")
    first, second, bits = (column[within][order] for column in (first, second, bits))
    ends = np.flatnonzero(np.diff(parts[first])) + 1
    joined: dict[int, int] = {}
    for i, j, own in zip(
        *(np.split(column, ends) for column in (first, second, bits)), strict=True
    ):
        for members in _grouped(i.tolist(), j.tolist(), own.tolist(), threshold, unseen):
            joined |= dict.fromkeys(members, min(members))
    groups: dict[int, list[int]] = {}
    for claim in range(count):
        groups.setdefault(joined.get(claim, claim), []).append(claim)
    return sorted(groups.values())


def _roots(count: int, first: Ints, second: Ints) -> Ints:
    """For each of ``range(count)`` the least that it is joined with, by way of others."""
    parent = list(range(count))
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        low, high = sorted((_root(parent, i), _root(parent, j)))
        parent[high] = low
    return np.array([_root(parent, i) for i in range(count)], dtype=np.int64)


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def _grouped(
    first: list[int], second: list[int], bits: list[float], threshold: float, unseen: float
) -> list[list[int]]:
    """The groups of the claims that stand in the pairs."""
    weights = dict(zip(zip(first, second, strict=True), bits, strict=True))
    members = _joined(sorted({*first, *second}), [p for p, own in weights.items() if own == SAME])
    owner = {i: root for root, own in members.items() for i in own}
    links: dict[int, dict[int, tuple[float, int]]] = {root: {} for root in members}
    for (i, j), own_bits in weights.items():
        a, b = owner[i], owner[j]
        if a == b:
            if own_bits == DIFFERENT:
                raise Contradiction(i, j)
            continue
        total, seen = links[a].get(b, (0.0, 0))
        links[a][b] = links[b][a] = (total + own_bits, seen + 1)

    def mean(a: int, b: int) -> float:
        total, seen = links[a][b]
        pairs_between = len(members[a]) * len(members[b])
        return (total + unseen * (pairs_between - seen)) / pairs_between

    heap = [(-mean(a, b), a, b) for a in links for b in links[a] if a < b]
    heapq.heapify(heap)
    while heap:
        negative, a, b = heapq.heappop(heap)
        if -negative < threshold:
            break
        if a not in members or b not in links.get(a, {}) or mean(a, b) != -negative:
            continue  # what it spoke of has changed since
        for other in _merge(a, b, members, links):
            low, high = min(a, other), max(a, other)
            heapq.heappush(heap, (-mean(low, high), low, high))
    return list(members.values())


def _joined(claims: Sequence[int], pairs: Iterable[Pair]) -> dict[int, list[int]]:
    """The groups of what must be one, by their least member."""
    parent = {claim: claim for claim in claims}

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, j in pairs:
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for claim in claims:
        members.setdefault(root(claim), []).append(claim)
    return members


def _merge(
    a: int, b: int, members: dict[int, list[int]], links: dict[int, dict[int, tuple[float, int]]]
) -> list[int]:
    """Put ``b`` into ``a``; returns the groups whose links to ``a`` have changed."""
    members[a] += members.pop(b)
    del links[a][b]
    for other, (total, seen) in links.pop(b).items():
        if other == a:
            continue
        del links[other][b]
        own_total, own_seen = links[a].get(other, (0.0, 0))
        links[a][other] = links[other][a] = (own_total + total, own_seen + seen)
    return list(links[a])
