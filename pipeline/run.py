"""The batch driver: inputs -> reports -> results -> the files of a run."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from hashlib import sha256
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from . import __version__, load, model_folder
from .decode import writable
from .formats import ReadOptions
from .read import STDIN, read_reports
from .schema import PassedOver, Reject, Report, ReportResult
from .write import Writer

Analyser = Callable[[Iterable[Report]], Iterable[ReportResult]]
# Makes the analyser of a model folder, anew in each process, so it must be importable by name.
MakeAnalyser = Callable[[Path], Analyser]
Item = Report | Reject
Analysed = ReportResult | Reject

# Reports handed to a process at a time: enough to hide the hand-over, few enough to keep the
# processes busy to the end and the progress bar moving.
CHUNK = 16


class RunError(RuntimeError):
    """A run that can't go on; the message says why and what to do."""


class Totals(Struct):
    """What the reports of a run held."""

    reports: int = 0
    rejects: int = 0
    passed_over: int = 0  # of the rejects: reports in another language than Arabic
    words: int = 0  # of the reports, split at white space
    events: int = 0
    casualties: int = 0
    warnings: int = 0


class RunSummary(Struct, frozen=True, kw_only=True):
    """The manifest of a run: ``run.json``."""

    version: str
    model: dict[str, str]  # name, and the SHA-256 over its files
    inputs: list[str]
    options: dict[str, Any]
    counts: Totals
    workers: int
    seconds: float
    words_per_second: float


def make_analyser(model: Path) -> Analyser:
    """The pipeline of a model folder as a function from reports to results.

    Raises FileNotFoundError where there is no model, RunError where it can't be loaded.
    """
    from .components import results

    try:
        return partial(results, load(model))
    except ValueError as error:
        raise RunError(str(error)) from error


def run(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path | None = None,
    workers: int = 1,
    limit: int | None = None,
    options: ReadOptions | None = None,
    progress: bool = False,
    make: MakeAnalyser = make_analyser,
) -> RunSummary:
    """Analyse every report of ``inputs`` and write the files of the run into the folder ``out``.

    ``workers`` processes share the work, each with one thread; the files are the same with any
    number of them. A report whose analysis fails becomes a reject. Raises FileNotFoundError where
    ``model`` is no model, RunError where it does not load or a process dies; no file is written
    then.
    """
    started = time.perf_counter()
    folder = model_folder(model)
    identity = describe_model(folder)
    options = options or ReadOptions()
    if limit is not None:
        options = msgspec.structs.replace(options, limit=limit)
    totals = Totals()
    with Writer(out) as writer, _bar(progress, inputs, options) as advance:
        items = read_reports(inputs, options)
        for item, outcome in analysed(items, folder, workers=workers, make=make):
            _write(writer, item, outcome, totals)
            advance()
        seconds = time.perf_counter() - started
        summary = RunSummary(
            version=__version__,
            model=identity,
            inputs=[str(path) for path in inputs],
            options=msgspec.to_builtins(options),
            counts=totals,
            workers=workers,
            seconds=round(seconds, 3),
            words_per_second=round(totals.words / seconds, 1),
        )
        writer.manifest(msgspec.to_builtins(summary))
    return summary


def analysed(
    items: Iterable[Item], model: Path, *, workers: int = 1, make: MakeAnalyser = make_analyser
) -> Iterator[tuple[Item, Analysed]]:
    """Each item, in order, with its result; rejects pass through. Reads on only as it is asked."""
    chunks = _chunks(items)
    if workers > 1:
        done = _in_processes(chunks, model, workers, make)
    else:
        analyser = make(model)
        done = ((chunk, _analyse_chunk(analyser, chunk)) for chunk in chunks)
    for chunk, outcomes in done:
        yield from zip(chunk, outcomes, strict=True)


def describe_model(folder: Path) -> dict[str, str]:
    """The name of the model in ``folder`` and the SHA-256 over the names and bytes of its files."""
    digest = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(sha256(path.read_bytes()).digest())
    return {"name": folder.resolve().name, "sha256": digest.hexdigest()}


def _write(writer: Writer, item: Item, outcome: Analysed, totals: Totals) -> None:
    if isinstance(item, Report):
        totals.words += len(item.text.split())
    if isinstance(outcome, Reject):
        totals.rejects += 1
        totals.passed_over += isinstance(outcome, PassedOver)
        writer.reject(outcome)
        return
    assert isinstance(item, Report)
    totals.reports += 1
    totals.events += len(outcome.events)
    totals.casualties += sum(len(event.casualties) for event in outcome.events)
    totals.warnings += len(outcome.warnings)
    writer.write(outcome, item.text)


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _analyse_chunk(analyser: Analyser, chunk: Sequence[Item]) -> list[Analysed]:
    """The outcomes of a chunk; where something in it fails, each report is tried by itself."""
    reports = [item for item in chunk if isinstance(item, Report)]
    found: list[Analysed]
    try:
        found = list(analyser(reports))
    except Exception:  # Of which report, shows below.
        found = [_analyse_one(analyser, report) for report in reports]
    outcomes = iter(found)
    return [item if isinstance(item, Reject) else next(outcomes) for item in chunk]


def _analyse_one(analyser: Analyser, report: Report) -> Analysed:
    try:
        (result,) = analyser([report])
    except Exception as error:  # One report must not stop an archive, whatever is wrong with it.
        what = " ".join(writable(str(error)).split()) or "no message"
        return Reject(
            report.report_id,
            f"{report.report_id} could not be analysed ({type(error).__name__}: {what}); this is a"
            " fault of the program, please report it with the text.",
        )
    return result


_worker: Analyser  # of this process, set when it starts


def _start_worker(make: MakeAnalyser, model: Path) -> None:
    global _worker
    os.environ["OMP_NUM_THREADS"] = "1"  # Processes share the cores; threads would fight for them.
    _worker = make(model)


def _work(chunk: Sequence[Item]) -> list[Analysed]:
    return _analyse_chunk(_worker, chunk)


def _in_processes(
    chunks: Iterator[list[Item]], model: Path, workers: int, make: MakeAnalyser
) -> Iterator[tuple[list[Item], list[Analysed]]]:
    """Each chunk with its outcomes, in order; only a few chunks are in memory at a time."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (make, model))
    waiting: deque[tuple[list[Item], Future[list[Analysed]]]] = deque()
    try:
        for chunk in chunks:
            waiting.append((chunk, pool.submit(_work, chunk)))
            if len(waiting) > 2 * workers:
                yield _taken(waiting)
        while waiting:
            yield _taken(waiting)
    except BrokenProcessPool as error:
        raise RunError(
            "a worker process died: for want of memory, or because the model does not load; run"
            " again with --workers 1 to see which"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(
    waiting: deque[tuple[list[Item], Future[list[Analysed]]]],
) -> tuple[list[Item], list[Analysed]]:
    chunk, future = waiting.popleft()
    return chunk, future.result()


def _bar(
    progress: bool, inputs: Sequence[str | Path], options: ReadOptions
) -> AbstractContextManager[Callable[[], None]]:
    if not progress:
        return nullcontext(lambda: None)
    from .progress import progress_bar

    return progress_bar(partial(_count, inputs, options))


def _count(inputs: Sequence[str | Path], options: ReadOptions) -> int | None:
    """How many items there are to read: reading takes less than a hundredth of the analysis."""
    if STDIN in map(str, inputs):
        return None
    return sum(1 for _ in read_reports(inputs, options))
