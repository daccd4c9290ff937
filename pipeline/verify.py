"""Whether the files of a run are as the run left them, and say the same as each other."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from .database import table_counts
from .flat import flat_rows
from .journal import FOLDER, Totals
from .manifest import RunSummary
from .schema import Reject, ReportResult
from .stored import stored_results
from .tables import TABLES, table_rows
from .write import CSV, DATABASE, MANIFEST, PARQUET, REJECTS, REPORTS, describe_file, guarded

MOST_SAID = 5  # of one kind of fault; the rest is counted
Row = dict[str, Any]
Fault = Callable[[str], None]


class Verified(Struct, frozen=True):
    """What a check found: faults, each a sentence, and the counts of what is there."""

    faults: tuple[str, ...]
    counts: Totals


class _Faults:
    """Sentences, of each kind not more than a person reads."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._more: dict[str, int] = {}

    def of(self, kind: str) -> Fault:
        """Takes down one fault of ``kind``."""

        def add(sentence: str) -> None:
            self._more[kind] = self._more.get(kind, 0) + 1
            if self._more[kind] <= MOST_SAID:
                self.found.append(f"{kind}: {sentence}")

        return add

    def all(self) -> tuple[str, ...]:
        """The sentences, and how many more there were of each kind."""
        more = {kind: n - MOST_SAID for kind, n in self._more.items() if n > MOST_SAID}
        return (*self.found, *(f"{kind}: {n:,} more faults" for kind, n in more.items()))


def verify(out: str | Path) -> Verified:
    """Check the outputs in the folder ``out`` against its ``run.json`` and against each other.

    Sizes and hashes are those of the manifest, and its counts; ids are unique, and what refers to a
    record finds it; both tables hold the casualties of ``reports.jsonl``, and the database, where
    there is one, has as many rows as they come to. Reads the files in a
    stream, but keeps the ids of the reports. Raises FileNotFoundError where there is no manifest,
    ValueError where it can't be read.
    """
    out = Path(out)
    manifest = read_manifest(out)
    faults = _Faults()
    if (out / FOLDER).exists():
        faults.of(FOLDER)("a later run into this folder broke off; go on with it by --resume")
    _check_files(out, manifest, faults)
    counts = Totals(words=manifest.counts.words)
    if all((out / name).is_file() for name in (REPORTS, CSV, PARQUET, REJECTS)):
        _check_contents(out, counts, faults)
        for name in Totals.__struct_fields__:
            told, found = getattr(manifest.counts, name), getattr(counts, name)
            if told != found:
                faults.of(MANIFEST)(f"it counts {told:,} {name}, the files hold {found:,}")
        _check_database(out, manifest, faults.of(DATABASE))
    return Verified(faults.all(), counts)


def read_manifest(out: Path) -> RunSummary:
    """The ``run.json`` in ``out``; raises as `verify`."""
    path = out / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunSummary)
    except (FileNotFoundError, NotADirectoryError) as error:
        kept = (out / FOLDER).exists()
        remedy = "its run broke off, go on with --resume" if kept else "name the --out of a run"
        raise FileNotFoundError(f"{out} holds no {MANIFEST}; {remedy}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is no manifest of this version ({error}); run again to have one"
        ) from error


def _check_files(out: Path, manifest: RunSummary, faults: _Faults) -> None:
    for name in (REPORTS, CSV, PARQUET, REJECTS):
        path, told = out / name, manifest.outputs.get(name)
        if not path.is_file():
            faults.of(name)("it is missing")
        elif told is None:
            faults.of(MANIFEST)(f"it does not name {name}")
        elif (found := describe_file(path)) != told:
            size = f"{found.bytes:,} bytes, {told.bytes:,} when it was written"
            faults.of(name)(f"it has changed since the run (SHA-256 differs; {size})")


def _check_contents(out: Path, counts: Totals, faults: _Faults) -> None:
    for _ in _lines(out / REJECTS, Reject, faults.of(REJECTS)):
        counts.rejects += 1
    rows = _rows_of_reports(out, counts, faults)
    try:
        _check_tables(rows, _parquet_rows(out / PARQUET), _csv_rows(out / CSV), faults)
    except (OSError, pa.ArrowException, csv.Error, UnicodeDecodeError) as error:
        faults.of("tables")(f"they can't be read to their end ({error})")
        for _ in rows:  # The reports are still to be counted.
            pass


def _check_database(out: Path, manifest: RunSummary, fault: Fault) -> None:
    """Its rows against the other files; not its bytes, which DuckDB does not promise."""
    if not (out / DATABASE).exists():
        if manifest.options.get("database"):
            fault(f"it is missing; make it anew by: hasila database {out}")
        return
    try:
        expected = Counter(name for s in stored_results(out) for name, _ in table_rows(s))
    except (OSError, ValueError):
        return  # What is wrong with the other files is said already.
    try:
        found = table_counts(out)
    except (OSError, ValueError) as error:
        fault(str(error))
        return
    for name in TABLES:
        if found[name] != expected[name]:
            fault(
                f"its table {name} has {found[name]:,} rows, {expected[name]:,} by the other files;"
                f" make it anew by: hasila database {out}"
            )


def _lines(path: Path, kind: type[Any], fault: Fault) -> Iterator[Any]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield msgspec.json.decode(line, type=kind)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                fault(f"line {number} is not as the contract has it ({error})")


def _rows_of_reports(out: Path, counts: Totals, faults: _Faults) -> Iterator[Row]:
    """The flat rows of ``reports.jsonl``, but for the words of the evidence, which it has not."""
    seen: set[str] = set()
    fault = faults.of(REPORTS)
    for result in _lines(out / REPORTS, ReportResult, fault):
        counts.reports += 1
        counts.events += len(result.events)
        counts.warnings += len(result.warnings)
        if result.report_id in seen:
            fault(f"the report {result.report_id} is there twice")
        seen.add(result.report_id)
        _check_ids(result, fault)
        for row in flat_rows(result, ""):
            counts.casualties += 1
            yield row


def _check_ids(result: ReportResult, fault: Fault) -> None:
    events = [event.event_id for event in result.events]
    casualties = [record for event in result.events for record in event.casualties]
    ids = [record.casualty_id for record in casualties]
    for name, times in Counter([*events, *ids]).items():
        if times > 1:
            fault(f"the id {name} is there {times} times")
    for name in (*events, *ids):
        if not name.startswith(f"{result.report_id}#"):
            fault(f"the id {name} is not one of the report {result.report_id}")
    told = [name for record in casualties for name in (record.subset_of, record.same_as)]
    told += [name for warning in result.warnings for name in warning.casualty_ids]
    for name in sorted({name for name in told if name is not None} - set(ids)):
        fault(f"{result.report_id} refers to {name}, which is no record of it")


def _parquet_rows(path: Path) -> Iterator[Row]:
    for batch in pq.ParquetFile(path).iter_batches(batch_size=1000):
        yield from batch.to_pylist()


def _csv_rows(path: Path) -> Iterator[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _check_tables(
    rows: Iterable[Row], parquet: Iterable[Row], cells: Iterable[Row], faults: _Faults
) -> None:
    for number, (row, stored, text) in enumerate(zip_longest(rows, parquet, cells), start=1):
        if row is None:
            extra = [PARQUET] * (stored is not None) + [CSV] * (text is not None)
            faults.of(" and ".join(extra))(f"row {number} is no casualty of {REPORTS}")
            continue
        where = f"row {number} ({row['casualty_id']})"
        # What the evidence says stands in the tables alone.
        row["evidence_text"] = stored.get("evidence_text") if stored is not None else None
        _check_row(row, stored, where, faults.of(PARQUET))
        if stored is None and text is not None:
            row["evidence_text"] = text.get("evidence_text")
        _check_row(_as_text(row), text, where, faults.of(CSV))


def _check_row(expected: Row, row: Row | None, where: str, fault: Fault) -> None:
    if row is None:
        fault(f"{where} of {REPORTS} is missing")
    elif row != expected:
        names = sorted(str(k) for k in {*row, *expected} if row.get(k) != expected.get(k))
        fault(f"{where} says another thing than {REPORTS} in {', '.join(names)}")


def _as_text(row: Row) -> Row:
    """A row as it is read back from the CSV."""
    return {k: "" if v is None else str(v) for k, v in guarded(row).items()}
