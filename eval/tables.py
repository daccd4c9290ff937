"""Figures as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from .agreement import Agreement
from .errors import Miss
from .evaluate import Evaluation, Figure, Measured
from .records import FIELDS, VALUES
from .scores import Score

if TYPE_CHECKING:
    from .phrases import Outcome
    from .speed import Speed

# Rows whose precision and recall are the same: a share of the reports, or of the paired records.
SHARES = frozenset({*FIELDS, *VALUES, "net_toll", "net_toll_killed"})
SHARE_TABLES = ("records", "values")
SMALLEST_GROUP = 5


def render(result: Evaluation) -> Table:
    """Rows of all tables with precision, recall, F1, its 95 % interval and the counts beneath.

    Fields of the paired records, values and net tolls have one figure, the share that is right.
    """
    table = render_figures(
        f"{result.model} {result.version} on {result.split}: {result.reports} reports, "
        f"{result.words} words, {result.words_a_second:.0f} words a second",
        result.tables,
    )
    table.add_section()
    for name, calibration in result.calibration.items():
        low, high = calibration.interval
        table.add_row(
            f"calibration error, {name}",
            "",
            "",
            f"{calibration.error:.3f}",
            f"{low:.2f}–{high:.2f}",
        )
    return table


def render_figures(title: str, tables: Mapping[str, Mapping[str, Figure]]) -> Table:
    """Any tables of figures, a row each."""
    table = Table(title=title)
    for column in ("", "precision", "recall", "F1", "95 %", "right", "said", "gold"):
        table.add_column(column, justify="left" if not column else "right")
    for name, rows in tables.items():
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for row, figure in rows.items():
            table.add_row(row, *_cells(figure.score, _is_share(name, row), _interval(figure)))
    return table


def render_speed(speed: Speed) -> Table:
    """Both sides and how many times as fast ours is."""
    table = Table(
        title=f"{speed.texts} texts, {speed.words} words, {speed.threads} threads; {speed.cpu}"
    )
    for column in ("", "words a second", "ours is times as fast"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("hasila, whole pipeline, 8-bit", f"{speed.ours:,.0f}", "")
    for size, words in speed.theirs.items():
        table.add_row(
            f"transformers, tags alone, batch {size}", f"{words:,.0f}", f"{speed.ours / words:.2f}"
        )
    return table


def render_values(split: str, tables: Mapping[str, Mapping[str, Figure]]) -> Table:
    """Shares of phrases that are right, with their interval; others' libraries beside ours."""
    table = Table(title=f"phrases, {split}")
    for column in ("", "share", "95 %", "phrases"):
        table.add_column(column, justify="left" if not column else "right")
    for name, rows in tables.items():
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for row, figure in rows.items():
            share = f"{figure.score.f1:.3f}"
            table.add_row(row, share, _interval(figure), str(figure.score.gold))
    return table


def render_linked(half: str, measured: Mapping[str, Measured]) -> Table:
    """The figures of the link set's ``half``, a row each."""
    table = Table(title=f"events across reports, {half}")
    for column in ("", "share", "95 %", "of"):
        table.add_column(column, justify="left" if not column else "right")
    for name, m in measured.items():
        table.add_row(name, f"{m.value:.3f}", f"{m.interval[0]:.2f}–{m.interval[1]:.2f}", str(m.of))
    return table


def render_wrong(outcome: Outcome) -> Text:
    """A phrase in its sentence, what it means, and what was read."""
    phrase = outcome.phrase
    before, after = phrase.text[: phrase.start], phrase.text[phrase.end :]
    return Text.assemble(
        (f"{phrase.id}\n  ", "bold cyan"), before, (phrase.words, "bold red"), after,
        f"\n  gold: {phrase.expected}\n  read: {outcome.read}\n",
    )  # fmt: skip


def render_kinds(kinds: Sequence[tuple[str, int]]) -> Table:
    """How many misses there are of each kind."""
    table = Table("misses", "kind")
    for kind, count in kinds:
        table.add_row(str(count), kind)
    return table


def render_miss(miss: Miss, text: str) -> Text:
    """A miss in its text, the words it is about in bold; line breaks become spaces."""
    before, at, after = (" ".join(part.split("\n")) for part in miss.snippet(text))
    return Text.assemble(
        (f"{miss.report_id}  {miss.kind}\n", "bold cyan"), "  …", before, (at, "bold red"), after,
        f"…\n  gold: {miss.gold or '–'}\n  read: {miss.read or '–'}\n",
    )  # fmt: skip


def render_groups(result: Evaluation) -> Table:
    """F1 and interval by country, style, length and noise; groups under five reports are left
    to the JSON."""
    figures = next(iter(next(iter(result.groups.values())).values()))
    table = Table(title=f"{result.split} by group")
    table.add_column("")
    for column in ("reports", *figures):
        table.add_column(column.replace("records, ", ""), justify="right")
    for kind, values in result.groups.items():
        table.add_section()
        table.add_row(f"[bold]{kind}[/bold]")
        for value, rows in values.items():
            size = result.group_sizes[kind][value]
            if size >= SMALLEST_GROUP:
                cells = (f"{f.score.f1:.2f} ({_interval(f)})" for f in rows.values())
                table.add_row(value, str(size), *cells)
    return table


def render_agreement(result: Agreement) -> Table:
    """The figures of two annotators; what the first marked stands under gold."""
    table = Table(title=f"two annotations of {result.reports} reports")
    for column in ("", "precision", "recall", "F1", "agreed", "second", "first"):
        table.add_column(column, justify="left" if not column else "right")
    _add_rows(table, result.tables)
    table.add_section()
    for name, kappa in result.kappas.items():
        table.add_row(f"kappa {name}", "", "", f"{kappa:.3f}", "", "", str(result.paired))
    return table


def _interval(figure: Figure) -> str:
    return f"{figure.interval[0]:.2f}–{figure.interval[1]:.2f}"


def _is_share(table: str, row: str) -> bool:
    return row in SHARES and table.startswith(SHARE_TABLES)


def _cells(score: Score, share: bool, interval: str | None = None) -> list[str]:
    middle = [] if interval is None else [interval]
    if share:
        return ["", "", f"{score.f1:.3f}", *middle, str(score.correct), "", str(score.gold)]
    shares = [f"{value:.3f}" for value in (score.precision, score.recall, score.f1)]
    return [*shares, *middle, str(score.correct), str(score.predicted), str(score.gold)]


def _add_rows(table: Table, tables: Mapping[str, Mapping[str, Score]]) -> None:
    for name, rows in tables.items():
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for row, score in rows.items():
            table.add_row(row, *_cells(score, _is_share(name, row)))
