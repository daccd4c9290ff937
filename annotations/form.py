"""The JSONL form of annotated reports: one object a line, texts with mentions, links, records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.schema import (
    Category,
    CauseCode,
    CountKind,
    LinkType,
    MentionLabel,
    Outcome,
    Qualifier,
    Scope,
)


class GoldMention(Struct, frozen=True, kw_only=True):
    """A marked span; ``anchor`` is the scope of the record that hangs on it, if one does."""

    id: str
    label: MentionLabel
    start: int
    end: int
    text: str
    anchor: Scope | None = None


class GoldLink(Struct, frozen=True, kw_only=True):
    """From the anchor ``head`` to ``tail``, both mention ids."""

    type: LinkType
    head: str
    tail: str


class GoldCount(Struct, frozen=True, kw_only=True):
    """As `pipeline.schema.Count`; vague and approximate bounds are left to the data file."""

    value: int | None
    low: int | None
    high: int | None
    qualifier: Qualifier
    kind: CountKind


class GoldRecord(Struct, frozen=True, kw_only=True):
    """One casualty statement: its values. Its spans are the links of its anchor.

    ``by_reading`` names the fields whose value follows from reading the report, not from the
    marks by the rules (eval/consistency.py).
    """

    id: str
    anchor: str
    outcome: Outcome
    count: GoldCount
    category: Category
    scope: Scope
    cause: CauseCode | None = None
    date_start: str | None = None
    date_end: str | None = None
    victim_parties: tuple[str, ...] = ()
    perpetrators: tuple[str, ...] = ()
    demographics: tuple[str, ...] = ()
    subset_of: str | None = None
    same_as: str | None = None
    by_reading: tuple[str, ...] = ()


class AnnotatedReport(Struct, frozen=True, kw_only=True):
    """A report of the set. ``points`` are the parts of coverage.toml that its writer set out to
    show."""

    id: str
    text: str
    published: str | None
    country: str
    style: str
    points: tuple[str, ...]
    mentions: tuple[GoldMention, ...]
    links: tuple[GoldLink, ...]
    records: tuple[GoldRecord, ...]


def read_reports(path: str | Path) -> Iterator[AnnotatedReport]:
    """The reports of a ``.jsonl`` file, or of all such files of a folder, in name order.

    Raises FileNotFoundError for a path that is not there, ValueError naming file and line for a
    line that is not in the form.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such annotation file or folder")
    for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _decode(line, file, number)


def _decode(line: str, file: Path, number: int) -> AnnotatedReport:
    try:
        return msgspec.json.decode(line, type=AnnotatedReport)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ValueError(f"{file}:{number}: not an annotated report: {error}") from error


def write_reports(reports: Iterable[AnnotatedReport], path: str | Path) -> int:
    """Write reports to ``path`` as JSONL, Arabic unescaped; returns how many."""
    rows = [msgspec.json.encode(report) for report in reports]
    Path(path).write_bytes(b"".join(row + b"\n" for row in rows))
    return len(rows)
