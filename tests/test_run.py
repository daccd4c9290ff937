from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.formats import ReadOptions
from pipeline.progress import progress_bar
from pipeline.rows import Columns
from pipeline.run import CHUNK, RunError, analysed, describe_model, run
from pipeline.schema import Reject, Report, ReportResult

from .conftest import ARABIC, fake_result, make_fake

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


def test_analysis_is_a_stream(model: Path) -> None:
    read = []

    def endless() -> Iterator[Report]:
        for n in count():
            read.append(n)
            yield Report(report_id=str(n), text=ARABIC)

    stream = analysed(endless(), model, make=make_fake)
    item, result = next(stream)
    assert isinstance(item, Report) and result == fake_result(item)
    assert len(read) == CHUNK


def test_rejects_keep_their_place(model: Path) -> None:
    def make(model: Path) -> object:
        def results(reports: Iterable[Report]) -> Iterator[ReportResult]:
            yield from map(fake_result, reports)

        return results

    items = [Reject("a", "b"), Report(report_id="r", text=ARABIC), Reject("c", "d")]
    outcomes = [outcome for _, outcome in analysed(items, model, make=make)]
    assert outcomes == [items[0], fake_result(items[1]), items[2]]


def test_progress_moves_with_every_item(
    tmp_path: Path, archive: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run([archive], tmp_path / "out", model=model, make=make_fake, progress=True)
    assert f"{5 * CHUNK}/{5 * CHUNK}" in capsys.readouterr().err


def test_progress_without_a_known_number(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(lambda: None) as advance:
        advance()
    assert "1/?" in capsys.readouterr().err
