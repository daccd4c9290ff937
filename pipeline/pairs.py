"""Pairs of mentions that a link may join, and what the link head is told of each.

Training and runtime describe pairs with these same functions.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from .schema import ANCHOR_LABELS, ANCHOR_LINKS, LINK_TARGETS, LINK_TYPES, MENTION_LABELS
from .tokens import Ints, Tokens

TAGS = ("O", *(f"{prefix}-{label}" for label in MENTION_LABELS for prefix in "BI"))
ANCHORS = ("none", "incident", "cumulative")
LINKS = ("none", *LINK_TYPES)
ANCHOR_LABEL_IDS = np.array([MENTION_LABELS.index(label) for label in sorted(ANCHOR_LABELS)])
COUNT_ID = MENTION_LABELS.index("COUNT")

# Distances in tokens up to which a bucket reaches, on each side of the anchor.
_REACHES = np.array([0, 1, 2, 3, 4, 6, 9, 14, 24, 39, 79, 159])
DISTANCES = 2 * (len(_REACHES) + 1)
BETWEEN = 5  # 0 to 3, and more
FEATURES = {
    "distance": DISTANCES,
    "same_label_between": BETWEEN,
    "anchors_between": BETWEEN,
    "sentence_ends_between": BETWEEN,
    "line_breaks_between": BETWEEN,
}

# ALLOWED[label of the tail, link]: whether the schema lets the link point there.
ALLOWED = np.array(
    [[link == "none" or label in LINK_TARGETS[link] for link in LINKS] for label in MENTION_LABELS]
)

# Of each link: whether its tail must be an anchor.
TO_ANCHOR = np.array([link in ANCHOR_LINKS for link in LINKS])


class Spans(Struct, frozen=True, eq=False):
    """Mentions in text order: token spans ``[start, end)`` and indices of MENTION_LABELS."""

    start: Ints
    end: Ints
    label: Ints

    def __len__(self) -> int:
        return len(self.start)


class Pairs(Struct, frozen=True, eq=False):
    """``heads`` and ``tails`` index the mentions; ``features`` has a column each of FEATURES."""

    heads: Ints
    tails: Ints
    features: Ints


def find_pairs(tokens: Tokens, spans: Spans, reach: int) -> Pairs:
    """Every pair of an anchor candidate and another mention at most ``reach`` tokens away."""
    candidates = np.flatnonzero(np.isin(spans.label, ANCHOR_LABEL_IDS))
    heads = np.repeat(candidates, len(spans))
    tails = np.tile(np.arange(len(spans)), len(candidates))
    gaps = _gaps(spans, heads, tails)
    near = (heads != tails) & (gaps <= reach)
    heads, tails, gaps = heads[near], tails[near], gaps[near]
    return Pairs(heads, tails, _features(tokens, spans, heads, tails, gaps))


def _gaps(spans: Spans, heads: Ints, tails: Ints) -> Ints:
    """Tokens between the two mentions of each pair."""
    forward, backward = spans.start[tails] - spans.end[heads], spans.start[heads] - spans.end[tails]
    out: Ints = np.maximum(forward, backward).clip(0)
    return out


def _features(tokens: Tokens, spans: Spans, heads: Ints, tails: Ints, gaps: Ints) -> Ints:
    after = tails > heads
    bucket = np.searchsorted(_REACHES, gaps)
    low = np.where(after, spans.end[heads], spans.end[tails])
    high = np.where(after, spans.start[tails], spans.start[heads])
    columns = [
        bucket + after * (len(_REACHES) + 1),
        _same_label_between(spans, heads, tails),
        _counted(np.isin(spans.label, ANCHOR_LABEL_IDS), *_inner(heads, tails)),
        _counted(tokens.breaks > 0, low, high),
        _counted(tokens.breaks > 1, low, high),
    ]
    return np.stack(columns, axis=1)


def _inner(heads: Ints, tails: Ints) -> tuple[Ints, Ints]:
    """The half-open range of the mentions that stand between the two of each pair."""
    return np.minimum(heads, tails) + 1, np.maximum(heads, tails)


def _counted(flags: NDArray[np.bool_], low: Ints, high: Ints) -> Ints:
    """How many flags are set in each range ``[low, high)``, at most ``BETWEEN - 1``."""
    sums = np.concatenate([[0], np.cumsum(flags)])
    out: Ints = (sums[np.maximum(low, high)] - sums[low]).clip(max=BETWEEN - 1)
    return out


def _same_label_between(spans: Spans, heads: Ints, tails: Ints) -> Ints:
    low, high = _inner(heads, tails)
    out = np.zeros(len(heads), dtype=np.int64)
    for label in np.unique(spans.label[tails]):
        of_label = spans.label[tails] == label
        out[of_label] = _counted(spans.label == label, low[of_label], high[of_label])
    return out
