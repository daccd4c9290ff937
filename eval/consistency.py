"""Whether gold records agree with the gold mentions and links beneath them.

The rules assemble records from the gold marks. Where they come to another value, the record must
say so in ``by_reading``: a reader of the whole text knows it (a heading, the story, the world),
the marks and rules do not tell. Everything else is a slip of the annotation or of the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from annotations.form import AnnotatedReport
from pipeline.analyse import analyse
from pipeline.schema import Report

from .evaluate import gold_tagged
from .records import field_matches, gold_records, pair, predicted_records

MISSED = "record"  # the rules make no record of this outcome and number


def by_reading(report: AnnotatedReport) -> dict[str, tuple[str, ...]]:
    """For each record id the fields in which the assembled record is another."""
    bare = Report(report_id=report.id, text=report.text, published=report.published)
    gold = gold_records(report)
    said = predicted_records(report.text, analyse(bare, gold_tagged(report), gold=True))
    fields: dict[str, tuple[str, ...]] = {r.id: (MISSED,) for r in report.records}
    for i, j in pair(gold, said):
        matches = field_matches(gold[i], said[j])
        fields[report.records[i].id] = tuple(f for f, right in matches.items() if not right)
    return fields


def findings(reports: Iterable[AnnotatedReport]) -> Iterator[str]:
    """A sentence for each record whose ``by_reading`` is not what the rules come to."""
    for report in reports:
        fields = by_reading(report)
        for record in report.records:
            now, told = set(fields[record.id]), set(record.by_reading)
            for field in sorted(now - told):
                yield f"{report.id}: record {record.id}: the rules come to another {field}"
            for field in sorted(told - now):
                yield f"{report.id}: record {record.id}: the rules come to the same {field} now"


def explained(report: AnnotatedReport) -> AnnotatedReport:
    """``report`` with the ``by_reading`` of its records as the rules have it now."""
    fields = by_reading(report)
    return replace(
        report, records=tuple(replace(r, by_reading=fields[r.id]) for r in report.records)
    )
