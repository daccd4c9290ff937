"""Days counted from a feast ('the second day of Eid al-Adha') as days of the Hijri calendar."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any

from hijridate import Gregorian

from .data import load_toml
from .text import key


def with_feasts_dated(text: str, reference: date | None) -> str:
    """``text``, in lexicon form, with each such day as its Hijri day and month.

    The feast without its name is the one of which the ``reference`` day is not long past; where
    there is none, the words stay. The day is that of the calendar, from which the sighting of
    the moon may differ by one.
    """
    return _pattern().sub(lambda match: _dated(match, reference), key(text))


def _dated(match: re.Match[str], reference: date | None) -> str:
    words = _words()
    nth = words["nth"].get(match["nth"], 1)
    feast = words["feasts"].get(match["feast"])
    if feast is None:
        feast = _recent(reference)
    if feast is None:
        return match[0]
    return f"{feast['day'] + nth - 1} {feast['month']} "


def _recent(reference: date | None) -> dict[str, Any] | None:
    """The Eid that began within `recent` days before the reference day."""
    if reference is None:
        return None
    try:
        today = Gregorian(reference.year, reference.month, reference.day).to_hijri()
    except OverflowError:
        return None
    data = load_toml("dates.toml")
    begun = [f for f in data["feasts"] if f.get("eid") and f["number"] == today.month]
    recent = [f for f in begun if 0 <= today.day - f["day"] <= data["feast_words"]["recent"]]
    return dict(recent[0]) if recent else None


@cache
def _words() -> dict[str, dict[str, Any]]:
    data = load_toml("dates.toml")
    nth = data["feast_words"]["nth"]
    return {
        "nth": {key(word): int(n) for n, words in nth.items() for word in words},
        "feasts": {key(word): feast for feast in data["feasts"] for word in feast["words"]},
        "unnamed": {key(word): None for word in data["feast_words"]["unnamed"]},
    }


@cache
def _pattern() -> re.Pattern[str]:
    def one_of(name: str) -> str:
        return "|".join(sorted(map(re.escape, _words()[name]), key=len, reverse=True))

    days = "|".join(map(key, load_toml("dates.toml")["feast_words"]["days"]))
    blessed = "|".join(map(key, load_toml("dates.toml")["feast_words"]["blessed"]))
    return re.compile(
        rf"(?<!\w)[وبل]?(?P<nth>{one_of('nth')}) (?:{days}) "
        rf"(?P<feast>{one_of('feasts')}|{one_of('unnamed')})(?: (?:{blessed}))?(?!\w)"
    )
