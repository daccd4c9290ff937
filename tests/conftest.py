"""What several tests share: made-up texts, a result that stands for a pipeline, fixed settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import settings

from pipeline.schema import (
    Casualty,
    Cause,
    Count,
    Date,
    Event,
    Party,
    Place,
    Report,
    ReportResult,
    Victims,
    Warning,
)

# The same examples every time: a test that fails must fail for everyone.
settings.register_profile("hasila", derandomize=True, database=None)
settings.load_profile("hasila")

ARABIC = (
    "قُتل ثلاثة مدنيين وأصيب “سبعة” آخرون أمس بقصف مدفعي على بلدة سرمين بريف إدلب.\r\n"
    "وقال مصدر طبي إن بين القتلى طفلاً — ولم تُعرف هوية الباقين؛ وأضاف أن 4 من الجرحى في خطر.\n"
)


def fake_results(reports: Iterable[Report]) -> Iterator[ReportResult]:
    """One event a report, on its first word; raises for a report whose text says so."""
    for report in reports:
        if "RAISE" in report.text:
            raise ValueError("asked to fail")
        yield fake_result(report)


def make_fake(model: Path) -> object:
    """Stands for `pipeline.run.make_analyser`; a module-level name, so that processes find it."""
    return fake_results


def fake_result(report: Report) -> ReportResult:
    first = report.text.split()[0]
    start = report.text.index(first)
    end = start + len(first)
    span = {"text": first, "start": start, "end": end}
    killed = Casualty(
        casualty_id=f"{report.report_id}#c1",
        outcome="killed",
        count=Count(
            value=3, low=3, high=None, qualifier="at_least", kind="explicit",
            text=first, start=start, end=end,
        ),
        victims=Victims(**span, category="civilian", demographics=("child", "woman")),
        according_to=Party(**span),
        subset_of=None,
        same_as=None,
        confidence=0.5,
        evidence=(start, end),
    )  # fmt: skip
    event = Event(
        event_id=f"{report.report_id}#e1",
        scope="incident",
        cause=Cause(code="shelling", **span),
        date=Date(
            start="2018-03-13", end="2018-03-13", precision="day", basis="stated",
            text=first, spans=((start, end),),
        ),
        places=(Place(**span), Place(**span, name="Idlib", lat=35.9, lon=36.6)),
        perpetrators=(Party(**span, party_id="a-party", name="A party"), Party(**span)),
        casualties=(killed,),
        confidence=0.5,
    )  # fmt: skip
    return ReportResult(
        report_id=report.report_id,
        source=report.source,
        title=report.title,
        published=report.published,
        language="ar",
        sha256=sha256(report.text.encode()).hexdigest(),
        events=(event,),
        warnings=(Warning("a_code", "a message", (killed.casualty_id,)),),
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that passes for a model: what it holds is only described, never loaded."""
    folder = tmp_path / "models" / "a-model"
    folder.mkdir(parents=True)
    (folder / "config.cfg").write_text("[nlp]\n")
    return folder
