"""The link set: which sentences of an archive's reports tell one event, and which only seem to.

A telling is the span of a report that tells one event. Tellings of one event id are one event;
look-alikes are pairs of events that a careless matcher would merge.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from pipeline.schema import OUTCOMES

from .form import GoldCount
from .inline import InlineError, blocks, count_of

HALVES = ("dev", "test")
LOOKALIKES = "lookalikes.jsonl"
_MARK = re.compile(r"\[\[(.*?)\|(e\d+)\]\]", re.DOTALL)
_LOOKALIKE = re.compile(r"^## lookalike (\S+) (\S+) \| (.+)$", re.MULTILINE)
_T = TypeVar("_T")


class Telling(Struct, frozen=True, kw_only=True):
    """``text[start:end]`` of the report tells ``event``; ``tolls`` are what it says of it."""

    event: str
    start: int
    end: int
    text: str
    tolls: dict[str, GoldCount]


class LinkedReport(Struct, frozen=True, kw_only=True):
    """A report of the link set."""

    id: str
    text: str
    published: str
    source: str
    country: str
    tellings: tuple[Telling, ...]


class Lookalike(Struct, frozen=True, kw_only=True):
    """Two events that are not one, and why one might think so."""

    first: str
    second: str
    why: str


def parse_linked(source: str) -> tuple[list[LinkedReport], list[Lookalike]]:
    """The reports and look-alike pairs of a file in the form that people write: blocks with
    ``e1: EVENT | killed=12`` lines and ``[[sentence|e1]]`` marks, then ``## lookalike A B | why``.

    Raises InlineError naming the report.
    """
    reports = [_report(report_id, body) for report_id, body in blocks(source)]
    pairs = [Lookalike(first=a, second=b, why=why) for a, b, why in _LOOKALIKE.findall(source)]
    return reports, pairs


def _report(report_id: str, body: str) -> LinkedReport:
    try:
        head, marked = body.split("@text\n", 1)
        meta_line, *rows = [row for row in head.splitlines() if row.strip()]
        meta = dict(re.split(r": *", pair.strip(), maxsplit=1) for pair in meta_line.split(" | "))
        told = {row.partition(":")[0].strip(): _tolls(row.partition(":")[2]) for row in rows}
        text, spans = _unmark(marked.rstrip("\n"))
        if Counter(told.keys()) != Counter(i for i, _, _ in spans):
            raise ValueError(f"lines {sorted(told)} and marks {sorted(i for i, *_ in spans)}")
        tellings = tuple(
            Telling(event=told[i][0], start=a, end=b, text=text[a:b], tolls=told[i][1])
            for i, a, b in spans
        )
        return LinkedReport(
            id=report_id, text=text, published=meta["published"], source=meta.get("source", ""),
            country=meta.get("country", ""), tellings=tellings,
        )  # fmt: skip
    except (ValueError, KeyError) as error:
        raise InlineError(f"{report_id}: not a report of the link set ({error})") from error


def _unmark(marked: str) -> tuple[str, list[tuple[str, int, int]]]:
    text, spans, at = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[at : mark.start()]
        spans.append((mark[2], len(text), len(text) + len(mark[1])))
        text += mark[1]
        at = mark.end()
    text += marked[at:]
    if "[[" in text or "]]" in text:
        raise ValueError("an unclosed or nested [[…|e1]]")
    return text, spans


def _tolls(row: str) -> tuple[str, dict[str, GoldCount]]:
    event, _, rest = row.partition("|")
    tolls = {}
    for pair in rest.split():
        outcome, _, number = pair.partition("=")
        if outcome not in OUTCOMES:
            raise ValueError(f"{outcome!r} is no outcome")
        tolls[outcome] = count_of("", number, [])
    return event.strip(), tolls


def read_linked(path: Path) -> list[LinkedReport]:
    """The reports of a half of the link set; raises FileNotFoundError, ValueError."""
    return list(_rows(path, LinkedReport))


def linked_files(root: Path) -> list[Path]:
    """The files of the link set's halves below the annotated set's folder, where they are there."""
    return [p for half in HALVES if (p := root / "linked" / f"{half}.jsonl").exists()]


def read_lookalikes(path: Path) -> list[Lookalike]:
    """The look-alike pairs of both halves; raises FileNotFoundError, ValueError."""
    return list(_rows(path, Lookalike))


def _rows(path: Path, kind: type[_T]) -> Iterator[_T]:
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=kind)
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                raise ValueError(f"{path}:{number}: not of the link set: {error}") from error


def halves(
    reports: Sequence[LinkedReport], pairs: Sequence[Lookalike]
) -> dict[str, list[LinkedReport]]:
    """The reports in two halves, so that nothing to be told apart or together is torn: events of
    one report and of one look-alike pair stay in one half."""
    group: dict[str, str] = {}

    def root(event: str) -> str:
        while group.setdefault(event, event) != event:
            event = group[event]
        return event

    for report in reports:
        for telling in report.tellings:
            group[root(telling.event)] = root(report.tellings[0].event)
    for pair in pairs:
        group[root(pair.first)] = root(pair.second)
    groups: dict[str, list[LinkedReport]] = defaultdict(list)
    for report in reports:
        groups[root(report.tellings[0].event) if report.tellings else report.id].append(report)
    split: dict[str, list[LinkedReport]] = {half: [] for half in HALVES}
    for own in sorted(groups.values(), key=lambda rs: (-len(rs), rs[0].id)):
        min(split.values(), key=len).extend(own)
    return {half: sorted(rs, key=lambda r: r.id) for half, rs in split.items()}


def write_linked(
    reports: Sequence[LinkedReport], pairs: Sequence[Lookalike], folder: Path
) -> dict[str, int]:
    """Write both halves and the pairs into ``folder``; returns how many reports each half has."""
    folder.mkdir(parents=True, exist_ok=True)
    split = halves(reports, pairs)
    for half, own in split.items():
        _save(folder / f"{half}.jsonl", own)
    _save(folder / LOOKALIKES, pairs)
    return {half: len(own) for half, own in split.items()}


def _save(path: Path, rows: Iterable[Struct]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def check_linked(folder: Path) -> list[str]:
    """Findings over the link set in ``folder``; raises FileNotFoundError, ValueError."""
    split = {half: read_linked(folder / f"{half}.jsonl") for half in HALVES}
    findings, where = [], defaultdict(set)
    for half, reports in split.items():
        for report in reports:
            for t in report.tellings:
                where[t.event].add(half)
                if report.text[t.start : t.end] != t.text or not t.text.strip():
                    findings.append(f"{report.id}: {t.event} is not what stands at [{t.start}, …)")
    findings += [f"{event} is told in both halves" for event, hs in where.items() if len(hs) > 1]
    ids = Counter(r.id for reports in split.values() for r in reports)
    findings += [f"{i}: {n} reports bear this id" for i, n in ids.items() if n > 1]
    for pair in read_lookalikes(folder / LOOKALIKES):
        if pair.first == pair.second or where[pair.first] != where[pair.second]:
            findings.append(f"look-alikes {pair.first}, {pair.second} are one, or not both told")
    return findings


def count_linked(reports: Iterable[LinkedReport]) -> Counter[str]:
    """How many reports, tellings, events, and events told by two reports or more."""
    reports = list(reports)
    told = Counter(
        event for r in reports for event in {t.event for t in r.tellings}
    )  # reports by event
    return Counter(
        reports=len(reports), tellings=sum(len(r.tellings) for r in reports), events=len(told),
        told_again=sum(n > 1 for n in told.values()),
    )  # fmt: skip
