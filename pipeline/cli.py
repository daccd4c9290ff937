"""The command line. Each command is thin; what it needs is imported when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from .data_commands import (
    database_command,
    export_command,
    load_command,
    query_command,
    relate_command,
    report_command,
)
from .data_commands import fail as _fail

# Commands that other packages bring (entry-point group "hasila.commands"): name -> help line. They
# stand here too, so that --help need not import those packages.
PLUGIN_GROUP = "hasila.commands"
PLUGINS = {
    "train": "Train a model from annotated reports, and export it.",
    "eval": "Score the model on annotated reports: a table, JSON, a page with every miss.",
    "score": "Score anyone's reports.jsonl against annotated reports.",
    "bench": "Measure the speed beside transformers' own pipeline, in one run.",
    "agreement": "Score one annotation of reports against another of the same reports.",
    "consistency": "Check gold records against what the rules make of gold marks.",
    "annotations": "Check annotated reports, count what they hold, convert them.",
}
FAULTS_FOUND = 1
INTERRUPTED = 130

app = typer.Typer(
    name="hasila",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="""
    Read archives of Arabic conflict reports; write who was harmed, by whom, where, when and how
    many, each figure with the words it rests on.

    [bold]Start here[/bold]

    hasila run FOLDER --out results     then open results/casualties.csv

    hasila show FILE                    one report, what was found coloured
    """,
)

Model = Annotated[
    Path | None,
    typer.Option("--model", help="Folder of the model to use. Default: the one shipped."),
]
TextColumn = Annotated[
    str | None, typer.Option(help="Column that holds the text, where it has an unusual name.")
]
IdColumn = Annotated[str | None, typer.Option(help="Column that holds the id.")]
TitleColumn = Annotated[str | None, typer.Option(help="Column that holds the title.")]
PublishedColumn = Annotated[str | None, typer.Option(help="Column with the publication time.")]
SourceColumn = Annotated[str | None, typer.Option(help="Column that holds the source.")]


@app.command("run")
def run_command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Folders, .txt, .html, .pdf, .docx, .jsonl, .csv, .tsv, .parquet, .eml, .mbox,"
            " .warc, these in .zip, .tar, .gz; - for one text on standard input.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")],
    model: Model = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, help="Processes; one for each core is best.")
    ] = 1,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Stop after this many reports.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that broke off in --out, if any.")
    ] = False,
    gate: Annotated[
        bool,
        typer.Option(
            "--gate/--no-gate",
            help="Pass over what can hardly tell of a casualty, much the faster; or tag all.",
        ),
    ] = True,
    database: Annotated[
        bool,
        typer.Option("--database/--no-database", help="Write events.duckdb too, for hasila query."),
    ] = True,
    table: Annotated[bool, typer.Option("--table", help="Print the events too.")] = False,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    title_column: TitleColumn = None,
    published_column: PublishedColumn = None,
    source_column: SourceColumn = None,
    any_language: Annotated[
        bool, typer.Option("--any-language", help="Read reports that are not in Arabic too.")
    ] = False,
) -> None:
    """Read reports and write their casualty events.

    It writes into the --out folder:

    reports.jsonl         all that was found, one report a line

    casualties.csv        one row a casualty record, for spreadsheets

    casualties.parquet    the same, for programs

    rejects.jsonl         what could not be read, and why

    run.json              what was run, on what, and how fast

    events.duckdb         the same as tables to ask by SQL; see hasila query

    A run that broke off, for whatever reason, goes on with the same command and --resume.

    [bold]Examples[/bold]

    hasila run archive/ --out results

    hasila run 2018.zip news.jsonl.gz --out results --workers 4

    hasila run export.csv --text-column post --published-column posted --out results
    """
    from .formats import ReadOptions
    from .rows import Columns
    from .run import RunError, run
    from .startup import import_spacy_alone

    _check_inputs(inputs)
    if out.exists() and not out.is_dir():
        _fail(f"--out {out} is a file; name a folder.")
    columns = Columns(
        id=id_column,
        text=text_column,
        title=title_column,
        published=published_column,
        source=source_column,
    )
    if workers == 1:
        import_spacy_alone()
    try:
        summary = run(
            inputs,
            out,
            model=model,
            workers=workers,
            limit=limit,
            options=ReadOptions(columns=columns, any_language=any_language),
            resume=resume,
            progress=sys.stderr.isatty(),
            say=lambda message: typer.echo(message, err=True),
            gate=gate,
            database=database,
        )
    except KeyboardInterrupt:
        typer.echo("Interrupted; what is finished is kept: run again with --resume.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (OSError, RunError) as error:
        _fail(str(error))
    if table:
        _print_results(out)
    _print_summary(summary, out)


@app.command("show")
def show_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="As for run; - for standard input.")],
    report: Annotated[
        str | None, typer.Option("--report", "-r", help="Id of the report. Default: the first.")
    ] = None,
    model: Model = None,
    bidi: Annotated[
        bool | None,
        typer.Option(
            "--bidi/--no-bidi",
            help="Put letters into the order in which they are seen, or leave that to the"
            " terminal. Default: as the terminal needs it, where that is known.",
        ),
    ] = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    title_column: TitleColumn = None,
    published_column: PublishedColumn = None,
) -> None:
    """Show one report in the terminal, what was found in it coloured, and its events.

    If the letters of a line come out reversed, try --no-bidi.

    [bold]Examples[/bold]

    hasila show report.txt

    hasila show archive.jsonl.gz --report 1234
    """
    from rich.console import Console

    from . import load
    from .formats import ReadOptions
    from .rows import Columns
    from .show import analyse_report, show_report
    from .startup import import_spacy_alone

    _check_inputs([file])
    columns = Columns(
        id=id_column, text=text_column, title=title_column, published=published_column
    )
    options = ReadOptions(columns=columns, any_language=True)
    chosen = _find_report(file, report, options)
    import_spacy_alone()
    try:
        nlp = load(model)
    except (OSError, ValueError) as error:
        _fail(str(error))
    mentions, result = analyse_report(nlp, chosen)
    console = Console()
    if bidi is None:
        bidi = _needs_bidi(console)
    show_report(console, chosen, mentions, result, bidi=bidi)


@app.command("verify")
def verify_command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a run.")],
) -> None:
    """Check a run's files: hashes and counts against run.json, the tables against the reports.

    It ends with 1 where something is wrong, and says what.

    [bold]Example[/bold]

    hasila verify results
    """
    from .verify import verify

    try:
        checked = verify(out)
    except (OSError, ValueError) as error:
        _fail(str(error))
    for fault in checked.faults:
        typer.echo(fault, err=True)
    if checked.faults:
        raise typer.Exit(FAULTS_FOUND)
    counts = checked.counts
    typer.echo(
        f"{out} is as its run left it: {counts.reports:,} reports, {counts.rejects:,} rejects,"
        f" {counts.casualties:,} casualty records."
    )


@app.command("review")
def review_command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a run.")],
    texts: Annotated[
        list[str] | None,
        typer.Option(help="Where the texts are; again for more. Default: what the run read."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0: one that is free.")
    ] = 0,
    who: Annotated[
        str | None, typer.Option(help="Name under which decisions are kept. Default: the user's.")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the finished reports as annotations into this .jsonl instead."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="Reports to queue, most in doubt first.")
    ] = 100,
    model: Model = None,
) -> None:
    """Check and correct a run's reports in the browser, on this machine alone.

    The machine's reading stays as it is; decisions are kept in DIR/review.duckdb, with who made
    them and when. With --export FILE.jsonl the finished reports are written in the form that
    hasila train --add learns from; with --who, those of one person.

    [bold]Examples[/bold]

    hasila review results

    hasila review results --texts archive.zip --who Rana

    hasila review results --export mine.jsonl
    """
    _check_inputs(texts or [])
    with _missing_package_named("review", extra="review"):
        from .review import ReviewError
        from .review_run import export_reviews, review

        say = partial(typer.echo, err=True)
        try:
            if export is not None:
                for line in export_reviews(out, export, who):
                    say(line)
            else:
                review(out, texts or (), port=port, who=who, limit=limit, model=model, say=say)
        except (OSError, ValueError, ReviewError) as error:
            _fail(str(error))


def _check_inputs(inputs: list[str]) -> None:
    for path in inputs:
        if path != "-" and not os.path.exists(path):
            _fail(f"There is no file or folder {path}; check the path.")


def _find_report(file: str, report_id: str | None, options: Any) -> Any:
    """The report of ``file`` with that id, or the first; ends the program where there is none."""
    from .read import read_reports
    from .schema import Report

    others: list[str] = []
    reasons: list[str] = []
    for item in read_reports([file], options):
        if not isinstance(item, Report):
            reasons.append(item.reason)
        elif report_id in (None, item.report_id):
            return item
        else:
            others.append(item.report_id)
    if others:
        _fail(f"{file} holds no report with the id {report_id}. {_some_ids(others)}")
    _fail(f"{file} holds no report. {' '.join(reasons[:3])}".strip())


def _some_ids(ids: list[str]) -> str:
    more = f", and {len(ids) - 5:,} more" if len(ids) > 5 else ""
    return f"Its ids: {', '.join(ids[:5])}{more}."


def _print_results(out: Path) -> None:
    import msgspec
    from rich.console import Console

    from .schema import ReportResult
    from .show import events_table
    from .write import REPORTS

    console = Console()
    bidi = _needs_bidi(console)
    with (out / REPORTS).open("rb") as lines:
        for line in lines:
            result = msgspec.json.decode(line, type=ReportResult)
            console.print(events_table([result], bidi=bidi))


def _needs_bidi(console: Any) -> bool:
    """Whether lines must be put into visual order: a file or a pipe gets them as they are."""
    from .show import terminal_orders_text

    return bool(console.is_terminal) and not terminal_orders_text()


def _print_summary(summary: Any, out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from .write import DATABASE, FILES, REJECTS

    counts = summary.counts
    table = Table(box=None, show_header=False, pad_edge=False)
    for name in ("reports", "rejects", "events", "casualties", "warnings"):
        table.add_row(name, f"{getattr(counts, name):,}")
    table.add_row("seconds", f"{summary.seconds:,.1f}")
    table.add_row("words a second", f"{summary.words_per_second:,.0f}")
    console = Console()
    console.print(table)
    for name in (*FILES, *([DATABASE] if (out / DATABASE).exists() else ())):
        console.print(f"  {out / name}", highlight=False, soft_wrap=True)
    if counts.rejects:
        other = f", {counts.passed_over:,} as not Arabic" if counts.passed_over else ""
        console.print(f"{counts.rejects:,} inputs were skipped{other}; {out / REJECTS} says why.")


def _plugin(name: str) -> Callable[[typer.Context], None]:
    """A command that finds the real one, and hands it all its arguments."""

    def command(context: typer.Context) -> None:
        found = _load_plugin(name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            single.command()(found)
            found = single
        with _missing_package_named(name):
            found(args=context.args, prog_name=f"hasila {name}")

    command.__doc__ = PLUGINS[name]
    return command


def _load_plugin(name: str) -> Any:
    """The command that an installed package brings; ends the program where it can't be loaded."""
    from importlib.metadata import entry_points

    found = tuple(entry_points(group=PLUGIN_GROUP, name=name))
    if not found:
        _fail(f"The command {name} is not installed; run in the clone: pip install -e .")
    with _missing_package_named(name):
        return found[0].load()


@contextmanager
def _missing_package_named(command: str, extra: str = "train") -> Iterator[None]:
    """Ends the program with the remedy where ``command`` imports a package that is not there.

    Commands import what they need when they run, so loading them alone would not show it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        _fail(
            f"hasila {command} needs {error.name}, which is not installed; run in the clone:"
            f" pip install -e '.[{extra}]'"
        )


app.command("database")(database_command)
app.command("query")(query_command)
app.command("relate")(relate_command)
app.command("report")(report_command)
app.command("export")(export_command)
app.command("load")(load_command)

for _name in PLUGINS:
    app.command(
        _name,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(_plugin(_name))


def _print_version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(f"hasila {__version__}")
        raise typer.Exit


@app.callback()
def _hasila(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="The version."),
    ] = False,
) -> None:
    """Options that stand before every command."""


def main() -> None:
    """The program ``hasila``."""
    app()


if __name__ == "__main__":
    main()
