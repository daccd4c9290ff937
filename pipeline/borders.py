"""Borders of tagged spans that no reader would draw: half a pair of quotes, a distance cut off.

The tagger decides token by token; a quote that opens outside a span and closes inside, or a place
without the bracket that says how far it lies, breaks the annotation's rules (GUIDELINES.md, 1, 6).
"""

from __future__ import annotations

import re

import numpy as np

from .pairs import Spans
from .schema import MENTION_LABELS
from .tokens import Ints, Tokens

_OPENERS = {"(": ")", "[": "]", "«": "»", "“": "”", "‘": "’", "{": "}"}
_CLOSERS = {closer: opener for opener, closer in _OPENERS.items()}
_TWIN = '"'
_LONGEST_QUOTE = 6  # tokens within which an opened quote or bracket must close
_LONGEST_DISTANCE = 12  # tokens of '(30 km west of Idlib)'
_COUNT, _PLACE = (MENTION_LABELS.index(label) for label in ("COUNT", "PLACE"))
_DISTANCE = re.compile(
    r"\(\s*(?:نحو|حوالي|قرابة)?\s*[\d٠-٩۰-۹.,]+\s*(?:كم|كلم|كيلو\s?مترا?ً?|ميلا?ً?)\b"
)


def mend_borders(spans: Spans, tokens: Tokens, text: str) -> tuple[Spans, Ints]:
    """``spans`` with whole pairs of quotes and brackets, and places with their distance in
    brackets; and which row of ``spans`` each comes from, for one may swallow the next."""
    words = [text[a:b] for a, b in zip(tokens.starts, tokens.ends, strict=True)]
    rows: list[tuple[int, int, int, int]] = []
    for row in range(len(spans)):
        start, end, label = int(spans.start[row]), int(spans.end[row]), int(spans.label[row])
        if rows and start < rows[-1][1]:
            continue
        limit = _next_start(spans, row, len(words))
        if label != _COUNT:
            start, end = _balanced(words, start, end, limit)
        if label == _PLACE:
            end = _with_distance(words, tokens, text, end, len(words))
        rows.append((start, end, label, row))
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Spans(table[:, 0], table[:, 1], table[:, 2]), table[:, 3]


def _next_start(spans: Spans, row: int, total: int) -> int:
    return int(spans.start[row + 1]) if row + 1 < len(spans) else total


def _balanced(words: list[str], start: int, end: int, limit: int) -> tuple[int, int]:
    """The span cut at a mark whose partner stands outside, or grown to the partner of the first
    that is left open."""
    opened: list[tuple[str, int]] = []
    for at in range(start, end):
        word = words[at]
        opens = word == _TWIN and (not opened or opened[-1][0] != _TWIN)
        if opens or word in _OPENERS:
            opened.append((word, at))
        elif word == _TWIN or word in _CLOSERS:
            if opened and opened[-1][0] in (_TWIN, _CLOSERS.get(word)):
                opened.pop()
            else:
                return _part(start, at, end)
    if not opened:
        return start, end
    mark, at = opened[0]
    closer = _OPENERS.get(mark, _TWIN)
    reach = words[end : min(limit, end + _LONGEST_QUOTE)]
    if closer in reach and at > start:
        return start, end + reach.index(closer) + 1
    return _part(start, at, end)


def _part(start: int, at: int, end: int) -> tuple[int, int]:
    """What is left of the span when the mark at ``at`` divides it: the words before, if any."""
    if at > start:
        return start, at
    return (at + 1, end) if at + 1 < end else (start, end)


def _with_distance(words: list[str], tokens: Tokens, text: str, end: int, total: int) -> int:
    """``end`` behind the bracket that says how far the place lies from another, if one follows."""
    if end >= total or words[end] != "(":
        return end
    reach = words[end : end + _LONGEST_DISTANCE]
    if ")" not in reach or not _DISTANCE.match(text, int(tokens.starts[end])):
        return end
    return end + reach.index(")") + 1
