"""An archive of anything -> a stream of reports, and of rejects that say what could not be read.

This module finds the files and gives the reports their ids; `pipeline.formats` reads each file.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import cast

from .decode import DecodeError, writable
from .formats import READERS, Blob, Draft, Read, ReadOptions, reject
from .rows import RowError
from .schema import Reject, Report

STDIN = "-"
_JUNK_NAMES = {"__MACOSX", "Thumbs.db", "desktop.ini"}
_CONVERT = "save it as .txt, .jsonl, .csv or .parquet"
_NO_FILE = "it is no file; links to folders are not followed, name the folder itself as an input"
_EXTRACT = "extract its text and save it as .txt"
_NEVER = f"pickled files are never opened, because that can run code hidden in them; {_CONVERT}"
_SUFFIX_REMEDIES = {
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".joblib"), _NEVER),
    **dict.fromkeys((".pdf", ".doc", ".docx", ".rtf", ".odt", ".htm", ".html"), _EXTRACT),
    **dict.fromkeys((".rar", ".7z", ".tar", ".tgz"), "unpack it, or pack it as .zip"),
    ".json": "write one JSON object a line and name it .jsonl",
}


def read_reports(
    inputs: Sequence[str | Path], options: ReadOptions | None = None
) -> Iterator[Report | Reject]:
    """The reports of ``inputs`` in order, and a Reject in the place of each that can't be read.

    An input is a folder (read recursively, by name), a ``.txt``, ``.jsonl``, ``.csv`` or
    ``.parquet`` file, a ``.gz`` of the first three, a ``.zip`` of any of these, or ``-`` for one
    text on standard input. Nothing is unpacked to disk. A ``report_id`` met again gets ``~2``
    appended, then ``~3``. Never raises for what an input holds.
    """
    options = options or ReadOptions()
    seen: dict[str, int] = {}
    read = 0
    for item in chain.from_iterable(_read_input(path, options) for path in inputs):
        if isinstance(item, Reject):
            yield item
            continue
        yield _report(item, seen)
        read += 1
        if read == options.limit:
            return


def _report(draft: Draft, seen: dict[str, int]) -> Report:
    fields = draft.fields
    return Report(
        report_id=_unique(fields.id or draft.default_id, seen),
        text=fields.text,
        source=fields.source or draft.default_source,
        title=fields.title,
        published=fields.published,
    )


def _unique(report_id: str, seen: dict[str, int]) -> str:
    """``report_id``, or the first of ``report_id~2``, ``~3``… that was not given out before."""
    candidate = report_id
    while candidate in seen:
        seen[report_id] += 1
        candidate = f"{report_id}~{seen[report_id]}"
    seen[candidate] = 1
    return candidate


def _read_input(path: str | Path, options: ReadOptions) -> Read:
    if str(path) == STDIN:
        blob = Blob("stdin", "stdin", lambda: cast(io.BufferedIOBase, sys.stdin.buffer))
        yield from _guarded(READERS[".txt"], blob, options)
        return
    path = Path(path)
    name = writable(Path(os.path.abspath(path)).name)
    # Unlike those of Path, these two raise nothing for a name that is too long to be one.
    if os.path.isdir(path):
        yield from _read_folder(path, "", f"{name}/", options)
    elif not os.path.exists(path):
        yield reject(str(path), "there is no such file or folder; check the path")
    else:
        yield from _read_file(path, Blob(name, name, _opener(path)), options)


def _read_folder(folder: Path, below: str, above: str, options: ReadOptions) -> Read:
    """The files of ``folder``, sorted by name; ``below`` and ``above`` go before each name."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        why = f"it can't be listed ({error.strerror}); change its permissions"
        yield reject(above + below, why)
        return
    for entry in entries:
        name = below + writable(entry.name)
        path = Path(entry.path)
        if _is_junk(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _read_folder(path, f"{name}/", above, options)
        elif not entry.is_file():
            yield reject(above + name, _NO_FILE)
        else:
            blob = Blob(name, above + name, _opener(path))
            yield from _read_file(path, blob, options)


def _read_file(path: Path, blob: Blob, options: ReadOptions) -> Read:
    if path.suffix.lower() == ".zip":
        yield from _guarded(_read_zip, blob, options)
    else:
        yield from _read_blob(blob, options)


def _read_blob(blob: Blob, options: ReadOptions) -> Read:
    """The reports of one file that is no archive."""
    name = Path(blob.name.lower())
    if name.suffix == ".gz" and Path(name.stem).suffix != ".parquet":
        name = Path(name.stem)
        packed = blob.open
        blob = Blob(blob.name, blob.source, lambda: gzip.GzipFile(fileobj=packed()))
    reader = READERS.get(name.suffix)
    if reader is None:
        kind = f"files of type {name.suffix} are not read" if name.suffix else "it has no suffix"
        remedy = _SUFFIX_REMEDIES.get(name.suffix, _CONVERT)
        yield reject(blob.source, f"{kind}; {remedy}")
    else:
        yield from _guarded(reader, blob, options)


def _opener(path: Path) -> Callable[[], io.BufferedIOBase]:
    return lambda: path.open("rb")


def _guarded(reader: Callable[[Blob, ReadOptions], Read], blob: Blob, options: ReadOptions) -> Read:
    """What ``reader`` gives; whatever breaks inside it ends this one file and not the batch."""
    try:
        yield from reader(blob, options)
    except (DecodeError, RowError) as error:
        yield reject(blob.source, error)
    except PermissionError:
        yield reject(blob.source, "you may not read it; change its permissions")
    except Exception as error:  # Readers of foreign formats raise whatever they like.
        what = " ".join(str(error).split()) or "no message"
        yield reject(
            blob.source,
            f"it can't be read to its end ({type(error).__name__}: {what}); it may be damaged,"
            " fetch or export it again",
        )


def _read_zip(blob: Blob, options: ReadOptions) -> Read:
    with blob.open() as raw, zipfile.ZipFile(raw) as archive:
        members = [(_member_name(info), info) for info in archive.infolist()]
        for name, info in sorted(members, key=lambda member: member[0]):
            if info.is_dir() or any(_is_junk(part) for part in name.split("/")):
                continue
            member = _member_blob(archive, info, name, blob)
            if info.file_size > options.max_member_bytes:
                size = f"it has {info.file_size:,} bytes when unpacked"
                yield reject(member.source, f"{size}, too many inside an archive; unpack it first")
            elif info.flag_bits & 0x1:
                yield reject(member.source, "it is encrypted; unpack it with its password first")
            elif name.lower().endswith(".zip"):
                yield reject(member.source, "it is an archive inside an archive; unpack it first")
            else:
                yield from _read_blob(member, options)


def _member_blob(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, blob: Blob) -> Blob:
    """A file inside the archive ``blob``, which is in the name only where it isn't the input."""
    below = name if blob.name == blob.source else f"{blob.name}!{name}"
    source = f"{blob.source}!{name}"
    if name.lower().endswith(".parquet"):  # Its index is at its end, so it is read as a whole.
        return Blob(below, source, lambda: io.BytesIO(archive.read(info)))
    return Blob(below, source, lambda: cast(io.BufferedIOBase, archive.open(info)))


def _member_name(info: zipfile.ZipInfo) -> str:
    """The name of a file in an archive; many packers write UTF-8 without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _is_junk(name: str) -> bool:
    return (name.startswith(".") and name not in (".", "..")) or name in _JUNK_NAMES
