"""Our places beside another table: ``python -m training.atlas COUNTRY=TABLE...``.

A table (``.tsv`` or ``.tsv.gz``) has columns ``name``, ``names_ar`` (| between), ``lat``, ``lon``
and maybe ``placetype``. Of our localities of a country that the table has by name, it prints the
share that lies within `NEAR_KM` of the nearest of that name, and the others.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from pipeline.gazetteer import all_entries, distance_km, loose
from pipeline.text import key

NEAR_KM = 25.0
LOCALITIES = ("", "locality", "localadmin", "neighbourhood")
Points = Mapping[str, list[tuple[float, float]]]


class Compared(Struct, frozen=True):
    """A locality of ours that the table has by name, and the kilometres to the nearest such."""

    name: str
    name_ar: str
    away: float


def read_points(table: Path) -> Points:
    """The points of each name in Arabic letters, spelling folded; rows without a point are left
    out. Raises FileNotFoundError, and KeyError where the table lacks a column."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    raw = table.read_bytes()
    text = (gzip.decompress(raw) if table.suffix == ".gz" else raw).decode("utf-8")
    for row in csv.DictReader(io.StringIO(text), delimiter="\t"):
        if row.get("placetype", "") in LOCALITIES and row["lat"] and row["lon"]:
            for name in filter(None, row["names_ar"].split("|")):
                found[loose(key(name))].append((float(row["lat"]), float(row["lon"])))
    return found


def compare(country: str, points: Points) -> Iterator[Compared]:
    """Our localities of ``country`` (ISO2) that are in ``points`` by one of their names."""
    for entry in all_entries():
        if entry.country != country or entry.kind != "locality":
            continue
        names = (loose(name) for name in entry.keys)
        away = [
            distance_km(entry.lat, entry.lon, *point)
            for name in names for point in points.get(name, ())
            if entry.lat is not None and entry.lon is not None
        ]  # fmt: skip
        if away:
            yield Compared(entry.name, entry.name_ar or "", min(away))


def share_near(rows: Iterable[Compared]) -> float:
    """The share within `NEAR_KM`; 1 for none."""
    near = [row.away <= NEAR_KM for row in rows]
    return sum(near) / len(near) if near else 1.0


def main() -> None:
    """``python -m training.atlas``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", help="as SY=wof_sy.tsv.gz")
    together = []
    for given in parser.parse_args().tables:
        country, _, table = given.partition("=")
        rows = list(compare(country, read_points(Path(table))))
        for row in sorted(rows, key=lambda r: -r.away):
            if row.away > NEAR_KM:
                print(f"{country} {row.name} {row.name_ar}: {row.away:.0f} km")
        print(f"{country}: {share_near(rows):.3f} of {len(rows)}")
        together += rows
    print(f"all: {share_near(together):.3f} of {len(together)}")


if __name__ == "__main__":
    main()
