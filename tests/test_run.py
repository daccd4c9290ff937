from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.formats import ReadOptions
from pipeline.manifest import describe_model
from pipeline.progress import progress_bar
from pipeline.rows import Columns
from pipeline.run import CHUNK, RunError, chunks_of, run
from pipeline.schema import Reject, Report

from .conftest import ARABIC, make_fake

OUTPUTS = ("reports.jsonl", "casualties.csv", "casualties.parquet", "rejects.jsonl")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Five chunks of reports, of which some are empty and one fails in analysis."""
    rows = [{"id": f"r{n}", "text": f"{n} {ARABIC}" * (n % 5)} for n in range(5 * CHUNK)]
    rows[CHUNK + 1]["text"] = "RAISE"
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def make_dying(model: Path) -> NoReturn:
    os._exit(1)


def ids(out: Path) -> list[str]:
    lines = (out / "reports.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["report_id"] for line in lines]


def test_run_writes_results_in_order(tmp_path: Path, archive: Path, model: Path) -> None:
    out = tmp_path / "out"
    summary = run([archive], out, model=model, make=make_fake)
    expected = [f"r{n}" for n in range(5 * CHUNK) if n % 5 and n != CHUNK + 1]
    assert ids(out) == expected
    rejects = [json.loads(line) for line in (out / "rejects.jsonl").read_text().splitlines()]
    assert len(rejects) == CHUNK + 1
    (failed,) = [r for r in rejects if r["input"] == f"r{CHUNK + 1}"]
    assert "ValueError: asked to fail" in failed["reason"]
    counts = summary.counts
    assert (counts.reports, counts.rejects) == (len(expected), len(rejects))
    assert counts.events == counts.casualties == counts.warnings == len(expected)
    words = sum((n % 5) * (len(ARABIC.split()) + 1) for n in range(5 * CHUNK) if n != CHUNK + 1)
    assert counts.words == words + 1


def test_manifest(tmp_path: Path, archive: Path, model: Path) -> None:
    options = ReadOptions(columns=Columns(text="text"))
    run([archive], tmp_path / "out", model=model, limit=4, options=options, make=make_fake)
    manifest = json.loads((tmp_path / "out" / "run.json").read_text())
    assert manifest["model"] == describe_model(model)
    assert manifest["model"]["name"] == "a-model"
    assert manifest["options"]["limit"] == 4
    assert manifest["options"]["columns"]["text"] == "text"
    assert manifest["counts"]["reports"] == 4
    assert manifest["words_per_second"] > 0


def test_workers_give_the_same_bytes(tmp_path: Path, archive: Path, model: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    run([archive], one, model=model, make=make_fake)
    run([archive], two, model=model, make=make_fake, workers=2)
    for name in OUTPUTS:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_dead_worker_is_named_and_nothing_written(
    tmp_path: Path, archive: Path, model: Path
) -> None:
    with pytest.raises(RunError, match="worker process died"):
        run([archive], tmp_path / "out", model=model, make=make_dying, workers=2)
    assert list((tmp_path / "out").iterdir()) == []


def test_odd_bytes_in_names_do_not_cost_a_run(tmp_path: Path, model: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xc7.jsonl")
    lines = ['{"\\ud800": "no text"}', '{"text": "\\ud800"}', json.dumps({"text": ARABIC})]
    try:
        path.write_text("\n".join(lines), "utf-8")
    except (OSError, UnicodeError):
        pytest.skip("this file system allows only names in UTF-8")
    for workers in (1, 2):
        summary = run([path], tmp_path / "out", model=model, make=make_fake, workers=workers)
        assert (summary.counts.reports, summary.counts.rejects) == (1, 2)
        assert json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["inputs"]


def test_model_that_does_not_load_is_named(tmp_path: Path, archive: Path, model: Path) -> None:
    (model / "meta.json").write_text("{}")
    with pytest.raises(RunError, match="meta"):
        run([archive], tmp_path / "out", model=model)
    assert list((tmp_path / "out").iterdir()) == []


def test_missing_model_is_named(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run([archive], tmp_path / "out", model=tmp_path / "nowhere", make=make_fake)
    assert not (tmp_path / "out").exists()


def test_model_hash_follows_its_files(model: Path) -> None:
    before = describe_model(model)
    assert describe_model(model) == before
    (model / "weights").write_bytes(b"1")
    assert describe_model(model)["sha256"] != before["sha256"]


def test_chunks_are_read_as_they_are_asked_for() -> None:
    read = []

    def endless() -> Iterator[Report]:
        for n in count():
            read.append(n)
            yield Report(report_id=str(n), text=ARABIC)

    assert len(next(chunks_of(endless())).items) == CHUNK == len(read)


def test_long_reports_make_short_chunks() -> None:
    long = [Report(report_id=str(n), text="نص " * 40_000) for n in range(3)]
    short = [Reject("a", "b"), Report(report_id="r", text=ARABIC)]
    sizes = [len(chunk.items) for chunk in chunks_of([*short, *long, *short])]
    assert sizes == [3, 1, 1, 2]


def test_progress_moves_with_every_item(
    tmp_path: Path, archive: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run([archive], tmp_path / "out", model=model, make=make_fake, progress=True)
    assert f"{5 * CHUNK}/{5 * CHUNK}" in capsys.readouterr().err


def test_progress_without_a_known_number(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(lambda: None) as advance:
        advance(1)
    assert "1/?" in capsys.readouterr().err
