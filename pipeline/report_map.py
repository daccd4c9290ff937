"""The map of the report page: an SVG of outlines and of circles at the places of what was told."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct

WIDTH = 960.0
LARGEST, SMALLEST = 26.0, 3.0  # radii
MARGIN = 0.12  # of the extent
LEAST_EXTENT = 1.5  # degrees


class Site(Struct, frozen=True, kw_only=True):
    """People at a point (degrees); ``figure`` numbers the figure that it opens."""

    lat: float
    lon: float
    name: str
    name_ar: str
    country: str
    size: int
    label: str
    figure: int


@cache
def outlines() -> dict[str, Any]:
    """Outlines by country code; how they were made is in training/outlines.py."""
    text = files("pipeline.data").joinpath("outlines.json").read_text("utf-8")
    return dict(json.loads(text))


class View:
    """Degrees to units of the SVG: equirectangular, true at the middle latitude."""

    def __init__(self, sites: Sequence[Site]) -> None:
        lats, lons = [s.lat for s in sites], [s.lon for s in sites]
        north, south = _stretched(max(lats), min(lats))
        east, west = _stretched(max(lons), min(lons))
        self._shrink = math.cos(math.radians((north + south) / 2))
        self._north, self._west = north, west
        self._scale = WIDTH / ((east - west) * self._shrink)
        self.height = round((north - south) * self._scale, 1)

    def point(self, lat: float, lon: float) -> tuple[float, float]:
        """x to the right, y downwards."""
        x = (lon - self._west) * self._shrink * self._scale
        return round(x, 1), round((self._north - lat) * self._scale, 1)

    def path(self, rings: Iterable[Sequence[Sequence[float]]]) -> str:
        """Rings of [longitude, latitude] as the data of an SVG path."""
        return "".join(
            "M" + "L".join("{},{}".format(*self.point(lat, lon)) for lon, lat in ring) + "Z"
            for ring in rings
        )


def _stretched(high: float, low: float) -> tuple[float, float]:
    margin = max((high - low) * MARGIN, (LEAST_EXTENT - (high - low)) / 2, 0.2)
    return high + margin, low - margin


def draw(sites: Sequence[Site]) -> dict[str, Any] | None:
    """What the template draws: size, countries, lines within them, circles, largest first."""
    if not sites:
        return None
    view = View(sites)
    told = {site.country for site in sites}
    drawn = outlines()
    most = max(site.size for site in sites)
    circles = []
    for site in sorted(sites, key=lambda s: (-s.size, s.name)):
        x, y = view.point(site.lat, site.lon)
        radius = SMALLEST + (LARGEST - SMALLEST) * math.sqrt(site.size / most) if most else SMALLEST
        circles.append({"x": x, "y": y, "r": round(radius, 1), "site": site})
    return {
        "width": WIDTH,
        "height": view.height,
        "countries": [(c, view.path(drawn[c]["outline"]), c in told) for c in drawn],
        "lines": [
            (name, view.path(rings))
            for country in sorted(told & drawn.keys())
            for name, rings in drawn[country]["governorates"].items()
        ],
        "circles": circles,
    }
