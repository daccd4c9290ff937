"""Values of phrases in sentences: `hasila eval values`.

A phrase set (``eval/phrases/KIND-SPLIT.jsonl``) holds sentences with one phrase each in double
brackets and the value that a careful reader gives it. The shipped tagger reads the sentence around
it; the phrase itself is taken as marked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from pipeline.counts import apply_bound, find_bound, parse_count
from pipeline.gazetteer import distance_km
from pipeline.resolve import resolve_dates, resolve_parties, resolve_places
from pipeline.schema import Count, Mention, MentionLabel, Place, Report
from pipeline.tag import Tagger

from .bootstrap import draws, f1_interval
from .evaluate import Figure
from .scores import Score

FOLDER = Path(__file__).resolve().parent / "phrases"
Kind = Literal["counts", "dates", "places", "parties"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SPLITS = ("dev", "test")
LABELS: Mapping[Kind, MentionLabel] = {
    "counts": "COUNT", "dates": "DATE", "places": "PLACE", "parties": "PARTY",
}  # fmt: skip
_MARK = re.compile(r"\[\[(.+?)\]\]", re.S)
# A place is right within so many kilometres of the reader's point; a governorate or country has
# no point, so its own middle may lie farther.
KILOMETRES = {"admin1": 120.0, "country": 1500.0}
NEAR_ENOUGH = 25.0
BOUNDED = ("exact", "range", "at_least", "at_most")


class Phrase(Struct, frozen=True):
    """A phrase in its sentence: raw offsets, what is known beside it, and its value."""

    id: str
    text: str
    start: int
    end: int
    published: str | None
    country: str | None
    expected: dict[str, Any] | None

    @property
    def words(self) -> str:
        return self.text[self.start : self.end]


class Outcome(Struct, frozen=True):
    """What was read of a phrase; ``sure`` is false where the reader said that it can't tell."""

    phrase: Phrase
    read: Any
    right: bool
    sure: bool


def read_phrases(kind: Kind, split: str, folder: Path = FOLDER) -> list[Phrase]:
    """The phrases of a set.

    Raises FileNotFoundError for a set that is not there, ValueError naming file and line for a row
    that does not have exactly one phrase.
    """
    path = folder / f"{kind}-{split}.jsonl"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such phrase set; there are {', '.join(KINDS)}")
    rows = enumerate(path.read_text("utf-8").splitlines(), 1)
    return [_phrase(line, f"{path}:{number}") for number, line in rows if line.strip()]


def _phrase(line: str, where: str) -> Phrase:
    try:
        row = msgspec.json.decode(line)
        marks = list(_MARK.finditer(row["text"]))
        name, expected = row["id"], row["expected"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{where}: not a phrase: {error}") from error
    if len(marks) != 1:
        raise ValueError(f"{where}: {len(marks)} phrases in double brackets; there must be one")
    text = row["text"][: marks[0].start()] + marks[0][1] + row["text"][marks[0].end() :]
    return Phrase(
        id=name, text=text, start=marks[0].start(), end=marks[0].start() + len(marks[0][1]),
        published=row.get("published"), country=row.get("country"), expected=expected,
    )  # fmt: skip


def judge(kind: Kind, phrases: Sequence[Phrase], tagger: Tagger) -> list[Outcome]:
    """Read every phrase and compare it with its value."""
    read = {"counts": _count, "dates": _date, "places": _place, "parties": _parties}[kind]
    around = tagger.tag_batch([phrase.text for phrase in phrases])
    return [
        read(phrase, tuple(tagged.mentions)) for phrase, tagged in zip(phrases, around, strict=True)
    ]


def figures(outcomes: Sequence[Outcome]) -> dict[str, Figure]:
    """The share that is ``right``, and the share ``wrong but sure`` (a value is given, and it is
    wrong), over all phrases."""
    drawn = draws(len(outcomes))
    rows = {
        "right": [Score(o.right, 1, 1) for o in outcomes],
        "wrong but sure": [Score(o.sure and not o.right, 1, 1) for o in outcomes],
    }
    return {
        name: Figure(sum(scores, Score(0, 0, 0)), f1_interval(scores, drawn))
        for name, scores in rows.items()
    }


def _with(phrase: Phrase, kind: Kind, mentions: Sequence[Mention]) -> tuple[list[Mention], int]:
    """The tagger's mentions with the phrase in place of those it touches, and its number."""
    others = [m for m in mentions if m.end <= phrase.start or m.start >= phrase.end]
    own = Mention(label=LABELS[kind], start=phrase.start, end=phrase.end, text=phrase.words)
    everything = sorted([*others, own], key=lambda m: m.start)
    return everything, everything.index(own)


def _report(phrase: Phrase) -> Report:
    return Report(report_id=phrase.id, text=phrase.text, published=phrase.published)


def _count(phrase: Phrase, mentions: Sequence[Mention]) -> Outcome:
    """A phrase that counts no people is right when the tagger hangs no record on it."""
    if phrase.expected is None:
        taken = any(m.anchor and m.start < phrase.end and phrase.start < m.end for m in mentions)
        return Outcome(phrase, None, not taken, taken)
    count = parse_count(phrase.words)
    if count is not None and count.qualifier == "exact":
        bound = find_bound(phrase.text, phrase.start, phrase.end)
        count = apply_bound(count, bound[0]) if bound else count
    return Outcome(phrase, count, same_count(count, phrase.expected), count is not None)


def same_count(count: Count | None, expected: Mapping[str, Any]) -> bool:
    """Value, qualifier and kind alike, and the bounds where the text states them."""
    if count is None:
        return False
    names = ["value", "qualifier", "kind"]
    if expected["qualifier"] in BOUNDED:
        names += ["low", "high"]
    return all(getattr(count, name) == expected[name] for name in names)


def _date(phrase: Phrase, mentions: Sequence[Mention]) -> Outcome:
    everything, own = _with(phrase, "dates", mentions)
    date = resolve_dates(_report(phrase), everything)[own]
    wanted = phrase.expected or {"start": None, "end": None}
    right = (date.start, date.end) == (wanted["start"], wanted["end"])
    return Outcome(phrase, (date.start, date.end), right, date.start is not None)


def _place(phrase: Phrase, mentions: Sequence[Mention]) -> Outcome:
    everything, own = _with(phrase, "places", mentions)
    place = resolve_places(_report(phrase), everything, {}, phrase.country)[own]
    expected = phrase.expected or {"unresolved": True}
    return Outcome(phrase, place, same_place(place, expected), place.lat is not None)


def same_place(place: Place, expected: Mapping[str, Any]) -> bool:
    """Unresolved where the reader could not tell either; else within `NEAR_ENOUGH` kilometres."""
    if expected.get("unresolved"):
        return place.lat is None
    if place.lat is None or place.lon is None:
        return False
    reach = KILOMETRES.get(expected["precision"], NEAR_ENOUGH)
    return distance_km(place.lat, place.lon, expected["lat"], expected["lon"]) <= reach


def _parties(phrase: Phrase, mentions: Sequence[Mention]) -> Outcome:
    everything, own = _with(phrase, "parties", mentions)
    found, _ = resolve_parties(_report(phrase), everything, phrase.country)
    ids = [p.party_id for p in found[own] if p.party_id]
    wanted = (phrase.expected or {"ids": []})["ids"]
    return Outcome(phrase, ids, sorted(ids) == sorted(wanted), bool(ids))


Reader = Callable[[Phrase], Any]


def libraries(kind: Kind) -> Iterator[tuple[str, Reader]]:
    """What people would reach for instead, where it is installed: name, and phrase -> value in the
    form of the phrase's ``expected``; None where the library finds nothing."""
    if kind == "dates":
        yield from _date_libraries()
    if kind == "counts":
        yield from _count_libraries()


def _date_libraries() -> Iterator[tuple[str, Reader]]:
    try:
        import dateparser
        from dateparser.search import search_dates
    except ModuleNotFoundError:
        return
    from datetime import datetime

    def settings(phrase: Phrase) -> dict[str, Any]:
        day = phrase.published
        base = {"RELATIVE_BASE": datetime.fromisoformat(day[:10])} if day else {}
        return {"DATE_ORDER": "DMY", "PREFER_DATES_FROM": "past", **base}

    def one(day: Any) -> dict[str, Any]:
        iso = day.date().isoformat() if day else None
        return {"start": iso, "end": iso}

    yield (
        "dateparser.parse",
        lambda p: one(dateparser.parse(p.words, languages=["ar"], settings=settings(p))),
    )

    def searched(phrase: Phrase) -> dict[str, Any]:
        found = search_dates(phrase.words, languages=["ar"], settings=settings(phrase))
        return one(found[0][1] if found else None)

    yield "dateparser.search_dates", searched


def _count_libraries() -> Iterator[tuple[str, Reader]]:
    try:
        from pyarabic.number import text2number
    except ModuleNotFoundError:
        return

    def count(phrase: Phrase) -> dict[str, Any]:
        digits = re.fullmatch(r"\D*(\d+)\D*", phrase.words)
        value = int(digits[1]) if digits else text2number(phrase.words)
        return {"value": value or None}

    yield "pyarabic.number", count


def library_figures(kind: Kind, phrases: Sequence[Phrase]) -> dict[str, Figure]:
    """The share of phrases that each library gets right; of counts its value alone is asked."""
    names = ("start", "end") if kind == "dates" else ("value",)
    out = {}
    drawn = draws(len(phrases))
    for library, read in libraries(kind):
        scores = []
        for phrase in phrases:
            wanted = phrase.expected or {}
            said = read(phrase)
            right = all(said.get(name) == wanted.get(name) for name in names)
            scores.append(Score(right, 1, 1))
        out[library] = Figure(sum(scores, Score(0, 0, 0)), f1_interval(scores, drawn))
    return out
