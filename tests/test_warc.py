from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

pytest.importorskip("warcio")
pytest.importorskip("trafilatura")

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from .pdfs import lines, pdf
from .reading import read_bytes
from .test_pages import BODY, DAY, TITLE, page

TEXT = "قُتل ثلاثة مدنيين بقصف على البلدة."
Entry = tuple[str, str, str, bytes]  # address, status, content type, body


def warc(*entries: Entry, packed: bool = False, encoding: str | None = None) -> bytes:
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "test"}))
    for address, status, kind, body in entries:
        headers = [("Content-Type", kind)]
        if encoding:
            headers.append(("Content-Encoding", encoding))
        head = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        record = writer.create_warc_record(
            address, "response", payload=io.BytesIO(body), http_headers=head
        )
        writer.write_record(record)
    return out.getvalue()


PAGE: Entry = ("https://example.org/a", "200 OK", "text/html", page(DAY).encode())


@pytest.mark.parametrize("packed", [False, True])
def test_pages(tmp_path: Path, packed: bool) -> None:
    entries = [
        PAGE,
        ("https://example.org/logo.png", "200 OK", "image/png", b"\x89PNG"),
        ("https://example.org/gone", "404 Not Found", "text/html", page().encode()),
        ("https://example.org/t", "200 OK", "text/plain", TEXT.encode()),
    ]
    name = "a.warc.gz" if packed else "a.warc"
    reports, rejects = read_bytes(tmp_path, name, warc(*entries, packed=packed))
    assert [r.report_id for r in reports] == [f"{name}#2", f"{name}#5"] and rejects == []
    assert reports[0].text == "\n".join([TITLE, *BODY])
    assert (reports[0].source, reports[0].published) == ("https://example.org/a", "2018-05-02")
    assert reports[1].text == TEXT


def test_the_encoding_that_the_server_says(tmp_path: Path) -> None:
    body = page().replace("©", "").encode("iso-8859-6")
    entry = ("https://example.org/a", "200 OK", "text/html; charset=ISO-8859-6", body)
    (report,), _ = read_bytes(tmp_path, "a.warc", warc(entry))
    assert report.text == "\n".join([TITLE, *BODY])


def test_documents_in_it(tmp_path: Path) -> None:
    entry = ("https://example.org/a", "200 OK", "application/pdf", pdf(lines("قتل ثلاثة مدنيين")))
    (report,), _ = read_bytes(tmp_path, "a.warc", warc(entry))
    assert report.text == "قتل ثلاثة مدنيين"


def test_packed_pages_are_bounded(tmp_path: Path) -> None:
    from pipeline.blobs import ReadOptions

    most = ReadOptions().max_document_bytes
    entry = ("https://example.org/a", "200 OK", "text/plain", gzip.compress(bytes(most + 9)))
    _, (reject,) = read_bytes(tmp_path, "a.warc", warc(entry, encoding="gzip"))
    assert "longer than" in reject.reason


@pytest.mark.parametrize("data", [b"", b"no archive", warc(PAGE)[:500], warc()])
def test_what_is_no_web_archive(tmp_path: Path, data: bytes) -> None:
    reports, rejects = read_bytes(tmp_path, "a.warc", data)
    assert reports == [] and len(rejects) == 1
