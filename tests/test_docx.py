from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from .reading import read_bytes

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TEXT = "قُتل ثلاثة مدنيين بقصف على البلدة."


def docx(body: str, *, head: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        xml = f'<?xml version="1.0"?>{head}<w:document {W}><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", xml)
    return out.getvalue()


def p(*runs: str) -> str:
    return f"<w:p>{''.join(f'<w:r><w:t>{run}</w:t></w:r>' for run in runs)}</w:p>"


def test_paragraphs_and_runs(tmp_path: Path) -> None:
    data = docx(p("قُتل ", "ثلاثة مدنيين") + p() + p("وأصيب &lt;سبعة&gt;"))
    (report,), _ = read_bytes(tmp_path, "2018-05-02.docx", data)
    assert report.text == "قُتل ثلاثة مدنيين\n\nوأصيب <سبعة>"
    assert (report.report_id, report.published, report.title) == ("2018-05-02.docx",) * 1 + (
        "2018-05-02",
        None,
    )


def test_tables_tabs_and_breaks(tmp_path: Path) -> None:
    cells = "".join(f"<w:tc>{p(text)}</w:tc>" for text in ("أحمد علي", "٢٥", "حلب"))
    body = f"<w:tbl><w:tr>{cells}</w:tr></w:tbl><w:p><w:r><w:t>أ</w:t><w:tab/><w:t>ب</w:t><w:br/>"
    (report,), _ = read_bytes(tmp_path, "a.docx", docx(body + "<w:t>ج</w:t></w:r></w:p>"))
    assert report.text == "أحمد علي \t٢٥ \tحلب \t\nأ\tب\nج"


def test_what_was_struck_out_is_left_out(tmp_path: Path) -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>خمسة</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>قُتل ثلاثة</w:t></w:r></w:ins>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    (report,), _ = read_bytes(tmp_path, "a.docx", docx(body))
    assert report.text == "قُتل ثلاثة"


def test_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    data = docx(p("&e9;"), head=f"<!DOCTYPE x [{laughs}]>")
    reports, (reject,) = read_bytes(tmp_path, "a.docx", data)
    assert reports == [] and "document type" in reject.reason


def test_entities_that_read_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("سر")
    head = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]>'
    reports, (reject,) = read_bytes(tmp_path, "a.docx", docx(p("&s;"), head=head))
    assert reports == [] and "document type" in reject.reason


def test_deep_nesting_is_read(tmp_path: Path) -> None:
    body = "<w:sdt>" * 100_000 + p(TEXT) + "</w:sdt>" * 100_000
    (report,), _ = read_bytes(tmp_path, "a.docx", docx(body))
    assert report.text == TEXT


def test_a_text_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(docx(p("ا" * 3_000_000)))
    from .reading import read

    reports, (reject,) = read(path, max_document_bytes=10**6)
    assert reports == [] and "split it" in reject.reason


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (docx(p()), "no text"),
        (docx("<w:p>"), "damaged"),
        (b"PK\x03\x04", "damaged"),
        (b"\xd0\xcf\x11\xe0", "damaged"),
    ],
)
def test_what_is_no_document(tmp_path: Path, data: bytes, word: str) -> None:
    reports, (reject,) = read_bytes(tmp_path, "a.docx", data)
    assert reports == [] and word in reject.reason


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "x")
    _, (reject,) = read_bytes(tmp_path, "a.docx", out.getvalue())
    assert "no Word document" in reject.reason
