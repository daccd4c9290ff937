"""Reads inputs as a run does, for the tests of the readers."""

from __future__ import annotations

from pathlib import Path

from pipeline.formats import ReadOptions
from pipeline.read import read_reports
from pipeline.schema import Reject, Report


def read(*inputs: Path | str, **options: object) -> tuple[list[Report], list[Reject]]:
    """The reports and the rejects of ``inputs``."""
    items = list(read_reports(inputs, ReadOptions(**options)))
    reports = [item for item in items if isinstance(item, Report)]
    return reports, [item for item in items if isinstance(item, Reject)]


def read_bytes(folder: Path, name: str, data: bytes) -> tuple[list[Report], list[Reject]]:
    """The reports and the rejects of one file that holds ``data``."""
    (folder / name).write_bytes(data)
    return read(folder / name)
