"""The words of a date mention: months, weekdays, days, units of time, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from typing import Any, Literal

from hijridate import Hijri
from msgspec import Struct

from .data import load_toml
from .number_words import Token, fold_numbers, read_numbers, read_ordinal, tokenize
from .text import Folded, key

ElementKind = Literal[
    "full", "number", "year", "month", "hijri_month", "weekday", "day", "night", "which",
    "same_day", "the_unit", "one_unit", "two_units", "many_units", "opener", "boundary", "season",
    "era",
]  # fmt: skip


class Element(Struct, frozen=True):
    """One word or phrase of a date. ``tokens[first:last]``; ``value`` depends on ``kind``."""

    kind: ElementKind
    value: Any
    first: int
    last: int


class Scanned(Struct, frozen=True):
    """A text with the date words found in it."""

    folded: Folded
    tokens: list[Token]
    elements: list[Element]


def _rows() -> Iterator[tuple[list[str], ElementKind, Any]]:
    data = load_toml("dates.toml")
    for number, words in data["months"].items():
        yield words, "month", int(number)
    for number, words in data["hijri_months"].items():
        yield words, "hijri_month", int(number)
    for number, words in data["weekdays"].items():
        yield words, "weekday", int(number)
    for number, words in data["days"].items():
        yield words, "day", int(number)
    yield data["nights"]["last"], "night", None
    yield data["same_day"]["words"], "same_day", None
    for which, words in data["which"].items():
        yield words, "which", which
    for row in data["units"]:
        yield row["the"], "the_unit", row["unit"]
        yield row["one"], "one_unit", row["unit"]
        yield row["two"], "two_units", row["unit"]
        yield row["many"], "many_units", row["unit"]
    for opener, words in data["openers"].items():
        yield words, "opener", opener
    for row in data["boundaries"]:
        yield row["words"], "boundary", (tuple(row["month"]), tuple(row["year"]))
    for season in data["seasons"].values():
        yield season["words"], "season", tuple(season["months"])
    for era, words in data["eras"].items():
        yield words, "era", era


_Phrase = tuple[tuple[str, ...], ElementKind, Any]


@cache
def _phrases() -> dict[str, list[_Phrase]]:
    """Every phrase by its first word, the longest first, then in the order of the file."""
    out: dict[str, list[_Phrase]] = {}
    for phrases, kind, value in _rows():
        for phrase in phrases:
            words = tuple(t.text for t in tokenize(key(phrase)))
            out.setdefault(words[0], []).append((words, kind, value))
    for rows in out.values():
        rows.sort(key=lambda row: -len(row[0]))
    return out


@lru_cache(maxsize=1 << 13)
def _without_prefix(word: str) -> tuple[str, ...]:
    """``word`` and what it may be without a glued conjunction, preposition or article."""
    out = [word]
    for prefix in ("و", "ف", "ب", "ل", "ول", "وب"):
        rest = word[len(prefix) :]
        if word.startswith(prefix) and len(rest) > 1:
            out += [rest, "ا" + rest] if prefix.endswith("ل") and rest[0] == "ل" else [rest]
    return tuple(out)


def _phrase_at(tokens: list[Token], i: int) -> Element | None:
    for word in _without_prefix(tokens[i].text):
        for words, kind, value in _phrases().get(word, ()):
            last = i + len(words)
            if tuple(t.text for t in tokens[i + 1 : last]) == words[1:]:
                return Element(kind, value, i, last)
    return None


_FULL = re.compile(r"(?<!\d)(\d{1,4}) ?([/.\-]) ?(\d{1,2}) ?\2 ?(\d{1,4})(?!\d)")


def _full_date(match: re.Match[str]) -> date | None:
    """The day of a date in digits: year first, or day first."""
    first, _, second, third = match.groups()
    day, month, year = first, second, third
    if len(first) == 4:
        day, year = third, first
    if len(year) not in (2, 4) or len(day) > 2:
        return None
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    if full_year < 1800:
        return _hijri_day(full_year, int(month), int(day))
    return make_day(full_year, int(month), int(day))


def _hijri_day(year: int, month: int, day: int) -> date | None:
    """The day of the Umm al-Qura calendar (1343 to 1500 AH); None where it has none such."""
    try:
        return date(*Hijri(year, month, day).to_gregorian().datetuple())
    except (ValueError, OverflowError):
        return None


def make_day(year: int, month: int, day: int) -> date | None:
    """The day, or None where the calendar has none such or the year is out of all reason."""
    try:
        return date(year, month, day) if 1800 <= year <= 2200 else None
    except ValueError:
        return None


def scan(text: str) -> Scanned:
    """The date words of ``text`` in order; what is none is passed over."""
    folded = fold_numbers(text)
    dates: dict[int, tuple[date, int]] = {}
    blanked = folded.text
    for match in _FULL.finditer(folded.text):
        day = _full_date(match)
        if day is not None:
            dates[match.start()] = day, match.end()
            # One token in place of the whole date, so that its numbers are not read again.
            filler = "#" + "_" * (match.end() - match.start() - 1)
            blanked = blanked[: match.start()] + filler + blanked[match.end() :]
    tokens = [
        Token(t.text, t.start, dates[t.start][1] if t.start in dates else t.end)
        for t in tokenize(blanked.replace("_", " "))
    ]
    return Scanned(folded, tokens, _elements(tokens, {at: day for at, (day, _) in dates.items()}))


@cache
def _parts_of_day() -> list[tuple[str, ...]]:
    words = load_toml("dates.toml")["parts_of_day"]["words"]
    return sorted((tuple(key(w).split()) for w in words), key=len, reverse=True)


def _part_of_day(tokens: list[Token], i: int) -> int:
    """How many tokens from ``i`` on say 'after midnight', 'before noon': no day of their own."""
    for words in _parts_of_day():
        found = tuple(t.text for t in tokens[i : i + len(words)])
        glued = found and found[0][0] in "وف" and (found[0][1:], *found[1:]) == words
        if found == words or glued:
            return len(words)
    return 0


def _days_follow(tokens: list[Token], i: int) -> bool:
    after = _phrase_at(tokens, i) if i < len(tokens) else None
    return after is not None and (after.kind, after.value) == ("many_units", "day")


def _elements(tokens: list[Token], dates: dict[int, date]) -> list[Element]:
    numbers = {n.first: n for n in read_numbers(tokens)}
    clock = {key(w) for w in load_toml("dates.toml")["clock"]["words"]}
    out: list[Element] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        part = _part_of_day(tokens, i)
        if part:
            i += part
            continue
        ordinal = read_ordinal(tokens, i)
        if ordinal is not None and token.text.endswith("ه") and _part_of_day(tokens, ordinal[1]):
            i = ordinal[1]  # 'the fifth (hour) in the afternoon'
            continue
        found = _phrase_at(tokens, i)
        if token.start in dates and token.text == "#":
            found = Element("full", dates[token.start], i, i + 1)
        elif found is None and ordinal is not None and _days_follow(tokens, ordinal[1]):
            i = ordinal[1] + 1  # 'the second of the days' of a feast
            continue
        elif found is None and ordinal is not None:
            found = Element("number", ordinal[0], i, ordinal[1])
        elif found is None and i in numbers:
            value = numbers[i].value
            kind: ElementKind = "year" if 1300 <= value <= 2200 else "number"
            found = Element(kind, value, i, numbers[i].last)
        if found is None:
            i += 1
            continue
        i = found.last
        if token.text in clock and i < len(tokens) and (i in numbers or read_ordinal(tokens, i)):
            after = read_ordinal(tokens, i)
            i = after[1] if after else numbers[i].last
            if out and out[-1].kind == "opener" and out[-1].last == found.first:
                out.pop()  # 'after 11 o'clock' opens no stretch of days
            continue
        out.append(found)
    return out
