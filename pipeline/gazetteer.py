"""The embedded gazetteer: names in Arabic letters -> places, from one compact data file.

The file is built by training/gazetteer.py; its header names the sources and their licence.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from msgspec import Struct

_ARTICLE = re.compile(r"(?:^|(?<= ))ال(?=\S\S)")
_GAPS = re.compile(r"[ \-–/]+")


class Entry(Struct, frozen=True):
    """A place of the gazetteer. ``keys`` are its folded names; WGS84 degrees, None if unknown."""

    name: str
    name_ar: str | None
    lat: float | None
    lon: float | None
    admin1: str | None
    country: str
    kind: str
    geonameid: int | None
    population: int
    curated: bool
    keys: frozenset[str]


class Gazetteer(Struct, frozen=True):
    """``index`` maps a loose key to the lines that bear it; ``starts`` holds first words."""

    lines: list[str]
    index: dict[str, list[int]]
    starts: frozenset[str]


def loose(folded: str) -> str:
    """A key that forgives more: no articles or gaps, final alef, haa and yaa alike."""
    joined = _GAPS.sub("", _ARTICLE.sub("", folded)).replace("ظ", "ض")
    return joined[:-1] + "ه" if len(joined) > 3 and joined[-1] in "اي" else joined


@cache
def gazetteer() -> Gazetteer:
    """The gazetteer, read once in a process."""
    packed = files("pipeline.data").joinpath("places.tsv.gz").read_bytes()
    lines = [x for x in gzip.decompress(packed).decode("utf-8").split("\n") if x and x[0] != "#"]
    index: dict[str, list[int]] = {}
    starts: set[str] = set()
    for i, line in enumerate(lines):
        loose_keys, first_words, _ = line.split("\t", 2)
        starts.update(first_words.split("|"))
        for k in loose_keys.split("|"):
            index.setdefault(k, []).append(i)
    return Gazetteer(lines, index, frozenset(starts))


@cache
def _entry(number: int) -> Entry:
    cells = gazetteer().lines[number].split("\t")[2:]
    keys, name, name_ar, lat, lon, admin1, country, kind, geonameid, population, curated = cells
    return Entry(
        name=name,
        name_ar=name_ar or None,
        lat=float(lat) if lat else None,
        lon=float(lon) if lon else None,
        admin1=admin1 or None,
        country=country,
        kind=kind,
        geonameid=int(geonameid) if geonameid else None,
        population=int(population),
        curated=curated == "1",
        keys=frozenset(keys.split("|")),
    )


def all_entries() -> Iterator[Entry]:
    """Every entry, countries and divisions first."""
    return map(_entry, range(len(gazetteer().lines)))


def lookup(folded: str) -> list[Entry]:
    """Every entry that may be called ``folded`` (a `pipeline.text.key`), spelling forgiven."""
    loosened = loose(folded)
    entries = [_entry(i) for i in gazetteer().index.get(loosened, ())]
    if len(loosened) > 2:
        return entries
    return [e for e in entries if folded in e.keys]  # too short to forgive anything


def opens_name(word: str) -> bool:
    """Whether a name of the gazetteer begins with this folded word, article or no article."""
    return loose_start(word) in gazetteer().starts


def loose_start(word: str) -> str:
    """A first word as ``Gazetteer.starts`` has it."""
    return word[2:] if word.startswith("ال") and len(word) > 3 else word


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """The great-circle distance of two points on a sphere of radius 6371 km."""
    a, b = math.radians(lat), math.radians(other_lat)
    half = math.radians(other_lon - lon) / 2
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(half) ** 2
    return 2 * 6371 * math.asin(math.sqrt(min(1.0, h)))
