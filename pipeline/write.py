"""Results -> the files of a run. All appear together under their names when the run is complete.

The same results give the same bytes, whatever made them; only ``run.json`` holds times.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from .decode import writable
from .flat import SCHEMA, flat_rows
from .schema import Reject, ReportResult

# Casualty records held in memory before they are written; also the size of a parquet row group.
ROW_GROUP = 10_000
REPORTS, CSV, PARQUET, REJECTS, MANIFEST = FILES = (
    "reports.jsonl",
    "casualties.csv",
    "casualties.parquet",
    "rejects.jsonl",
    "run.json",
)
# Spreadsheets run a cell that starts so as a formula, which a hostile report could use.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Writer:
    """Writes the files of a run into the folder ``out``, which is made where it is missing.

    A context manager: the files get their names when it is left without an exception, and nothing
    stays behind otherwise. In the CSV a text cell that a spreadsheet would take for a formula
    starts with an apostrophe; in the other files every text is as it was.
    """

    def __init__(self, out: str | Path) -> None:
        self.out = Path(out)
        self.reports = self.casualties = self.rejects = 0
        self._rows: list[dict[str, Any]] = []
        self._manifest: Mapping[str, Any] | None = None

    def __enter__(self) -> Writer:
        self.out.mkdir(parents=True, exist_ok=True)
        self._reports = self._temporary(REPORTS).open("wb")
        self._rejects = self._temporary(REJECTS).open("wb")
        self._parquet = pq.ParquetWriter(self._temporary(PARQUET), SCHEMA, compression="zstd")
        self._csv: IO[str] = self._temporary(CSV).open("w", encoding="utf-8", newline="")
        self._cells = csv.DictWriter(self._csv, SCHEMA.names, lineterminator="\n")
        self._cells.writeheader()
        return self

    def write(self, result: ReportResult, text: str) -> None:
        """Add a report's result; ``text`` is the report's text, to quote the evidence from."""
        self._reports.write(msgspec.json.encode(result) + b"\n")
        rows = list(flat_rows(result, text))
        self._rows.extend(rows)
        self.reports += 1
        self.casualties += len(rows)
        if len(self._rows) >= ROW_GROUP:
            self._flush()

    def reject(self, reject: Reject) -> None:
        """Add an input that could not be read."""
        self._rejects.write(msgspec.json.encode(reject) + b"\n")
        self.rejects += 1

    def manifest(self, manifest: Mapping[str, Any]) -> None:
        """Set what ``run.json`` holds; without it there is no such file."""
        self._manifest = manifest

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._flush()
                self._write_manifest()
            for file in (self._reports, self._rejects, self._csv, self._parquet):
                file.close()
            if kind is None:
                self._give_names()
        finally:  # A full disk shows itself only here.
            for name in FILES:
                self._temporary(name).unlink(missing_ok=True)

    def _give_names(self) -> None:
        for name in FILES:
            if self._temporary(name).exists():
                os.replace(self._temporary(name), self.out / name)
            else:  # An earlier run's manifest would speak of files that are gone.
                (self.out / name).unlink(missing_ok=True)

    def _flush(self) -> None:
        for start in range(0, len(self._rows), ROW_GROUP):
            rows = self._rows[start : start + ROW_GROUP]
            self._parquet.write_table(pa.Table.from_pylist(rows, SCHEMA), row_group_size=ROW_GROUP)
            self._cells.writerows(map(_guarded, rows))
        self._rows.clear()

    def _write_manifest(self) -> None:
        if self._manifest is not None:
            text = json.dumps(self._manifest, ensure_ascii=False, indent=2) + "\n"
            # Names of inputs may hold bytes that are no UTF-8; they must not cost a whole run.
            self._temporary(MANIFEST).write_text(writable(text), encoding="utf-8")

    def _temporary(self, name: str) -> Path:
        return self.out / f".{name}.tmp"


def _guarded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _guarded_cell(value) for name, value in row.items()}


def _guarded_cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
