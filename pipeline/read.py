"""An archive of anything -> a stream of reports, and of rejects that say what could not be read.

This module finds the files and gives the reports their ids; `pipeline.formats` names the reader
of each kind of file.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import cast

from .archives import is_junk, unpacked
from .blobs import MAX_FOLDERS, MAX_NESTING, Blob, Budget, Draft, Read, Reader, ReadOptions, reject
from .decode import DecodeError, writable
from .formats import READERS
from .languages import find_language
from .rows import RowError
from .schema import PassedOver, Reject, Report

STDIN = "-"
_CONVERT = "save it as .txt, .jsonl, .csv or .parquet"
_NO_FILE = "it is no file; links to folders are not followed, name the folder itself as an input"
_TOO_DEEP = f"it lies in folders {MAX_FOLDERS} deep; name it as an input"
_EMPTY = "there is nothing in it that could be a report; leave it out"
_EXTRACT = "extract its text and save it as .txt"
_UNPACK = "unpack it, or pack it as .zip"
_NEVER = f"pickled files are never opened, because that can run code hidden in them; {_CONVERT}"
_PICKLED = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".dill", ".ckpt", ".npy", ".npz")
_SUFFIX_REMEDIES = {
    **dict.fromkeys(_PICKLED, _NEVER),
    **dict.fromkeys((".doc", ".rtf", ".odt", ".mht", ".mhtml", ".epub", ".pst", ".msg"), _EXTRACT),
    **dict.fromkeys((".rar", ".7z", ".xz", ".zst"), _UNPACK),
    ".json": "write one JSON object a line and name it .jsonl",
}


def read_reports(
    inputs: Sequence[str | Path], options: ReadOptions | None = None
) -> Iterator[Report | Reject]:
    """The reports of ``inputs`` in order, and a Reject in the place of each that can't be read.

    An input is a folder (read recursively, by name), a file of a type in `formats.READERS`, such
    a file with ``.gz`` or ``.bz2``, or ``-`` for one text on standard input. Nothing is unpacked
    to disk. A report that is not in Arabic is a PassedOver. A ``report_id`` met again gets ``~2``
    appended, then ``~3``. Never raises for what an input holds.
    """
    options = options or ReadOptions()
    seen: dict[str, int] = {}
    read = 0
    for item in chain.from_iterable(_read_input(path, options) for path in inputs):
        if isinstance(item, Reject):
            yield item
            continue
        passed = None if options.any_language else _passed_over(item)
        if passed is not None:
            yield passed
            continue
        yield _report(item, seen)
        read += 1
        if read == options.limit:
            return


def _passed_over(draft: Draft) -> PassedOver | None:
    language = find_language(draft.fields.text)
    if language == "ar":
        return None
    name = writable(draft.input)
    return PassedOver(
        name,
        f"{name} was passed over: language {language}, and only Arabic is read; if it is Arabic,"
        " run again with --any-language.",
    )


def _report(draft: Draft, seen: dict[str, int]) -> Report:
    fields = draft.fields
    return Report(
        report_id=_unique(fields.id or draft.default_id, seen),
        text=fields.text,
        source=fields.source or draft.default_source,
        title=fields.title,
        published=fields.published,
        repairs=fields.repairs,
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
        stream = cast(io.BufferedIOBase, sys.stdin.buffer)
        yield from read_blob(
            Blob(name="stdin", source="stdin", open=lambda: stream, suffix=".txt"), options
        )
        return
    path = Path(path)
    name = writable(Path(os.path.abspath(path)).name)
    # Unlike those of Path, these two raise nothing for a name that is too long to be one.
    if os.path.isdir(path):
        yield from _read_folder(path, "", f"{name}/", options)
    elif not os.path.exists(path):
        yield reject(str(path), "there is no such file or folder; check the path")
    else:
        yield from _read_file(path, name, name, options)


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
        if is_junk(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False) and name.count("/") >= MAX_FOLDERS:
            yield reject(above + name, _TOO_DEEP)
        elif entry.is_dir(follow_symlinks=False):
            yield from _read_folder(path, f"{name}/", above, options)
        elif not entry.is_file():
            yield reject(above + name, _NO_FILE)
        else:
            yield from _read_file(path, name, above + name, options)


def _read_file(path: Path, name: str, source: str, options: ReadOptions) -> Read:
    budget = Budget(os.path.getsize(path))
    opener = _opener(path)
    yield from read_blob(
        Blob(name=name, source=source, open=opener, budget=budget, on_disk=True), options
    )


def _opener(path: Path) -> Callable[[], io.BufferedIOBase]:
    return lambda: path.open("rb")


def read_blob(blob: Blob, options: ReadOptions) -> Read:
    """The reports of one file, and of what lies in it where it is an archive or a mail."""
    if blob.depth > MAX_NESTING:
        why = f"it lies in archives and mails {MAX_NESTING + 1} deep; unpack the outer ones first"
        yield reject(blob.source, why)
        return
    suffix, blob = unpacked(blob)
    reader = READERS.get(suffix)
    if reader is None:
        kind = f"files of type {suffix} are not read" if suffix else "it has no suffix"
        yield reject(blob.source, f"{kind}; {_SUFFIX_REMEDIES.get(suffix, _CONVERT)}")
        return
    for item in _guarded(reader, blob, options):
        if isinstance(item, Blob):
            yield from read_blob(item, options)
        else:
            yield item


def _guarded(reader: Reader, blob: Blob, options: ReadOptions) -> Iterator[Draft | Reject | Blob]:
    """What ``reader`` gives; whatever breaks inside it ends this one file and not the batch."""
    empty = True
    try:
        for item in reader(blob, options):
            empty = False
            yield item
        if empty:
            yield reject(blob.source, _EMPTY)
    except (DecodeError, RowError) as error:
        yield reject(blob.source, error)
    except PermissionError:
        yield reject(blob.source, "you may not read it; change its permissions")
    except Exception as error:  # Readers of foreign formats raise whatever they like.
        what = " ".join(str(error).split()) or "no message"
        yield reject(
            blob.source,
            f"it can't be read to its end ({type(error).__name__}: {what[:200]}); it may be"
            " damaged, fetch or export it again",
        )
