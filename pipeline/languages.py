"""The language of a report: Arabic, another one in Arabic script, or a text in other scripts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from msgspec import Struct

from .data import load_toml

ARABIC, OTHER = "ar", "und"
# A few letters or words tell nothing, and such a text is kept.
_LEAST_LETTERS, _LEAST_SIGNS = 20, 3
# Below this share of Arabic letters a text is no Arabic one. Of 39,482 pages of two corpora of
# Arabic news the lowest share is 0.06, a list of English film titles with Arabic remarks.
_LEAST_ARABIC = 0.05
# Nor is one of so few Arabic words and this share: a Latin sentence with a name in brackets.
_FEW_WORDS, _LEAST_WITH_FEW = 3, 0.25
# The share of its own letters and words from which on a language is considered at all.
_LEAST_FOREIGN = 0.06
_LOOKED_AT = 20_000  # characters; the rest of a text is in the language of its start
_CLUTTER = re.compile(
    r"https?://\S+|www\.\S+|[@#][A-Za-z0-9_]+|</?[A-Za-z][^>]{0,300}>|&#?\w{2,8};"
)
_ARABIC = re.compile(
    "[\u0620-\u063f\u0641-\u064a\u066e-\u06d3\u06d5\u06ee-\u06ff\ufb50-\ufdfb\ufe70-\ufefc]"
)
_WORD = re.compile("[\u0620-\u063f\u0641-\u06d3\u06d5-\u06ff]+")


class Marks(Struct, frozen=True):
    """What a text in a language is full of."""

    words: frozenset[str]
    letters: frozenset[str]


def find_language(text: str) -> str:
    """``ar`` for Arabic; ``fa``, ``ur``, ``ckb``, ``ps``, ``ug``, ``sd``; ``und`` for the rest.

    Judged by letters and by frequent words, so dialects with a Persian letter or two stay Arabic,
    and so does an Arabic post among addresses, tags and names in Latin letters. A text of too few
    letters to tell is ``ar``.
    """
    text = _CLUTTER.sub(" ", text[:_LOOKED_AT])
    letters = sum(map(str.isalpha, text))
    arabic = len(_ARABIC.findall(text))
    words = _WORD.findall(text)
    least = _LEAST_WITH_FEW if len(words) < _FEW_WORDS else _LEAST_ARABIC
    if arabic < least * letters and letters >= _LEAST_LETTERS:
        return OTHER
    return _in_arabic_script(text, words, arabic) if words else ARABIC


def _in_arabic_script(text: str, words: Sequence[str], letters: int) -> str:
    articled = sum(word.startswith(_articles()) for word in words)
    scores: dict[str, float] = {}
    for language, marks in _languages().items():
        told = sum(word in marks.words for word in words)
        own = sum(text.count(letter) for letter in marks.letters)
        if told + own >= _LEAST_SIGNS or language == ARABIC:
            scores[language] = told / len(words) + own / max(letters, 1)
    scores[ARABIC] += articled / len(words)
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] >= _LEAST_FOREIGN else ARABIC


@cache
def _languages() -> Mapping[str, Marks]:
    return {
        language: Marks(frozenset(marks["words"]), frozenset(marks["letters"]))
        for language, marks in load_toml("languages.toml").items()
    }


@cache
def _articles() -> tuple[str, ...]:
    return tuple(load_toml("languages.toml")[ARABIC]["article"])
