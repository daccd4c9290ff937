"""Which reports of a run to look at first, their texts found again, and read anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from heapq import nlargest
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from .decode import writable
from .formats import ReadOptions
from .gate import load_gate
from .read import read_reports
from .review import ReviewError
from .review_reading import machine_reading
from .review_store import Kept, Store
from .schema import Casualty, Report, ReportResult, Tagged
from .tag import Tagger
from .write import REPORTS

MANIFEST = "run.json"


class Queued(Struct, frozen=True, kw_only=True):
    """A report of the queue. ``priority`` is in people: see `priority`."""

    report_id: str
    sha256: str
    title: str
    published: str | None
    records: int
    people: int
    priority: float
    warnings: tuple[str, ...]


class Run(Struct, frozen=True, kw_only=True):
    """What run.json says of how the texts were read."""

    inputs: list[str]
    options: dict[str, Any]


def priority(result: ReportResult) -> float:
    """How many people's places in the totals are in doubt: uncertainty (1 - confidence) times the
    toll, over the records. One that adds nothing to totals weighs as one person."""
    return sum(
        (1 - c.confidence) * (1 if c.subset_of or c.same_as else toll(c))
        for c in _casualties(result)
    )


def toll(casualty: Casualty) -> int:
    """The number of people, or the nearest that is known of it; 1 where nothing is."""
    count = casualty.count
    numbers = (count.value, count.low, count.high)
    return max(1, next((n for n in numbers if n is not None), 1))


def _casualties(result: ReportResult) -> list[Casualty]:
    return [c for event in result.events for c in event.casualties]


def queued(result: ReportResult) -> Queued:
    """The queue's row of a report."""
    own = _casualties(result)
    return Queued(
        report_id=result.report_id,
        sha256=result.sha256,
        title=result.title or "",
        published=result.published,
        records=len(own),
        people=sum(toll(c) for c in own if not (c.subset_of or c.same_as)),
        priority=round(priority(result), 3),
        warnings=tuple(w.message for w in result.warnings),
    )


def make_queue(out: Path, limit: int) -> list[Queued]:
    """The ``limit`` reports of a run that most need a look, the first in need first.

    Raises ReviewError where ``out`` holds no run.
    """
    rows = (queued(result) for result in results_of(out))
    return nlargest(limit, rows, key=lambda row: (row.priority, row.records))


def results_of(out: Path) -> Iterator[ReportResult]:
    """The results of a run, one at a time; raises ReviewError where there is none in ``out``."""
    path = out / REPORTS
    if not path.is_file():
        raise ReviewError(f"{out} holds no run (no {REPORTS}); make one: hasila run … --out {out}")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield msgspec.json.decode(line, type=ReportResult)
            except msgspec.DecodeError as error:
                raise ReviewError(
                    f"{path}:{number} is no report ({error}); run again: hasila verify {out}"
                    " says what else is wrong."
                ) from error


def read_run(out: Path) -> Run:
    """The inputs and options of the run in ``out``; nothing of both where no run.json tells."""
    try:
        return msgspec.json.decode((out / MANIFEST).read_bytes(), type=Run)
    except (OSError, msgspec.DecodeError):
        return Run(inputs=[], options={})


def keep_readings(
    store: Store,
    out: Path,
    queue: Sequence[Queued],
    texts: Sequence[str],
    tagger: Callable[[], tuple[Tagger, str]],
) -> list[Queued]:
    """Find the texts of the queue's reports and keep the machine's reading of each.

    Texts come from ``texts``, or else the run's own inputs, and are used only where their SHA-256
    is that of the run. ``tagger`` loads the model, and gives its hash; it is called only where a
    reading is missing. Returns the queue without reports whose text is not to be had.
    """
    known = store.known()
    missing = {row.report_id for row in queue if writable(row.report_id) not in known}
    if missing:
        run = read_run(out)
        wanted = {r.report_id: r for r in results_of(out) if r.report_id in missing}
        found = _texts(wanted, texts or run.inputs, run.options)
        _read_all(store, found, wanted, run, tagger)
        known = store.known()
    return [row for row in queue if known.get(writable(row.report_id)) == row.sha256]


def _texts(
    wanted: dict[str, ReportResult], inputs: Sequence[str], options: dict[str, Any]
) -> Iterator[Report]:
    """The reports of ``inputs`` that are wanted; stops once all are there."""
    fields = {k: v for k, v in options.items() if k in ReadOptions.__struct_fields__}
    left = dict(wanted)
    present = [path for path in inputs if Path(path).exists()]
    for item in read_reports(present, msgspec.convert(fields, ReadOptions)):
        if not left:
            return
        if isinstance(item, Report) and item.report_id in left:
            del left[item.report_id]
            yield item


def _read_all(
    store: Store,
    found: Iterable[Report],
    wanted: dict[str, ReportResult],
    run: Run,
    tagger: Callable[[], tuple[Tagger, str]],
) -> None:
    gate = load_gate() if run.options.get("gate", True) else None
    loaded: tuple[Tagger, str] | None = None
    for report in found:
        result = wanted[report.report_id]
        if hash_of(report.text) != result.sha256:
            continue
        loaded = loaded or tagger()
        stretches = gate.stretches(report.text) if gate else None
        tagged = Tagged((), ()) if stretches == [] else loaded[0].tag(report.text, stretches)
        store.keep(
            Kept(
                report=report,
                sha256=result.sha256,
                country=country_of(result),
                reading=machine_reading(report, tagged),
                model=loaded[1],
            )
        )


def hash_of(text: str) -> str:
    """The SHA-256 of a text as reports.jsonl has it."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def country_of(result: ReportResult) -> str:
    """The country that most places of the events lie in; '' where none is known."""
    found = Counter(p.country for e in result.events for p in e.places if p.country)
    return min(found, key=lambda c: (-found[c], c)) if found else ""
