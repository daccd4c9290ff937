"""Folding of Arabic text with a map back to the raw offsets; sentences.

Nothing here changes a report: every stage reads a folded copy and reports raw offsets.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from io import StringIO
from operator import itemgetter

from msgspec import Struct

from .data import load_toml


class Folded(Struct, frozen=True):
    """``text[i]`` stands for ``raw[starts[i]:ends[i]]``."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The raw span of the folded span ``[start, end)``; raises ValueError if it is empty."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"span [{start}, {end}) is empty or outside 0..{len(self.text)}")
        return self.starts[start], self.ends[end - 1]


@cache
def _tables() -> tuple[re.Pattern[str], dict[str, str], dict[str, str]]:
    data = load_toml("folding.toml")
    joined = re.compile("|".join(data["letters_pulled_apart"]))
    noise = {c: "" for c in data["invisible"] + data["diacritics"] + data["tatweel"]}
    return joined, noise | data["characters"], data["key"]


def _cleaned(text: str) -> Iterator[tuple[str, int, int]]:
    """Characters of ``text`` free of noise, each with the raw span that it stands for."""
    joined, table, _ = _tables()
    skip = {i for match in joined.finditer(text) for i in range(*match.span())}
    pending: list[tuple[str, int]] = []
    for i, char in enumerate(text):
        replaced = "" if i in skip else table.get(char)
        if replaced is None:
            replaced = char if char < "\uf900" else unicodedata.normalize("NFKC", char)
        if replaced:
            # What was dropped behind a character (its vowel marks) belongs to that character.
            yield from ((c, start, i) for c, start in pending)
            pending = [(c, i) for c in replaced]
    end = len(text)
    yield from ((c, start, end) for c, start in pending)


# Several stages fold the same report one after the other.
@lru_cache(maxsize=4)
def fold(text: str) -> Folded:
    """Without tatweel, diacritics, invisible marks and letters pulled apart; digits in ASCII.

    Letters stay as they are spelt. Presentation forms are resolved (Unicode NFKC).
    """
    return _folded(_cleaned(text))


def fold_key(text: str) -> Folded:
    """As `fold`, and spellings that readers take for one are one: the form of lexicon keys.

    Alef and hamza seats, taa marbuta and haa, alef maqsura and yaa fall together, Latin letters
    are small, quotes vanish, and any run of white space is one space.
    """
    _, _, key = _tables()
    out: list[tuple[str, int, int]] = []
    for char, start, end in _cleaned(text):
        for c in key.get(char, char.lower()):
            if c.isspace():
                if not out or out[-1][0] == " ":
                    continue
                c = " "
            out.append((c, start, end))
    while out and out[-1][0] == " ":
        out.pop()
    return _folded(out)


# The same words, names most of all, are looked up over and over.
@lru_cache(maxsize=1 << 13)
def key(text: str) -> str:
    """The lexicon key of ``text``: `fold_key` without the offsets."""
    return fold_key(text).text


def _folded(chars: Iterable[tuple[str, int, int]]) -> Folded:
    # A tuple of Python's numbers takes ten times the memory, and a report may be a book.
    text, starts, ends = StringIO(), array("I"), array("I")
    for char, start, end in chars:
        text.write(char)
        starts.append(start)
        ends.append(end)
    return Folded(text.getvalue(), starts, ends)


# A dot between digits is a number's; one glued to letters on both sides still ends a sentence.
_SENTENCE_END = re.compile(r"(?<!\d)[.!?؟]+(?!\d)|(?<=\d)[.!?؟]+(?=\s|$)|[\n\r]+")


@lru_cache(maxsize=4)
def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of the sentences of ``text`` that hold a letter or digit, in order, gaps trimmed."""
    folded = fold(text)
    spans = []
    start = 0
    for end in [*(m.end() for m in _SENTENCE_END.finditer(folded.text)), len(folded.text)]:
        piece = folded.text[start:end]
        if any(c.isalnum() for c in piece):
            left = start + len(piece) - len(piece.lstrip())
            spans.append(folded.span(left, left + len(piece.strip())))
        start = end
    return tuple(spans)


def sentence_at(spans: Sequence[tuple[int, int]], at: int) -> tuple[int, int] | None:
    """Which of `sentences` holds the offset ``at``; None where none does."""
    row = bisect_right(spans, at, key=itemgetter(0)) - 1
    return spans[row] if row >= 0 and at < spans[row][1] else None


_TOKEN = re.compile(r"\d+(?:[.,\u066b\u066c]\d+)*|[^\W\d_]+|[^\s]")


def tokens(text: str) -> list[tuple[int, int]]:
    """Raw spans of the tokens: a run of letters, a number with its separators, or one mark.

    The tokenizer of the model splits at the same places; mentions cover whole tokens.
    """
    folded = fold(text)
    return [folded.span(m.start(), m.end()) for m in _TOKEN.finditer(folded.text)]
