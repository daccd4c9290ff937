"""A finished run's results, read back from its files in a stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from .schema import ReportResult
from .write import PARQUET, REPORTS

# A result, and the words of the evidence of each of its casualty records, in their order.
Stored = tuple[ReportResult, list[str]]
BATCH = 1000


def stored_results(out: str | Path) -> Iterator[Stored]:
    """The results that the run in the folder ``out`` wrote, with what their evidence says.

    Raises FileNotFoundError where a file is missing, ValueError where one can't be read or they
    do not belong together.
    """
    out = Path(out)
    check_there(out)
    evidence = _evidence(out / PARQUET)
    for result in _results(out / REPORTS):
        ids = [record.casualty_id for event in result.events for record in event.casualties]
        told = list(islice(evidence, len(ids)))
        if [name for name, _ in told] != ids:
            raise ValueError(
                f"{out}: {PARQUET} does not hold the records of {result.report_id} as {REPORTS}"
                f" does; hasila verify {out} says more"
            )
        yield result, [text for _, text in told]


def check_there(out: Path) -> None:
    """Raises FileNotFoundError where ``out`` is not the folder of a finished run."""
    for name in (REPORTS, PARQUET):
        if not (out / name).is_file():
            raise FileNotFoundError(f"{out} holds no {name}; name the --out of a finished run")


def _results(path: Path) -> Iterator[ReportResult]:
    decoder = msgspec.json.Decoder(ReportResult)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ValueError(
                    f"{path}, line {number}, is not as this version writes it ({error}); run again"
                ) from error


def _evidence(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH, columns=["casualty_id", "evidence_text"]):
                columns = (batch.column(name).to_pylist() for name in batch.schema.names)
                yield from zip(*columns, strict=True)
    except pa.ArrowException as error:
        raise ValueError(f"{path} can't be read ({error}); run again") from error
