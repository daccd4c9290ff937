"""The weekday that a report says it is: 'today, Tuesday', 'yesterday, Monday'."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

from .data import load_toml
from .text import key

# How far into a report such a phrase is looked for, in characters: far down it may be quoted.
_WITHIN = 3000
# The day of publication is often that of the copy: so many days late at most. Our own rule; beyond
# it the phrase is likelier another report's.
MOST_DAYS_LATE = 2


@cache
def _told() -> re.Pattern[str]:
    data = load_toml("dates.toml")
    days = [key(w) for n, words in data["days"].items() if int(n) <= 0 for w in words]
    weekdays = [key(w) for words in data["weekdays"].values() for w in words]
    longest = sorted(days, key=len, reverse=True)
    return re.compile(
        rf"(?<!\w)[وفبل]?(?P<day>{'|'.join(longest)}) ?[(،]? ?(?P<weekday>{'|'.join(weekdays)})"
        rf"(?!\w)(?! (?:ال)?(?:ماض|فائت|فايت|منصرم|مقبل|قادم))"
    )


@cache
def _numbers(table: str) -> dict[str, int]:
    rows = load_toml("dates.toml")[table]
    return {key(w): int(n) for n, words in rows.items() for w in words}


def copied_late(text: str, published: date) -> date:
    """The day that ``text`` was written, where it tells its weekday and ``published`` is another.

    The last such weekday, up to two days before ``published``; ``published`` itself where the text
    tells no weekday, tells several that do not fit, or tells one that is too far off.
    """
    told = {
        (_numbers("weekdays")[m["weekday"]] - _numbers("days")[m["day"]] - 1) % 7 + 1
        for m in _told().finditer(key(text[:_WITHIN]))
    }
    if len(told) != 1:
        return published
    late = (published.isoweekday() - told.pop()) % 7
    return published - timedelta(days=late) if late <= MOST_DAYS_LATE else published
