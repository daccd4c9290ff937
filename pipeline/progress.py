"""The progress bar of a run, on standard error. Imported late: few runs show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Speed(ProgressColumn):
    """Reports a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        """The cell of ``task``; empty before the first report is done."""
        return Text(f"{task.speed:,.1f} reports/s" if task.speed else "")


@contextmanager
def progress_bar(count: Callable[[], int | None]) -> Iterator[Callable[[int], None]]:
    """A bar and a function that moves it on by so many reports.

    ``count`` gives the number of reports to come, or None where that can't be known beforehand.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Speed(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("counting reports", total=None)
        total = count()
        bar.reset(task, total=total, description="analysing")
        yield lambda reports: bar.advance(task, reports)
