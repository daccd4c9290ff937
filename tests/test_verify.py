from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.run import run
from pipeline.verify import MOST_SAID, verify
from pipeline.write import describe_file

from .conftest import ARABIC, make_fake


@pytest.fixture
def out(tmp_path: Path, model: Path) -> Path:
    """The outputs of a run over seven reports and one that is empty."""
    # A line break inside a cell, and a cell that a spreadsheet would run.
    rows = [{"id": f"{'=' * (n % 2)}r{n}", "text": f"قُتل\r\n{n} {ARABIC}"} for n in range(7)]
    rows.append({"id": "empty", "text": " "})
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run([tmp_path / "a.jsonl"], tmp_path / "out", model=model, make=make_fake)
    return tmp_path / "out"


def hash_again(out: Path) -> None:
    """Let the manifest say that the files were so from the start."""
    manifest = json.loads((out / "run.json").read_text("utf-8"))
    for name in manifest["outputs"]:
        file = describe_file(out / name)
        manifest["outputs"][name] = {"bytes": file.bytes, "sha256": file.sha256}
    (out / "run.json").write_text(json.dumps(manifest), "utf-8")


def change(out: Path, line: int, edit: Callable[[dict[str, Any]], object]) -> None:
    path = out / "reports.jsonl"
    rows = [json.loads(row) for row in path.read_text("utf-8").splitlines()]
    edit(rows[line])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    hash_again(out)


def test_a_run_is_as_it_says(out: Path) -> None:
    checked = verify(out)
    assert checked.faults == ()
    counts = checked.counts
    assert (counts.reports, counts.rejects, counts.casualties, counts.events) == (7, 1, 7, 7)


def test_changed_and_missing_files_are_named(out: Path) -> None:
    with (out / "casualties.csv").open("a") as file:
        file.write("\n")
    (out / "rejects.jsonl").unlink()
    changed, missing = verify(out).faults
    assert changed.startswith("casualties.csv: it has changed") and "bytes" in changed
    assert missing == "rejects.jsonl: it is missing"


def test_tables_that_say_something_else(out: Path) -> None:
    change(out, 2, lambda row: row["events"][0]["casualties"][0].update(outcome="injured"))
    assert verify(out).faults == tuple(
        f"{name}: row 3 (r2#c1) says another thing than reports.jsonl in outcome"
        for name in ("casualties.parquet", "casualties.csv")
    )


def test_rows_that_are_missing_or_too_many(out: Path) -> None:
    table = pq.read_table(out / "casualties.parquet")
    pq.write_table(table.slice(0, 6), out / "casualties.parquet")
    lines = (out / "casualties.csv").read_bytes()
    (out / "casualties.csv").write_bytes(lines + b"x," + b"," * (len(table.schema) - 2) + b"\n")
    hash_again(out)
    assert verify(out).faults == (
        "casualties.parquet: row 7 (r6#c1) of reports.jsonl is missing",
        "casualties.csv: row 8 is no casualty of reports.jsonl",
    )


def test_ids_twice_and_references_to_nothing(out: Path) -> None:
    change(out, 4, lambda row: row.update(report_id="r2"))
    found = " ".join(verify(out).faults)
    assert "the report r2 is there twice" in found
    assert "the id r4#c1 is not one of the report r2" in found
    change(out, 0, lambda row: row["events"][0]["casualties"][0].update(same_as="r0#c9"))
    assert "r0 refers to r0#c9, which is no record of it" in " ".join(verify(out).faults)
    change(out, 0, lambda row: row["events"].append(row["events"][0]))
    assert "the id r0#e1 is there 2 times" in " ".join(verify(out).faults)


def test_counts_that_are_not_those_of_the_files(out: Path) -> None:
    path = out / "reports.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]) + b"{}\n")
    hash_again(out)
    found = " ".join(verify(out).faults)
    assert "line 7 is not as the contract has it" in found
    assert "it counts 7 reports, the files hold 6" in found


def test_a_table_that_can_not_be_read(out: Path) -> None:
    (out / "casualties.parquet").write_bytes(b"PAR1")
    hash_again(out)
    (fault,) = verify(out).faults
    assert fault.startswith("tables: they can't be read to their end")


def test_many_faults_are_counted(out: Path) -> None:
    pq.write_table(pa.Table.from_pylist([], pq.read_schema(out / "casualties.parquet")),
                   out / "casualties.parquet")  # fmt: skip
    hash_again(out)
    faults = verify(out).faults
    assert len(faults) == MOST_SAID + 1
    assert faults[-1] == "casualties.parquet: 2 more faults"


def test_what_is_no_run(tmp_path: Path, out: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no run.json; name the --out"):
        verify(tmp_path / "nowhere")
    (out / ".run").mkdir()
    assert "go on with it by --resume" in verify(out).faults[0]
    (out / "run.json").unlink()
    with pytest.raises(FileNotFoundError, match="--resume"):
        verify(out)
    (out / "run.json").write_text("{}")
    with pytest.raises(ValueError, match="no manifest"):
        verify(out)
