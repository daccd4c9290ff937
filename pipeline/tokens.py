"""A text as the model reads it: pieces, the tokens that they make up, windows over both.

Training and runtime cut texts with these same functions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from .data import load_toml
from .decode import writable

Ints = NDArray[np.int64]

BOS_ID, PAD_ID, EOS_ID = 0, 1, 2
MAX_TOKEN_PIECES = 24  # of a longer token (a link, a run of letters without end) the head is read
SENTENCE_MARKS = frozenset(".!?؟\n")
LINE_BREAK = "\n"


class Tokens(Struct, frozen=True, eq=False):
    """The tokens of one text and their pieces, without marks at the ends.

    Token ``t`` is ``text[starts[t]:ends[t]]`` and has the pieces ``first[t]`` up to
    ``first[t + 1]``; ``breaks[t]`` is 2 for a line break, 1 for a mark that ends a sentence.
    """

    ids: Ints
    first: Ints
    starts: Ints
    ends: Ints
    breaks: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def slice(self, start: int, end: int) -> Tokens:
        """The tokens ``start`` up to ``end``, offsets unchanged."""
        low, high = int(self.first[start]), int(self.first[end])
        return Tokens(
            self.ids[low:high],
            self.first[start : end + 1] - low,
            self.starts[start:end],
            self.ends[start:end],
            self.breaks[start:end],
        )

    def within(self, stretches: Sequence[tuple[int, int]]) -> Tokens:
        """The tokens that begin in one of the raw ``stretches``, offsets unchanged."""
        spans = np.array(stretches, dtype=np.int64).reshape(-1, 2)
        # Of stretches in order, the last that begins before the token.
        last = np.searchsorted(spans[:, 0], self.starts, side="right") - 1
        kept = last >= 0
        kept[kept] = self.starts[kept] < spans[last[kept], 1]
        lengths = np.diff(self.first)
        return Tokens(
            self.ids[np.repeat(kept, lengths)],
            np.concatenate([[0], np.cumsum(lengths[kept])]),
            self.starts[kept],
            self.ends[kept],
            self.breaks[kept],
        )


def tokenize(tokenizer: Tokenizer, text: str) -> Tokens:
    """The tokens of ``text``. Any text will do; lone surrogates are read as question marks."""
    return _tokens(text, tokenizer.encode(writable(text), add_special_tokens=False))


def _tokens(text: str, encoding: Encoding) -> Tokens:
    token_of_piece = np.array(encoding.word_ids, dtype=np.int64)
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    heads = np.flatnonzero(np.diff(token_of_piece, prepend=-1))
    pieces = np.array(encoding.ids, dtype=np.int64)
    starts = offsets[heads, 0]
    tails = np.append(heads[1:], len(pieces)) - 1
    ends = _with_trailing_marks(text, offsets[tails, 1], starts) if len(heads) else starts
    kept = np.arange(len(pieces)) - np.repeat(heads, tails - heads + 1) < MAX_TOKEN_PIECES
    lengths = np.minimum(tails - heads + 1, MAX_TOKEN_PIECES)
    first = np.concatenate([[0], np.cumsum(lengths)])
    return Tokens(pieces[kept], first, starts, ends, _breaks(text, starts, ends))


_FOLDING = load_toml("folding.toml")
_NOISE = "".join(_FOLDING["diacritics"] + _FOLDING["tatweel"] + _FOLDING["invisible"])
_MARKS = re.compile(f"[{_NOISE}]+")


def _with_trailing_marks(text: str, ends: Ints, starts: Ints) -> Ints:
    """Ends moved past the marks and tatweel that folding took from behind a token."""
    runs = [match.span() for match in _MARKS.finditer(text)]
    if not runs:
        return ends
    run_ends = dict(runs)
    limits = np.append(starts[1:], len(text))
    moved = [run_ends.get(end, end) for end in ends.tolist()]
    out: Ints = np.maximum(ends, np.minimum(np.array(moved, dtype=np.int64), limits))
    return out


def _breaks(text: str, starts: Ints, ends: Ints) -> Ints:
    kinds = np.zeros(len(starts), dtype=np.int64)
    for token in np.flatnonzero(ends - starts == 1).tolist():
        char = text[starts[token]]
        if char in SENTENCE_MARKS:
            kinds[token] = 1
        if char.isspace():
            kinds[token] = 2
    return kinds


def windows(tokens: Tokens, size: int, overlap: int) -> list[tuple[int, int]]:
    """Token spans of at most ``size`` pieces that cover the text, neighbours sharing ``overlap``.

    A window ends behind a sentence where one ends in its last quarter. Raises ValueError where
    the sizes leave no room to move on.
    """
    if not 0 <= overlap <= size // 2 or size < 4 * MAX_TOKEN_PIECES:
        raise ValueError(f"windows of {size} pieces that share {overlap} do not get on")
    spans = []
    start, total = 0, len(tokens)
    while total:
        end = _window_end(tokens, start, size)
        spans.append((start, end))
        if end == total:
            break
        start = max(start + 1, _token_at(tokens, int(tokens.first[end]) - overlap))
    return spans


def sections(tokens: Tokens, size: int) -> list[tuple[int, int]]:
    """As `windows`, of ``size`` pieces without overlap: parts of a long text read on their own."""
    return windows(tokens, size, 0)


def _token_at(tokens: Tokens, piece: int) -> int:
    """The token that holds ``piece``."""
    return int(np.searchsorted(tokens.first, piece, side="right")) - 1


def _window_end(tokens: Tokens, start: int, size: int) -> int:
    limit = int(tokens.first[start]) + size
    if int(tokens.first[-1]) <= limit:
        return len(tokens)
    end = _token_at(tokens, limit)
    earliest = _token_at(tokens, limit - size // 4)
    closing = np.flatnonzero(tokens.breaks[earliest:end])
    return earliest + int(closing[-1]) + 1 if len(closing) else end


def centrality(spans: list[tuple[int, int]], total: int) -> tuple[Ints, list[tuple[int, int]]]:
    """For each of ``total`` tokens, which window reads it best: the one whose edge is furthest.

    The text's own ends are no edges. Also, a window each, the span of tokens that it decides.
    """
    owner = np.zeros(total, dtype=np.int64)
    best = np.full(total, -1, dtype=np.int64)
    for number, (start, end) in enumerate(spans):
        places = np.arange(start, end)
        left = places - start if start > 0 else np.full(len(places), total)
        right = end - 1 - places if end < total else np.full(len(places), total)
        room = np.minimum(left, right)
        better = places[room > best[start:end]]
        owner[better] = number
        best[start:end] = np.maximum(best[start:end], room)
    edges = np.searchsorted(owner, np.arange(len(spans) + 1))
    return owner, [(int(a), int(b)) for a, b in zip(edges, edges[1:], strict=False)]


def token_span(tokens: Tokens, start: int, end: int) -> tuple[int, int]:
    """The span of tokens that the raw span ``[start, end)`` touches.

    Raises ValueError where it touches none.
    """
    low = int(np.searchsorted(tokens.ends, start, side="right"))
    high = int(np.searchsorted(tokens.starts, end, side="left"))
    if low >= high:
        raise ValueError(f"no token in [{start}, {end})")
    return low, high
