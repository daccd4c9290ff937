"""What the readers of all formats share: options and limits, a file, a report in the making.

Nothing is ever unpacked to disk. Whatever unpacks something takes what comes out of it from the
`Budget` of the file on disk, so that a few kilobytes can't keep a run busy for days.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from .decode import writable
from .rows import Columns, Fields, RowError
from .schema import Reject

EXTRA = "readers"  # of pyproject.toml: what .html, .pdf and .warc need
# Archives, mails and pages inside one another: a mail in a .tar in a .zip is still read.
MAX_NESTING = 3
MAX_FOLDERS = 100  # folders inside one another, on disk
# What one file on disk may unpack to: this many bytes in any case, or this many times its size.
# Text packs to a tenth, tables of like rows to a hundredth, nothing but zeros to a thousandth.
FREE_UNPACKED = 2**30
MAX_RATIO = 200


class ReadOptions(Struct, frozen=True, kw_only=True):
    """How inputs are read. The limits keep a broken or hostile file from filling the memory."""

    columns: Columns = Columns()
    limit: int | None = None  # reports to read over all inputs, at least 1
    any_language: bool = False  # keep reports that are not in Arabic
    max_report_bytes: int = 16 * 2**20  # one text file, web page, message body or row
    max_document_bytes: int = 64 * 2**20  # one .pdf, .docx, mail or archive inside an archive
    max_pages: int = 2000  # of one .pdf
    max_report_characters: int = 6 * 10**6  # title and text: a book's; some 80 bytes each are held
    max_member_bytes: int = 2**30  # one file inside an archive, unpacked


class Budget:
    """The bytes that may still come out of one file on disk. Shared by all that is inside it."""

    def __init__(self, packed: int = 0) -> None:
        self.left = max(FREE_UNPACKED, MAX_RATIO * packed)

    def take(self, count: int) -> None:
        """Use ``count`` bytes up. Raises RowError where fewer were left."""
        self.left -= count
        if self.left < 0:
            raise RowError(
                f"its archive unpacks to over {MAX_RATIO} times its size and may be made to fill"
                " a machine; if you trust it, unpack it and name the folder"
            )


class Blob(Struct, frozen=True, kw_only=True):
    """A file, on disk or in an archive: where it stands, and how to open it."""

    name: str  # path below the input
    source: str  # the same with the input's own name
    open: Callable[[], io.BufferedIOBase]
    budget: Budget = field(default_factory=Budget)
    depth: int = 0  # how many archives and mails it lies in
    on_disk: bool = False  # a stream of an archive is read once, from its start on
    suffix: str | None = None  # its type, where its name does not tell it
    charset: str | None = None  # as declared by the server or the mail
    origin: str | None = None  # the address it was fetched from

    def inner(
        self,
        name: str,
        open: Callable[[], io.BufferedIOBase],
        *,
        archived: bool = False,
        suffix: str | None = None,
        charset: str | None = None,
        origin: str | None = None,
    ) -> Blob:
        """What lies in this one: ``name`` with the sign between, as ``!a.txt`` or ``#3``.

        The name of an archive that is itself the input is no part of the names in it.
        """
        is_input = archived and self.name == self.source
        return Blob(
            name=name[1:] if is_input else self.name + name,
            source=self.source + name,
            open=open,
            budget=self.budget,
            depth=self.depth + 1,
            suffix=suffix,
            charset=charset,
            origin=origin,
        )


class Draft(Struct, frozen=True):
    """A report that is not yet checked for its language and the uniqueness of its id."""

    fields: Fields
    default_id: str
    default_source: str
    input: str  # what a reject would call it


Read = Iterator[Draft | Reject]
# What a container gives: reports of its own, and what lies in it and is yet to be read.
Opened = Iterator[Draft | Reject | Blob]
Reader = Callable[[Blob, ReadOptions], Opened]


_PIECE = 2**18  # bytes to unpack before the budget is asked


class _Metered(io.RawIOBase):
    """A stream that takes what is read of it from a budget."""

    def __init__(self, stream: io.BufferedIOBase, budget: Budget) -> None:
        self._stream, self._budget = stream, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(min(len(buffer), _PIECE))
        self._budget.take(len(data))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def metered(stream: io.BufferedIOBase, budget: Budget) -> io.BufferedReader:
    """``stream``, which unpacks something, with every byte taken from ``budget``."""
    return io.BufferedReader(_Metered(stream, budget), 2**16)


def reject(name: str, why: object) -> Reject:
    """The reject of the input ``name``; ``why`` is a clause that ends with what to do."""
    return Reject(writable(name), writable(f"{name} was skipped: {why}."))


def read_whole(blob: Blob, limit: int) -> bytes:
    """All bytes of ``blob``. Raises RowError where there are more than ``limit``."""
    with blob.open() as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise RowError(too_long(limit))
    return data


def random_access(blob: Blob, limit: int) -> io.BufferedIOBase:
    """``blob`` opened so that one can go to and fro in it: from memory unless it is on disk.

    Raises RowError where it would take more than ``limit`` bytes of memory.
    """
    return blob.open() if blob.on_disk else io.BytesIO(read_whole(blob, limit))


def too_long(limit: int) -> str:
    """Why something of more than ``limit`` bytes is not read."""
    return f"it is longer than {limit:,} bytes, too long for one report; split it"


def draft(blob: Blob, fields: Fields, options: ReadOptions) -> Draft:
    """The report that the whole of ``blob`` is. Raises RowError for one that is too long."""
    fields = of_bearable_length(fields, options)
    return Draft(fields, blob.name, blob.origin or blob.source, blob.source)


def of_bearable_length(fields: Fields, options: ReadOptions) -> Fields:
    """``fields``. Raises RowError where they hold more text than one report may."""
    if len(fields.text) > options.max_report_characters:
        most = f"{options.max_report_characters:,} characters"
        raise RowError(f"its text is longer than {most}, too long for one report; split it")
    return fields


@contextmanager
def needs(package: str) -> Iterator[None]:
    """Raises RowError with the remedy where ``package``, imported inside, is not installed."""
    try:
        yield
    except ImportError as error:
        raise RowError(
            f"files of its type are read with {package}, which is not installed; run in"
            f" the clone: pip install -e '.[{EXTRA}]'"
        ) from error
