"""Commands over a finished run: its database, queries. Thin, as those of `pipeline.cli`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from .database import Answer

USAGE_ERROR = 2

Run = Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a run.")]


def fail(message: str) -> NoReturn:
    """End the program with ``message`` as what was wrong with its use."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(USAGE_ERROR)


def database_command(out: Run) -> None:
    """Make events.duckdb of a run's other files, anew or where the run had --no-database.

    [bold]Example[/bold]

    hasila database results
    """
    from .database import write_database
    from .journal import RunError
    from .write import DATABASE

    try:
        counts = write_database(out)
    except (OSError, ValueError, RunError) as error:
        fail(str(error))
    typer.echo(f"{out / DATABASE}: " + ", ".join(f"{n:,} {name}" for name, n in counts.items()))


def query_command(
    out: Run,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="The query; - for standard input.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Ask a run's database, by SQL. It is only read.

    Tables: reports, events, casualties, places, parties, sources. Views: net_toll, by_month,
    by_governorate, by_party, claims, net_records. Ready queries are in docs/queries.md.

    [bold]Examples[/bold]

    hasila query results "SELECT * FROM net_toll"

    hasila query results "SELECT * FROM by_month WHERE outcome = 'killed'" --csv > months.csv
    """
    from .answers import write_csv, write_json
    from .database import query

    if as_csv and as_json:
        fail("Choose one of --csv and --json.")
    try:
        answer = query(out, sys.stdin.read() if sql == "-" else sql)
        if as_csv:
            write_csv(answer, sys.stdout)
        elif as_json:
            write_json(answer, sys.stdout)
    except (OSError, ValueError) as error:
        fail(str(error))
    if not (as_csv or as_json):
        _print_table(answer)


def _print_table(answer: Answer) -> None:
    from rich.console import Console

    from .answers import answer_table
    from .show import terminal_orders_text

    console = Console()
    bidi = console.is_terminal and not terminal_orders_text()
    # A file has no width; lines that are cut to that of a terminal would be hard to read on.
    (console if console.is_terminal else Console(width=10_000)).print(
        answer_table(answer, bidi=bidi)
    )


def export_command(
    out: Run,
    to: Annotated[str, typer.Option("--to", help="acled, ucdp, hxl or geojson.")],
    file: Annotated[Path, typer.Option("--out", "-o", help="File to write.")],
) -> None:
    """Write a run's incidents in a format of others; docs/exports.md says what each loses.

    [bold]Examples[/bold]

    hasila export results --to acled --out acled.csv

    hasila export results --to geojson --out events.geojson
    """
    from .exports import export

    try:
        count = export(out, to, file)
    except (OSError, ValueError) as error:
        fail(str(error))
    typer.echo(f"{file}: {count:,} events")


def relate_command(
    out: Run,
    rule: Annotated[
        str,
        typer.Option("--rule", help="Figure of an event: conservative, latest, majority, highest."),
    ] = "latest",
    decisions: Annotated[
        Path | None,
        typer.Option(
            "--decisions", help="CSV with first, second (event ids), decision (same, different)."
        ),
    ] = None,
) -> None:
    """Find which events of a run are one event, told by several reports; one figure for each.

    Writes into the run's folder:

    groups.jsonl     one event a line, its tellings, and its figures with every claim

    links.parquet    the pairs that were compared, and what each comparison gave

    tolls.jsonl      running tolls beside the incidents they should hold: ratio and gaps

    What you decide in --decisions holds before all else; leave a row out, and it is undone.

    [bold]Examples[/bold]

    hasila relate results

    hasila relate results --rule conservative --decisions mine.csv
    """
    from .relate import relate

    try:
        related = relate(out, rule=rule, decisions=decisions)
    except (OSError, ValueError) as error:
        fail(str(error))
    typer.echo(
        f"{out}: {related.events:,} events in {related.groups:,} groups, {related.merged:,} of them"
        f" told more than once; {related.links:,} pairs, {related.tolls:,} running tolls"
    )


def report_command(
    out: Run,
    file: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; default: DIR/report.html.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title of the page.")] = None,
) -> None:
    """Write a run as one HTML page: totals, months, places with a map, parties, contradictions.

    Every figure opens the sentences that it comes from. The page needs nothing beside itself and
    asks for nothing. After hasila relate it counts an event once, however many reports tell it.

    [bold]Example[/bold]

    hasila report results --title "Idlib, 2019"
    """
    from .report_page import write_page

    page = file or out / "report.html"
    try:
        events = write_page(out, page, title)
    except (OSError, ValueError) as error:
        fail(str(error))
    typer.echo(f"{page}: {events:,} events")


def load_command(
    out: Run,
    url: Annotated[str, typer.Argument(metavar="URL", help="postgresql://user@host:port/database")],
    schema: Annotated[
        str, typer.Option("--schema", help="Schema to make the tables in.")
    ] = "hasila",
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop the tables that an earlier load left.")
    ] = False,
) -> None:
    """Copy a run's database into PostgreSQL, its tables and views; all of it or nothing.

    [bold]Examples[/bold]

    hasila load results postgresql://localhost/casualties

    hasila load results postgresql://me@db.example/casualties --replace
    """
    from .postgres import load

    try:
        counts = load(out, url, schema=schema, replace=replace)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        fail(str(error))
    typer.echo(f"{schema}: " + ", ".join(f"{n:,} {name}" for name, n in counts.items()))
