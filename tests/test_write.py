from __future__ import annotations

import csv
import errno
import json
from pathlib import Path
from typing import NoReturn

import msgspec
import pyarrow.parquet as pq
import pytest

from pipeline import write
from pipeline.flat import SCHEMA
from pipeline.journal import Part, RunError
from pipeline.schema import Reject, Report, ReportResult
from pipeline.workers import make_part
from pipeline.write import FILES, Writer

from .conftest import ARABIC, fake_result

REPORT = Report(report_id="a.txt", text=ARABIC, source="in/a.txt", published="2018-05-02")


def written(out: Path, *reports: Report, rejects: tuple[Reject, ...] = ()) -> Path:
    with Writer(out) as writer:
        for item in (*reports, *rejects):
            writer.add(part_of(item))
        writer.manifest(lambda outputs: {"version": "1"})
    return out


def part_of(item: Report | Reject) -> Part:
    return make_part([item], [item if isinstance(item, Reject) else fake_result(item)])


def test_all_files_and_nothing_else(tmp_path: Path) -> None:
    out = written(tmp_path / "new" / "out", REPORT)
    assert sorted(p.name for p in out.iterdir()) == sorted(FILES)
    assert json.loads((out / "run.json").read_text()) == {"version": "1"}


def test_report_lines_are_in_the_form_of_the_contract(tmp_path: Path) -> None:
    line = (written(tmp_path, REPORT) / "reports.jsonl").read_text("utf-8")
    assert "قُتل" in line and line.endswith("}\n")
    row = json.loads(line)
    assert list(row) == [
        "report_id", "source", "title", "published", "language", "sha256", "events", "warnings",
    ]  # fmt: skip
    (event,) = row["events"]
    assert list(event) == [
        "event_id", "scope", "cause", "date", "places", "perpetrators", "casualties", "confidence",
    ]  # fmt: skip
    assert list(event["places"][0]) == [
        "text", "start", "end", "name", "name_ar", "geonameid", "lat", "lon", "admin1", "country",
        "precision",
    ]  # fmt: skip
    assert list(event["date"]) == ["start", "end", "precision", "basis", "text", "spans"]
    assert event["date"]["spans"] == [[0, 4]]
    (casualty,) = event["casualties"]
    assert list(casualty) == [
        "casualty_id", "outcome", "count", "victims", "according_to", "subset_of", "same_as",
        "confidence", "evidence",
    ]  # fmt: skip
    assert list(casualty["count"]) == [
        "value", "low", "high", "qualifier", "kind", "text", "start", "end",
    ]  # fmt: skip
    assert list(casualty["victims"]) == [
        "text", "start", "end", "party_id", "name", "category", "demographics",
    ]  # fmt: skip
    assert casualty["same_as"] is None and casualty["evidence"] == [0, 4]
    assert msgspec.json.decode(line, type=ReportResult) == fake_result(REPORT)


def test_flat_table(tmp_path: Path) -> None:
    out = written(tmp_path, REPORT)
    (row,) = pq.read_table(out / "casualties.parquet").to_pylist()
    expected = {
        "report_id": "a.txt",
        "source": "in/a.txt",
        "event_id": "a.txt#e1",
        "casualty_id": "a.txt#c1",
        "count_value": 3,
        "count_high": None,
        "qualifier": "at_least",
        "victims_demographics": "child;woman",
        "perpetrator_ids": "a-party",
        "perpetrator_names": "A party;قُتل",
        "place_names": "قُتل;Idlib",
        "lat": None,
        "place_precision": "unresolved",
        "date_start": "2018-03-13",
        "cause": "shelling",
        "according_to": "قُتل",
        "evidence_text": ARABIC[0:4],
    }
    assert {name: row[name] for name in expected} == expected
    with (out / "casualties.csv").open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    assert list(cells) == SCHEMA.names
    assert cells == {name: "" if v is None else str(v) for name, v in row.items()}


def test_empty_run_has_the_same_columns(tmp_path: Path) -> None:
    out = written(tmp_path)
    assert pq.read_schema(out / "casualties.parquet") == SCHEMA
    assert pq.read_table(out / "casualties.parquet").num_rows == 0
    assert (out / "casualties.csv").read_text().splitlines() == [",".join(SCHEMA.names)]
    assert (out / "reports.jsonl").read_bytes() == (out / "rejects.jsonl").read_bytes() == b""


def test_rejects(tmp_path: Path) -> None:
    out = written(tmp_path, rejects=(Reject("أ.txt", "why"),))
    assert (out / "rejects.jsonl").read_text("utf-8") == '{"input":"أ.txt","reason":"why"}\n'


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@a", "\t=1"])
def test_csv_cells_are_no_formulas(tmp_path: Path, start: str) -> None:
    out = written(tmp_path, Report(report_id=start, text="نص"))
    with (out / "casualties.csv").open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    assert cells["report_id"] == f"'{start}"
    assert pq.read_table(out / "casualties.parquet")["report_id"].to_pylist() == [start]


def test_row_groups_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "ROW_GROUP", 4)
    reports = [Report(report_id=str(n), text="نص") for n in range(10)]
    out = written(tmp_path, *reports)
    file = pq.ParquetFile(out / "casualties.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(3)] == [4, 4, 2]
    assert file.read()["report_id"].to_pylist() == [r.report_id for r in reports]


def test_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (written(tmp_path / name, REPORT, REPORT) for name in ("one", "two"))
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in FILES)


def test_failed_run_leaves_the_last_one_as_it_was(tmp_path: Path) -> None:
    written(tmp_path, REPORT)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(KeyError), Writer(tmp_path) as writer:
        writer.add(part_of(Reject("x", "y")))
        raise KeyError
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_run_that_fails_at_its_end_leaves_the_last_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, REPORT)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(path: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(write, "describe_file", full)
    with pytest.raises(RunError, match="disk is full.*--resume"):
        written(tmp_path, Report(report_id="b", text="نص"))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    (tmp_path / ".casualties.csv.tmp").mkdir()
    (tmp_path / ".casualties.csv.tmp" / "in the way").touch()
    with pytest.raises(RunError, match="can't be written"):
        written(tmp_path, REPORT)
    assert [p.name for p in tmp_path.iterdir()] == [".casualties.csv.tmp"]


def test_no_manifest_of_an_earlier_run_stays(tmp_path: Path) -> None:
    written(tmp_path, REPORT)
    with Writer(tmp_path):
        pass
    assert not (tmp_path / "run.json").exists()
