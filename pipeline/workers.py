"""The analysis of chunks of reports: in this process, or in worker processes that may be killed.

Each finished part goes into the journal where it was made, so that little travels between
processes and nothing that is done is lost with them.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path

import msgspec
from msgspec import Struct

from .decode import writable
from .flat import SCHEMA, flat_rows
from .journal import Item, Journal, Part, RunError, Totals
from .schema import PassedOver, Reject, Report, ReportResult
from .startup import do_without_torch

Analyser = Callable[[Iterable[Report]], Iterable[ReportResult]]
# Makes the analyser of a model folder, anew in each process, so it must be importable by name.
MakeAnalyser = Callable[[Path], Analyser]
Analysed = ReportResult | Reject
Say = Callable[[str], None]

_TRIES = 2  # so many processes may die of one report alone before it is given up


class Chunk(Struct, frozen=True):
    """A few items in a row, and the name of their part in the journal."""

    key: str
    items: list[Item]


Chunks = Generator[Chunk, None, None]


class Job(Struct, frozen=True):
    """What a process needs to know to make parts."""

    make: MakeAnalyser
    model: Path
    journal: Path


def analyse_items(analyser: Analyser, items: Sequence[Item]) -> list[Analysed]:
    """The outcomes of ``items`` in order, rejects as they are; where something in it fails, each
    report is tried by itself, and becomes a reject where it fails again."""
    reports = [item for item in items if isinstance(item, Report)]
    found: list[Analysed]
    try:
        found = list(analyser(reports))
    except Exception:  # Of which report, shows below.
        found = [_analyse_one(analyser, report) for report in reports]
    outcomes = iter(found)
    return [item if isinstance(item, Reject) else next(outcomes) for item in items]


def _analyse_one(analyser: Analyser, report: Report) -> Analysed:
    try:
        (result,) = analyser([report])
    except MemoryError:
        return _failed(report, "there is too little memory for it; make room, or split it")
    except Exception as error:  # One report must not stop an archive, whatever is wrong with it.
        what = " ".join(writable(str(error)).split()) or "no message"
        return _failed(
            report,
            f"{type(error).__name__}: {what}; this is a fault of the program, please report it"
            " with the text",
        )
    return result


def _failed(report: Report, why: str) -> Reject:
    return Reject(report.report_id, f"{report.report_id} could not be analysed ({why}).")


def make_part(items: Sequence[Item], outcomes: Sequence[Analysed], seconds: float = 0.0) -> Part:
    """What a run writes of ``items`` and their outcomes."""
    part = Part(totals=Totals(), seconds=seconds)
    texts = [item.text if isinstance(item, Report) else None for item in items]
    lines: dict[bool, list[bytes]] = {True: [], False: []}
    for text, outcome in zip(texts, outcomes, strict=True):
        is_reject = isinstance(outcome, Reject)
        lines[is_reject].append(msgspec.json.encode(outcome) + b"\n")
        part.totals.words += len(text.split()) if text is not None else 0
        part.totals.rejects += is_reject
        part.totals.passed_over += isinstance(outcome, PassedOver)
        if isinstance(outcome, ReportResult) and text is not None:
            part.rows += [tuple(map(row.get, SCHEMA.names)) for row in flat_rows(outcome, text)]
            part.totals.reports += 1
            part.totals.events += len(outcome.events)
            part.totals.warnings += len(outcome.warnings)
    part.reports, part.rejects = b"".join(lines[False]), b"".join(lines[True])
    part.totals.casualties = len(part.rows)
    return part


def joined(parts: Iterable[Part]) -> Part:
    """Parts in a row as one."""
    whole = Part(totals=Totals())
    for part in parts:
        whole.reports += part.reports
        whole.rejects += part.rejects
        whole.rows += part.rows
        whole.seconds += part.seconds
        whole.totals.add(part.totals)
    return whole


def in_this_process(chunks: Iterable[Chunk], job: Job) -> Chunks:
    """Each chunk when its part is in the journal; the analyser is made when it is first needed."""
    worker = Worker(job)
    for chunk in chunks:
        if not worker.journal.holds(chunk.key):
            worker.finish(chunk)
        yield chunk


class Worker:
    """Makes parts, in the process that it lives in."""

    def __init__(self, job: Job) -> None:
        self.job, self.journal = job, Journal(job.journal)
        self._analyser: Analyser | None = None

    def part(self, items: Sequence[Item]) -> Part:
        """The part of ``items``. Raises what making the analyser raises."""
        if self._analyser is None:
            self._analyser = self.job.make(self.job.model)
        began = time.perf_counter()
        outcomes = analyse_items(self._analyser, items)
        return make_part(items, outcomes, time.perf_counter() - began)

    def finish(self, chunk: Chunk) -> None:
        """Put the part of ``chunk`` into the journal."""
        self.journal.write(chunk.key, self.part(chunk.items))


_worker: Worker  # of this process, set when it starts


def _start_worker(job: Job) -> None:
    global _worker
    os.environ["OMP_NUM_THREADS"] = "1"  # Processes share the cores; threads would fight for them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The process that has us ends us.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    do_without_torch()
    _worker = Worker(job)


def _end_with_parent() -> None:
    """A worker whose parent is killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _finish(chunk: Chunk) -> None:
    _worker.finish(chunk)


def _part(items: Sequence[Item]) -> Part:
    return _worker.part(items)


class Crew:
    """Worker processes. Where the system kills one, what it was at is done by another, alone."""

    def __init__(self, job: Job, workers: int, say: Say) -> None:
        self.job, self.workers, self.say = job, workers, say
        self.journal = Journal(job.journal)
        self._pools: dict[int, ProcessPoolExecutor] = {}  # by their number of processes
        self._told = False

    def close(self) -> None:
        """End the processes, when they are done with what they are at."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)
        self._pools.clear()

    def finished(self, chunks: Iterable[Chunk]) -> Chunks:
        """Each chunk, in order, when its part is in the journal; few are in memory at a time."""
        waiting: deque[tuple[Chunk, Future[None] | None]] = deque()
        try:
            for chunk in chunks:
                known = self.journal.holds(chunk.key)
                waiting.append((chunk, None if known else self._submit(chunk)))
                if known and len(waiting) == 1 or len(waiting) > 2 * self.workers:
                    yield self._taken(*waiting.popleft())
            while waiting:
                yield self._taken(*waiting.popleft())
        finally:
            self.close()

    def _submit(self, chunk: Chunk) -> Future[None]:
        try:
            return self._pool(self.workers).submit(_finish, chunk)
        except BrokenProcessPool:
            self._drop(self.workers)
            return self._pool(self.workers).submit(_finish, chunk)

    def _taken(self, chunk: Chunk, future: Future[None] | None) -> Chunk:
        try:
            if future is not None:
                future.result()
        except BrokenProcessPool:
            if not self.journal.holds(chunk.key):
                self._tell()
                self.alone(chunk)
        return chunk

    def _tell(self) -> None:
        if not self._told:
            self.say(
                "The system ended a worker process, most likely for want of memory. What it was"
                " at is tried again by itself; fewer --workers need less."
            )
        self._told = True

    def alone(self, chunk: Chunk) -> None:
        """Put the part of ``chunk`` into the journal; a process of its own is at it, report by
        report if need be, and a report that ends two such processes becomes a reject."""
        part = self._lone_part(chunk.items)
        if part is None:
            part = joined(self._patient_part(item) for item in chunk.items)
        self.journal.write(chunk.key, part)

    def _patient_part(self, item: Item) -> Part:
        for _ in range(_TRIES):
            part = self._lone_part([item])
            if part is not None:
                return part
        assert isinstance(item, Report)
        why = "the system ended the process at it twice, most likely for want of memory; split it"
        reject = _failed(item, why)
        self.say(reject.reason)
        return make_part([item], [reject])

    def _lone_part(self, items: Sequence[Item]) -> Part | None:
        """The part of ``items``; None where the process died of it. Raises RunError where it died
        before."""
        if all(isinstance(item, Reject) for item in items):
            return make_part(items, [item for item in items if isinstance(item, Reject)])
        self._check_start()
        try:
            return self._pool(1).submit(_part, items).result()
        except BrokenProcessPool:
            self._drop(1)
            return None

    def _check_start(self) -> None:
        try:
            self._pool(1).submit(_part, []).result()
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process died while it loaded the model: free some memory, fetch the"
                " model again if that is not it, and run again with --resume"
            ) from error

    def _pool(self, workers: int) -> ProcessPoolExecutor:
        if workers not in self._pools:
            self._pools[workers] = ProcessPoolExecutor(
                workers, get_context("spawn"), _start_worker, (self.job,)
            )
        return self._pools[workers]

    def _drop(self, workers: int) -> None:
        self._pools.pop(workers).shutdown(cancel_futures=True)


def first_alone(chunks: Iterable[Chunk], job: Job, say: Say) -> Iterator[Chunk]:
    """``chunks``, the first that is not in the journal analysed in a process of its own.

    For a run that broke off in one process: that chunk may be what ended it, and would again.
    """
    iterator = iter(chunks)
    crew = Crew(job, 1, say)
    for chunk in iterator:
        if not crew.journal.holds(chunk.key):
            try:
                crew.alone(chunk)
            finally:
                crew.close()
            yield chunk
            break
        yield chunk
    yield from iterator


def finished(chunks: Iterable[Chunk], job: Job, *, workers: int, resumed: bool, say: Say) -> Chunks:
    """Each chunk, in order, when its part is in the journal. Reads on only as it is asked."""
    if workers > 1:
        return Crew(job, workers, say).finished(chunks)
    return in_this_process(first_alone(chunks, job, say) if resumed else chunks, job)
