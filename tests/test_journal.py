from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from pipeline import journal
from pipeline.journal import FOLDER, Header, Journal, Part, RunError, Totals, key_of, only_run
from pipeline.run import CHUNK, run
from pipeline.schema import Reject, Report, ReportResult

from .conftest import ARABIC, fake_results, make_fake
from .killed import files

HEADER = Header(
    version="1", code="c", versions={"python": "3.11"}, model={"name": "m", "sha256": "s"},
    inputs=["a"], options={"limit": None},
)  # fmt: skip
PART = Part(reports=b"r\n", rows=[("a", 1, None)], totals=Totals(reports=1))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Five chunks of reports, some of which are empty."""
    rows = [{"id": f"r{n}", "text": f"{n} {ARABIC}" * (n % 5)} for n in range(5 * CHUNK)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def breaking(*ids: str) -> Callable[[Path], object]:
    """Makes analysers that are interrupted, as by the keyboard, at the reports ``ids``."""
    return partial(make_breaking, ids)


def make_breaking(ids: tuple[str, ...], model: Path) -> object:
    return partial(breaking_results, ids)


def breaking_results(ids: tuple[str, ...], reports: Iterable[Report]) -> Iterator[ReportResult]:
    for report in reports:
        if report.report_id in ids:
            raise KeyboardInterrupt
        yield from fake_results([report])


def broken_off(archive: Path, out: Path, model: Path) -> None:
    """A run of which the first two chunks are done."""
    with pytest.raises(KeyboardInterrupt):
        run([archive], out, model=model, make=breaking(f"r{2 * CHUNK + 1}"))
    assert [path.name for path in out.iterdir()] == [FOLDER]


# Killing


@pytest.mark.parametrize(("workers", "times"), [(1, 20), (2, 2)])
def test_killed_at_any_moment_and_resumed(
    tmp_path: Path, model: Path, workers: int, times: int
) -> None:
    rows = [{"id": f"r{n}", "text": f"{n} {ARABIC}" * (n % 5)} for n in range(8 * CHUNK)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-W", "ignore", "-m", "tests.killed", str(tmp_path / "a.jsonl")]
    command += [str(model), str(tmp_path / "runs"), str(times), str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["faults"] == [] and told["killed"] >= times / 2


# Going on


def test_what_is_done_is_not_done_again(tmp_path: Path, archive: Path, model: Path) -> None:
    run([archive], tmp_path / "whole", model=model, make=make_fake)
    out = tmp_path / "out"
    broken_off(archive, out, model)
    # The first reports would fail now.
    said: list[str] = []
    make = breaking("r1", f"r{CHUNK + 1}")
    run([archive], out, model=model, resume=True, workers=1, make=make, say=said.append)
    assert files(out) == files(tmp_path / "whole")
    assert said == ["Going on with the run that broke off."]


def test_resume_with_nothing_to_resume_starts(tmp_path: Path, archive: Path, model: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        summary = run([archive], out, model=model, resume=True, make=make_fake)
        assert summary.counts.reports == 4 * CHUNK


def test_finished_parts_are_not_thrown_away_by_chance(
    tmp_path: Path, archive: Path, model: Path
) -> None:
    broken_off(archive, tmp_path / "out", model)
    with pytest.raises(RunError, match=r"--resume.*delete .*\.run to start over"):
        run([archive], tmp_path / "out", model=model, make=make_fake)


def test_what_differs_is_named(tmp_path: Path, archive: Path, model: Path) -> None:
    out = tmp_path / "out"
    broken_off(archive, out, model)
    (model / "weights").write_bytes(b"1")
    with pytest.raises(RunError, match=r"model.sha256 was .*options.limit was None, is 3"):
        run([archive], out, model=model, limit=3, resume=True, make=make_fake)
    assert Journal(out / FOLDER).size()


def test_changed_inputs_are_read_anew_and_said(tmp_path: Path, archive: Path, model: Path) -> None:
    out = tmp_path / "out"
    broken_off(archive, out, model)
    archive.write_text(archive.read_text().replace('"r1"', '"other"'))
    said: list[str] = []
    run([archive], out, model=model, resume=True, make=make_fake, say=said.append)
    assert "1 finished parts" in said[-1]
    run([archive], tmp_path / "whole", model=model, make=make_fake)
    assert files(out) == files(tmp_path / "whole")


def test_one_run_at_a_time(tmp_path: Path, archive: Path, model: Path) -> None:
    with only_run(tmp_path / "out"), pytest.raises(RunError, match="another run"):
        run([archive], tmp_path / "out", model=model, make=make_fake)
    run([archive], tmp_path / "out", model=model, make=make_fake)


def test_failure_before_the_first_part_leaves_nothing(
    tmp_path: Path, archive: Path, model: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run([archive], tmp_path / "out", model=model, make=breaking("r1"))
    assert list((tmp_path / "out").iterdir()) == []


# Disks


def full(handle: int) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk(
    tmp_path: Path, archive: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run([archive], tmp_path / "whole", model=model, make=make_fake)
    out = tmp_path / "out"
    broken_off(archive, out, model)
    parts = sorted(path.name for path in (out / FOLDER).iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "fsync", full)
        with pytest.raises(RunError, match=r"disk is full: about .* MB were needed.*--resume"):
            run([archive], out, model=model, resume=True, make=make_fake)
    assert sorted(path.name for path in (out / FOLDER).iterdir()) == parts
    run([archive], out, model=model, resume=True, make=make_fake)
    assert files(out) == files(tmp_path / "whole")


def test_full_disk_of_a_worker(tmp_path: Path, archive: Path, model: Path) -> None:
    with pytest.raises(RunError, match=r"disk is full"):
        run([archive], tmp_path / "out", model=model, workers=2, make=make_on_a_full_disk)


def make_on_a_full_disk(model: Path) -> object:
    journal.os.fsync = full
    return fake_results


def test_folder_that_may_not_be_written(tmp_path: Path, archive: Path, model: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file.out can't be written"):
        run([archive], tmp_path / "file" / "out", model=model, make=make_fake)


# The journal itself


def test_parts_come_back_as_they_were(tmp_path: Path) -> None:
    kept = Journal.open(tmp_path, HEADER)
    assert not kept.holds("k") and not kept.size()
    kept.write("k", PART)
    assert kept.holds("k") and msgspec.to_builtins(kept.read("k")) == msgspec.to_builtins(PART)
    assert kept.unused({"k"}) == 0 and kept.unused(set()) == 1
    kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_damaged_part_is_made_anew(tmp_path: Path) -> None:
    kept = Journal.open(tmp_path, HEADER)
    (kept.folder / "k.part").write_bytes(b"\x00damaged")
    with pytest.raises(RunError, match="--resume"):
        kept.read("k")
    assert not kept.holds("k")


def test_damaged_header(tmp_path: Path) -> None:
    kept = Journal.open(tmp_path, HEADER)
    kept.write("k", PART)
    (kept.folder / "header.json").write_bytes(b"{}")
    with pytest.raises(RunError, match="delete it"):
        Journal.open(tmp_path, HEADER, resume=True)


def test_a_journal_without_its_header_is_none(tmp_path: Path) -> None:
    kept = Journal.open(tmp_path, HEADER)
    kept.write("k", PART)
    (kept.folder / "header.json").unlink()
    assert not Journal.open(tmp_path, HEADER).size()


def test_keys_hold_all_that_was_read() -> None:
    report = Report(report_id="r", text=ARABIC)
    others = [
        [Report(report_id="r", text=ARABIC, published="2018")],
        [Report(report_id="r", text=ARABIC + " ")],
        [Reject("r", ARABIC)],
        [report, report],
        [Report(report_id="r", text="\ud800")],
    ]
    assert key_of([report]) == key_of([Report(report_id="r", text=ARABIC)])
    assert len({key_of([report]), *map(key_of, others)}) == 6
