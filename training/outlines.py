"""Outlines of countries and governorates for the map of the report page.

``python -m training.outlines NATURALEARTH.shp`` writes ``pipeline/data/outlines.json``. Countries
are those of Natural Earth at 1:110m (public domain; the file ``naturalearth_lowres.shp`` is in
geopandas 0.14). Governorates are not surveyed lines: each is the part of its country that is nearer
to a place of its own in our gazetteer than to one of another (Voronoi cells, joined). Wants
``shapely`` and ``pyshp``, which nothing else here needs.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import shapefile
from shapely import MultiPoint, Point, Polygon, unary_union, voronoi_polygons
from shapely.geometry import shape
from shapely.strtree import STRtree

from pipeline.gazetteer import all_entries

OUT = Path("pipeline/data/outlines.json")
# Natural Earth's codes for what ISO codes otherwise, and for parts that are drawn with a country.
CODES = {"SYR": "SY", "IRQ": "IQ", "LBN": "LB", "PSE": "PS", "ISR": "IL", "JOR": "JO",
         "YEM": "YE", "SAU": "SA", "OMN": "OM", "ARE": "AE", "QAT": "QA", "KWT": "KW", "EGY": "EG",
         "LBY": "LY", "TUN": "TN", "DZA": "DZ", "MAR": "MA", "ESH": "EH", "MRT": "MR", "SDN": "SD",
         "SSD": "SS", "SOM": "SO", "SOL": "SO", "DJI": "DJ", "TUR": "TR", "IRN": "IR",
         "AFG": "AF", "MLI": "ML", "BFA": "BF", "NER": "NE", "TCD": "TD", "NGA": "NG", "ETH": "ET",
         "ERI": "ER", "PAK": "PK", "CYP": "CY"}  # fmt: skip
# At this scale Natural Earth has no Gaza Strip: its corners, longitude and latitude.
GAZA = [(34.22, 31.32), (34.27, 31.22), (34.37, 31.3), (34.56, 31.54), (34.49, 31.6)]
TOLERANCE = 0.02  # degrees: what a line may be off when it is drawn with fewer points
PLACES = 2  # decimals of a degree, about a kilometre


def rings(area: Any) -> list[list[list[float]]]:
    """The outer rings of an area as [longitude, latitude] points."""
    parts = getattr(area, "geoms", [area])
    return [
        [[round(x, PLACES), round(y, PLACES)] for x, y in part.exterior.coords]
        for part in parts
        if isinstance(part, Polygon) and part.area > 4 * TOLERANCE**2
    ]


def countries(path: Path) -> dict[str, Any]:
    """The area of each country of `CODES`."""
    found: dict[str, list[Any]] = defaultdict(list)
    with shapefile.Reader(str(path)) as reader:
        for row in reader.iterShapeRecords():
            if code := CODES.get(row.record["iso_a3"]):
                found[code].append(shape(row.shape.__geo_interface__))
    found["PS"].append(Polygon(GAZA))
    return {code: unary_union(parts) for code, parts in sorted(found.items())}


def governorates(area: Any, points: list[tuple[float, float, str]]) -> dict[str, Any]:
    """The part of ``area`` that is nearest to points of each name."""
    kept = {(round(x, 4), round(y, 4)): name for x, y, name in points}
    if len(set(kept.values())) < 2:
        return {}
    sites = [Point(xy) for xy in kept]
    cells = list(voronoi_polygons(MultiPoint(sites), extend_to=area).geoms)
    tree = STRtree(cells)
    by_name: dict[str, list[Any]] = defaultdict(list)
    for site, name in zip(sites, kept.values(), strict=True):
        by_name[name] += [cells[i] for i in tree.query(site, predicate="within")]
    return {
        name: unary_union(own).intersection(area) for name, own in sorted(by_name.items()) if own
    }


def main(path: Path) -> None:
    """Write the outlines."""
    points: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for entry in all_entries():
        if entry.admin1 and entry.lat is not None and entry.kind not in ("country", "admin1"):
            points[entry.country].append((entry.lon, entry.lat, entry.admin1))
    drawn = {}
    for code, area in countries(path).items():
        drawn[code] = {
            "outline": rings(area.simplify(TOLERANCE)),
            "governorates": {
                name: rings(part.simplify(TOLERANCE))
                for name, part in governorates(area, points[code]).items()
            },
        }
    OUT.write_text(json.dumps(drawn, separators=(",", ":"), ensure_ascii=False) + "\n", "utf-8")
    print(f"{OUT}: {len(drawn)} countries, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
