"""What a run has done so far, kept beside its outputs so that a run that breaks off can go on.

The folder ``.run`` holds ``header.json`` (what was asked of what) and a file for each finished
part, named by the SHA-256 of what was read for it. A file appears whole or not at all, so whatever
ends a run, what lies there is right; and a part is used again only where the same was read again.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from .schema import Reject, Report

FOLDER = ".run"
_HEADER, _SUFFIX = "header.json", ".part"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Item = Report | Reject


class RunError(RuntimeError):
    """A run that can't go on; the message says why and what to do."""


class Totals(Struct):
    """What the reports of a run held."""

    reports: int = 0
    rejects: int = 0
    passed_over: int = 0  # of the rejects: reports in another language than Arabic
    words: int = 0  # of the reports, split at white space
    events: int = 0
    casualties: int = 0
    warnings: int = 0

    def add(self, other: Totals) -> None:
        """Count what ``other`` counts too."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Part(Struct, kw_only=True):
    """What a run writes of a few items: lines of its JSON files, rows of the flat table."""

    reports: bytes = b""
    rejects: bytes = b""
    rows: list[tuple[Any, ...]] = []  # values in the order of `pipeline.flat.SCHEMA`
    totals: Totals
    seconds: float = 0.0  # that the analysis took


class Header(Struct, frozen=True, kw_only=True):
    """What a run was asked to do, with what; to go on with it, all of this must be the same."""

    version: str
    code: str  # SHA-256 over the program's files
    versions: dict[str, str]
    model: dict[str, str]
    inputs: list[str]
    options: dict[str, Any]


def key_of(chunk: Sequence[Item]) -> str:
    """The name under which the part of these items is kept: what was read is in it, all of it."""
    rows = [(type(item).__name__, msgspec.structs.astuple(item)) for item in chunk]
    # Texts may hold half characters, which JSON can't.
    return sha256(repr(rows).encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Journal:
    """The parts of one run. Several processes may write into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resumed = False

    @classmethod
    def open(cls, out: Path, header: Header, *, resume: bool = False) -> Journal:
        """The journal in the folder ``out``: with ``resume`` that of the run that broke off there,
        if any, else a new one.

        Raises RunError where another run's parts would be lost, or where ``header`` is not that of
        the run to go on with.
        """
        journal = cls(out / FOLDER)
        kept = journal._kept_header()
        if kept is not None and journal.size():
            if not resume:
                raise RunError(
                    f"{out} holds a run that broke off; go on with it (--resume), or delete"
                    f" {journal.folder} to start over"
                )
            if different := _differences(kept, header):
                raise RunError(
                    f"the run in {out} can't be resumed, for what it began with has changed:"
                    f" {'; '.join(different)}. Run it as before, or delete {journal.folder} to"
                    " start over"
                )
            journal.resumed = True
        else:
            journal._start(header)
        return journal

    def _start(self, header: Header) -> None:
        self.remove()
        with clear_errors(self.folder):
            self.folder.mkdir(parents=True)
        data = msgspec.json.format(msgspec.json.encode(header), indent=2)
        write_whole(self.folder / _HEADER, data)

    def _kept_header(self) -> Header | None:
        try:
            return msgspec.json.decode((self.folder / _HEADER).read_bytes(), type=Header)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except msgspec.DecodeError as error:
            raise RunError(
                f"{self.folder} is no journal that this version can read ({error}); go on with the"
                " version that wrote it, or delete it to start over"
            ) from error

    def size(self) -> int:
        """How many bytes the finished parts have."""
        return sum(path.stat().st_size for path in self.folder.glob(f"*{_SUFFIX}"))

    def holds(self, key: str) -> bool:
        """Whether the part ``key`` is finished."""
        return self._path(key).exists()

    def read(self, key: str) -> Part:
        """The part ``key``; raises RunError where it is gone or damaged."""
        path = self._path(key)
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=Part)
        except (OSError, msgspec.DecodeError) as error:
            path.unlink(missing_ok=True)
            raise RunError(
                f"{path} can't be read ({error}); run again with --resume, which makes it anew"
            ) from error

    def write(self, key: str, part: Part) -> None:
        """Keep a finished part; raises RunError where the disk does not take it."""
        write_whole(self._path(key), msgspec.msgpack.encode(part))

    def unused(self, keys: set[str]) -> int:
        """How many finished parts are none of ``keys``: what they were made of was not read."""
        return sum(path.stem not in keys for path in self.folder.glob(f"*{_SUFFIX}"))

    def remove(self) -> None:
        """Remove all of it; the header first, so that half of it is never taken for a journal."""
        with clear_errors(self.folder):
            (self.folder / _HEADER).unlink(missing_ok=True)
            if self.folder.exists():
                shutil.rmtree(self.folder)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"


def _differences(kept: Header, header: Header) -> list[str]:
    pairs = [(name, getattr(kept, name), getattr(header, name)) for name in kept.__struct_fields__]
    found = []
    for name, before, now in pairs:
        if isinstance(before, dict) and before != now:
            names = sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))
            found += [f"{name}.{k} was {before.get(k)}, is {now.get(k)}" for k in names]
        elif before != now:
            found.append(f"{name} was {_said(before)}, is {_said(now)}")
    return found


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that ``path`` appears with all of it or not at all, even if the power goes.

    Raises RunError where the disk does not take it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with clear_errors(path, len(data)):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def clear_errors(path: Path, needed: int | None = None) -> Iterator[None]:
    """Turns an OSError of writing ``path`` (about ``needed`` bytes) into a RunError that says what
    to do."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        if error.errno not in _FULL:
            raise RunError(
                f"{path} can't be written ({why}); see to it, and run again with --resume: what is"
                " finished is kept"
            ) from error
        what = "" if needed is None else f": about {_megabytes(needed)} were needed"
        raise RunError(
            f"the disk is full{what}, {_megabytes(_free(path))} are free ({path}: {why}). Make"
            " room, and run again with --resume: what is finished is kept"
        ) from error


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _free(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


@contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Makes the folder ``out`` and holds it; raises RunError where another run is writing there.

    The system lets go of it however the process ends.
    """
    with clear_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        handle = _hold(out)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _hold(out: Path) -> int | None:
    try:
        import fcntl
    except ImportError:  # Not a Unix: nobody watches there.
        return None
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise RunError(
            f"another run is writing into {out}; wait for it, or name another --out"
        ) from error
    except OSError:  # Some network disks know no locks.
        pass
    return handle
