"""The batch driver: inputs -> reports -> results -> the files of a run.

Parts of the run go into a journal as they are finished (`pipeline.journal`); when all are there,
the files are made of them in the order of the inputs. So a run that breaks off can go on, and
gives the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from . import __version__, load, model_folder
from .database import write_database
from .decode import writable
from .formats import ReadOptions
from .gate import Gate, load_gate
from .journal import Header, Item, Journal, RunError, Totals, key_of, only_run
from .manifest import (
    OutputFile,
    RunSummary,
    describe_code,
    describe_model,
    system,
    versions,
)
from .read import STDIN, read_reports
from .schema import Report, ReportResult
from .workers import Analyser, Chunk, Job, MakeAnalyser, Say, finished
from .write import Writer

__all__ = ["RunError", "RunSummary", "make_analyser", "run"]

# Reports handed to a process at a time: enough to hide the hand-over, few enough to keep the
# processes busy to the end. A long report is a chunk of its own.
CHUNK = 8
CHUNK_CHARACTERS = 100_000


def make_analyser(model: Path) -> Analyser:
    """The pipeline of a model folder as a function from reports to results; all is tagged.

    Raises FileNotFoundError where there is no model, RunError where it can't be loaded.
    """
    return _make(model, None)


def make_gated(model: Path) -> Analyser:
    """As `make_analyser`, but tags only what `pipeline.gate` lets through."""
    return _make(model, load_gate())


def _make(model: Path, gate: Gate | None) -> Analyser:
    from .components import results

    try:
        nlp = load(model)
    except ValueError as error:
        raise RunError(str(error)) from error

    def analyse(reports: Iterable[Report]) -> Iterator[ReportResult]:
        with nlp.memory_zone():  # Else spaCy keeps every word that it ever meets.
            yield from results(nlp, reports, gate=gate)

    return analyse


def run(
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path | None = None,
    workers: int = 1,
    limit: int | None = None,
    options: ReadOptions | None = None,
    resume: bool = False,
    progress: bool = False,
    say: Say = lambda message: None,
    gate: bool = True,
    database: bool = True,
    make: MakeAnalyser | None = None,
) -> RunSummary:
    """Analyse every report of ``inputs`` and write the files of the run into the folder ``out``.

    ``workers`` processes share the work, each with one thread; the files are the same with any
    number of them. With ``gate``, what can hardly tell of a casualty is not tagged
    (`pipeline.gate`). With ``database`` it writes ``events.duckdb`` too, of the other files
    when they are whole. With ``resume`` a run that broke off in ``out`` goes on, if there is one. A
    report whose analysis fails becomes a reject. ``say`` is told what a person should know while it
    runs. Raises FileNotFoundError where ``model`` is no model, and RunError where it does not load,
    the disk does not take the files, or ``out`` holds a run other than the one to resume; the files
    of an earlier run are then still there.
    """
    started = time.perf_counter()
    folder = model_folder(model)
    options = options or ReadOptions()
    if limit is not None:
        options = msgspec.structs.replace(options, limit=limit)
    asked = {**msgspec.to_builtins(options), "gate": gate, "database": database}
    header = _header(inputs, folder, asked)
    out = Path(out)
    with only_run(out):
        journal = Journal.open(out, header, resume=resume)
        if journal.resumed:
            say("Going on with the run that broke off.")
        job = Job(make or (make_gated if gate else make_analyser), folder, journal.folder)
        new = Totals()
        try:
            with _bar(progress, inputs, options) as advance:
                chunks = _counted(chunks_of(read_reports(inputs, options)), journal, new)
                done = finished(chunks, job, workers=workers, resumed=journal.resumed, say=say)
                keys = []
                with closing(done):
                    for chunk in done:
                        keys.append(chunk.key)
                        advance(len(chunk.items))
            if unused := journal.unused(set(keys)):
                say(
                    f"The inputs have changed since the run broke off: {unused:,} finished parts"
                    " were of no use, and what is there now was analysed."
                )
            summary = _write(out, journal, keys, partial(_summary, header, workers, started, new))
            if database:
                write_database(out)
        except BaseException:
            if not journal.size():  # Nothing to go on with.
                journal.remove()
            raise
        journal.remove()
    return summary


def _header(inputs: Sequence[str | Path], model: Path, options: dict[str, Any]) -> Header:
    return Header(
        version=__version__,
        code=describe_code(),
        versions=versions(),
        model=describe_model(model),
        inputs=[writable(str(path)) for path in inputs],
        options=options,
    )


def chunks_of(items: Iterable[Item]) -> Iterator[Chunk]:
    """``items``, in order, by CHUNK, fewer where they are long."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(item.text) if isinstance(item, Report) else 0
        if len(chunk) == CHUNK or size >= CHUNK_CHARACTERS:
            yield Chunk(key_of(chunk), chunk)
            chunk, size = [], 0
    if chunk:
        yield Chunk(key_of(chunk), chunk)


def _counted(chunks: Iterable[Chunk], journal: Journal, new: Totals) -> Iterator[Chunk]:
    """``chunks``; the words of those that are not in the journal yet are counted into ``new``."""
    for chunk in chunks:
        if not journal.holds(chunk.key):
            texts = (item.text for item in chunk.items if isinstance(item, Report))
            new.words += sum(len(text.split()) for text in texts)
        yield chunk


Summarise = Callable[[Totals, float, Mapping[str, OutputFile]], RunSummary]


def _write(out: Path, journal: Journal, keys: Sequence[str], summarise: Summarise) -> RunSummary:
    """The files of the run from the parts ``keys``, in that order."""
    totals, seconds = Totals(), 0.0
    summary: list[RunSummary] = []

    def manifest(outputs: Mapping[str, OutputFile]) -> Mapping[str, Any]:
        summary.append(summarise(totals, seconds, outputs))
        built: Mapping[str, Any] = msgspec.to_builtins(summary[0])
        return built

    with Writer(out, needed=journal.size()) as writer:
        for key in keys:
            part = journal.read(key)
            totals.add(part.totals)
            seconds += part.seconds
            writer.add(part)
        writer.manifest(manifest)
    return summary[0]


def _summary(
    header: Header,
    workers: int,
    started: float,
    new: Totals,
    totals: Totals,
    analysis_seconds: float,
    outputs: Mapping[str, OutputFile],
) -> RunSummary:
    seconds = time.perf_counter() - started
    return RunSummary(
        version=header.version,
        code=header.code,
        versions=header.versions,
        platform=system(),
        model=header.model,
        inputs=header.inputs,
        options=header.options,
        counts=totals,
        outputs=dict(outputs),
        workers=workers,
        seconds=round(seconds, 3),
        analysis_seconds=round(analysis_seconds, 3),
        words_per_second=round(new.words / seconds, 1),
    )


def _bar(
    progress: bool, inputs: Sequence[str | Path], options: ReadOptions
) -> AbstractContextManager[Callable[[int], None]]:
    if not progress:
        return nullcontext(lambda items: None)
    from .progress import progress_bar

    return progress_bar(partial(_count, inputs, options))


def _count(inputs: Sequence[str | Path], options: ReadOptions) -> int | None:
    """How many items there are to read: reading takes less than a hundredth of the analysis."""
    if STDIN in map(str, inputs):
        return None
    return sum(1 for _ in read_reports(inputs, options))
