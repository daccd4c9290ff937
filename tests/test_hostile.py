"""Rows and texts that are made to break a reader, or what is done with what it read."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pytest

from pipeline.run import run
from pipeline.schema import Report

from .conftest import ARABIC, fake_results
from .reading import read, read_bytes

TEXT = "قُتل ثلاثة مدنيين بقصف على البلدة."
LONG = 200 * 10**6


def write_long_line(path: Path, head: bytes, tail: bytes) -> Path:
    """A file with a line of 200 MB: sparse where the file system can, so that it is made fast."""
    with path.open("wb") as file:
        file.write(head)
        piece = b"a" * 10**6
        for _ in range(LONG // len(piece)):
            file.write(piece)
        file.write(tail)
    return path


@pytest.mark.parametrize(
    ("name", "head", "tail", "kept"),
    [
        ("a.jsonl", b'{"text": "', b'"}\n{"text": "' + TEXT.encode() + b'"}\n', 1),
        ("a.csv", b"text\n", b"\n", 0),
        ("a.tsv", b'id\ttext\n1\t"', b'"\n', 0),
        ("a.txt", b"", b"", 0),
        ("a.html", b"<p>", b"</p>", 0),
        ("a.mbox", b"From a@b Mon Jan  1 00:00:00 2018\n\n", b"\n", 0),
    ],
)
def test_lines_of_200_mb_take_no_memory(
    tmp_path: Path, name: str, head: bytes, tail: bytes, kept: int
) -> None:
    path = write_long_line(tmp_path / name, head, tail)
    tracemalloc.start()
    reports, rejects = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    path.unlink()
    assert len(reports) == kept and len(rejects) == 1
    assert "longer than" in rejects[0].reason
    assert peak < 150 * 2**20


def test_wide_encodings_have_long_lines_too(tmp_path: Path) -> None:
    lines = '{"text": "' + "a" * 5000 + '"}\n{"text": "' + TEXT + '"}\n'
    (tmp_path / "a.jsonl").write_bytes(lines.encode("utf-16"))
    (report,), (reject,) = read(tmp_path / "a.jsonl", max_report_bytes=2000)
    assert report.text == TEXT and "longer than" in reject.reason


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv"])
def test_nuls_are_kept_or_refused_but_stop_nothing(tmp_path: Path, name: str) -> None:
    text = ARABIC.replace(" أمس", "\0أمس").replace("\r\n", " ")
    data = {
        "a.txt": text.encode(),
        "a.jsonl": json.dumps({"text": text}).encode(),
        "a.csv": b'text\n"' + text.encode() + b'"\n',
    }[name]
    (report,), _ = read_bytes(tmp_path, name, data)
    assert report.text == text
    reports, (reject,) = read_bytes(tmp_path, name, bytes(5000))
    assert reports == [] and reject.reason


def test_lone_surrogates_are_refused_row_by_row(tmp_path: Path) -> None:
    rows = [r'{"text": "\ud83d"}', r'{"text": "a", "title": "\udc00"}', json.dumps({"text": TEXT})]
    reports, rejects = read_bytes(tmp_path, "a.jsonl", "\n".join(rows).encode())
    assert [r.text for r in reports] == [TEXT]
    assert all("surrogate" in reject.reason for reject in rejects) and len(rejects) == 2
    # In UTF-8 they are no characters at all.
    reports, _ = read_bytes(tmp_path, "a.txt", ARABIC.encode() * 4 + b"\xed\xa0\x80")
    reports[0].text.encode("utf-8")


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'[{"text":'])
def test_deep_nesting_of_json(tmp_path: Path, opened: bytes) -> None:
    data = opened * 200_000 + b"\n" + json.dumps({"text": TEXT}).encode()
    (report,), (reject,) = read_bytes(tmp_path, "a.jsonl", data)
    assert report.text == TEXT and "JSON" in reject.reason


HOSTILE = [
    '=HYPERLINK("http://x","y") قُتل ثلاثة مدنيين',
    "+cmd|' /C calc'!A0 قُتل ثلاثة",
    "@SUM(1+1) قُتل ثلاثة مدنيين",
    "\t=1+1 قُتل ثلاثة مدنيين",
    "<script>alert(1)</script> قُتل ثلاثة مدنيين <img src=x onerror=alert(1)>",
]


def test_formulas_and_tags_in_texts_stay_text(tmp_path: Path, model: Path) -> None:
    rows = tmp_path / "a.jsonl"
    rows.write_text(
        "".join(json.dumps({"id": text, "text": text, "title": text}) + "\n" for text in HOSTILE)
    )
    out = tmp_path / "out"
    run([rows], out, model=model, make=lambda _: fake_results)
    with (out / "casualties.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in list(csv.reader(file))[1:] for cell in row]
    assert len(cells) > 40
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    written = [json.loads(line) for line in (out / "reports.jsonl").open(encoding="utf-8")]
    assert [report["title"] for report in written] == HOSTILE


def test_text_is_data(tmp_path: Path) -> None:
    """A .txt keeps tags and entities as they are, because offsets count in it."""
    for text in HOSTILE:
        (report,), _ = read_bytes(tmp_path, "a.txt", text.encode())
        assert isinstance(report, Report) and report.text == text
