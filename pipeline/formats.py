"""One file of reports -> its rows: plain text, JSON lines, tables; and the reader of each suffix.

Text is kept exactly as it is read: newlines and HTML entities stay, and offsets count in it. It
equals ``open(file, encoding=..., newline="").read()`` but for a byte-order mark, which is dropped,
and for mojibake, which is repaired.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from .archives import read_tar, read_zip
from .blobs import (
    Blob,
    Draft,
    Read,
    Reader,
    ReadOptions,
    draft,
    of_bearable_length,
    random_access,
    read_whole,
    reject,
    too_long,
)
from .decode import DecodeError, decode, find_encoding, repair, repairs
from .docx import read_docx
from .mail import read_mail, read_mbox
from .pages import read_html
from .pdf import read_pdf
from .report_day import published_from_name
from .rows import Fields, RowError, check_header, find_columns, read_row
from .schema import Reject
from .warc import read_warc

__all__ = ["READERS", "ReadOptions"]

T = TypeVar("T")
L = TypeVar("L", str, bytes)


def _read_text(blob: Blob, options: ReadOptions) -> Read:
    raw = decode(read_whole(blob, options.max_report_bytes), blob.charset)
    text = repair(raw)
    if not text.strip():
        raise RowError("it holds no text; fetch it again or leave it out")
    fields = Fields(
        text=text,
        published=published_from_name(Path(blob.name).name),
        repairs=repairs(raw, text),
    )
    yield draft(blob, fields, options)


def _read_jsonl(blob: Blob, options: ReadOptions) -> Read:
    with blob.open() as raw:
        for number, line in enumerate(_lines(raw, options.max_report_bytes), start=1):
            if line is None:
                yield reject(f"{blob.source}#{number}", too_long(options.max_report_bytes))
            elif line.strip():
                yield _row(blob, number, _json_object, line, options)


def _row(
    blob: Blob,
    number: int,
    to_row: Callable[[T], Mapping[str, Any]],
    raw: T,
    options: ReadOptions,
) -> Draft | Reject:
    """The report of the row that ``to_row`` makes of ``raw``, or why there is none."""
    try:
        fields = of_bearable_length(read_row(to_row(raw), options.columns), options)
    except (RowError, DecodeError) as error:
        return reject(f"{blob.source}#{number}", error)
    return Draft(fields, f"{blob.name}#{number}", blob.source, f"{blob.source}#{number}")


def _lines(raw: io.BufferedIOBase, limit: int) -> Iterator[bytes | None]:
    """The lines of a stream as UTF-8 or an 8-bit encoding; None for one of over ``limit`` bytes."""
    stream = io.BufferedReader(raw, 2**16)
    encoding = find_encoding(stream.peek(2**16), whole=False) or "utf-8"
    if encoding.startswith(("utf-16", "utf-32")):  # A newline is no single byte there.
        wide = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")
        for text in _bounded(wide.readline, "\n", limit):
            yield None if text is None else text.lstrip("\ufeff").encode("utf-8")
        return
    yield from _bounded(stream.readline, b"\n", limit)


def _bounded(readline: Callable[[int], L], newline: L, limit: int) -> Iterator[L | None]:
    """The lines that ``readline`` gives; None for one of over ``limit``, which is never held."""
    while line := readline(limit + 1):
        if len(line) <= limit:
            yield line
            continue
        while line and not line.endswith(newline):
            line = readline(limit)
        yield None


def _json_object(line: bytes) -> Mapping[str, Any]:
    text = decode(line)
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        value = _lenient_json(text)
    if not isinstance(value, dict):
        raise RowError("it is no JSON object; write one object with 'id' and 'text' a line")
    return value


def _lenient_json(text: str) -> object:
    """JSON as Python writes it, which allows NaN."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(f"it is no valid JSON ({error}); export the file again") from error


def _read_csv(blob: Blob, options: ReadOptions) -> Read:
    with blob.open() as raw:
        stream = io.BufferedReader(raw, 2**16)
        head = stream.peek(2**16)
        encoding = find_encoding(head, whole=False)
        if encoding is None:
            raise RowError("it is not text (it holds binary data); export it as .csv again")
        csv.field_size_limit(options.max_report_bytes)
        lines = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        delimiter = _delimiter(head.decode(encoding, errors="replace"))
        rows = csv.reader(_csv_lines(lines, options), delimiter=delimiter, strict=True)
        header = tuple(name.strip().lstrip("\ufeff") for name in _header(rows))
        check_header(header, options.columns)
        to_row = partial(_csv_row, header)
        for number, cells in enumerate(_csv_rows(rows), start=1):
            if cells:
                yield _row(blob, number, to_row, cells, options)


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        return next(rows, [])
    except csv.Error as error:
        why = f"its column names can't be told apart ({error}); export it again"
        raise RowError(why) from error


def _csv_lines(stream: io.TextIOWrapper, options: ReadOptions) -> Iterator[str]:
    limit = options.max_report_bytes
    while line := stream.readline(limit + 1):
        if len(line) > limit:  # Cells of the next lines can't be told from those of this one.
            raise RowError(f"a line of it is longer than {limit:,} characters; export it again")
        yield line


def _delimiter(head: str) -> str:
    """The separator of a table, judged by its first line."""
    header = head.splitlines()[0] if head else ""
    return max(",;\t|", key=header.count)


def _csv_rows(rows: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    """The rows of a table, with the error in the place of a row that is broken."""
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _csv_row(header: Sequence[str], cells: list[str] | csv.Error) -> Mapping[str, Any]:
    if isinstance(cells, csv.Error):
        raise RowError(f"its cells can't be told apart ({cells}); put quotes around its text")
    if len(cells) > len(header):
        raise RowError(
            f"it has {len(cells)} cells under {len(header)} column names; put quotes around texts"
            " that hold the separator"
        )
    # A short row is padded, so that the columns stay the same and only its values are missing.
    return dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True))


def _read_parquet(blob: Blob, options: ReadOptions) -> Read:
    import pyarrow.parquet as pq

    # Its index is at its end.
    with random_access(blob, options.max_member_bytes) as raw:
        table = pq.ParquetFile(raw)
        names = tuple(table.schema_arrow.names)
        check_header(names, options.columns)
        wanted = {name for found in find_columns(names, options.columns).values() for name in found}
        number = 0
        for batch in table.iter_batches(batch_size=256, columns=sorted(wanted)):
            for row in _whole_microseconds(batch).to_pylist():
                number += 1
                yield _row(blob, number, dict, row, options)


def _whole_microseconds(batch: Any) -> Any:
    """``batch`` with times in microseconds: Python has no finer ones."""
    import pyarrow as pa

    fields = [
        pa.field(f.name, pa.timestamp("us", f.type.tz)) if pa.types.is_timestamp(f.type) else f
        for f in batch.schema
    ]
    arrays = [
        column.cast(field.type, safe=False) if pa.types.is_timestamp(field.type) else column
        for column, field in zip(batch.columns, fields, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


# The reader of each suffix. Readers may raise anything; what they raise ends the one file.
READERS: dict[str, Reader] = {
    **dict.fromkeys((".txt", ".text"), _read_text),
    **dict.fromkeys((".html", ".htm", ".xhtml"), read_html),
    ".pdf": read_pdf,
    ".docx": read_docx,
    **dict.fromkeys((".jsonl", ".ndjson"), _read_jsonl),
    **dict.fromkeys((".csv", ".tsv"), _read_csv),
    ".parquet": _read_parquet,
    ".eml": read_mail,
    **dict.fromkeys((".mbox", ".mbx"), read_mbox),
    ".zip": read_zip,
    ".tar": read_tar,
    ".warc": read_warc,
}
