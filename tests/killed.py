"""Runs that are killed: ``python -m tests.killed ARCHIVE MODEL FOLDER TIMES WORKERS``.

One process imports everything, then forks the runs, so that many can be killed in little time.
Prints a line of JSON: how many were killed before their end, and what differed from an unbroken
run's files after ``resume``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.run import run
from pipeline.schema import Report, ReportResult

from .conftest import fake_result

PAUSE = 0.001  # seconds a report takes, so that there are moments to be killed at


def slow_results(reports: Iterable[Report]) -> Iterator[ReportResult]:
    for report in reports:
        time.sleep(PAUSE)
        yield fake_result(report)


def make_slow(model: Path) -> object:
    return slow_results


def start(archive: Path, model: Path, out: Path, workers: int, *, resume: bool) -> int:
    """The process of a run."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        run([archive], out, model=model, workers=workers, resume=resume, make=make_slow)
        code = 0
    finally:
        os._exit(code)


def finish(child: int) -> None:
    assert os.waitpid(child, 0)[1] == 0


def files(out: Path) -> dict[str, bytes]:
    """The bytes of all files in ``out``; of run.json what holds no times.

    Of the database, whose bytes DuckDB does not promise, that it is there.
    """
    found = {p.name: b"" if p.suffix == ".duckdb" else p.read_bytes() for p in out.iterdir()}
    manifest = json.loads(found["run.json"])
    for name in ("seconds", "analysis_seconds", "words_per_second"):
        del manifest[name]
    return found | {"run.json": json.dumps(manifest).encode()}


def main(archive: Path, model: Path, folder: Path, times: int, workers: int) -> None:
    whole = folder / "whole"
    began = time.perf_counter()
    finish(start(archive, model, whole, workers, resume=False))
    seconds = time.perf_counter() - began
    expected = files(whole)
    moments = random.Random(0)
    killed, faults = 0, []
    for n in range(times):
        out = folder / str(n)
        child = start(archive, model, out, workers, resume=False)
        time.sleep(moments.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        if out.exists() and not set(map(str, out.glob("[!.]*"))) <= {
            str(out / k) for k in expected
        }:
            faults.append(f"{n}: other files")
        finish(start(archive, model, out, workers, resume=True))
        found = files(out)
        faults += [f"{n}: {k}" for k in expected.keys() | found if expected.get(k) != found.get(k)]
        shutil.rmtree(out)
    print(json.dumps({"killed": killed, "faults": faults, "seconds": seconds}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), *map(int, sys.argv[4:6]))
