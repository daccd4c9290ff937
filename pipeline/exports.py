"""A run in the formats of others: ACLED's and UCDP GED's columns, HXL, GeoJSON.

Which of our fields a column takes is in data/exports.toml, what is lost is in docs/exports.md.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from .data import load_toml
from .export_fields import Fields, event_fields, net_records
from .stored import check_there, stored_results
from .write import guarded

FORMATS = ("acled", "ucdp", "hxl", "geojson")


def export(out: str | Path, to: str, file: str | Path) -> int:
    """Write the incidents of the run in the folder ``out`` into ``file``; gives how many.

    ``to`` is one of FORMATS. The file appears whole or not at all. Raises FileNotFoundError and
    ValueError as `pipeline.stored.stored_results`, ValueError for an unknown format.
    """
    if to not in FORMATS:
        raise ValueError(f"There is no format {to}; choose one of {', '.join(FORMATS)}")
    check_there(Path(out))
    file = Path(file)
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            fields = exported(out, to)
            count = _geojson(stream, fields) if to == "geojson" else _csv(stream, to, fields)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def exported(out: str | Path, to: str) -> Iterator[Fields]:
    """The fields of each event that goes into the format ``to``, in a stream; raises as `export`.

    Those are incidents with a figure that repeats no other and is part of none; for ACLED and
    UCDP not accidents, for UCDP only where someone was killed.
    """
    left_out = load_toml("exports.toml")["left_out"]["causes"] if to in ("acled", "ucdp") else []
    number = 0
    for result, evidence in stored_results(out):
        texts = iter(evidence)
        for event in result.events:
            told = list(islice(texts, len(event.casualties)))
            if event.scope != "incident" or not net_records(event):
                continue
            fields = event_fields(result, event, told)
            if fields["cause"] in left_out or (to == "ucdp" and not fields["high"]):
                continue
            number += 1
            yield fields | {"number": number}


def columns(to: str) -> Sequence[dict[str, Any]]:
    """The columns of a format as data/exports.toml has them."""
    found: list[dict[str, Any]] = load_toml("exports.toml")[to]
    return found


def _csv(stream: TextIO, to: str, rows: Iterable[Fields]) -> int:
    chosen = columns(to)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(column["name"] for column in chosen)
    if to == "hxl":
        writer.writerow(column["tag"] for column in chosen)
    count = 0
    for fields in rows:
        cells = {c["name"]: fields[c["from"]] if "from" in c else None for c in chosen}
        writer.writerow(guarded(cells).values())
        count += 1
    return count


def _geojson(stream: TextIO, rows: Iterable[Fields]) -> int:
    """A FeatureCollection (RFC 7946), a line a feature; the columns of HXL are its properties."""
    stream.write('{"type": "FeatureCollection", "features": [')
    count = 0
    for fields in rows:
        stream.write(",\n" if count else "\n")
        json.dump(_feature(fields), stream, ensure_ascii=False)
        count += 1
    stream.write("\n]}\n")
    return count


def _feature(fields: Fields) -> dict[str, Any]:
    lat, lon = fields["lat"], fields["lon"]
    # A place that is not known is no reason to leave an event out: the format lets it be null.
    known = lat is not None and lon is not None
    return {
        "type": "Feature",
        "id": fields["event_id"],
        "geometry": {"type": "Point", "coordinates": [lon, lat]} if known else None,
        "properties": {c["name"]: fields[c["from"]] for c in columns("hxl")},
    }
