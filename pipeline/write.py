"""Parts of a run -> its files. All appear together under their names when the run is complete.

The same results give the same bytes, whatever made them; only ``run.json`` holds times.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import file_digest
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from .decode import writable
from .flat import SCHEMA
from .journal import Part, clear_errors
from .manifest import OutputFile

# Casualty records held in memory before they are written; also the size of a parquet row group.
ROW_GROUP = 10_000
REPORTS, CSV, PARQUET, REJECTS, MANIFEST = FILES = (
    "reports.jsonl",
    "casualties.csv",
    "casualties.parquet",
    "rejects.jsonl",
    "run.json",
)
# Made of the other files when they are whole: see `pipeline.database`.
DATABASE = "events.duckdb"
# Spreadsheets run a cell that starts so as a formula, which a hostile report could use.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Makes what ``run.json`` holds of the size and hash of each other file.
Manifest = Callable[[Mapping[str, OutputFile]], Mapping[str, Any]]


class Writer:
    """Writes the files of a run into the folder ``out``, which is made where it is missing.

    A context manager: the files get their names when it is left without an exception, ``run.json``
    last, and nothing stays behind otherwise. ``needed`` bytes are about what they will take; where
    the disk does not take them, RunError says so. In the CSV a text cell that a spreadsheet would
    take for a formula starts with an apostrophe; in the other files every text is as it was.
    """

    def __init__(self, out: str | Path, needed: int | None = None) -> None:
        self.out, self.needed = Path(out), needed
        self._rows: list[dict[str, Any]] = []
        self._manifest: Manifest | None = None
        self._files: dict[str, BinaryIO] = {}
        self._parquet: Any = None

    def __enter__(self) -> Writer:
        try:
            with clear_errors(self.out, self.needed):
                self._open()
        except BaseException:
            self._discard()
            raise
        return self

    def _open(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        for name in FILES[:-1]:
            self._files[name] = self._temporary(name).open("wb")
        self._parquet = pq.ParquetWriter(self._files[PARQUET], SCHEMA, compression="zstd")
        self._text = TextIOWrapper(self._files[CSV], "utf-8", newline="")
        self._cells = csv.DictWriter(self._text, SCHEMA.names, lineterminator="\n")
        self._cells.writeheader()

    def add(self, part: Part) -> None:
        """Add what a run writes of its next items."""
        with clear_errors(self.out, self.needed):
            self._files[REPORTS].write(part.reports)
            self._files[REJECTS].write(part.rejects)
            self._rows.extend(dict(zip(SCHEMA.names, row, strict=True)) for row in part.rows)
            while len(self._rows) >= ROW_GROUP:
                self._flush()

    def manifest(self, manifest: Manifest) -> None:
        """Set what makes ``run.json``; without it there is no such file."""
        self._manifest = manifest

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with clear_errors(self.out, self.needed):
                    self._finish()
                    self._give_names()
        finally:  # A full disk shows itself only here.
            self._discard()

    def _finish(self) -> None:
        """All bytes of every file on the disk, still under other names."""
        if self._rows:
            self._flush()
        self._parquet.close()
        self._text.flush()
        for file in self._files.values():
            _sync_and_close(file)
        if self._manifest is not None:
            text = json.dumps(self._manifest(self._outputs()), ensure_ascii=False, indent=2) + "\n"
            with self._temporary(MANIFEST).open("wb") as file:
                # Names of inputs may hold bytes that are no UTF-8; they must not cost a run.
                file.write(writable(text).encode("utf-8"))
                _sync_and_close(file)

    def _outputs(self) -> dict[str, OutputFile]:
        return {name: describe_file(self._temporary(name)) for name in FILES[:-1]}

    def _give_names(self) -> None:
        # An earlier run's manifest and database would speak of files that are gone.
        (self.out / MANIFEST).unlink(missing_ok=True)
        (self.out / DATABASE).unlink(missing_ok=True)
        for name in FILES:
            if self._temporary(name).exists():
                os.replace(self._temporary(name), self.out / name)
        sync_folder(self.out)

    def _discard(self) -> None:
        if self._parquet is not None:
            self._parquet.is_open = False  # Else it would write its end when it is collected.
        for file in self._files.values():
            if not file.closed:
                _close_anyhow(file)
        for name in FILES:
            with suppress(IsADirectoryError, PermissionError):
                self._temporary(name).unlink(missing_ok=True)

    def _flush(self) -> None:
        rows, self._rows = self._rows[:ROW_GROUP], self._rows[ROW_GROUP:]
        self._parquet.write_table(pa.Table.from_pylist(rows, SCHEMA), row_group_size=ROW_GROUP)
        self._cells.writerows(map(guarded, rows))

    def _temporary(self, name: str) -> Path:
        return self.out / f".{name}.tmp"


def _sync_and_close(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _close_anyhow(file: BinaryIO) -> None:
    with suppress(OSError):  # What is still to be written goes nowhere; another error says why.
        file.close()


def sync_folder(folder: Path) -> None:
    """Bring the names in ``folder`` to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that gets the name ``path`` when it is whole, in place of an older one."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def describe_file(path: Path) -> OutputFile:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        return OutputFile(path.stat().st_size, file_digest(file, "sha256").hexdigest())


def guarded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the flat table as it stands in the CSV, where no cell may pass for a formula."""
    return {name: _guarded_cell(value) for name, value in row.items()}


def _guarded_cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
