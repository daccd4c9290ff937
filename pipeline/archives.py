"""Archives (.zip, .tar) and packed files (.gz, .bz2) -> the files in them, one after another.

Names inside an archive are labels only: nothing is written, and links are not followed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from .blobs import Blob, Opened, ReadOptions, metered, random_access, reject
from .decode import writable

_JUNK_NAMES = {"__MACOSX", "Thumbs.db", "desktop.ini"}
_UNPACKERS: dict[str, Callable[[io.BufferedIOBase], io.BufferedIOBase]] = {
    ".gz": lambda packed: gzip.GzipFile(fileobj=packed),
    ".bz2": bz2.BZ2File,
}
_SHORT_SUFFIXES = {".tgz": ".tar.gz", ".tbz2": ".tar.bz2", ".tbz": ".tar.bz2"}
_DRIVE = re.compile(r"^[A-Za-z]:")
_NO_FILE = "it is a link or a device in an archive and holds no text; leave it out"
_ENCRYPTED = "it is encrypted; unpack it with its password first"


def is_junk(name: str) -> bool:
    """Whether a file or folder of that name is hidden or made by a file manager."""
    return (name.startswith(".") and name not in (".", "..")) or name in _JUNK_NAMES


def unpacked(blob: Blob) -> tuple[str, Blob]:
    """The suffix of ``blob`` without that of its packing, and the blob that unpacks itself."""
    name = (blob.suffix or blob.name).lower()
    for short, long in _SHORT_SUFFIXES.items():
        name = name.removesuffix(short) + long if name.endswith(short) else name
    for suffix, unpack in _UNPACKERS.items():
        if name.endswith(suffix):
            return _suffix(name.removesuffix(suffix)), _unpacking(blob, unpack)
    return _suffix(name), blob


def _suffix(name: str) -> str:
    """As that of Path, but ``.html`` alone is one."""
    last = name.rsplit("/", 1)[-1]
    return last[last.rfind(".") :] if "." in last else ""


def _unpacking(blob: Blob, unpack: Callable[[io.BufferedIOBase], io.BufferedIOBase]) -> Blob:
    return Blob(
        name=blob.name,
        source=blob.source,
        open=lambda: metered(unpack(blob.open()), blob.budget),
        budget=blob.budget,
        depth=blob.depth,
        charset=blob.charset,
        origin=blob.origin,
    )


def read_zip(blob: Blob, options: ReadOptions) -> Opened:
    """The files of a .zip, sorted by name. Raises BadZipFile and the like."""
    with (
        random_access(blob, options.max_document_bytes) as raw,
        zipfile.ZipFile(raw) as archive,
    ):
        members = [(_zip_name(info), info) for info in archive.infolist()]
        for name, info in sorted(members, key=lambda member: member[0]):
            if info.is_dir() or _is_junk_path(name):
                continue
            member = blob.inner(f"!{name}", _zip_opener(archive, info, blob), archived=True)
            if info.flag_bits & 0x1:
                yield reject(member.source, _ENCRYPTED)
            elif info.file_size > options.max_member_bytes:
                yield reject(member.source, _too_large(info.file_size))
            else:
                yield member


def _zip_opener(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, blob: Blob
) -> Callable[[], io.BufferedIOBase]:
    return lambda: metered(cast(io.BufferedIOBase, archive.open(info)), blob.budget)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of a file in an archive; many packers write UTF-8 without saying so."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return _below(name)


def read_tar(blob: Blob, options: ReadOptions) -> Opened:
    """The files of a .tar in the order in which it holds them. Raises tarfile.TarError."""
    with blob.open() as raw, tarfile.open(fileobj=raw, mode="r|") as archive:
        for info in archive:
            name = _below(info.name)
            if info.isdir() or _is_junk_path(name):
                continue
            member = blob.inner(f"!{name}", _tar_opener(archive, info), archived=True)
            if not info.isreg():
                yield reject(member.source, _NO_FILE)
            elif info.size > options.max_member_bytes:
                yield reject(member.source, _too_large(info.size))
            else:
                yield member


def _tar_opener(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], io.BufferedIOBase]:
    return lambda: cast(io.BufferedIOBase, archive.extractfile(info))


def _below(name: str) -> str:
    """``name`` as a path below the archive: what would lead out of it is left away."""
    name = _DRIVE.sub("", writable(name).replace("\0", "").replace("\\", "/"))
    parts = name.split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..")) or "unnamed"


def _is_junk_path(name: str) -> bool:
    return any(is_junk(part) for part in name.split("/"))


def _too_large(size: int) -> str:
    return f"it has {size:,} bytes when unpacked, too many inside an archive; unpack it first"
