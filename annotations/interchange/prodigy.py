"""Prodigy JSONL, as its rel.manual recipe reads and writes it: text, tokens, spans, relations.

Prodigy ties a relation to the last token of each span, and keeps fields that it does not know:
mention ids, ``records`` and ``meta`` go there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.text import tokens

from ..form import AnnotatedReport
from .parts import Relation, Span, build, meta_of, record_lines


def write(reports: Iterable[AnnotatedReport], path: Path) -> int:
    """Write ``reports`` to the file ``path``, one task a line; returns how many."""
    rows = [json.dumps(_task(report), ensure_ascii=False) for report in reports]
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    return len(rows)


def read(path: Path) -> Iterator[AnnotatedReport]:
    """The accepted tasks of a `prodigy db-out` file.

    Raises InlineError for a label or record line that cannot be read, ValueError for a line that
    is no task.
    """
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            task = json.loads(line)
            if task.get("answer", "accept") == "accept":
                yield _report(task, f"{path.stem}-{number}")
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: no Prodigy task ({error!r})") from error


def _task(report: AnnotatedReport) -> dict[str, Any]:
    where = tokens(report.text)
    first = {a: k for k, (a, _) in enumerate(where)}
    last = {b: k for k, (_, b) in enumerate(where)}
    spans = {
        m.id: {"start": m.start, "end": m.end, "token_start": first[m.start],
               "token_end": last[m.end], "label": m.label, "mention": m.id}
        for m in report.mentions
    }  # fmt: skip
    return {
        "text": report.text,
        "tokens": [
            {"text": report.text[a:b], "start": a, "end": b, "id": k,
             "ws": report.text[b : b + 1].isspace()} for k, (a, b) in enumerate(where)
        ],
        "spans": list(spans.values()),
        "relations": [
            {"head": spans[x.head]["token_end"], "child": spans[x.tail]["token_end"],
             "head_span": spans[x.head], "child_span": spans[x.tail], "label": x.type}
            for x in report.links
        ],
        "records": record_lines(report),
        "meta": meta_of(report),
    }  # fmt: skip


def _report(task: dict[str, Any], name: str) -> AnnotatedReport:
    text = task["text"]
    spans = [
        Span(s.get("mention", f"span{k}"), s["label"], s["start"], s["end"])
        for k, s in enumerate(task.get("spans", []))
    ]
    at = {(s.start, s.end): s.id for s in spans}
    relations = [
        Relation(r["label"], *(at[r[e]["start"], r[e]["end"]] for e in ("head_span", "child_span")))
        for r in task.get("relations", [])
    ]
    return build({"id": name} | task.get("meta", {}), text, spans, relations,
                 task.get("records", {}))  # fmt: skip
