"""Reports and events for the eyes: a report right-to-left in a terminal, events as a table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from .bidi import base_level, visual_order
from .flat import party_name, place_name
from .schema import Casualty, Count, Date, Event, Mention, Report, ReportResult

if TYPE_CHECKING:
    from spacy.language import Language

STYLES: Mapping[str, str] = {
    "OUTCOME": "bold white on red",
    "COUNT": "bold black on yellow",
    "VICTIM": "black on bright_magenta",
    "PARTY": "black on cyan",
    "PLACE": "black on green",
    "DATE": "white on blue",
    "CAUSE": "black on bright_red",
    "SOURCE": "black on white",
}
# Beyond this many characters a name is cut in a table, lest it push out the other columns.
_CELL = 30
_SIGNS = {"exact": "", "at_least": "≥ ", "at_most": "≤ ", "approximate": "~ "}


def analyse_report(nlp: Language, report: Report) -> tuple[Sequence[Mention], ReportResult]:
    """The mentions that the model finds in ``report``, and the result built from them."""
    from .components import make_doc

    doc = nlp(make_doc(nlp, report))
    return doc._.tagged.mentions if doc._.tagged else (), doc._.result


def show_report(
    console: Console,
    report: Report,
    mentions: Sequence[Mention],
    result: ReportResult,
    *,
    bidi: bool,
) -> None:
    """Print ``report`` with its mentions coloured, a legend, and its events.

    With ``bidi`` every line is put into the order in which it is seen, for terminals that write
    all text from left to right; without it the terminal is left to do that.
    """
    console.print(legend(mentions))
    console.print()
    text = report_text(report.text, mentions, console.width, bidi=bidi)
    console.print(text, justify="right")
    console.print()
    console.print(events_table([result], bidi=bidi))


def terminal_orders_text(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal is one of those known to write Arabic from right to left itself."""
    known = {"VTE_VERSION", "KONSOLE_VERSION"} & environment.keys()
    return bool(known) or environment.get("TERM_PROGRAM") in {"Apple_Terminal", "mintty", "mlterm"}


def legend(mentions: Iterable[Mention]) -> Text:
    """The labels among ``mentions`` in their colours, with how often each was found."""
    labels: list[str] = [mention.label for mention in mentions]
    if not labels:
        return Text("no mentions", style="dim")
    parts = [Text(f" {label} {labels.count(label)} ", STYLES[label]) for label in STYLES]
    return Text(" ").join(
        part for part, label in zip(parts, STYLES, strict=True) if label in labels
    )


def report_text(text: str, mentions: Iterable[Mention], width: int, *, bidi: bool) -> Text:
    """``text`` wrapped to ``width`` cells, its mentions coloured."""
    styles = _styles(text, mentions)
    base = base_level(text)
    lines = [
        _line(text, start, end, styles, base if bidi else None)
        for start, end in wrapped(text, width)
    ]
    return Text("\n").join(lines)


def wrapped(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Spans of the lines of ``text`` when it is broken at white space to fit ``width`` cells."""
    start = 0
    for paragraph in text.splitlines(keepends=True):
        end = start + len(paragraph.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"))
        yield from _wrapped_paragraph(text, start, end, width)
        start += len(paragraph)


def _wrapped_paragraph(text: str, start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    while cell_len(text[start:end]) > width:
        cut = start + 1
        while cell_len(text[start : cut + 1]) <= width:
            cut += 1
        space = text.rfind(" ", start + 1, cut + 1)
        cut = space if space > start else cut
        yield start, cut
        start = cut + 1 if space == cut else cut
    yield start, end


def _styles(text: str, mentions: Iterable[Mention]) -> list[str]:
    """The style of each character; where mentions overlap, of the shortest."""
    styles = [""] * len(text)
    for mention in sorted(mentions, key=lambda m: m.start - m.end):
        styles[mention.start : mention.end] = [STYLES[mention.label]] * (
            mention.end - mention.start
        )
    return styles


def _line(text: str, start: int, end: int, styles: Sequence[str], base: int | None) -> Text:
    """One line in its colours, put into visual order where a ``base`` direction is given."""
    line = text[start:end]
    logical = [(char, index) for index, char in enumerate(line)]
    chars = logical if base is None else visual_order(line, base)
    shown = [(_visible(char), styles[start + index]) for char, index in chars]
    runs = groupby(shown, key=lambda pair: pair[1])
    return Text.assemble(*(("".join(char for char, _ in run), style) for style, run in runs))


def _visible(char: str) -> str:
    """``char``, or nothing for a control character: a report must not steer the terminal."""
    return char if char.isprintable() else " " * char.isspace()


def events_table(results: Iterable[ReportResult], *, bidi: bool) -> RenderableType:
    """A table a report: its casualty records, one a row, under their events; then its warnings."""
    parts = [part for result in results for part in _report_parts(result, bidi)]
    return Group(*parts)


def _report_parts(result: ReportResult, bidi: bool) -> Iterator[RenderableType]:
    head = f"{result.report_id}  {result.published or 'no publication date'}"
    yield Text(_one_line(head), style="bold")
    if result.events:
        yield _table(result, bidi)
    else:
        yield Text("no casualties found", style="dim")
    for warning in result.warnings:
        yield Text(f"! {warning.code}: {_cell(warning.message, bidi, 200)}", style="yellow")
    yield Text()


def _table(result: ReportResult, bidi: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    for name in ("", "toll", "of whom", "by", "where", "when", "cause", "notes"):
        table.add_column(name, overflow="fold")
    for event in result.events:
        for row, casualty in enumerate(event.casualties):
            shared = _event_cells(event, bidi) if row == 0 else [""] * 4
            table.add_row(*_casualty_cells(casualty, bidi), *shared, _notes(event, casualty, bidi))
    return table


def _event_cells(event: Event, bidi: bool) -> list[str]:
    return [
        _cell(", ".join(party_name(party) or "" for party in event.perpetrators), bidi),
        _cell(", ".join(map(place_name, event.places)), bidi),
        _when(event.date, bidi),
        event.cause.code if event.cause else "",
    ]


def _casualty_cells(casualty: Casualty, bidi: bool) -> list[str]:
    toll = f"{how_many(casualty.count)} {casualty.outcome.replace('_or_', '/')}"
    return [_short(casualty.casualty_id), toll, _cell(party_name(casualty.victims) or "", bidi)]


def _notes(event: Event, casualty: Casualty, bidi: bool) -> str:
    notes = [
        "cumulative" if event.scope == "cumulative" else "",
        f"part of {_short(casualty.subset_of)}" if casualty.subset_of else "",
        f"again {_short(casualty.same_as)}" if casualty.same_as else "",
        f"says {_cell(party_name(casualty.according_to) or '', bidi)}"
        if casualty.according_to
        else "",
    ]
    return ", ".join(filter(None, notes))


def how_many(count: Count) -> str:
    """A count in a few signs: ``12``, ``≥ 12``, ``5–7``, ``? (24–99)``."""
    if count.value is not None:
        return f"{_SIGNS.get(count.qualifier, '')}{count.value:,}"
    low, high = (f"{n:,}" if n is not None else "…" for n in (count.low, count.high))
    return f"{low}–{high}" if count.qualifier == "range" else f"? ({low}–{high})"


def _when(date: Date | None, bidi: bool) -> str:
    if date is None:
        return ""
    if date.start is None:
        return _cell(date.text, bidi)
    return date.start if date.end in (None, date.start) else f"{date.start} – {date.end}"


def _short(casualty_id: str) -> str:
    return casualty_id.rpartition("#")[2]


def _cell(text: str, bidi: bool, longest: int = _CELL) -> str:
    """``text`` on one line, cut where it is long, and in the order in which it is seen."""
    line = _one_line(text)
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return "".join(char for char, _ in visual_order(line)) if bidi else line


def _one_line(text: str) -> str:
    return " ".join("".join(map(_visible, text)).split())
