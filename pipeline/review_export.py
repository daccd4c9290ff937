"""Readings -> the annotation form (annotations/GUIDELINES.md), which `hasila train --add` takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from .decode import writable
from .review import Reading, ReviewRecord
from .schema import Report

# The letters that ids of the inline form begin with.
LETTERS = {
    "PARTY": "p", "VICTIM": "v", "PLACE": "l", "COUNT": "n",
    "DATE": "d", "OUTCOME": "o", "CAUSE": "x", "SOURCE": "s",
}  # fmt: skip
STYLE = "reviewed"
_REFERENCES = {"subset_of": "part_of", "same_as": "same_as"}
_OURS = {"confidence", "status", "id", "anchor", *_REFERENCES}


def annotation_form(report: Report, country: str, reading: Reading) -> dict[str, Any]:
    """One object of the form; mentions and records are named anew in text order.

    ``by_reading`` stays empty: `hasila consistency --write` fills it, where it is wanted.
    """
    text = writable(report.text)
    names = _mention_names(reading)
    records = {r.id: f"r{n}" for n, r in enumerate(reading.records, 1)}
    scopes = {r.anchor: r.scope for r in reading.records}
    return {
        "id": writable(report.report_id),
        "text": text,
        "published": report.published,
        "country": country,
        "style": STYLE,
        "points": [],
        "mentions": [
            {"id": names[m.id], "label": m.label, "start": m.start, "end": m.end,
             "text": text[m.start : m.end], "anchor": scopes.get(m.id)}
            for m in reading.mentions
        ],
        "links": [
            {"type": kind, "head": names[head], "tail": names[tail]}
            for kind, head, tail in _links(reading)
        ],
        "records": [_record(r, names, records) for r in reading.records],
    }  # fmt: skip


def _mention_names(reading: Reading) -> dict[str, str]:
    numbers: Counter[str] = Counter()
    names = {}
    for mention in reading.mentions:
        letter = LETTERS[mention.label]
        numbers[letter] += 1
        names[mention.id] = f"{letter}{numbers[letter]}"
    return names


def _links(reading: Reading) -> list[tuple[str, str, str]]:
    """Links in text order, those that the records' references come to among them."""
    anchors = {r.id: r.anchor for r in reading.records}
    pairs = {(x.head, x.tail): str(x.type) for x in reading.links if x.head in anchors.values()}
    for record in reading.records:
        for field, kind in _REFERENCES.items():
            other = anchors.get(getattr(record, field) or "")
            if other is not None and other != record.anchor:
                pairs[record.anchor, other] = kind  # One link a pair, and this one tells more.
    at = {m.id: n for n, m in enumerate(reading.mentions)}
    order = sorted(pairs, key=lambda pair: (at[pair[0]], at[pair[1]]))
    return [(pairs[pair], *pair) for pair in order]


def _record(
    record: ReviewRecord, names: Mapping[str, str], records: Mapping[str, str]
) -> dict[str, Any]:
    values = {k: v for k, v in msgspec.to_builtins(record).items() if k not in _OURS}
    references = {field: records.get(getattr(record, field) or "") for field in _REFERENCES}
    return {
        "id": records[record.id],
        "anchor": names[record.anchor],
        **values,
        **references,
        "by_reading": [],
    }
