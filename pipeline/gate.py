"""The gate before the tagger: may this text tell of a casualty at all, and where?

A linear classifier over the words of a sentence and their neighbours, trained for recall by
`python -m training.gate`. A report whose every sentence stays below the first threshold is not
tagged; of the others only what lies about the sentences above the second one is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from msgspec import Struct

from .data import read_rows
from .text import key

Stretch = tuple[int, int]

# A full stop inside a number ends no sentence.
_SENTENCE_END = re.compile(r"(?:[!?؟\n\r]|\.(?!\d))+")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_LETTERS_APART = re.compile(r"(?<!\w)(?:\w[ ._-]){2,}\w(?!\w)")
# Letters that stand before and behind a word's stem; a stem keeps three letters at least.
_PREFIX = re.compile(r"^(?:[وف]?(?:ال|بال|لل|كال)|[وف][بلس]?|[بلس])(?=\w{3})")
_SUFFIX = re.compile(r"(?<=\w{3})(?:هما|هم|هن|ها|نا|ات|ان|ين|ون|تين|تان|وا|ه|ا|ي|ت)$")
# Letters by which the forms of a root differ: a word without them stands for its kin too.
_WEAK = re.compile("[اويىءئؤ]")
# A sentence without a full stop is read in pieces of this many words, each beginning half-way
# through the one before.
PIECE = 40
# Beside the sentences above the second threshold so many on each side are tagged, and so many at
# the head of the report, for the place, the day and the doer of what they tell.
AROUND = 1
HEAD = 2


class Gate(Struct, frozen=True, kw_only=True):
    """What `python -m training.gate` learned; thresholds and scores are log-odds."""

    weights: dict[str, float]  # of a feature that is there
    bias: float
    opens: float  # the least score of a sentence for which a report is tagged
    reads: float  # the least score of a sentence that is tagged in such a report

    def score(self, sentence: str) -> float:
        """The highest log-odds of a casualty among the pieces of ``sentence``; -inf without any."""
        weigh = self.weights.get
        return max(
            (self.bias + sum(weigh(f, 0.0) for f in features(p)) for p in pieces(sentence)),
            default=float("-inf"),
        )

    def stretches(self, text: str) -> list[Stretch]:
        """The stretches of ``text``, in order, that must be tagged; none where nothing opens."""
        spans = list(sentences(text))
        return chosen(spans, [self.score(text[a:b]) for a, b in spans], self.opens, self.reads)


def chosen(
    spans: Sequence[Stretch], scores: Sequence[float], opens: float, reads: float
) -> list[Stretch]:
    """Of the sentences ``spans`` those to tag by their ``scores``, neighbours in one stretch."""
    if not spans or max(scores) < opens:
        return []
    kept = set(range(min(HEAD, len(spans))))
    for at, score in enumerate(scores):
        if score >= reads:
            kept.update(range(max(0, at - AROUND), min(len(spans), at + AROUND + 1)))
    out: list[Stretch] = []
    for start, end in (spans[at] for at in sorted(kept)):
        if out and out[-1][1] == start:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


@cache
def load_gate() -> Gate:
    """The shipped gate: ``pipeline/data/gate.tsv``."""
    weights = {feature: float(weight) for feature, weight in read_rows("gate.tsv")}
    bias, opens, reads = (weights.pop(name) for name in ("*bias", "*opens", "*reads"))
    return Gate(weights=weights, bias=bias, opens=opens, reads=reads)


def sentences(text: str) -> Iterator[Stretch]:
    """The sentences and lines of ``text`` with what ends them: together they are all of it."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def pieces(sentence: str) -> Iterator[list[str]]:
    """The words of ``sentence`` in lexicon form; those of a long one in pieces that overlap."""
    words = _WORD.findall(key(_LETTERS_APART.sub(_joined, sentence)))
    for start in range(0, max(len(words) - PIECE // 2, 1), PIECE // 2):
        if piece := words[start : start + PIECE]:
            yield piece


def _joined(match: re.Match[str]) -> str:
    return re.sub(r"[ ._-]", "", match[0])


def features(words: Sequence[str]) -> set[str]:
    """Stems and skeletons of ``words``, alone and with the one before; numbers are all alike."""
    forms = [("0", "~0") if word.isdigit() else stem(word) for word in words]
    found = {form for both in forms for form in both}
    for (a, b), (c, d) in zip(forms, forms[1:], strict=False):
        found.add(f"{a} {c}")
        found.add(f"{b} {d}")
    return found


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> tuple[str, str]:
    bare = _SUFFIX.sub("", _PREFIX.sub("", word))
    return bare, "~" + _WEAK.sub("", bare)


def stem(word: str) -> tuple[str, str]:
    """``word``, in lexicon form, without what Arabic writes on to it; and its firm letters alone.

    The second begins with a tilde, so that the two are never taken for each other.
    """
    return _stem(word) if len(word) < 24 else (word, "~" + word)
