"""A web archive (.warc) -> the pages and documents in it, one after another."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stderr
from typing import Any

from .blobs import Blob, Opened, ReadOptions, needs, reject, too_long

# What a server says a page is, and the suffix whose reader takes it. The rest of a web archive
# (pictures, style sheets, scripts) is passed by without a line for each.
_SUFFIXES: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


def read_warc(blob: Blob, options: ReadOptions) -> Opened:
    """The pages of a web archive that a server gave with success, their address as the source.

    They are numbered by their records, from 1. Raises RowError where warcio is missing.
    """
    with needs("warcio"):
        from warcio.archiveiterator import ArchiveIterator

    with blob.open() as stream:
        found = 0
        for number, record in enumerate(_quietly(ArchiveIterator(stream)), start=1):
            suffix, charset = _kind(record)
            if suffix is None:
                continue
            found += 1
            data = record.content_stream().read(options.max_document_bytes + 1)
            if len(data) > options.max_document_bytes:
                yield reject(f"{blob.source}#{number}", too_long(options.max_document_bytes))
                continue
            blob.budget.take(len(data))
            yield blob.inner(
                f"#{number}",
                _bytes_opener(data),
                suffix=suffix,
                charset=charset,
                origin=record.rec_headers.get_header("WARC-Target-URI"),
            )
        if not found:
            yield reject(blob.source, "it holds no page; check that it is a web archive")


def _quietly(records: Iterable[Any]) -> Iterator[Any]:
    """``records`` without what warcio prints of damaged ones, which holds whatever is in them."""
    iterator = iter(records)
    while True:
        with redirect_stderr(io.StringIO()):
            record = next(iterator, None)
        if record is None:
            return
        yield record


def _kind(record: Any) -> tuple[str | None, str | None]:
    """The suffix and the charset of a record; no suffix for one that is no page."""
    if record.rec_type not in ("response", "resource"):
        return None, None
    headers = record.http_headers or record.rec_headers
    if record.http_headers and record.http_headers.get_statuscode() != "200":
        return None, None
    declared = headers.get_header("Content-Type") or ""
    charset = _CHARSET.search(declared)
    kind = declared.partition(";")[0].strip().lower()
    return _SUFFIXES.get(kind), charset[1] if charset else None


def _bytes_opener(data: bytes) -> Callable[[], io.BufferedIOBase]:
    return lambda: io.BytesIO(data)
