"""Reports in the inline form, read as gold and run through the rooms behind the model."""

from __future__ import annotations

from annotations.form import AnnotatedReport
from annotations.inline import parse_block
from eval.evaluate import gold_tagged
from pipeline.analyse import analyse
from pipeline.schema import Casualty, Event, Report, ReportResult


def marked(text: str, *records: str, published: str = "-") -> AnnotatedReport:
    """A report from marked text and record lines."""
    body = (
        f"country: SY | style: wire | published: {published} | points: \n@text\n{text}\n@records\n"
    )
    return parse_block("t-1", body + "\n".join(records) + "\n")


def analysed(text: str, *records: str, published: str = "-") -> ReportResult:
    """What assembly makes of a marked report; its values come from the text, not the lines."""
    report = marked(text, *records, published=published)
    source = Report(report_id="t", text=report.text, published=report.published)
    return analyse(source, gold_tagged(report), gold=True)


def statements(result: ReportResult) -> list[tuple[Event, Casualty]]:
    """The casualty records with their events, in text order."""
    rows = [(e, c) for e in result.events for c in e.casualties]
    return sorted(rows, key=lambda row: int(row[1].casualty_id.split("#c")[1]))


def counts(result: ReportResult) -> list[tuple[str, int | None, str]]:
    """(outcome, value, qualifier) of each record in text order."""
    return [(c.outcome, c.count.value, c.count.qualifier) for _, c in statements(result)]
