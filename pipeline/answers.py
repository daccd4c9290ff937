"""What a query gives: a table for the eyes, CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, TextIO

from .bidi import visual_order
from .database import Answer
from .write import guarded

if TYPE_CHECKING:
    from rich.table import Table


def answer_table(answer: Answer, *, bidi: bool = False) -> Table:
    """``answer`` as a table; with ``bidi`` each cell is in the order in which it is seen."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    numbers = [_all_numbers(column) for column in zip(*answer.rows, strict=True)]
    for index, name in enumerate(answer.columns):
        right = bool(numbers) and numbers[index]
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in answer.rows:
        # As Text, so that brackets in a report are not read as styles.
        table.add_row(*(Text(_shown(value, bidi)) for value in row))
    return table


def _all_numbers(column: tuple[object, ...]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in column)


def _shown(value: object, bidi: bool) -> str:
    if value is None:
        return ""
    # What a report says must not move the cursor or colour the terminal.
    text = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return "".join(sign for sign, _ in visual_order(text)) if bidi else text


def write_csv(answer: Answer, file: TextIO) -> None:
    """``answer`` as CSV, no cell of which passes for a formula; ``file`` keeps line ends as is."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(answer.columns)
    for row in answer.rows:
        # By number, for a query may name two columns alike.
        writer.writerow(guarded({str(n): value for n, value in enumerate(row)}).values())


def write_json(answer: Answer, file: TextIO) -> None:
    """``answer`` as a JSON list with an object a row, Arabic unescaped, days in ISO form.

    Raises ValueError where two columns have the same name.
    """
    if len(set(answer.columns)) < len(answer.columns):
        raise ValueError("Two columns have the same name; give one another: SELECT a AS b")
    rows: list[Mapping[str, Any]] = [
        dict(zip(answer.columns, row, strict=True)) for row in answer.rows
    ]
    json.dump(rows, file, ensure_ascii=False, indent=2, default=_plain)
    file.write("\n")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
