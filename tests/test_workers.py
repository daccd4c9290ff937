from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.run import CHUNK, RunError, run
from pipeline.schema import Reject, Report, ReportResult
from pipeline.workers import analyse_items, joined, make_part

from .conftest import ARABIC, fake_result, fake_results

DEADLY, UNLUCKY = "r11", "r19"


def deadly_results(reports: Iterable[Report]) -> Iterator[ReportResult]:
    """The process dies of one report always, of another the first time."""
    for report in reports:
        mark = Path(report.source).with_suffix(".met")
        if report.report_id == UNLUCKY and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if report.report_id == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        yield fake_result(report)


def make_deadly(model: Path) -> object:
    return deadly_results


def make_dying(model: Path) -> NoReturn:
    os._exit(1)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    mark = str(tmp_path / "mark")
    rows = [{"id": f"r{n}", "text": ARABIC, "source": mark} for n in range(4 * CHUNK)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def check(out: Path) -> None:
    ids = [json.loads(line)["report_id"] for line in (out / "reports.jsonl").open()]
    assert ids == [f"r{n}" for n in range(4 * CHUNK) if f"r{n}" != DEADLY]
    (reject,) = map(json.loads, (out / "rejects.jsonl").open())
    assert reject["input"] == DEADLY and "ended the process at it twice" in reject["reason"]


def test_report_that_kills_is_rejected_and_the_others_are_done(
    tmp_path: Path, archive: Path, model: Path
) -> None:
    said: list[str] = []
    run([archive], tmp_path / "out", model=model, make=make_deadly, workers=2, say=said.append)
    check(tmp_path / "out")
    assert "worker process" in said[0] and DEADLY in said[1] and len(said) == 2


def test_report_that_kills_a_run_of_one_process_does_not_kill_it_again(
    tmp_path: Path, archive: Path, model: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.run import run;"
        "from tests.test_workers import make_deadly; archive, out, model = map(Path, sys.argv[1:]);"
        "run([archive], out, model=model, make=make_deadly)"
    )
    out = tmp_path / "out"
    (tmp_path / "mark.met").touch()
    command = [sys.executable, "-c", code, str(archive), str(out), str(model)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    run([archive], out, model=model, make=make_deadly, resume=True)
    check(out)


def test_model_that_kills_is_named_and_nothing_written(
    tmp_path: Path, archive: Path, model: Path
) -> None:
    with pytest.raises(RunError, match="worker process died while it loaded the model"):
        run([archive], tmp_path / "out", model=model, make=make_dying, workers=2)
    assert list((tmp_path / "out").iterdir()) == []


def test_workers_end_with_a_run_that_is_killed(tmp_path: Path, archive: Path, model: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.run import run;"
        "from tests.test_workers import make_waiting as make;"
        "archive, out, model = map(Path, sys.argv[1:]);"
        "run([archive], out, model=model, make=make, workers=2)"
    )
    command = [sys.executable, "-c", code, str(archive), str(tmp_path / "out"), str(model)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    pids = wait_for(lambda: [int(p.name) for p in model.glob("[0-9]*")], 2)
    process.kill()
    process.wait()
    wait_for(lambda: [pid for pid in pids if not alive(pid)], 2)


def waiting_results(reports: Iterable[Report]) -> Iterator[ReportResult]:
    time.sleep(60)
    yield from ()


def make_waiting(model: Path) -> object:
    (model / str(os.getpid())).touch()
    return waiting_results


def alive(pid: int) -> bool:
    """Whether the process runs; one that is over and that nobody asked after does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in "ZX"


def wait_for(found: object, number: int, seconds: float = 30) -> list[int]:
    assert callable(found)
    end = time.monotonic() + seconds
    while len(rows := found()) < number:
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)
    return list(rows)


def test_rejects_keep_their_place() -> None:
    items = [Reject("a", "b"), Report(report_id="r", text=ARABIC), Reject("c", "d")]
    outcomes = analyse_items(fake_results, items)
    assert outcomes == [items[0], fake_result(items[1]), items[2]]


def test_want_of_memory_is_said() -> None:
    def hungry(reports: Iterable[Report]) -> NoReturn:
        raise MemoryError

    (outcome,) = analyse_items(hungry, [Report(report_id="r", text=ARABIC)])
    assert isinstance(outcome, Reject) and "too little memory" in outcome.reason


def test_parts_add_up() -> None:
    items = [Reject("a", "b"), Report(report_id="r", text=ARABIC), Report(report_id="s", text="نص")]
    outcomes = analyse_items(fake_results, items)
    whole = make_part(items, outcomes, 2.0)
    alone = [make_part([i], [o], 1.0) for i, o in zip(items, outcomes, strict=True)]
    assert joined(alone).totals == whole.totals and whole.totals.rejects == 1
    assert (joined(alone).rows, joined(alone).reports) == (whole.rows, whole.reports)
    assert joined(alone).seconds == 3.0 and whole.totals.casualties == 2
