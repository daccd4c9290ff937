"""What a run was: its manifest ``run.json``, and the versions and hashes that go into it."""

from __future__ import annotations

import platform
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from msgspec import Struct

from .journal import Totals

# Packages whose version may change what is found or the bytes in which it is written.
PACKAGES = ("duckdb", "msgspec", "numpy", "onnxruntime", "pyarrow", "spacy", "tokenizers")
_PROGRAM = Path(__file__).resolve().parent


class OutputFile(Struct, frozen=True):
    """Size and SHA-256 of a file that a run wrote."""

    bytes: int
    sha256: str


class RunSummary(Struct, frozen=True, kw_only=True):
    """The manifest of a run: ``run.json``. Seconds are of the last go where it was resumed."""

    version: str
    code: str  # SHA-256 over the program's files
    versions: dict[str, str]
    platform: str
    model: dict[str, str]  # name, and the SHA-256 over its files
    inputs: list[str]
    options: dict[str, Any]
    counts: Totals
    outputs: dict[str, OutputFile] = {}
    workers: int
    seconds: float
    analysis_seconds: float  # of all reports, summed over the worker processes
    words_per_second: float


def versions() -> dict[str, str]:
    """The versions of Python and of PACKAGES."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # Unpacked by hand: it works, but nothing says which it is.
        return "unknown"


def system() -> str:
    """Operating system and processor, without the machine's name."""
    return f"{platform.system()} {platform.machine()}"


def describe_model(folder: Path) -> dict[str, str]:
    """The name of the model in ``folder`` and the SHA-256 over the names and bytes of its files."""
    return {"name": folder.resolve().name, "sha256": hash_files(folder, "*")}


def describe_code() -> str:
    """The SHA-256 over the runtime's own files, its data with them."""
    return hash_files(_PROGRAM, "*.py", "data/*")


def hash_files(folder: Path, *patterns: str) -> str:
    """The SHA-256 over names and bytes of the files below ``folder`` that match a pattern."""
    found = {p for pattern in patterns for p in folder.rglob(pattern) if p.is_file()}
    digest = sha256()
    for path in sorted(path for path in found if "__pycache__" not in path.parts):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()
