"""Throws damaged files at the readers, for as long as one likes; nothing may be raised.

    python -m tests.fuzz --seconds 600             # mutations of sound files, of every format
    python -m tests.fuzz --atheris -max_total_time=600   # the same, led by coverage

A finding is written to the folder `fuzz-findings` (or that named by --out). The readers answer
whatever breaks in a format with a reject, so what counts as a finding is: an exception that gets
out, a report that can't be written, a file that takes more than `SLOW` seconds, and a reader of
text, tables or JSON lines that fails in a way it does not name.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import sys
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.blobs import Blob, Budget, ReadOptions
from pipeline.read import read_blob
from pipeline.schema import Reject

from .conftest import ARABIC

SLOW = 10.0
OPTIONS = ReadOptions(any_language=True, max_report_bytes=2**20, max_document_bytes=2**21)
# Their own readers name every way in which they fail.
OURS = (".txt", ".jsonl", ".csv", ".mbox")


def sound_files() -> dict[str, bytes]:
    """A small sound file of each format."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from .pdfs import lines, pdf
    from .test_archives import packed, tar
    from .test_docx import docx, p
    from .test_mail import box, mail
    from .test_pages import DAY, page
    from .test_warc import PAGE, warc

    table = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"], "text": [ARABIC]}), table)
    message = mail(html=f"<p>{ARABIC}</p>")
    message.add_attachment(ARABIC.encode("cp1256"), "text", "plain", filename="a.txt")
    return {
        ".txt": ARABIC.encode(),
        ".jsonl": (json.dumps({"id": 1, "text": ARABIC, "date": "2018-05-02"}) + "\n").encode() * 3,
        ".csv": f'id;text;date\n1;"{ARABIC}";2018-05-02\n'.encode("cp1256", "ignore"),
        ".parquet": table.getvalue(),
        ".html": page(DAY).encode(),
        ".pdf": pdf(lines("قتل ثلاثة مدنيين"), lines("وأصيب سبعة آخرون")),
        ".docx": docx(p(ARABIC, ARABIC)),
        ".eml": bytes(message),
        ".mbox": box(bytes(message), bytes(message)),
        ".warc": warc(PAGE),
        ".zip": packed({"a.txt": ARABIC.encode(), "b.docx": docx(p(ARABIC))}),
        ".tar": tar({"a.txt": ARABIC.encode(), "b.html": page().encode()}),
    }


def check(suffix: str, data: bytes) -> Counter[str]:
    """Read ``data`` as a file of that type. Raises what a reader should not have let out."""
    blob = Blob(
        name=f"f{suffix}", source=f"f{suffix}", open=lambda: io.BytesIO(data), budget=Budget()
    )
    started, counts = time.perf_counter(), Counter[str]()
    for item in read_blob(blob, OPTIONS):
        if isinstance(item, Reject):
            counts["rejects"] += 1
            item.reason.encode(), item.input.encode()
            if suffix in OURS and "read to its end" in item.reason:
                raise AssertionError(item.reason)
        else:
            counts["reports"] += 1
            fields = item.fields
            for text in (fields.text, fields.title, fields.id, fields.source, item.input):
                (text or "").encode()
            assert fields.text.strip(), "a report without text"
    assert counts, "neither a report nor a reject"
    if time.perf_counter() - started > SLOW:
        raise AssertionError(f"{time.perf_counter() - started:.1f} s")
    return counts


def mutated(data: bytes, rng: random.Random) -> bytes:
    """``data`` with a few bytes changed, put in, doubled or cut."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(out) + 1)
        to = min(len(out), at + rng.choice((1, 2, 8, 64, 512)))
        out[at:to] = _changed(bytes(out[at:to]), bytes(out[:200]), rng)
    return bytes(out[: 2**20])


def _changed(piece: bytes, head: bytes, rng: random.Random) -> bytes:
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: rng.randbytes(len(piece)),
        lambda: b"",
        lambda: piece * rng.choice((2, 3, 50)),
        lambda: head[: rng.randrange(200) + 1],
        lambda: rng.choice(TOKENS) + piece,
        lambda: bytes(byte ^ (1 << rng.randrange(8)) for byte in piece),
    )
    return rng.choice(kinds)()


TOKENS = [
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b'"', b"\n", b"\r", b"=1+1", b"<!DOCTYPE",
    b"<!ENTITY a 'b'>", b"]]>", b"&#0;", b"\x1f\x8b", b"PK\x03\x04", b"%PDF-", b"From a b 00:00\n",
    b"endobj", b"stream", b"/Kids [2 0 R]", b"\\ud800", b"1e999", b"-1", b"99999999999", b"NaN",
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"charset=utf-7", b"\xd9", b"\xd8\xd9",
]  # fmt: skip


def cases(seed: int) -> Iterator[tuple[str, bytes]]:
    """Damaged files of every format in turn, without end."""
    files, rng = sound_files(), random.Random(seed)
    while True:
        for suffix, data in files.items():
            changed = mutated(data, rng)
            if suffix == ".docx" and rng.random() < 0.7:
                changed = _inside_zip(data, rng)
            elif suffix in (".txt", ".jsonl", ".warc", ".tar") and rng.random() < 0.2:
                suffix, changed = f"{suffix}.gz", gzip.compress(changed, 1)
            yield suffix, changed


def _inside_zip(data: bytes, rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, mutated(old.read(name), rng))
    return out.getvalue()


def fuzz(seconds: float, seed: int, out: Path) -> tuple[int, Counter[str]]:
    """Check cases for so long; how many there were, and what came of them."""
    end, number, counts = time.monotonic() + seconds, 0, Counter[str]()
    for suffix, data in cases(seed):
        if time.monotonic() > end:
            break
        number += 1
        try:
            counts += check(suffix, data)
        except BaseException as error:
            counts["findings"] += 1
            keep(out, suffix, data, error)
            if isinstance(error, KeyboardInterrupt):
                raise
    return number, counts


def keep(out: Path, suffix: str, data: bytes, error: BaseException) -> None:
    """Write a finding and its traceback."""
    out.mkdir(exist_ok=True)
    path = out / f"{type(error).__name__}-{len(list(out.iterdir())):04}{suffix}"
    path.write_bytes(data)
    path.with_name(f"{path.name}.traceback").write_text("".join(traceback.format_exception(error)))


def with_atheris(arguments: list[str]) -> None:
    """Let atheris lead: the first byte of its data chooses the format, the rest is the file."""
    import atheris

    with atheris.instrument_imports(include=["pipeline", "warcio", "email", "tarfile", "zipfile"]):
        files = sound_files()
    kinds = list(files)

    def one(data: bytes) -> None:
        if data:
            check(kinds[data[0] % len(kinds)], data[1:])

    one_: Callable[[bytes], Any] = one
    corpus = Path("fuzz-corpus")
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(files.values()):
        (corpus / f"sound-{number}").write_bytes(bytes([number]) + data)
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], one_)
    atheris.Fuzz()


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--atheris", action="store_true")
    known, others = parser.parse_known_args()
    if known.atheris:
        with_atheris(others)
    number, counts = fuzz(known.seconds, known.seed, known.out)
    print(f"{number:,} files in {known.seconds:,.0f} s: {dict(counts)}")


if __name__ == "__main__":
    main()
