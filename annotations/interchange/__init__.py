"""To and from the formats of annotation tools; every way and back again is lossless."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from ..form import AnnotatedReport, read_reports, write_reports

FORMATS = {
    "jsonl": "",  # our own
    "label-studio": "label_studio",
    "brat": "brat",
    "conll": "conll",
    "docbin": "docbin",
    "prodigy": "prodigy",
}


def convert(source: Path, target: Path, source_format: str, target_format: str) -> int:
    """Write the reports of ``source`` to ``target`` in another of the `FORMATS`; returns how many.

    Raises FileNotFoundError for a source that is not there, ValueError for one that is not in its
    format or a format that is none of ours; then nothing is written.
    """
    for name in (source_format, target_format):
        if name not in FORMATS:
            raise ValueError(f"{name!r} is no format; choose from {', '.join(FORMATS)}")
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file or folder")
    return _writer(target_format)(list(_reader(source_format)(source)), target)


def _reader(name: str) -> Callable[[Path], Iterator[AnnotatedReport]]:
    if name == "jsonl":
        return read_reports
    reader: Callable[[Path], Iterator[AnnotatedReport]] = _module(name).read
    return reader


def _writer(name: str) -> Callable[[Iterable[AnnotatedReport], Path], int]:
    if name == "jsonl":
        return write_reports
    writer: Callable[[Iterable[AnnotatedReport], Path], int] = _module(name).write
    return writer


def _module(name: str):  # type: ignore[no-untyped-def]
    return import_module(f".{FORMATS[name]}", __package__)
