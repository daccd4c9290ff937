from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from pipeline import blobs
from pipeline.archives import is_junk, unpacked
from pipeline.blobs import MAX_FOLDERS, Blob

from .conftest import ARABIC
from .reading import read, read_bytes

TEXT = "قُتل ثلاثة مدنيين بقصف على البلدة."


def tar(members: dict[str, bytes | tarfile.TarInfo], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            content = b"" if isinstance(data, tarfile.TarInfo) else data
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.TAR.BZ2", "w:bz2")],
)
def test_tar(tmp_path: Path, name: str, mode: str) -> None:
    members = {"b/2.txt": TEXT.encode(), "b/1.txt": ARABIC.encode(), "._b": b"x", "c.xyz": b""}
    reports, (reject,) = read_bytes(tmp_path, name, tar(members, mode))
    assert [r.report_id for r in reports] == ["b/2.txt", "b/1.txt"]
    assert reports[1].text == ARABIC and reports[0].source == f"{name}!b/2.txt"
    assert reject.input == f"{name}!c.xyz"


def test_bz2(tmp_path: Path) -> None:
    (report,), _ = read_bytes(tmp_path, "a.txt.bz2", bz2.compress(ARABIC.encode()))
    assert (report.report_id, report.text) == ("a.txt.bz2", ARABIC)


def test_archives_in_archives_are_read_to_a_depth(tmp_path: Path) -> None:
    data = packed({"1.txt": TEXT.encode()})
    for level in range(2, 6):
        data = packed({f"{level}.txt": TEXT.encode(), f"{level}.zip": data})
    reports, rejects = read_bytes(tmp_path, "a.zip", data)
    assert [r.report_id for r in reports] == ["5.txt", "5.zip!4.txt", "5.zip!4.zip!3.txt"]
    inner = "a.zip!5.zip!4.zip!3.zip!2"
    assert [r.input for r in rejects] == [f"{inner}.txt", f"{inner}.zip"]
    assert all("deep" in reject.reason for reject in rejects)


def test_a_table_in_a_packed_tar_in_a_zip(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = io.BytesIO()
    pq.write_table(pa.table({"text": [TEXT]}), table)
    inner = gzip.compress(tar({"t.parquet": table.getvalue()}))
    (report,), _ = read_bytes(tmp_path, "a.zip", packed({"in.tar.gz": inner}))
    assert (report.report_id, report.text) == ("in.tar.gz!t.parquet#1", TEXT)


# Hostile archives


@pytest.mark.parametrize(
    "name", ["../../up.txt", "/etc/up.txt", "C:\\..\\up.txt", "a/../../up.txt", "..\\up.txt"]
)
def test_names_that_climb_out_are_labels(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for file, data in (
        ("a.zip", packed({name: TEXT.encode()})),
        ("a.tar", tar({name: TEXT.encode()})),
    ):
        (report,), _ = read_bytes(folder, file, data)
        assert ".." not in report.report_id and not report.report_id.startswith("/")
        assert report.report_id.endswith("up.txt")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar", "a.zip", "in"]


def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(TEXT, "utf-8")
    link, hard, device = (tarfile.TarInfo(f"{n}.txt") for n in "abc")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.txt")
    hard.type, hard.linkname = tarfile.LNKTYPE, "../secret.txt"
    device.type = tarfile.CHRTYPE
    data = tar({"a": link, "b": hard, "c": device, "d.txt": TEXT.encode()})
    (report,), rejects = read_bytes(tmp_path, "a.tar", data)
    assert report.report_id == "d.txt"
    assert [r.input for r in rejects] == ["a.tar!a.txt", "a.tar!b.txt", "a.tar!c.txt"]


def bomb(kind: str, zeros: bytes) -> bytes:
    if kind == "zip":
        return packed({"a.jsonl": zeros})
    if kind == "tar.gz":
        return gzip.compress(tar({"a.jsonl": zeros, "b.txt": TEXT.encode()}))
    data = b"text\n" + zeros.replace(b"\0", b"a") if kind == "csv.gz" else zeros
    return (bz2 if kind == "txt.bz2" else gzip).compress(data)


@pytest.mark.parametrize("kind", ["jsonl.gz", "txt.bz2", "zip", "tar.gz", "csv.gz"])
def test_bombs_are_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(blobs, "FREE_UNPACKED", 2**20)
    path = tmp_path / f"a.{kind}"
    path.write_bytes(bomb(kind, bytes(40 * 2**20)))
    tracemalloc.start()
    reports, rejects = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reports == [] and "times its size" in rejects[0].reason
    assert peak < 60 * 2**20


def test_the_files_of_a_bomb_share_one_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "FREE_UNPACKED", 2**20)
    row = b'{"text": "' + TEXT.encode() + b" " * 300_000 + b'"}'
    data = packed({f"{n}.jsonl": row for n in range(9)})
    reports, rejects = read_bytes(tmp_path, "a.zip", data)
    assert len(reports) == 3 and len(rejects) == 6


def test_a_zip_that_contains_itself_ends(tmp_path: Path) -> None:
    data = packed({"a.zip": packed({"a.zip": packed({"a.zip": packed({"a.zip": b"PK"})})})})
    reports, (reject,) = read_bytes(tmp_path, "a.zip", data)
    assert reports == [] and "deep" in reject.reason


def test_folders_in_folders_end(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(MAX_FOLDERS + 5):
        folder = folder / "d"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text(TEXT, "utf-8")
    (tmp_path / "z.txt").write_text(TEXT, "utf-8")
    (report,), (reject,) = read(tmp_path)
    assert report.report_id == "z.txt" and "deep" in reject.reason


@pytest.mark.parametrize("name", ["m.pkl", "m.pt", "m.joblib", "m.npy", "m.pickle.gz"])
def test_pickles_are_never_opened(tmp_path: Path, name: str) -> None:
    # Unpickled, this would make a file.
    bomb = b"cos\nsystem\n(S'touch " + str(tmp_path / "harm").encode() + b"'\ntR."
    data = gzip.compress(bomb) if name.endswith(".gz") else bomb
    _, (reject,) = read_bytes(tmp_path, name, data)
    assert "pickled" in reject.reason
    _, (reject,) = read_bytes(tmp_path, "a.zip", packed({name: data}))
    assert "pickled" in reject.reason and not (tmp_path / "harm").exists()


def test_a_member_of_a_lying_size_is_cut(tmp_path: Path) -> None:
    data = bytearray(packed({"a.txt": TEXT.encode() * 50}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    reports, rejects = read_bytes(tmp_path, "a.zip", bytes(data))
    assert len(rejects) == 1 and reports == []


def test_suffixes() -> None:
    def suffix(name: str) -> str:
        return unpacked(Blob(name=name, source=name, open=io.BytesIO))[0]

    names = ["a.txt", "a/b.c/d", "A.TXT.GZ", "a.tgz", "a.jsonl.bz2", "a.gz"]
    assert [suffix(name) for name in names] == [".txt", "", ".txt", ".tar", ".jsonl", ""]
    assert is_junk(".hidden") and not is_junk("a")
