"""The day of a report: in its metadata, a dateline, a heading, 'today' phrases, its file's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from .data import load_toml
from .date_points import read_points
from .date_told import copied_late
from .date_words import Scanned, make_day, scan
from .dates import parse_day, stated_day
from .text import key

# How far into a report a "today" phrase is looked for, and how long one may be, in characters.
_TODAY_WITHIN = 3000
_TODAY_LENGTH = 90
_TODAY = re.compile("[ا\u0671]ليوم")
_YESTERDAY = re.compile(r"(?<!\w)[اأ\u0671](?:ل[اأ])?مس(?!\w)")
# A dateline stands in one of the first lines and holds few words beside the date, or opens a line
# and ends in a dash or colon ("Mosul - 9 June 2017 (agency) - ").
_DATELINE_LINES = 6
_DATELINE_WORDS = 4
_DATELINE_LENGTH = 90
_DATELINE_END = re.compile(r"[^.،\n]{0,30}?(?:\s[-–—ـ]|\)?:)")
_BOUND = re.compile(r"(?:منذ|حتى|قبل|بعد)\s*$")  # a date behind these is not the report's
# A heading of the first lines that names weekday and date ("round-up of Sunday 2-2-2014 in …").
_HEADING_LINES = 3


def find_reference_day(
    text: str, published: str | None
) -> tuple[str, tuple[int, int] | None, str] | None:
    """The day of the report: its ISO day, the span that tells it, and where from.

    Where from is ``metadata`` (``published``, or the weekday just before it that the text says it
    is; no span), ``dateline`` (a full date on a short line near the top, at the head of a line
    before a dash or colon, or behind its weekday in a heading) or ``today_phrase`` ("today,
    Wednesday the second of May 2018", or yesterday with its date). None if unknown.
    """
    day = parse_day(published)
    if day is not None:
        return copied_late(text, day).isoformat(), None, "metadata"
    return _dateline(text) or _today_phrase(text)


def _dateline(text: str) -> tuple[str, tuple[int, int] | None, str] | None:
    start = 0
    for number, line in enumerate(text.split("\n", _DATELINE_LINES)[:_DATELINE_LINES]):
        head = line if len(line) <= 120 else line[:_DATELINE_LENGTH]
        found = _first_full_date(head) if any(c.isdecimal() for c in head) else None
        if found is not None and not _BOUND.search(line[: found[1]]):
            day, first, last, words = found
            short = head == line and words <= _DATELINE_WORDS
            opens = len(line[:first].split()) <= _DATELINE_WORDS and _DATELINE_END.match(line, last)
            heads = head == line and number < _HEADING_LINES and not _seen_from_a_day(line)
            if short or opens or (heads and _names_weekday(line[:last], day)):
                return day, (start + first, start + last), "dateline"
        start += len(line) + 1
    return None


def _seen_from_a_day(line: str) -> bool:
    return _TODAY.search(line) is not None or _YESTERDAY.search(line) is not None


def _names_weekday(text: str, day: str) -> bool:
    """Whether ``text``, which ends in the date ``day``, tells the right weekday right before it."""
    points = read_points(scan(text).elements).points
    return bool(points) and points[-1].weekday == date.fromisoformat(day).isoweekday()


def _today_phrase(text: str) -> tuple[str, tuple[int, int] | None, str] | None:
    found = (
        (match.start(), day, span)
        for phrase, later in ((_TODAY, 0), (_YESTERDAY, 1))
        for match in phrase.finditer(text, 0, _TODAY_WITHIN)
        if (told := _phrase_date(text, match.start(), later)) is not None
        for day, span in (told,)
    )
    first = min(found, default=None)
    return (first[1], first[2], "today_phrase") if first else None


def _phrase_date(text: str, at: int, later: int) -> tuple[str, tuple[int, int]] | None:
    """The full date that the phrase at ``at`` opens, ``later`` days on, and its span."""
    piece = re.split(r"[.!؟\n]", text[at : at + _TODAY_LENGTH])[0]
    found = _first_full_date(piece)
    if found is None or found[1] != 0:
        return None
    day = date.fromisoformat(found[0]) + timedelta(days=later)
    return day.isoformat(), (at, at + found[2])


@cache
def _fillers() -> frozenset[str]:
    return frozenset(key(w) for w in load_toml("dates.toml")["fillers"]["words"])


def _first_full_date(text: str) -> tuple[str, int, int, int] | None:
    """The first date with day, month and year: ISO, its raw span, the words that stand beside it.

    The date's words may be parted by fillers only.
    """
    scanned = scan(text)
    for first, last in _runs(scanned):
        query = read_points(scanned.elements[first:last])
        if len(query.points) != 1 or query.opener:
            continue
        point = query.points[0]
        complete = point.full or (point.day and point.year and (point.month or point.hijri_month))
        day = stated_day(point) if complete else None
        if day is None:
            continue
        tokens, chosen = scanned.tokens, scanned.elements[first:last]
        beside = [*tokens[: chosen[0].first], *tokens[chosen[-1].last :]]
        raw = scanned.folded.span(tokens[chosen[0].first].start, tokens[chosen[-1].last - 1].end)
        return day.isoformat(), raw[0], raw[1], sum(t.text.isalpha() for t in beside)
    return None


def _runs(scanned: Scanned) -> Iterator[tuple[int, int]]:
    """Spans of elements that only fillers part: from the first on, the shortest first."""
    elements, fillers = scanned.elements, _fillers()
    for first in range(len(elements)):
        for last in range(first + 1, len(elements) + 1):
            yield first, last
            if last == len(elements):
                break
            gap = scanned.tokens[elements[last - 1].last : elements[last].first]
            if any(t.text not in fillers for t in gap):
                break


_NAME_DATES = (
    (re.compile(r"(?<!\d)((?:19|20)\d\d)([-_. ]?)(\d\d)\2(\d\d)(?!\d)"), (1, 3, 4)),
    (re.compile(r"(?<!\d)(\d{1,2})([-_. ])(\d{1,2})\2((?:19|20)\d\d)(?!\d)"), (4, 3, 1)),
)


def published_from_name(name: str) -> str | None:
    """The ISO day in a file name (2018-05-02-daily.txt, 20180502.txt, 2_5_2018.txt), or None."""
    for pattern, order in _NAME_DATES:
        for match in pattern.finditer(name):
            day = make_day(*(int(match.group(i)) for i in order))
            if day is not None:
                return day.isoformat()
    return None
