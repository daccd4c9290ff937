"""Victims: whether a mention speaks of civilians or fighters, and what else it says of them."""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from .data import load_toml
from .persons import is_given_name
from .schema import Category
from .text import key

# Kinds of parties.toml whose people bear arms, and whose people don't.
ARMED = frozenset({"state-force", "militia", "insurgent", "jihadist", "coalition", "police"})
UNARMED = frozenset({"civilian-org", "monitor"})

_PREFIX = r"(?<!\w)(?:[وفبلك]{0,2}(?:ال|لل)?)"


class _Lexicon(Struct, frozen=True):
    combatant: re.Pattern[str]
    not_combatant: re.Pattern[str]
    civilian: re.Pattern[str]
    unarmed: re.Pattern[str]
    demographics: dict[str, re.Pattern[str]]
    civilian_groups: frozenset[str]


@cache
def _lexicon() -> _Lexicon:
    data = load_toml("victims.toml")
    return _Lexicon(
        combatant=_words(data["combatant"]),
        not_combatant=_words(data["not_combatant"]),
        civilian=_words(data["civilian"]),
        unarmed=_words(data["unarmed"]),
        demographics={name: _words(rows) for name, rows in data["demographics"].items()},
        civilian_groups=frozenset(data["civilian_groups"]["names"]),
    )


def _words(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(_PREFIX + "(?:" + "|".join(f"(?:{p})" for p in patterns) + ")")


def victim_profile(text: str, party_kind: str | None = None) -> tuple[Category, tuple[str, ...]]:
    """The category of the victims that ``text`` names and their demographics.

    ``party_kind`` is the kind (parties.toml) of the party that they belong to, if any. A young man,
    a citizen, a woman, a child or a person by name without rank is a civilian; 'a person', 'dead'
    or 'wounded' alone leave it unknown. Police and soldiers are combatants.
    """
    lexicon = _lexicon()
    folded = key(text)
    groups = tuple(n for n, p in lexicon.demographics.items() if p.search(folded))
    armed = _bears_arms(folded, lexicon)
    civil_group = any(g in lexicon.civilian_groups for g in groups)
    if armed:
        return ("mixed" if _two_kinds(folded, lexicon) else "combatant"), groups
    if party_kind in ARMED and not civil_group:
        return "combatant", groups
    civil = civil_group or party_kind in UNARMED or _is_civil(folded, lexicon)
    return ("civilian" if civil else "unknown"), groups


def is_unarmed(text: str) -> bool:
    """Whether ``text`` names civilians or children and no one who bears arms."""
    lexicon, folded = _lexicon(), key(text)
    return lexicon.unarmed.search(folded) is not None and not _bears_arms(folded, lexicon)


def _bears_arms(folded: str, lexicon: _Lexicon) -> bool:
    return lexicon.combatant.search(lexicon.not_combatant.sub(" مدني ", folded)) is not None


def _is_civil(folded: str, lexicon: _Lexicon) -> bool:
    first = re.match(r"\w+", folded)
    if first is not None and is_given_name(first.group()):
        return True  # a person by name, without rank
    spoken = lexicon.civilian.search(folded) or lexicon.not_combatant.search(folded)
    return spoken is not None


def _two_kinds(folded: str, lexicon: _Lexicon) -> bool:
    """Whether one part of a mention joined by 'and' or commas speaks of civilians, another not."""
    parts = re.split(r"[،,]|\bو(?=\w)(?!ه[ويم]\b)|\bبينهم\b|\bبينها\b|\bمنهم\b", folded)
    armed = [_bears_arms(p, lexicon) for p in parts]
    civil = [bool(lexicon.civilian.search(p)) or _group(p, lexicon) for p in parts]
    return any(c and not a for a, c in zip(armed, civil, strict=True))


def _group(part: str, lexicon: _Lexicon) -> bool:
    return any(
        lexicon.demographics[g].search(part) is not None for g in sorted(lexicon.civilian_groups)
    )
