"""A small report under review, that several tests share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotations.inline import parse
from eval.evaluate import gold_tagged
from pipeline.analyse import analyse
from pipeline.review import Decision, Reading, fold
from pipeline.review_queue import queued
from pipeline.review_reading import machine_reading
from pipeline.review_store import Kept, Store
from pipeline.review_view import Review
from pipeline.schema import Report, ReportResult, Tagged

# ruff: noqa: E501
INLINE = """
@@ r-1
country: SY | style: agency | published: 2020-01-02 | points: 1
@text
😢 [[قُتل|o1]] [[خمسة|n1]] [[مدنيين|v1]]، بينهم [[طفلان|v2]]، و[[أصيب|o2]] [[12|n2]] آخرون في [[غارة|x1]] شنتها [[طائرات روسية|p1]] على [[بلدة سرمين|l1]] [[أمس|d1]]، بحسب [[المرصد السوري|s1]].
ونزحت عائلات من القرى المجاورة إلى مخيمات الشمال.
@records
n1: killed 5 | civilian | incident | o1 v1 by:p1 l1 d1 x1 s1 | date=2020-01-01 cause=airstrike by=russia
v2: killed 2 dual | civilian | incident | o1 by:p1 l1 d1 x1 s1 | date=2020-01-01 cause=airstrike by=russia demo=child part=n1
n2: injured 12 | unknown | incident | o2 by:p1 l1 d1 x1 s1 | date=2020-01-01 cause=airstrike by=russia
@end
"""
GOLD = next(iter(parse(INLINE)))
TEXT = GOLD.text
REPORT = Report(report_id="r-1", text=TEXT, published="2020-01-02", source="المرصد")
MACHINE = machine_reading(REPORT, gold_tagged(GOLD))
KILLED, CHILDREN, INJURED = (record.id for record in MACHINE.records)


def step(action: str, body: dict[str, Any] | None = None, seq: int = 1) -> Decision:
    return Decision(
        seq=seq, report_id="r-1", who="Rana", at="2020-01-03T00:00:00+00:00",
        action=action, body=body or {},
    )  # fmt: skip


def folded(*steps: tuple[str, dict[str, Any]] | str, machine: Reading = MACHINE) -> Reading:
    """The reading after steps: an action with its body, or alone."""
    rows = [(s, {}) if isinstance(s, str) else s for s in steps]
    return fold(TEXT, machine, [step(a, b, n) for n, (a, b) in enumerate(rows, 1)])


def at(words: str) -> dict[str, int]:
    """Start and end of ``words`` in the text."""
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words)}


def mention_of(reading: Reading, words: str) -> str:
    """The id of the mention that is ``words``."""
    (found,) = (m.id for m in reading.mentions if TEXT[m.start : m.end] == words)
    return found


def result_of(report: Report, tagged: Tagged | None = None) -> ReportResult:
    return analyse(report, tagged or gold_tagged(GOLD))


def review_of(folder: Path, reports: Sequence[Report] = (REPORT,), who: str = "Rana") -> Review:
    """A review of ``reports``, of which those with another text than TEXT hold no mentions."""
    store, queue = Store(folder / "review.duckdb"), []
    for report in reports:
        tagged = gold_tagged(GOLD) if report.text == TEXT else Tagged((), ())
        row = queued(analyse(report, tagged))
        store.keep(
            Kept(
                report=report, sha256=row.sha256, country="SY",
                reading=machine_reading(report, tagged), model="none",
            )
        )  # fmt: skip
        queue.append(row)
    return Review(store, queue, who)
