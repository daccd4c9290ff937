"""Date words put together: the points in time and the stretches of time that a mention names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from msgspec import Struct

from .date_words import Element


class Point(Struct):
    """One point in time as far as the text says it; what it leaves open is None.

    ``which``: last, this, next, before_last, same; it belongs to the weekday, month or season.
    ``unit`` and ``which``: 'the last month'. ``step``: days from the date mentioned before.
    """

    full: date | None = None
    day: int | None = None
    month: int | None = None
    hijri_month: int | None = None
    year: int | None = None
    year_which: str | None = None
    month_which: str | None = None
    week_which: str | None = None
    weekday: int | None = None
    offset: int | None = None
    night: bool = False
    step: int | None = None
    which: str | None = None
    boundary: tuple[tuple[int, int], tuple[int, int]] | None = None
    season: tuple[int, int] | None = None
    hijri: bool = False

    def is_empty(self) -> bool:
        return self == Point()


class Duration(Struct, frozen=True):
    """So many hours, days, weeks, months or years, before or (``future``) after."""

    number: int
    unit: str
    future: bool = False


class Query(Struct):
    """All that a mention says: ``opener`` is since, within, ago, after, until or None."""

    points: list[Point]
    durations: list[Duration]
    opener: str | None = None
    vague: bool = False


class _Builder:
    """Takes the elements one by one; a field said twice opens the next point."""

    def __init__(self, elements: list[Element]) -> None:
        self.elements = elements
        self.query = Query([Point()], [])
        self.i = 0

    @property
    def point(self) -> Point:
        return self.query.points[-1]

    def next_point(self) -> None:
        if not self.point.is_empty():
            self.query.points.append(Point())

    def set(self, field: str, value: Any) -> None:
        if getattr(self.point, field) not in (None, value):
            self.next_point()
        setattr(self.point, field, value)

    def neighbour(self, step: int, *kinds: str, reach: int = 1) -> Element | None:
        """The element before or after this one, if of such a kind and ``reach`` words off."""
        at = self.i + step
        if not 0 <= at < len(self.elements):
            return None
        here, other = self.elements[self.i], self.elements[at]
        apart = other.first - here.last if step > 0 else here.first - other.last
        return other if apart <= reach and (not kinds or other.kind in kinds) else None

    def build(self) -> Query:
        handlers: dict[str, Callable[[Any], None]] = {
            "full": lambda v: self.set("full", v),
            "number": self.number,
            "year": self.year,
            "month": self.month,
            "hijri_month": lambda v: self.set("hijri_month", v),
            "weekday": lambda v: self.set("weekday", v),
            "day": self.day,
            "night": lambda v: self.set("night", True),
            "same_day": lambda v: self.set("step", 0),
            "which": self.which,
            "the_unit": self.the_unit,
            "one_unit": self.one_unit,
            "two_units": self.two_units,
            "many_units": self.many_units,
            "opener": self.opener,
            "boundary": self.boundary,
            "season": lambda v: self.set("season", v),
            "era": self.era,
        }
        while self.i < len(self.elements):
            element = self.elements[self.i]
            handlers[element.kind](element.value)
            self.i += 1
        self.query.points = [p for p in self.query.points if not p.is_empty()]
        _inherit(self.query.points)
        return self.query

    def number(self, value: int) -> None:
        unit = self.neighbour(1, "one_unit", "many_units", reach=0)
        named = self.neighbour(1, "month", "hijri_month") is not None
        before = None if named else self.neighbour(-1, "many_units")
        if unit is not None:
            self.query.durations.append(Duration(value, unit.value))
            self.i += 1
        elif before is not None:
            self.query.durations.append(Duration(value, before.value))
        elif self._is_month_number(value):
            self.set("month", value)
        elif 1 <= value <= 31:
            if self.point.month and self.point.year:
                self.next_point()
            self.set("day", value)

    def _is_month_number(self, value: int) -> bool:
        before = self.neighbour(-1, "one_unit")
        return before is not None and before.value == "month" and 1 <= value <= 12

    def year(self, value: int) -> None:
        unit = self.neighbour(1, "one_unit", "many_units", reach=0)
        if unit is not None and value < 1800:
            self.query.durations.append(Duration(value, unit.value))
            self.i += 1
        elif value >= 1800 or self.point.hijri_month or self._era_follows():
            self.set("year", value)
            self.point.hijri = self.point.hijri or value < 1800

    def _era_follows(self) -> bool:
        era = self.neighbour(1, "era")
        return era is not None and era.value == "hijri"

    def era(self, value: str) -> None:
        self.point.hijri = value == "hijri" and self.point.year is not None

    def month(self, value: int) -> None:
        if self.point.month is not None and self.point.month != value and self.point.day is None:
            self.next_point()
        self.set("month", value)

    def day(self, value: int) -> None:
        after = self.neighbour(1, "which")
        steps = {"following": 1, "same": 0, "last": -1}
        if value == 0 and after is not None and after.value in steps:
            self.set("step", steps[after.value])
            self.i += 1
        elif value == 0 and self._is_ordinal_day():
            self.vague()  # 'the first day' of something
        else:
            self.set("offset", value)

    def _is_ordinal_day(self) -> bool:
        """Whether a number stands behind 'the day' that no month, year or unit follows."""
        if self.neighbour(1, "number", reach=0) is None:
            return False
        rest = {e.kind for e in self.elements[self.i + 2 :]}
        return not rest & {"month", "hijri_month", "year", "full", "the_unit", "weekday"}

    def which(self, value: str) -> None:
        unit = self.neighbour(1, "the_unit")
        if value == "this" and unit is not None:
            self.relative(unit.value, value)
            self.i += 1
        elif self.query.durations and self.point.is_empty():
            if value == "next":
                last = self.query.durations.pop()
                self.query.durations.append(Duration(last.number, last.unit, future=True))
        elif value == "following":
            self.vague()
        elif self._is_day_of_month():
            self.relative("month", value)  # 'the fifth of the current'
        else:
            self.point.which = self.point.which or value

    def _is_day_of_month(self) -> bool:
        """Whether a day is told, and neither its month nor its weekday."""
        point = self.point
        return point.day is not None and not (point.month or point.hijri_month or point.weekday)

    def relative(self, unit: str, which: str) -> None:
        """'The last month', 'this year': sets what the point says of that unit."""
        field = {"year": "year_which", "month": "month_which", "week": "week_which"}.get(unit)
        if field is not None:
            self.set(field, which)

    def the_unit(self, unit: str) -> None:
        after = self.neighbour(1, "which")
        if after is not None and after.value != "following":
            self.relative(unit, after.value)
            self.i += 1
        elif after is not None:
            self.vague()
        elif self.neighbour(1, "year", "month", "hijri_month") is None:
            bounded = self.point.boundary is not None or self.query.opener in ("since", "within")
            if bounded or (unit == "year" and self.point.month is not None):
                self.relative(unit, "this")

    def one_unit(self, unit: str) -> None:
        follows = self.neighbour(
            1, "month", "hijri_month", "number", "year", "weekday", "full", "day"
        )
        opened = self.query.opener in ("since", "within", "ago", "after")
        last = self.elements[-1]
        if opened and follows is last and (last.kind, last.value) == ("number", 1):
            follows = None  # 'one single day'
            self.i += 1
        if follows is None and opened and self.point.is_empty():
            self.query.durations.append(Duration(1, unit))

    def two_units(self, unit: str) -> None:
        if self.neighbour(1, "year") is None and self.neighbour(1, "weekday") is None:
            self.query.durations.append(Duration(2, unit))

    def many_units(self, unit: str) -> None:
        after = self.neighbour(1, "which", reach=1)
        if unit == "hour" and after is not None and after.value == "last":
            self.query.durations.append(Duration(24, unit))  # 'in the last hours'
        elif self.neighbour(1, "number") is None:
            self.vague()

    def vague(self) -> None:
        """A word that moves the date by what nobody says (in the last days, the next month)."""
        self.query.vague = True

    def opener(self, value: str) -> None:
        if value == "that_is":
            self.query.points = [Point()]
        elif value == "until":
            if self.point.is_empty() and self.query.opener is None:
                self.query.opener = value
            self.next_point()
        else:
            self.query.opener = self.query.opener or value

    def boundary(self, value: Any) -> None:
        if self.point.month or self.point.year or self.point.year_which:
            self.next_point()
        self.set("boundary", value)


def _inherit(points: list[Point]) -> None:
    """'Between 3 and 7 May 2018': what the first leaves out, the next one says."""
    for earlier, later in zip(points[-2::-1], points[:0:-1], strict=True):
        if earlier.day is not None and earlier.month is None and earlier.hijri_month is None:
            earlier.month, earlier.hijri_month = later.month, later.hijri_month
            earlier.month_which = earlier.month_which or later.month_which
            earlier.hijri = later.hijri
            earlier.which = earlier.which or later.which
        same_order = (earlier.month or 0) <= (later.month or 0)
        if earlier.month is not None and earlier.year is None and same_order:
            earlier.year, earlier.year_which = later.year, earlier.year_which or later.year_which
        if earlier.hijri_month is not None and earlier.year is None:
            earlier.year = later.year
        if later.year_which == "same" and earlier.year is not None:
            later.year, later.hijri = earlier.year, earlier.hijri


def read_points(elements: list[Element]) -> Query:
    """The points and durations that the date words name, in text order."""
    return _Builder(elements).build()
