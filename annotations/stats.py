"""What the annotated set holds: sizes, labels, links, records, countries, styles, points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .form import AnnotatedReport

POINTS = range(1, 21)  # the phenomena that the reports were planned to show


def count_set(reports: Iterable[AnnotatedReport]) -> dict[str, Counter[str]]:
    """Counters by table name; ``size`` holds reports, words, mentions, links, records and the
    reports without a casualty."""
    tables: dict[str, Counter[str]] = {
        name: Counter()
        for name in ("size", "label", "link", "outcome", "country", "style", "point")
    }
    for report in reports:
        tables["size"].update(
            reports=1,
            words=len(report.text.split()),
            mentions=len(report.mentions),
            links=len(report.links),
            records=len(report.records),
            without_casualty=not report.records,
        )
        tables["label"].update(m.label for m in report.mentions)
        tables["link"].update(x.type for x in report.links)
        tables["outcome"].update(r.outcome for r in report.records)
        tables["country"][report.country] += 1
        tables["style"][report.style] += 1
        tables["point"].update(str(p) for p in report.points)
    return tables
