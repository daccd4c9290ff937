"""A row of a table or a JSON line -> the fields of a report: its columns, its publication time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from .data import load_toml
from .decode import DecodeError, decode, repair_both, repairs, writable

FIELDS = ("id", "text", "title", "published", "source")


class Columns(Struct, frozen=True, kw_only=True):
    """Names of columns given by the user; None where the usual names are to be looked for."""

    id: str | None = None
    text: str | None = None
    title: str | None = None
    published: str | None = None
    source: str | None = None


class Fields(Struct, frozen=True, kw_only=True):
    """What a row says of its report, before the report has its final id and source."""

    text: str  # title, newline, body where there is a title
    id: str | None = None
    title: str | None = None
    published: str | None = None
    source: str | None = None
    repairs: tuple[str, ...] = ()  # sentences on what was put right in the text


class RowError(ValueError):
    """A row holds no report; the message says why and what to do."""


def check_header(names: tuple[str, ...], columns: Columns) -> None:
    """Raises RowError where a column that the user named, or one for the text, is missing."""
    find_columns(names, columns)
    for field in FIELDS:
        named = getattr(columns, field)
        if named is not None and _column_key(named) not in map(_column_key, names):
            raise RowError(
                f"it has no column '{named}' (its columns: {', '.join(names)}); name one of these"
                f" with --{field}-column"
            )


@lru_cache(maxsize=256)  # The rows of a file mostly have the same columns.
def find_columns(names: tuple[str, ...], columns: Columns) -> Mapping[str, list[str]]:
    """For each field, the names among ``names`` that may hold it, best first.

    A column that the user named is the only one for its field. Raises RowError where no column
    can hold the text.
    """
    by_key = {_column_key(name): name for name in reversed(names)}
    found = {field: _candidates(field, by_key, columns) for field in FIELDS}
    if not found["text"]:
        wanted = columns.text or "text"
        listed = ", ".join(names) or "none"
        raise RowError(
            f"it has no column '{wanted}' (its columns: {listed}); name the right one with"
            " --text-column"
        )
    return found


def read_row(row: Mapping[str, Any], columns: Columns) -> Fields:
    """The fields of ``row``, its text repaired where it is mojibake. Raises RowError."""
    found = find_columns(tuple(row), columns)
    values = {field: _first_value(row, names) for field, names in found.items()}
    try:
        raw = [_as_text(values[field], field) for field in ("title", "text")]
        title, body = repair_both(*raw)
    except DecodeError as error:
        raise RowError(f"its text can't be read: {error}") from error
    if not (body.strip() or title.strip()):
        raise RowError(
            "its text is empty; if it stands in another column, name it with --text-column"
        )
    return Fields(
        text=f"{title}\n{body}" if title.strip() else body,
        id=_as_name(values["id"]),
        title=title if title.strip() else None,
        published=published_iso(values["published"]),
        source=_as_name(values["source"]),
        repairs=repairs("\n".join(raw), f"{title}\n{body}"),
    )


def published_iso(value: object) -> str | None:
    """A publication time as an ISO day, or ISO time where one is given; None if it is unreadable.

    Reads ISO forms, day/month/year (the day first), e-mail dates, Unix seconds and milliseconds,
    and digits of any script. A value before 1900 is taken for a filler and gives None.
    """
    try:
        moment = _moment(value)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    if moment is None or moment.year < 1900:
        return None
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="seconds")
    return moment.isoformat()


_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T\s]+(.*))?")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T\s,]+(.*))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?")
# Unix times between 1973 and 2096, in seconds; a thousand times that in milliseconds.
_UNIX_SECONDS = range(100_000_000, 4_000_000_000)


def _moment(value: object) -> date | datetime | None:
    if isinstance(value, datetime | date):
        return value
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    if re.fullmatch(r"\d{9,13}(\.\d+)?", text):
        return _unix_time(int(float(text)))
    if match := _COMPACT.fullmatch(text):
        year, month, day = map(int, match.groups())
        return date(year, month, day)
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, match.groups()[:3])
        return _with_clock(date(year, month, day), match[4])
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, match.groups()[:3])
        return _with_clock(date(year, month, day), match[4])
    return parsedate_to_datetime(text)


def _unix_time(seconds: int) -> datetime | None:
    if seconds // 1000 in _UNIX_SECONDS:
        seconds //= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds in _UNIX_SECONDS else None


def _with_clock(day: date, clock: str | None) -> date | datetime:
    """``day`` at ``clock``; the day alone where what follows it is no time of day."""
    match = _CLOCK.fullmatch(clock.strip()) if clock else None
    if match is None:
        return day
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    zone = match[4] or ""
    suffix = "+00:00" if zone in ("Z", "UTC", "GMT") else zone
    try:
        return datetime.fromisoformat(f"{day}T{hour:02}:{minute:02}:{second:02}{suffix}")
    except ValueError:
        return day


@cache
def _synonyms() -> dict[str, list[str]]:
    return {
        field: [_column_key(name) for name in names]
        for field, names in load_toml("columns.toml").items()
    }


def _column_key(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def _candidates(field: str, by_key: Mapping[str, str], columns: Columns) -> list[str]:
    named = getattr(columns, field)
    keys = [_column_key(named)] if named is not None else _synonyms()[field]
    return [by_key[key] for key in keys if key in by_key]


def _first_value(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    for name in names:
        value = row[name]
        if value is not None and value != "" and value == value:  # NaN is not itself.
            return value
    return None


def _as_text(value: object, field: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return decode(value)
    if not isinstance(value, str):
        kind = type(value).__name__
        raise RowError(f"its {field} is of type {kind}, not a string; export the column as text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(
            f"its {field} holds half a character (a lone surrogate); export the file again as UTF-8"
        ) from error
    return value


def _as_name(value: object) -> str | None:
    """An id or source as one line of text; None for what is not a string or number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # Tables with a gap in the column store whole numbers as floats.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = " ".join(writable(str(value)).split())
    return text or None
