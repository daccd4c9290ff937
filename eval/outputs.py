"""Scores of anyone's output in the contract's form against gold: ``hasila score``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from annotations.form import read_reports
from pipeline.schema import ReportResult

from .bootstrap import draws, f1_interval
from .evaluate import Figure
from .records import FlatRecord, gold_records, predicted_records, score_net_tolls, score_records
from .scores import Score

REPORTS = "reports.jsonl"


class GoldReport(msgspec.Struct, frozen=True):
    """What the scores need of a gold report: its text and its records."""

    text: str
    records: list[FlatRecord]


def read_gold(path: Path) -> dict[str, GoldReport]:
    """Gold by report id, from annotated reports (a ``.jsonl`` file or a folder of them).

    Raises as `annotations.form.read_reports`.
    """
    return {r.id: GoldReport(r.text, gold_records(r)) for r in read_reports(path)}


def read_outputs(path: Path) -> dict[str, ReportResult]:
    """Output by report id, from a ``reports.jsonl`` or the folder that holds it.

    Raises FileNotFoundError, and ValueError naming the line that is not in the contract's form or
    repeats an id.
    """
    path = path / REPORTS if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; name a {REPORTS} or its folder")
    found: dict[str, ReportResult] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            result = msgspec.json.decode(line, type=ReportResult)
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}:{number}: not a report of the contract: {error}") from error
        if result.report_id in found:
            raise ValueError(f"{path}:{number}: the report {result.report_id} stands there twice")
        found[result.report_id] = result
    return found


def score_outputs(
    gold: Mapping[str, GoldReport], outputs: Mapping[str, ReportResult]
) -> dict[str, Figure]:
    """Records, whole records, their fields and net tolls over all gold reports.

    A gold report without output counts as read with nothing found. Raises ValueError for no gold,
    and for output of reports that gold does not have: ids that differ would look like misses.
    """
    if not gold:
        raise ValueError("there is no gold report to score against")
    strange = sorted(set(outputs) - set(gold))
    if strange:
        raise ValueError(
            f"gold has no report {', '.join(strange[:3])}"
            f"{f' and {len(strange) - 3} more' if len(strange) > 3 else ''}; ids must be the same"
        )
    by_report = [_one(report, outputs.get(name)) for name, report in gold.items()]
    drawn = draws(len(by_report))
    return {
        row: Figure(
            sum((r[row] for r in by_report), Score(0, 0, 0)),
            f1_interval([r[row] for r in by_report], drawn),
        )
        for row in by_report[0]
    }


def _one(gold: GoldReport, output: ReportResult | None) -> dict[str, Score]:
    said: Sequence[FlatRecord] = predicted_records(gold.text, output) if output else ()
    return score_records([gold.records], [said]) | score_net_tolls([gold.records], [said])
