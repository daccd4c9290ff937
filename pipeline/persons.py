"""People counted without a number: names in a row, a man and his wife."""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from .casualty_nouns import NounForm, known_form, with_pronoun
from .data import load_toml
from .number_words import Number, Token
from .text import fold, key


class People(Struct, frozen=True):
    """So many people: ``low`` and ``high`` are equal where the text tells exactly."""

    low: int
    high: int | None


@cache
def _names() -> tuple[frozenset[str], frozenset[str], frozenset[str], re.Pattern[str]]:
    data = load_toml("given_names.toml")
    sets = (frozenset(map(key, data[field])) for field in ("names", "beginnings", "titles"))
    return (*sets, re.compile(data["numbering"]))  # type: ignore[return-value]


_BRACKETED = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_WORD = re.compile(r"[^\W\d_]+")
# A name has at most this many words after its titles.
_LONGEST_NAME = 6


def _is_name_word(word: str) -> bool:
    """Whether a key is a given name or begins a name."""
    names, beginnings, _, _ = _names()
    return word in names or word in beginnings or word.startswith("عبدال")


def _split_waw(words: list[str]) -> list[list[str]]:
    """Cuts a run of words before each waw that is glued to a name or a kin word."""
    out: list[list[str]] = [[]]
    for word in words:
        rest = word[1:]
        joins = word[0] == "و" and len(rest) > 2 and not _is_name_word(word)
        form = with_pronoun(rest) if joins else None
        kin = form is not None and form.number == "singular"
        if joins and out[-1] and (_is_name_word(rest) or kin):
            out.append([rest])
        else:
            out[-1].append(word)
    return out


def _name_strength(words: list[str]) -> int | None:
    """1 for a known name, 0 for what may be one, None for what is none."""
    _, _, titles, _ = _names()
    rest = list(words)
    titled = False
    while rest and not _is_name_word(rest[0]):
        form = known_form(rest[0]) or with_pronoun(rest[0])
        if rest[0] not in titles and (form is None or form.number != "singular"):
            break
        titled = True
        rest.pop(0)
    if not rest or len(rest) > _LONGEST_NAME:
        return None
    if _is_name_word(rest[0]):
        return 1
    form = known_form(rest[0])
    if form is not None and form.number != "singular":
        return None
    return 0 if titled or 2 <= len(rest) <= 4 else None


def named_people(text: str) -> int | None:
    """How many people ``text`` names in a row, or None where it is no list of names.

    Items are parted by commas, semicolons, line ends or waw; ages, kinship and ranks in brackets
    and numbering are passed over. At least half of the items must hold a known given name.
    """
    numbering = _names()[3]
    lines = _BRACKETED.sub(" ", fold(text).text).split("\n")
    pieces = [p for line in lines for p in re.split(r"[,،;؛/]", numbering.sub("", line))]
    strengths = []
    for piece in pieces:
        if any(c.isdecimal() for c in piece):
            return None
        words = [key(w) for w in _WORD.findall(piece)]
        words = [w for w in words if w]
        while words and words[0] == "و":
            words.pop(0)
        for item in _split_waw(words) if words else []:
            strength = _name_strength(item) if item else None
            if strength is None:
                return None
            strengths.append(strength)
    if not strengths or 2 * sum(strengths) < len(strengths):
        return None
    return len(strengths)


def _joined_person(token: Token) -> NounForm | None:
    """The person or kin that a token adds after a waw (وزوجته، وفتاة), or None."""
    word = token.text[1:]
    if token.text[0] != "و" or len(word) < 3:
        return None
    plain = known_form(word)
    if plain is not None and plain.number in ("singular", "dual"):
        # 'one dead and one hurt' are two outcomes, not two people of one.
        return plain if plain.outcome is None else None
    return with_pronoun(word)


def person_and_kin(tokens: list[Token], numbers: list[Number]) -> People | None:
    """The people of 'a man and his wife', 'a mother and her three children'; None if not such.

    The first noun is singular; each person or kin after a waw adds its own: one, two, a number
    that stands beside it, or an unknown several (three or more).
    """
    head = known_form(tokens[0].text) or with_pronoun(tokens[0].text) if tokens else None
    if head is None or head.number != "singular" or head.outcome is not None:
        return None
    low, exact, seen = 1, True, False
    before = {n.last: n.value for n in numbers if n.first >= 1}
    after = {n.first: n.value for n in numbers}
    for i, token in enumerate(tokens[1:], 1):
        if i in before:
            if with_pronoun(token.text) or token.text == "من":
                low, seen = low + before[i], True
            continue
        kin = _joined_person(token)
        if kin is not None:
            beside = after.get(i + 1)
            exact = exact and (beside is not None or kin.number in ("singular", "dual"))
            low += beside or {"singular": 1, "dual": 2}.get(kin.number, 3)
            seen = True
    return People(low, low if exact else None) if seen else None
