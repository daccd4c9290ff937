"""An evaluation as one table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from .agreement import Agreement
from .evaluate import Evaluation
from .records import FIELDS
from .scores import Score

SHARES = ("net_toll", "net_toll_killed")


def render(result: Evaluation) -> Table:
    """Rows of all tables with precision, recall, F1 and the counts beneath them.

    Fields of the paired records and net tolls have one figure, the share that is right.
    """
    table = Table(
        title=f"{result.model} on {result.split}: {result.values['reports']:.0f} reports, "
        f"{result.values['words']:.0f} words, {result.values['words_a_second']:.0f} words a second"
    )
    for column in ("", "precision", "recall", "F1", "right", "said", "gold"):
        table.add_column(column, justify="left" if not column else "right")
    _add_rows(table, result.tables)
    table.add_section()
    for name in ("mentions", "links", "records"):
        error = result.values[f"calibration_error_{name}"]
        table.add_row(f"calibration error, {name}", "", "", f"{error:.3f}", "", "", "")
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


def _add_rows(table: Table, tables: Mapping[str, Mapping[str, Score]]) -> None:
    for name, rows in tables.items():
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for row, s in rows.items():
            if name.startswith("records") and row in (*FIELDS, *SHARES):
                table.add_row(row, "", "", f"{s.f1:.3f}", str(s.correct), "", str(s.gold))
                continue
            table.add_row(row, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}",
                          str(s.correct), str(s.predicted), str(s.gold))  # fmt: skip
