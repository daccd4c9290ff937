"""Arithmetic of days, months and years: spans of days, both ends included."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from hijridate import Hijri

from .date_points import Duration

Days = tuple[date, date]


def month_days(year: int, month: int) -> Days:
    """The first and the last day of a month."""
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def year_days(year: int) -> Days:
    """The first and the last day of a year."""
    return date(year, 1, 1), date(year, 12, 31)


def shift_month(day: date, months: int) -> tuple[int, int]:
    """The year and month so many months from that of ``day``."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return year, month + 1


def from_hijri(year: int, month: int, day: int) -> date:
    """The day of the Umm al-Qura calendar; raises OverflowError outside 1343-1500 AH."""
    return date(*Hijri(year, month, day).to_gregorian().datetuple())


def fits(days: Days, reference: date, which: str | None) -> bool:
    """Whether these are the days looked for: begun by the reference day, over, or to come."""
    if which in ("last", "before_last"):
        return days[1] < reference
    return days[0] > reference if which == "next" else days[0] <= reference


def nearest_weekday(reference: date, weekday: int, which: str | None) -> date:
    """The latest such weekday up to the reference day; strictly before or after if so said."""
    back = (reference.isoweekday() - weekday) % 7
    if which == "next":
        return reference + timedelta(days=7 - back)
    if which in ("last", "before_last") and back == 0:
        back = 7
    if which == "before_last":
        back += 7
    return reference - timedelta(days=back)


def start_of(reference: date, length: Duration, inclusive: bool) -> date:
    """The first day of so long a time up to the reference day, which counts as one of its days."""
    if length.unit == "hour":
        return reference - timedelta(days=-(-length.number // 24))
    if length.unit in ("day", "week"):
        days = length.number * (7 if length.unit == "week" else 1)
        return reference - timedelta(days=days - 1 if inclusive else days)
    months = length.number * (12 if length.unit == "year" else 1)
    year, month = shift_month(reference, -months)
    day = min(reference.day, monthrange(year, month)[1])
    return date(year, month, day) + timedelta(days=1 if inclusive else 0)
