"""When: the text of a date mention to days. What cannot be resolved stays null, with its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

from hijridate import Gregorian, Hijri
from msgspec import Struct, structs

from .calendars import (
    Days,
    fits,
    from_hijri,
    month_days,
    nearest_weekday,
    shift_month,
    start_of,
    year_days,
)
from .data import load_toml
from .date_feasts import with_feasts_dated
from .date_merge import combine_dates
from .date_points import Duration, Point, Query, read_points
from .date_words import make_day, scan
from .schema import Date, DateBasis, DatePrecision
from .text import key

__all__ = ["DateContext", "combine_dates", "parse_day", "resolve_date", "stated_day"]


class DateContext(Struct, frozen=True):
    """What the rest of the report says: ISO days, a year, the stated date mentioned before, and the
    day mentioned last, stated or not."""

    reference: str | None = None
    year: int | None = None
    previous: Date | None = None
    nearest: Date | None = None


class _Span(Struct, frozen=True):
    """Resolved days, both included; ``end`` is None while it is open."""

    start: date | None
    end: date | None
    precision: DatePrecision
    basis: DateBasis


_WHICH_STEP = {"before_last": -2, "last": -1, "this": 0, "next": 1}
# Day and month in digits and nothing else.
_DAY_AND_MONTH = re.compile(r"\W*(0?[1-9]|[12]\d|3[01]) ?[-/] ?(0?[1-9]|1[0-2])\W*")
# Two days of one month: '20-30/1/2022', '8 – 14 July'.
_DAYS_OF_DATE = re.compile(r"(?<![\d/-])(\d{1,2})\s?[-–]\s?(\d{1,2})/(\d{1,2}/\d{4})(?!\d)")
_DAYS_OF_MONTH = re.compile(r"(?<![\d/-])(\d{1,2})\s?[-–]\s?(\d{1,2})\s(?=[^\W\d_]{2})")
# As hashtags write a date.
_UNDERSCORE = re.compile(r"(?<=\d)_(?=\d)")
_ISO_DAY = re.compile(r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")


def parse_day(text: str | None) -> date | None:
    """The day of an ISO day or time; None where there is none."""
    match = _ISO_DAY.match(text) if text else None
    return make_day(*map(int, match.groups())) if match else None


def resolve_date(text: str, published: str | None, context: DateContext | None = None) -> Date:
    """The days that the mention ``text`` means, seen from the day of the report.

    That day is ``context.reference``, or else ``published``; without either, what is relative
    stays unresolved, and so does a date whose year neither the text nor the context tells.
    Never raises.
    """
    context = context or DateContext()
    reference = parse_day(context.reference) or parse_day(published)
    resolver = _Resolver(reference, context)
    short = _DAY_AND_MONTH.fullmatch(_names_of_days().sub(" ", key(text)))
    try:
        if short is not None:
            found = resolver.point(Point(day=int(short.group(1)), month=int(short.group(2))))
        else:
            told = with_feasts_dated(_spread(text), reference)
            found = resolver.query(read_points(scan(told).elements))
    except (ValueError, OverflowError):  # beyond the calendars: year 0, a Hijri year out of range
        found = None
    if found is None:
        return Date(start=None, end=None, precision=None, basis=None, text=text)
    start, end = (None if day is None else day.isoformat() for day in (found.start, found.end))
    return Date(start=start, end=end, precision=found.precision, basis=found.basis, text=text)


def _spread(text: str) -> str:
    """``text`` with '8-14 July' and '20-30/1/2022' said as from and to; hashtags' dates plain."""
    text = _UNDERSCORE.sub("-", text)
    text = _DAYS_OF_DATE.sub(r"من \1/\3 إلى \2/\3", text)
    return _DAYS_OF_MONTH.sub(r"من \1 إلى \2 ", text)


@cache
def _names_of_days() -> re.Pattern[str]:
    """Weekdays and 'today', which may stand beside a day and month in digits."""
    data = load_toml("dates.toml")
    told = ("يوم", *data["days"]["0"], *data["days"]["-1"], *sum(data["weekdays"].values(), []))
    words = [key(w) for w in told]
    return re.compile(rf"\b(?:{'|'.join(sorted(words, key=len, reverse=True))})\b")


def stated_day(point: Point) -> date | None:
    """The first day of a point that the text tells by itself, without a day to be seen from."""
    span = _Resolver(None, DateContext()).point(point)
    return span.start if span else None


class _Resolver:
    """Resolves points and durations, seen from one reference day (or none)."""

    def __init__(self, reference: date | None, context: DateContext) -> None:
        self.reference = reference
        self.context = context
        self.previous = parse_day(context.previous.end) if context.previous else None
        self.nearest = parse_day(context.nearest.end) if context.nearest else self.previous

    # --- a whole mention

    def query(self, query: Query) -> _Span | None:
        if not query.points:
            return None if query.vague else self.durations(query)
        if query.vague and not any(p.month or p.full or p.year for p in query.points):
            return None
        last = self.point(query.points[-1])
        if last is None:
            return None
        if len(query.points) > 1:
            return self.between(query.points[0], last)
        if query.opener == "since":
            return self.since(last, query.durations)
        if query.opener == "until":
            return structs.replace(last, start=None, precision="interval")
        named = query.points[0]
        if query.opener == "after" and query.durations:
            return last  # 'three months later, on 26 June'
        if query.opener in ("ago", "after") and (named.month or named.full or named.hijri_month):
            return self.beside(last, query.opener)
        return last

    def beside(self, point: _Span, opener: str) -> _Span | None:
        """'Before 17 July', 'after 17 July': the open time on that side of it."""
        day = timedelta(days=1)
        if opener == "ago":
            end = point.start - day if point.start else None
            return structs.replace(point, start=None, end=end, precision="interval")
        start = point.end + day if point.end else None
        end = self.reference if self.reference and start and self.reference >= start else None
        return structs.replace(point, start=start, end=end, precision="interval")

    def between(self, first: Point, last: _Span) -> _Span | None:
        """From one point to another; the first one is looked for before the second."""
        earlier = _Resolver(last.end, self.context)
        start = earlier.point(first) if first.offset is None else self.point(first)
        if start is None or start.start is None or last.end is None or start.start > last.end:
            return None
        basis: DateBasis = "stated" if "stated" in (start.basis, last.basis) else "relative"
        return _Span(start.start, last.end, "interval", basis)

    def since(self, point: _Span, durations: list[Duration]) -> _Span | None:
        end = self.reference
        if durations and durations[0].unit == "day" and point.start:
            end = point.start + timedelta(days=durations[0].number - 1)
        if point.start and end and end < point.start:
            end = None
        return _Span(point.start, end, "interval", point.basis)

    def durations(self, query: Query) -> _Span | None:
        if not query.durations:
            return None
        length = query.durations[-1]
        if query.opener == "after":
            # 'Four days after the raid', and no date before it: it was four days ago.
            if self.previous is None and length.unit == "day":
                return self.moved(self.reference, length, -1)
            return self.moved(self.previous, length, 1)
        if self.reference is None or length.future:
            return None
        if query.opener == "ago":
            return self.moved(self.reference, length, -1)
        start = start_of(self.reference, length, inclusive=query.opener != "since")
        return _Span(start, self.reference, "interval", "relative")

    def moved(self, day: date | None, length: Duration, way: int) -> _Span | None:
        """So long before or after ``day``: to the day, or to the week, month or year."""
        if day is None:
            return None
        number = way * length.number
        if length.unit == "hour":
            whole, rest = divmod(length.number, 24)
            near = day + timedelta(days=way * whole)
            far = near + timedelta(days=way) if rest else near
            return _relative((min(near, far), max(near, far)), "interval" if rest else "day")
        if length.unit == "day":
            at = day + timedelta(days=number)
            return _relative((at, at), "day")
        if length.unit == "week":
            at = day + timedelta(weeks=number)
            return _relative((at - timedelta(days=3), at + timedelta(days=3)), "interval")
        if length.unit == "month":
            return _relative(month_days(*shift_month(day, number)), "month")
        return _relative(year_days(day.year + number), "year")

    # --- one point

    def point(self, point: Point) -> _Span | None:
        if point.full is not None:
            return _Span(point.full, point.full, "day", "stated")
        if point.hijri_month is not None:
            return self.hijri(point)
        if point.month is not None:
            return self.month(point)
        if point.month_which is not None:
            return self.relative_month(point)
        if point.day is not None and point.offset is None and point.step is None:
            return self.bare_day(point)
        if point.season is not None:
            return self.season(point, point.season)
        year = self.year_of(point)
        if year is not None and not point.hijri:
            basis: DateBasis = "relative" if point.year is None else "stated"
            return _part(year_days(year), point.boundary, basis, year)
        return self.near(point)

    def near(self, point: Point) -> _Span | None:
        """Today, a weekday, a night, a week: told by their distance alone."""
        if point.step is not None and self.nearest is not None:
            at = self.nearest + timedelta(days=point.step)
            return _relative((at, at), "day")
        if self.reference is None:
            return self.weekday_of_stretch(point)
        if point.offset is not None:
            at = self.reference + timedelta(days=point.offset)
            if point.weekday not in (None, at.isoweekday()) and point.offset <= 0:
                at = nearest_weekday(self.reference, point.weekday or 0, None)
            return _relative((at, at), "day")
        if point.weekday is not None:
            at = nearest_weekday(self.reference, point.weekday, point.which or point.week_which)
            return _relative((at, at), "day")
        if point.night:
            return _relative((self.reference - timedelta(days=1), self.reference), "interval")
        if point.week_which in _WHICH_STEP:
            # A week begins on another day in every country: the seven days up to the reference.
            end = self.reference + timedelta(weeks=_WHICH_STEP[point.week_which])
            return _relative((end - timedelta(days=6), end), "interval")
        return None

    def weekday_of_stretch(self, point: Point) -> _Span | None:
        """A weekday in a report of a week or less that says from which day to which."""
        told = self.context.previous
        first, last = (parse_day(told.start), parse_day(told.end)) if told else (None, None)
        if point.weekday is None or first is None or last is None or (last - first).days > 7:
            return None
        days = [first + timedelta(days=d) for d in range((last - first).days + 1)]
        fit = [d for d in days if d.isoweekday() == point.weekday]
        return _relative((fit[0], fit[0]), "day") if len(fit) == 1 and len(days) > 1 else None

    def year_of(self, point: Point) -> int | None:
        """The year that the text names, or names by its distance; None if it does neither."""
        if point.year is not None:
            return point.year
        if point.year_which == "same" and self.previous is not None:
            return self.previous.year
        if point.year_which in _WHICH_STEP and self.reference is not None:
            return self.reference.year + _WHICH_STEP[point.year_which]
        return None

    def inferred(self, make: Callable[[int], Days | None], which: str | None) -> Days | None:
        """The year left out: the one nearest before the reference day that fits ``which``."""
        reference, stated = self.reference, self.context.year
        if which == "same" and self.previous is not None:
            return make(self.previous.year)
        if reference is None:
            return make(stated) if stated is not None and which is None else None
        if which == "this":
            return make(reference.year)
        years = list(range(reference.year, reference.year - 9, -1))
        if which == "next":
            years = list(range(reference.year, reference.year + 9))
        elif stated is not None and which is None:
            years.insert(0, stated)
        for year in years:
            days = make(year)
            if days is not None and fits(days, reference, which):
                return days
        return None

    def month(self, point: Point) -> _Span | None:
        month, day = point.month or 1, point.day
        year = self.year_of(point)

        def make(year: int) -> Days | None:
            if day is None:
                return month_days(year, month)
            at = make_day(year, month, day)
            return (at, at) if at else None

        days = self.inferred(make, point.which) if year is None else make(year)
        if days is None:
            return None
        if day is None:
            return _part(days, point.boundary, "stated", None)
        if year is None and point.weekday not in (None, days[0].isoweekday()):
            # The weekday speaks against this year: it may be the year before or after.
            days = _on_weekday([make(days[0].year + 1), make(days[0].year - 1)], point) or days
        return _Span(days[0], days[1], "day", "stated")

    def relative_month(self, point: Point) -> _Span | None:
        which = point.month_which or ""
        base = self.previous if which == "same" else self.reference
        told = self.context.previous
        if base is None and which == "last" and told is not None and told.precision == "month":
            which, base = "same", self.previous  # the month that the report is about
        if base is None:
            return None
        year, month = shift_month(base, _WHICH_STEP.get(which, 0))
        if point.day is None:
            return _part(month_days(year, month), point.boundary, "relative", None)
        at = make_day(year, month, point.day)
        return _relative((at, at), "day") if at else None

    def bare_day(self, point: Point) -> _Span | None:
        """A day of a month not named: told by its weekday, or of the month mentioned before."""
        if point.weekday is not None:
            days = [self.reference - timedelta(days=d) for d in range(31)] if self.reference else []
            fit = (d for d in days if d.day == point.day and d.isoweekday() == point.weekday)
            found = next(fit, None)
            return _relative((found, found), "day") if found else self.near(point)
        if self.previous is None or point.day is None:
            return None
        at = make_day(self.previous.year, self.previous.month, point.day)
        return _relative((at, at), "day") if at else None

    def season(self, point: Point, months: tuple[int, int]) -> _Span | None:
        def make(year: int) -> Days:
            first, last = months
            start = date(year - 1 if first > last else year, first, 1)
            return start, month_days(year, last)[1]

        year = self.year_of(point)
        if year is None and point.which is None:
            return None
        days = make(year) if year is not None else self.inferred(make, point.which)
        if days is None:
            return None
        return _Span(days[0], days[1], "season", "stated" if point.year else "relative")

    def hijri(self, point: Point) -> _Span | None:
        month, day = point.hijri_month or 1, point.day

        def make(year: int) -> Days | None:
            length = Hijri(year, month, 1).month_length()
            if day is not None and day > length:
                return None
            first, last = (day, day) if day is not None else (1, length)
            return from_hijri(year, month, first), from_hijri(year, month, last)

        if point.year is not None and point.year < 1800:
            days = make(point.year)
        else:
            days = self.inferred_hijri(make, point)
        if days is None:
            return None
        if day is not None:
            return _Span(days[0], days[1], "day", "stated")
        return _part(days, point.boundary, "stated", None)

    def inferred_hijri(self, make: Callable[[int], Days | None], point: Point) -> Days | None:
        """A Hijri date with no Hijri year: in a Gregorian year, or the latest before today."""
        anchor = self.reference
        if point.year is not None:
            anchor = date(point.year, 12, 31)
        if anchor is None:
            return None
        newest = Gregorian(anchor.year, anchor.month, anchor.day).to_hijri().year
        for year in range(newest, newest - 3, -1):
            days = make(year)
            if days is not None and fits(days, anchor, point.which):
                others = [make(year + 1), make(year - 1)] if point.day and point.weekday else []
                told = point.weekday in (None, days[0].isoweekday())
                return days if told else _on_weekday(others, point) or days
        return None


# --- days, months, years


def _relative(days: Days, precision: DatePrecision) -> _Span:
    return _Span(days[0], days[1], precision, "relative")


def _on_weekday(candidates: list[Days | None], point: Point) -> Days | None:
    return next((d for d in candidates if d and d[0].isoweekday() == point.weekday), None)


def _part(
    days: Days, boundary: tuple[tuple[int, int], tuple[int, int]] | None, basis: DateBasis,
    year: int | None,
) -> _Span:  # fmt: skip
    """A month or (with ``year``) a year, or the part of it that a word like 'early' cuts out."""
    whole: DatePrecision = "month" if year is None else "year"
    if boundary is None:
        return _Span(days[0], days[1], whole, basis)
    if year is not None:
        first, last = boundary[1]
        return _Span(date(year, first, 1), month_days(year, last)[1], "interval", basis)
    first, last = boundary[0]
    start = days[0] + timedelta(days=first - 1)
    return _Span(start, min(days[0] + timedelta(days=last - 1), days[1]), "interval", basis)
