"""Causes and outcomes: from the words of a mention to the codes of the contract."""

from __future__ import annotations

import re
from functools import cache
from typing import cast, get_args

from msgspec import Struct

from .data import load_toml
from .schema import CauseCode, Outcome
from .text import key


class _Rule(Struct, frozen=True):
    code: CauseCode
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns))


@cache
def _rules() -> list[_Rule]:
    return [
        _Rule(
            row["code"],
            _any_of(row["patterns"]),
            _any_of(row["except"]) if "except" in row else None,
        )
        for row in load_toml("causes.toml")["cause"]
    ]


@cache
def _aircraft() -> re.Pattern[str]:
    words = "|".join(load_toml("causes.toml")["aircraft"])
    return re.compile(rf"\b(?:ال|بال|وال|لل|و|ب)?(?:{words})\b")


def cause_code(text: str, context: str = "") -> CauseCode | None:
    """The code of what ``text`` names as the cause, or None if its words tell none.

    ``context`` is the sentence around it: shelling with aircraft beside it is an airstrike.
    """
    folded = key(text)
    rules = (r for r in _rules() if r.pattern.search(folded))
    code = next((r.code for r in rules if not (r.unless and r.unless.search(folded))), None)
    if code == "shelling" and not _ground().search(folded):
        return "airstrike" if _beside_aircraft(folded, key(context)) else code
    return code


@cache
def _ground() -> re.Pattern[str]:
    return _any_of(load_toml("causes.toml")["ground"])


def _beside_aircraft(folded: str, context: str) -> bool:
    reach = load_toml("causes.toml")["aircraft_reach"]
    at = context.find(folded)
    if at < 0:
        return False
    return _aircraft().search(context[max(0, at - reach) : at + len(folded) + reach]) is not None


class _Lost(Struct, frozen=True):
    words: re.Pattern[str]
    lives: re.Pattern[str]
    losers: re.Pattern[str]


class _Outcomes(Struct, frozen=True):
    both: re.Pattern[str]
    died_of_wounds: re.Pattern[str]
    none: re.Pattern[str]
    no_violence: re.Pattern[str]
    lost: _Lost
    codes: dict[Outcome, re.Pattern[str]]
    weak: dict[Outcome, re.Pattern[str]]


@cache
def _outcomes() -> _Outcomes:
    data = load_toml("outcomes.toml")
    lost = data["lost"]
    return _Outcomes(
        both=_any_of(data["both"]),
        died_of_wounds=_any_of(data["died_of_wounds"]),
        none=_any_of(data["none"]),
        no_violence=_any_of(data["no_violence"]),
        lost=_Lost(_any_of(lost["words"]), _any_of(lost["lives"]), _any_of(lost["losers"])),
        codes=_by_outcome(data["patterns"]),
        weak=_by_outcome(data["weak"]),
    )


def _by_outcome(rows: dict[str, list[str]]) -> dict[Outcome, re.Pattern[str]]:
    unknown = set(rows) - set(get_args(Outcome))
    if unknown:
        raise ValueError(f"outcomes.toml: no outcomes of the contract: {sorted(unknown)}")
    return {cast(Outcome, code): _any_of(patterns) for code, patterns in rows.items()}


_NEAR = 40  # characters behind an outcome word that may tell it is illness or sport


def outcome_codes(text: str, context: str = "") -> tuple[Outcome, ...]:
    """The outcomes that ``text`` names, in the order that they are named; empty if none.

    One phrase for the dead and the wounded together is ``killed_or_injured`` alone. 'Victims' and
    'casualties' count as killed: only the text around them could say otherwise. ``context`` is the
    text right behind the mention: 'lost' with lives, men or kin behind it is killed, not missing;
    illness and sport are no outcome.
    """
    folded = key(text)
    rules = _outcomes()
    if rules.both.search(folded):
        return ("killed_or_injured",)
    if rules.died_of_wounds.search(folded) or _lost_for_good(folded, context, rules.lost):
        return ("killed",)
    if rules.none.search(folded) or rules.no_violence.search(key(context[:_NEAR])):
        return ()
    return _named(folded, rules.codes) or _named(folded, rules.weak)


def _named(folded: str, codes: dict[Outcome, re.Pattern[str]]) -> tuple[Outcome, ...]:
    found = [(m.start(), code) for code, p in codes.items() if (m := p.search(folded))]
    return tuple(code for _, code in sorted(found))


# A clause behind a verb: so many characters, and no further than a full stop or line end.
_CLAUSE = 60
_CLAUSE_END = re.compile(r"[.!?؟\n]")


def _lost_for_good(folded: str, context: str, lost: _Lost) -> bool:
    if lost.words.search(folded) is None:
        return False
    clause = key(_CLAUSE_END.split(context[:_CLAUSE], maxsplit=1)[0]).strip()
    return lost.lives.search(clause) is not None or lost.losers.match(clause) is not None
