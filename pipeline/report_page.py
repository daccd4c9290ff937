"""One self-contained HTML page of a run: figures with their bounds, each with its evidence.

`report_items` reads the run, this adds it up, `report_map` draws the map, data/report/ holds the
page. What comes from reports is escaped in the page, and put in as text by its script.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from .data import load_toml
from .gazetteer import all_entries
from .parties import party
from .report_items import Archive, Evidence, Item, read_archive
from .report_map import Site, draw
from .schema import OUTCOMES, SCOPES, Place
from .write import whole_file

# How much a page holds; the rest is in the run's tables, and the page says so.
MOST_EVIDENCE = 3000
EVIDENCE_A_FIGURE = 40
ROWS = 25
SITES = 400
WARNINGS = 100
MOST_MONTHS = 60

Words = tuple[str, str]  # English and Arabic
UNSAID = ""


class Figure(Struct, frozen=True, kw_only=True):
    """A sum of items: people, bounds (``high`` None: unbounded), how many items, its number on
    the page."""

    low: int
    best: int
    high: int | None
    items: int
    key: int


class Row(Struct, frozen=True, kw_only=True):
    """A line of a table: what it is of, its figures by outcome, its share of the longest bar."""

    name: Words
    figures: Mapping[str, Figure]
    share: float


class Figures:
    """Sums, each with a number under which the page finds the evidence for it."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        largest = sorted(range(len(evidence)), key=lambda n: (-evidence[n].size, n))
        self._kept = {n: at for at, n in enumerate(sorted(largest[:MOST_EVIDENCE]))}
        self.evidence = [evidence[n] for n in sorted(self._kept)]
        self.all_kept = len(self._kept) == len(evidence)
        self._size = [e.size for e in evidence]
        self.numbers: list[list[int]] = []

    def of(self, items: Sequence[Item]) -> Figure:
        """The sum of ``items``."""
        highs = [item.high for item in items if item.high is not None]
        records = {n for item in items for n in item.records if n in self._kept}
        largest = sorted(records, key=lambda n: (-self._size[n], n))[:EVIDENCE_A_FIGURE]
        self.numbers.append([self._kept[n] for n in largest])
        return Figure(
            low=sum(item.low for item in items), best=sum(item.best for item in items),
            high=sum(highs) if len(highs) == len(items) else None, items=len(items),
            key=len(self.numbers) - 1,
        )  # fmt: skip

    def by_outcome(self, items: Iterable[Item]) -> dict[str, Figure]:
        """A figure for each outcome, in the order of the contract."""
        found = grouped(items, lambda item: item.outcome)
        return {outcome: self.of(found[outcome]) for outcome in OUTCOMES if outcome in found}


def grouped(items: Iterable[Item], by: Callable[[Item], Hashable]) -> dict[Any, list[Item]]:
    """The items by what ``by`` says of them."""
    found: dict[Any, list[Item]] = defaultdict(list)
    for item in items:
        found[by(item)].append(item)
    return dict(found)


def write_page(out: str | Path, file: str | Path, title: str | None = None) -> int:
    """Write the page of the run in ``out`` to ``file``, whole or not at all; gives its events.

    Raises as `report_items.read_archive`.
    """
    archive = read_archive(out)
    page = render(archive, title)
    with whole_file(Path(file)) as stream:
        stream.write(page.encode("utf-8"))
    return archive.events


def render(archive: Archive, title: str | None = None) -> str:
    """The page as HTML."""
    figures = Figures(archive.evidence)
    incidents = [item for item in archive.items if item.scope == "incident"]
    words = load_toml("report/labels.toml")
    data = {
        "title": title,
        "archive": archive,
        "totals": {
            scope: figures.by_outcome(i for i in archive.items if i.scope == scope)
            for scope in SCOPES
        },
        "months": _months(figures, incidents),
        "doers": _rows(figures, incidents, lambda i: ";".join(i.doers), _doer_names),
        "places": _rows(figures, incidents, _area, _area_names),
        "causes": _rows(figures, incidents, lambda i: i.cause or UNSAID, _cause_names),
        "map": draw(_sites(figures, incidents)),
        "biggest": _biggest(figures, incidents),
        "warnings": archive.warnings[:WARNINGS],
        "confidence": _confidence(figures, archive),
        "all_kept": figures.all_kept,
        "outcomes": {o: tuple(words["outcomes"][o]) for o in OUTCOMES},
        "words": {name: tuple(both) for name, both in words["page"].items()},
        "css": _part("page.css"),
        "js": _part("page.js"),
    }
    embedded = {"evidence": figures.evidence, "figures": figures.numbers}
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    environment.filters |= {"number": lambda n: f"{n:,}", "bounds": bounds}
    return environment.from_string(_text("page.html")).render(**data, data=as_script(embedded))


def bounds(figure: Figure) -> str:
    """``12``, ``12–15``, ``12+``: the bounds in digits."""
    if figure.high is None:
        return f"{figure.low:,}+"
    return f"{figure.low:,}" if figure.low == figure.high else f"{figure.low:,}–{figure.high:,}"


def as_script(value: object) -> Markup:
    """``value`` as JSON that can stand in a script element, whatever its strings hold."""
    text = msgspec.json.encode(value).decode("utf-8")
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


def _text(name: str) -> str:
    return files("pipeline.data").joinpath("report").joinpath(name).read_text("utf-8")


def _part(name: str) -> Markup:
    return Markup(_text(name))


def _rows(
    figures: Figures, items: Sequence[Item], by: Callable[[Item], Hashable],
    names: Callable[[Any], Words],
) -> list[Row]:  # fmt: skip
    """The largest groups by the killed, then by all others; what is not said stands last."""
    found = grouped(items, by)
    size = {name: (_people(own, "killed"), _people(own)) for name, own in found.items()}
    order = sorted(found, key=lambda n: (n == UNSAID, -size[n][0], -size[n][1], str(n)))
    most = max((size[name][0] for name in found), default=0)
    return [
        Row(
            name=names(name), figures=figures.by_outcome(found[name]),
            share=size[name][0] / most if most else 0.0,
        )
        for name in order[:ROWS]
    ]  # fmt: skip


def _people(items: Iterable[Item], outcome: str | None = None) -> int:
    return sum(item.best for item in items if outcome in (None, item.outcome))


def _months(figures: Figures, incidents: Sequence[Item]) -> list[Row]:
    """Who was killed by month, or by year where there are more than `MOST_MONTHS` months of it.

    Times without any stand as one row without figures; what lies in no one month comes last.
    """
    killed = grouped((i for i in incidents if i.outcome == "killed"), _month)
    undated = killed.pop(UNSAID, [])
    if len(killed) > MOST_MONTHS:
        items = [item for own in killed.values() for item in own]
        killed = grouped(items, lambda i: (i.start or "")[:4])
    most = max(map(_people, killed.values()), default=0)
    rows: list[Row] = []
    for period in sorted(killed):
        if rows and (silent := _between(rows[-1].name[0], period)):
            rows.append(Row(name=(silent, silent), figures={}, share=0.0))
        own = killed[period]
        share = _people(own) / most if most else 0.0
        rows.append(Row(name=(period, period), figures=figures.by_outcome(own), share=share))
    if undated:
        english, arabic = load_toml("report/labels.toml")["page"]["undated"]
        rows.append(Row(name=(english, arabic), figures=figures.by_outcome(undated), share=0.0))
    return rows


def _month(item: Item) -> str:
    if not item.start or not item.end or item.start[:7] != item.end[:7]:
        return UNSAID
    return item.start[:7]


def _between(earlier: str, later: str) -> str:
    """The months (years) from the one after ``earlier`` to the one before ``later``, or nothing."""
    if len(later) == 4:
        first, last = str(int(earlier) + 1), str(int(later) - 1)
    else:
        first, last = _shifted(earlier, 1), _shifted(later, -1)
    return "" if first > last else first if first == last else f"{first} … {last}"


def _shifted(month: str, by: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _unsaid() -> Words:
    english, arabic = load_toml("report/labels.toml")["page"]["unsaid"]
    return english, arabic


def _doer_names(joined: str) -> Words:
    if not joined:
        return _unsaid()
    known = [(party(name), name) for name in joined.split(";")]
    english = [entry.name if entry else name for entry, name in known]
    arabic = [entry.name_ar if entry else name for entry, name in known]
    return " + ".join(english), " + ".join(arabic)


def _cause_names(code: str) -> Words:
    if not code:
        return _unsaid()
    english, arabic = load_toml("report/labels.toml")["causes"][code]
    return english, arabic


def _area(item: Item) -> Hashable:
    place = item.place
    return (place.country, place.admin1) if place and place.country else UNSAID


def _area_names(area: Any) -> Words:
    if area == UNSAID:
        return _unsaid()
    country, admin1 = area
    whole = _divisions().get((country, None), (country, country))
    if admin1 is None:
        return whole
    english, arabic = _divisions().get((country, admin1), (admin1, admin1))
    return f"{english}, {whole[0]}", f"{arabic}، {whole[1]}"


@cache
def _divisions() -> dict[tuple[str, str | None], Words]:
    """English and Arabic names of countries (no governorate) and governorates."""
    found: dict[tuple[str, str | None], Words] = {}
    for entry in all_entries():
        if entry.kind == "country":
            found[entry.country, None] = (entry.name, entry.name_ar or entry.name)
        elif entry.kind == "admin1" and entry.admin1:
            found[entry.country, entry.admin1] = (entry.admin1, entry.name_ar or entry.admin1)
    return found


def _place_names(place: Place | None) -> Words:
    if place is None:
        return _unsaid()
    return place.name or place.text, place.name_ar or place.text


def _sites(figures: Figures, incidents: Sequence[Item]) -> list[Site]:
    """The points with most people, each with the first of its places as its name."""
    at = grouped(incidents, _point)
    at.pop(None, None)
    largest = sorted(at, key=lambda point: (-_people(at[point], "killed"), -_people(at[point])))
    sites = []
    for lat, lon in largest[:SITES]:
        own = at[lat, lon]
        figure = figures.of(own)
        sums = figures.by_outcome(own)
        label = ", ".join(f"{bounds(f)} {outcome.replace('_', ' ')}" for outcome, f in sums.items())
        english, arabic = _place_names(own[0].place)
        sites.append(Site(
            lat=lat, lon=lon, name=english, name_ar=arabic, label=label, figure=figure.key,
            country=(own[0].place and own[0].place.country) or "", size=_people(own, "killed"),
        ))  # fmt: skip
    return sites


def _point(item: Item) -> tuple[float, float] | None:
    place = item.place
    return (
        (place.lat, place.lon)
        if place and place.lat is not None and place.lon is not None
        else None
    )


def _biggest(figures: Figures, incidents: Sequence[Item]) -> list[dict[str, Any]]:
    events = grouped(incidents, lambda i: i.event_id)
    order = sorted(events, key=lambda e: (-_people(events[e], "killed"), -_people(events[e]), e))
    return [
        {
            "event_id": name,
            "start": events[name][0].start,
            "end": events[name][0].end,
            "place": _place_names(events[name][0].place),
            "doer": _doer_names(";".join(events[name][0].doers)),
            "cause": _cause_names(events[name][0].cause or UNSAID),
            "figures": figures.by_outcome(events[name]),
        }
        for name in order[:ROWS]
    ]


def _confidence(figures: Figures, archive: Archive) -> list[tuple[int, Figure, float]]:
    """By tenth from the highest: its lower end (percent), what is said so surely, share of most."""
    tenths = grouped(archive.items, lambda item: _tenth(item, archive.evidence))
    most = max(map(len, tenths.values()), default=0)
    return [(10 * t, figures.of(tenths[t]), len(tenths[t]) / most) for t in sorted(tenths)[::-1]]


def _tenth(item: Item, evidence: Sequence[Evidence]) -> int:
    return min((min(int(evidence[n].confidence * 10), 9) for n in item.records), default=0)
