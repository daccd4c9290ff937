"""Claims put together into events, pair by pair, so that no chain of likenesses joins what differs.

Average linkage (Sokal and Michener 1958): the two groups whose pairs weigh most on average become
one, as long as that average reaches a threshold. Of pairs that were never compared a fixed weight
is taken. What people decided holds before all weights.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

Pair = tuple[int, int]
SAME, DIFFERENT = math.inf, -math.inf


class Contradiction(ValueError):
    """Two claims that were decided to be one event, by way of others, and to be two."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"claims {first} and {second} are decided to be one event and to be two")
        self.first, self.second = first, second


def group(
    count: int, pairs: Iterable[tuple[int, int, float]], *, threshold: float, unseen: float
) -> list[list[int]]:
    """The claims ``range(count)`` in groups, each sorted, by their first member.

    ``pairs`` are (i, j, bits), at most one of each two claims; `SAME` joins, `DIFFERENT` parts.
    ``threshold`` and ``unseen`` are bits. Raises Contradiction where what must be one must be two.
    """
    weights = {(min(i, j), max(i, j)): bits for i, j, bits in pairs}
    members = _joined(count, (pair for pair, bits in weights.items() if bits == SAME))
    owner = {i: root for root, own in members.items() for i in own}
    links: dict[int, dict[int, tuple[float, int]]] = {root: {} for root in members}
    for (i, j), bits in weights.items():
        a, b = owner[i], owner[j]
        if a == b:
            if bits == DIFFERENT:
                raise Contradiction(i, j)
            continue
        total, seen = links[a].get(b, (0.0, 0))
        links[a][b] = links[b][a] = (total + bits, seen + 1)

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
        heap_of_new = _merge(a, b, members, links)
        for other in heap_of_new:
            low, high = min(a, other), max(a, other)
            heapq.heappush(heap, (-mean(low, high), low, high))
    return sorted(sorted(own) for own in members.values())


def _joined(count: int, pairs: Iterable[Pair]) -> dict[int, list[int]]:
    """The groups of what must be one, by their least member."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in pairs:
        a, b = sorted((root(i), root(j)))
        parent[b] = a
    members: dict[int, list[int]] = {}
    for i in range(count):
        members.setdefault(root(i), []).append(i)
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
