from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode import DecodeError, decode, repair
from pipeline.formats import ReadOptions
from pipeline.read import read_reports
from pipeline.rows import Columns, published_iso
from pipeline.schema import Reject, Report

from .conftest import ARABIC


def read(*inputs: Path | str, **options: object) -> tuple[list[Report], list[Reject]]:
    items = list(read_reports(inputs, ReadOptions(**options)))
    reports = [item for item in items if isinstance(item, Report)]
    return reports, [item for item in items if isinstance(item, Reject)]


def jsonl(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return path


# Encodings


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
def test_unicode_encodings_give_the_same_text(encoding: str) -> None:
    assert decode(ARABIC.encode(encoding)) == ARABIC


def test_windows_1256_is_told_from_utf8() -> None:
    assert decode(ARABIC.encode("cp1256")) == ARABIC


@pytest.mark.parametrize("text", ["", "a", "قتل", "Café à Beyrouth", "12\n", "نعم؟ لا!"])
def test_short_text_is_left_alone(text: str) -> None:
    assert repair(decode(text.encode())) == text


@given(st.text(st.characters(categories=["Lo", "Nd", "Zs", "Po"], max_codepoint=0x6FF), min_size=9))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    assert decode(text.encode()) == text


@pytest.mark.parametrize("wrong", ["cp1256", "latin-1"])
def test_mojibake_is_repaired(wrong: str) -> None:
    garbled = ARABIC.encode().decode(wrong)
    assert garbled != ARABIC
    assert repair(garbled) == ARABIC


def test_mojibake_through_cp1252_with_its_open_bytes_is_repaired() -> None:
    def misread(text: str) -> str:
        raw = [bytes([byte]) for byte in text.encode()]
        return "".join(b.decode("cp1252", "ignore") or b.decode("latin-1") for b in raw)

    assert repair(misread(ARABIC)) == ARABIC
    assert repair(misread(misread(ARABIC))) == ARABIC


def test_mojibake_that_lost_letters_is_refused() -> None:
    garbled = ARABIC.encode().decode("cp1252", "ignore")
    with pytest.raises(DecodeError, match="garbled"):
        repair(garbled)


def test_lost_letters_are_refused() -> None:
    with pytest.raises(DecodeError, match="question marks"):
        repair(ARABIC.encode("ascii", "replace").decode())
    with pytest.raises(DecodeError, match="can't be decoded"):
        repair("\ufffd" * 20 + "نص")


def test_one_bad_byte_does_not_lose_a_report() -> None:
    data = (ARABIC * 4).encode()
    assert decode(data[:400] + b"\xff" + data[400:]).count("\ufffd") <= 3
    assert decode(data[:-1] + b"\xd9").startswith(ARABIC)


def test_a_few_control_characters_do_not_lose_a_report() -> None:
    text = "\x1a\x1a" + ARABIC
    assert repair(decode(text.encode())) == text


def test_binary_data_is_refused() -> None:
    with pytest.raises(DecodeError, match="binary"):
        decode(bytes(range(256)) * 4)


# Files and folders


def test_text_is_kept_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + f"{ARABIC}&nbsp;&#1602;".encode())
    (report,), _ = read(path)
    assert report.text == path.open(encoding="utf-8-sig", newline="").read()
    assert "\r\n" in report.text and "&nbsp;" in report.text


def test_folder_is_read_recursively_by_name(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/y/x.txt", ".hidden.txt", ".DS_Store", "a/.git/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("نص", "utf-8")
    reports, rejects = read(tmp_path)
    assert [r.report_id for r in reports] == ["a/y/x.txt", "a/z.txt", "b.txt"]
    assert [r.source for r in reports] == [f"{tmp_path.name}/{r.report_id}" for r in reports]
    assert rejects == []


def test_same_id_is_made_unique(tmp_path: Path) -> None:
    rows = jsonl(tmp_path / "a.jsonl", *({"id": i, "text": "نص"} for i in ("x", "x~2", "x", "x")))
    reports, _ = read(rows, rows)
    ids = [r.report_id for r in reports]
    assert ids[:4] == ["x", "x~2", "x~3", "x~4"]
    assert len(set(ids)) == len(ids) == 8


def test_date_in_a_file_name_is_the_publication_day(tmp_path: Path) -> None:
    (tmp_path / "2018-05-02-daily.txt").write_text("نص", "utf-8")
    (tmp_path / "daily.txt").write_text("نص", "utf-8")
    reports, _ = read(tmp_path)
    assert [r.published for r in reports] == ["2018-05-02", None]


def test_limit_counts_reports(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", {"text": ""}, *({"text": "نص"} for _ in range(9)))
    reports, rejects = read(path, path, limit=3)
    assert (len(reports), len(rejects)) == (3, 1)


def test_reading_is_a_stream(tmp_path: Path) -> None:
    stream = read_reports([jsonl(tmp_path / "a.jsonl", {"text": "نص"}), tmp_path / "missing"])
    assert isinstance(next(stream), Report)
    assert isinstance(next(stream), Reject)


def test_standard_input_is_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ARABIC.encode())))
    (report,), _ = read("-")
    assert (report.report_id, report.text) == ("stdin", ARABIC)


# Rows


def test_jsonl_row(tmp_path: Path) -> None:
    row = {"source": "وكالة", "date": "2015-07-21 02:51:32", "headline": "عنوان", "body": "نص\n"}
    (report,), _ = read(jsonl(tmp_path / "news.jsonl", row))
    assert report == Report(
        report_id="news.jsonl#1",
        text="عنوان\nنص\n",
        source="وكالة",
        title="عنوان",
        published="2015-07-21T02:51:32",
    )


def test_number_of_a_row_is_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "نص"}\n\n{"text": "نص"}\n', "utf-8")
    reports, _ = read(path)
    assert [r.report_id for r in reports] == ["a.jsonl#1", "a.jsonl#3"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1256"])
def test_jsonl_and_csv_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    lines = '{"id": "1", "text": "مقتل شاب"}\n{"id": "2", "text": "إصابة سيدة"}\n'
    (tmp_path / "a.jsonl").write_bytes(lines.encode(encoding))
    (tmp_path / "b.csv").write_bytes("id;النص\r\n3;مقتل شاب\r\n4;إصابة سيدة\r\n".encode(encoding))
    reports, rejects = read(tmp_path)
    assert rejects == []
    assert [r.report_id for r in reports] == ["1", "2", "3", "4"]
    assert [r.text for r in reports] == ["مقتل شاب", "إصابة سيدة"] * 2


def test_bad_rows_do_not_stop_the_good_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        "{",
        "[1]",
        '{"id": "x"}',
        '{"text": ""}',
        '{"text": 5}',
        '{"text": "\\ud800"}',
        '{"\\ud800": 1}',
        "[" * 99999,
    ]
    path.write_text("\n".join([*lines, '{"text": "نص", "title": NaN}']), "utf-8")
    reports, rejects = read(path)
    assert [r.report_id for r in reports] == ["a.jsonl#9"]
    assert [r.input for r in rejects] == [f"a.jsonl#{n}" for n in range(1, 9)]
    words = ["JSON", "object", "column", "empty", "int", "surrogate", "column", "recursion"]
    for reject, word in zip(rejects, words, strict=True):
        reject.reason.encode("utf-8")
        assert word in reject.reason and reject.input in reject.reason


def test_csv_with_quotes_and_broken_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"سطر\nآخر, ""هنا"""\n2,نص,زائد\n3\n4,نص\n', "utf-8")
    reports, rejects = read(path)
    assert [(r.report_id, r.text) for r in reports] == [("1", 'سطر\nآخر, "هنا"'), ("4", "نص")]
    assert [r.input for r in rejects] == ["a.csv#2", "a.csv#3"]
    assert "quotes" in rejects[0].reason


def test_csv_with_an_open_quote_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,نص\n2,"نص\n3,نص\n', "utf-8")
    reports, (reject,) = read(path)
    assert [r.report_id for r in reports] == ["1"]
    assert "quotes" in reject.reason


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["nr", "post", "text"], [7, "نص", "غيره"]])
    (report,), _ = read(path, columns=Columns(text="post", id="nr"))
    assert (report.report_id, report.text) == ("7", "نص")
    _, (reject,) = read(path, columns=Columns(text="missing"))
    assert "'missing'" in reject.reason and "nr, post, text" in reject.reason
    _, (reject,) = read(path, columns=Columns(id="missing"))
    assert "'missing'" in reject.reason


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "_id": [1.0, None],
            "Content": ["نص", None],
            "date": pa.array([datetime(2018, 5, 2, 3), None], pa.timestamp("ns")),
            "other": [{"a": 1}, None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (report,), (reject,) = read(tmp_path / "a.parquet")
    assert (report.report_id, report.published) == ("1", "2018-05-02T03:00:00")
    assert reject.input == "a.parquet#2" and "empty" in reject.reason


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2018-05-02", "2018-05-02"),
        ("2018-05-02T01:02:03Z", "2018-05-02T01:02:03+00:00"),
        ("2018-05-02 01:02:03.5+03:00", "2018-05-02T01:02:03+03:00"),
        ("2/5/2018", "2018-05-02"),
        ("٠٢/٠٥/٢٠١٨", "2018-05-02"),
        ("2018/5/2 13:05", "2018-05-02T13:05:00"),
        ("Wed, 02 May 2018 01:02:03 +0300", "2018-05-02T01:02:03+03:00"),
        (20180502, "2018-05-02"),
        (1525219200, "2018-05-02T00:00:00+00:00"),
        ("1525219200000", "2018-05-02T00:00:00+00:00"),
        (date(2018, 5, 2), "2018-05-02"),
        ("31/31/2018", None),
        ("0001-01-01", None),
        ("yesterday", None),
        (True, None),
        (float("nan"), None),
        ([], None),
    ],
)
def test_published(value: object, iso: str | None) -> None:
    assert published_iso(value) == iso


# Archives


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_gzip(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress('{"text": "نص"}'.encode()))
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(ARABIC.encode()))
    reports, rejects = read(tmp_path)
    assert [r.report_id for r in reports] == ["a.jsonl.gz#1", "b.txt.gz"]
    assert reports[1].text == ARABIC and rejects == []


def test_zip(tmp_path: Path) -> None:
    table = io.BytesIO()
    pq.write_table(pa.table({"id": ["p"], "text": ["نص"]}), table)
    members = {
        "2018/b.txt": ARABIC.encode(),
        "2018/a.jsonl": '{"text": "نص"}'.encode(),
        "../../up.txt": ARABIC.encode(),
        "t.parquet": table.getvalue(),
        "__MACOSX/._b.txt": b"junk",
        "inner.zip": b"PK",
    }
    folder = tmp_path / "in"
    folder.mkdir()
    archive = packed(folder / "archive.zip", members)
    reports, (reject,) = read(archive)
    assert [r.report_id for r in reports] == [
        "2018/a.jsonl#1", "2018/b.txt", "p", "up.txt",
    ]  # fmt: skip
    assert reports[1].source == "archive.zip!2018/b.txt"
    assert reject.input == "archive.zip!inner.zip" and "damaged" in reject.reason
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["archive.zip", "in"]
    reports, _ = read(folder)
    assert reports[1].report_id == "archive.zip!2018/b.txt"
    assert reports[1].source == "in/archive.zip!2018/b.txt"


def test_large_members_and_reports_are_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"big.txt": b"a" * 5000, "small.txt": b"abc"})
    (report,), (reject,) = read(archive, max_member_bytes=4000)
    assert report.report_id == "small.txt" and "5,000 bytes" in reject.reason
    (tmp_path / "b.txt").write_text("a" * 200)
    path = jsonl(tmp_path / "c.jsonl", {"text": "a" * 200}, {"text": "b"})
    (report,), rejects = read(tmp_path / "b.txt", path, max_report_bytes=100)
    assert report.report_id == "c.jsonl#2"
    assert [r.input for r in rejects] == ["b.txt", "c.jsonl#1"]
    reports, rejects = read(path, max_report_characters=199)
    assert [r.text for r in reports] == ["b"] and "split it" in rejects[0].reason


def test_encrypted_member_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a.txt": b"abc"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1  # The flags of the member, here and in the index.
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    reports, (reject,) = read(archive)
    assert reports == [] and "unpack it with its password" in reject.reason


# What can't be read


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.pkl", b"\x80\x04.", "pickled"),
        ("a.docx", b"PK", "damaged"),
        ("a.doc", b"x", ".txt"),
        ("a.xyz", b"a", ".jsonl"),
        ("noname", b"a", "suffix"),
        ("a.txt", b"", "no text"),
        ("a.txt", b" \n", "no text"),
        ("a.txt", b"\x80\x04\x95" + bytes(range(32)), "binary"),
        ("a.csv", b"", "column"),
        ("a.csv", b"a,b\n1,2\n", "--text-column"),
        ("a.parquet", b"PAR1 damaged", "damaged"),
        ("a.zip", b"PK damaged", "damaged"),
        ("a.jsonl.gz", b"\x1f\x8b damaged", "damaged"),
        ("a.json", b"[]", "one JSON object a line"),
    ],
)
def test_bad_file_is_rejected_and_the_next_read(
    tmp_path: Path, name: str, data: bytes, word: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "z.txt").write_text("نص", "utf-8")
    reports, (reject,) = read(tmp_path)
    assert [r.report_id for r in reports] == ["z.txt"]
    assert reject.input == f"{tmp_path.name}/{name}"
    assert reject.reason.startswith(f"{reject.input} was skipped: ") and word in reject.reason


def test_gzip_cut_short_gives_what_it_holds(tmp_path: Path) -> None:
    rows = "".join(
        json.dumps({"id": n, "text": f"{n * 7919 % 1000} نص"}) + "\n" for n in range(9999)
    )
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(rows.encode())[:-2000])
    reports, rejects = read(tmp_path / "a.jsonl.gz")
    assert len(reports) > 1000 and "damaged" in rejects[-1].reason


def test_missing_input_is_a_reject(tmp_path: Path) -> None:
    _, (reject,) = read(tmp_path / "nowhere")
    assert "no such file" in reject.reason


def test_file_name_of_any_bytes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / b"\xc7\xe1.txt".decode("utf-8", "surrogateescape")
    try:
        path.write_text("نص", "utf-8")
    except (OSError, UnicodeError):
        pytest.skip("this file system allows only names in UTF-8")
    (report,), _ = read(tmp_path)
    report.report_id.encode("utf-8")
