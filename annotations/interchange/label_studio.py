"""Label Studio: one JSON list of tasks; regions, relations, and record lines in a text area.

Label Studio counts UTF-16 code units (its front end is JavaScript), so an emoji shifts every
offset behind it by one: https://github.com/HumanSignal/label-studio/issues/1347. Offsets are
converted on the way out and back. ``label-studio.xml`` is the labelling configuration.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..form import AnnotatedReport
from .parts import Relation, Span, build, meta_of, record_lines

LABELS, RECORDS, TEXT = "label", "records", "text"  # names of the tags in label-studio.xml


def write(reports: Iterable[AnnotatedReport], path: Path) -> int:
    """Write ``reports`` as the tasks of one project to the file ``path``; returns how many."""
    tasks = [_task(report) for report in reports]
    path.write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return len(tasks)


def read(path: Path) -> Iterator[AnnotatedReport]:
    """The reports of an export in the JSON (not JSON-MIN) format: each task's last annotation.

    Raises InlineError for a region, relation or record line that cannot be read, ValueError for a
    file that is no such export.
    """
    try:
        tasks = json.loads(path.read_text("utf-8"))
        yield from (_report(task) for task in tasks)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: no Label Studio export ({error!r}); export the project as JSON"
        ) from error


def _units(text: str) -> list[int]:
    """UTF-16 code units before each code point, and in all."""
    return [0, *accumulate(2 if ord(c) > 0xFFFF else 1 for c in text)]


def _task(report: AnnotatedReport) -> dict[str, Any]:
    units, lines, result = _units(report.text), record_lines(report), []
    for m in report.mentions:
        place = {"start": units[m.start], "end": units[m.end]}
        region = {"id": m.id, "to_name": TEXT}
        mark = place | {"text": m.text, "labels": [m.label]}
        result.append(region | {"from_name": LABELS, "type": "labels", "value": mark})
        if m.id in lines:
            written = place | {"text": lines[m.id]}
            result.append(region | {"from_name": RECORDS, "type": "textarea", "value": written})
    result += [
        {"type": "relation", "from_id": x.head, "to_id": x.tail, "direction": "right",
         "labels": [x.type]} for x in report.links
    ]  # fmt: skip
    return {"data": meta_of(report) | {"text": report.text}, "annotations": [{"result": result}]}


def _report(task: dict[str, Any]) -> AnnotatedReport:
    text, done = task["data"]["text"], task.get("annotations") or [{"result": []}]
    units, result = _units(text), done[-1]["result"]
    spans, lines = [], {}
    for row in result:
        value = row.get("value", {})
        if row["type"] == "labels":
            start, end = (bisect_left(units, value[k]) for k in ("start", "end"))
            spans.append(Span(row["id"], value["labels"][0], start, end))
        elif row["type"] == "textarea":
            lines[row["id"]] = value["text"] if isinstance(value["text"], list) else [value["text"]]
    relations = [
        Relation((row.get("labels") or ["unlabelled relation"])[0], row["from_id"], row["to_id"])
        for row in result if row["type"] == "relation"
    ]  # fmt: skip
    return build(task["data"], text, spans, relations, lines)
