"""The `hasila annotations` commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Check the annotated set, count what it holds, compile reports from the inline form.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ROOT = Path(__file__).resolve().parent


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder with the splits.")] = ROOT,
    against: Annotated[
        list[Path] | None, typer.Option(help="Texts of others that none of ours may repeat.")
    ] = None,
) -> None:
    """Check offsets, labels, links, records, repeats and leakage; exit 1 on a finding.

    Example: hasila annotations check --against archive.jsonl.gz
    """
    from .check import SPLITS, check_against, check_folder
    from .form import read_reports
    from .linked import check_linked

    try:
        findings = check_folder(folder)
        findings += check_against(folder, against) if against else []
        findings += check_linked(folder / "linked") if (folder / "linked").exists() else []
        counts = {split: sum(1 for _ in read_reports(folder / split)) for split in SPLITS}
    except (FileNotFoundError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for finding in findings:
        typer.echo(finding)
    sizes = ", ".join(f"{split} {n}" for split, n in counts.items())
    typer.echo(f"{sizes}: {len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


@app.command()
def compile(
    inline: Annotated[list[Path], typer.Argument(help="Files in the inline form (GUIDELINES.md).")],
    out: Annotated[Path, typer.Option(help="The JSONL file to write.")],
) -> None:
    """Turn marked text into the JSONL form; exit 1, writing nothing, on the first bad report.

    Example: hasila annotations compile my-reports.txt --out annotations/train/mine.jsonl
    """
    from .form import write_reports
    from .inline import parse

    try:
        reports = [r for path in inline for r in parse(path.read_text("utf-8"))]
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out}: {write_reports(reports, out)} reports")


@app.command()
def settle(
    first: Annotated[Path, typer.Argument(metavar="A", help="One annotation (.jsonl).")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another of the same reports.")],
    choices: Annotated[Path, typer.Option(help="The lines of a third reader, to write or read.")],
    out: Annotated[
        Path | None, typer.Option(help="The settled .jsonl, once choices are made.")
    ] = None,
) -> None:
    """List where two annotations differ, a line each; then, with --out, make one of them as the
    letters in the lines say.

    Example: hasila annotations settle a.jsonl b.jsonl --choices c.txt, edit [A] to [B] where B is
    right, then the same with --out settled.jsonl
    """
    from . import settle as settling
    from .form import read_reports, write_reports

    try:
        a, b = list(read_reports(first)), list(read_reports(second))
        if out is None:
            lines = list(settling.choices(a, b))
            choices.write_text("".join(lines), "utf-8")
            typer.echo(f"{choices}: {sum(line[0] != ' ' for line in lines)} differences")
        else:
            chosen = choices.read_text("utf-8")
            typer.echo(f"{out}: {write_reports(settling.settle(a, b, chosen), out)} reports")
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command("compile-linked")
def compile_linked(
    inline: Annotated[list[Path], typer.Argument(help="Files of the link set, as written.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
) -> None:
    """Turn written reports of the link set into its two halves and its look-alike pairs.

    Example: hasila annotations compile-linked cases.txt --out annotations/linked
    """
    from .linked import parse_linked, write_linked

    try:
        parsed = [parse_linked(path.read_text("utf-8")) for path in inline]
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    reports = [report for own, _ in parsed for report in own]
    sizes = write_linked(reports, [pair for _, own in parsed for pair in own], out)
    typer.echo(f"{out}: {', '.join(f'{half} {n}' for half, n in sizes.items())}")


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="What to convert: a file, or brat's folder.")],
    out: Annotated[Path, typer.Option(help="The file (brat: folder) to write.")],
    to: Annotated[str, typer.Option(help="Format to write.")] = "jsonl",
    from_: Annotated[str, typer.Option("--from", help="Format to read.")] = "jsonl",
) -> None:
    """Convert between jsonl, label-studio, brat, conll, docbin and prodigy, losing nothing.

    Example: hasila annotations convert annotations/dev --to label-studio --out dev.json
    """
    from .interchange import convert as convert_file

    try:
        count = convert_file(source, out, from_, to)
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out}: {count} reports")


@app.command()
def stats(
    folder: Annotated[Path, typer.Argument(help="Folder with the splits.")] = ROOT,
) -> None:
    """Print sizes, labels, links, outcomes, countries, styles and coverage of each split.

    Example: hasila annotations stats
    """
    from rich.console import Console
    from rich.table import Table

    from .check import SPLITS
    from .form import read_reports
    from .linked import HALVES, LOOKALIKES, count_linked, read_linked, read_lookalikes
    from .stats import count_set, parts

    try:
        counted = {split: count_set(read_reports(folder / split)) for split in SPLITS}
    except (FileNotFoundError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    table = Table("", *SPLITS)
    for name in next(iter(counted.values())):
        table.add_section()
        keys = dict.fromkeys(k for split in SPLITS for k in counted[split][name])
        for key in parts() if name == "part" else keys:
            row = [str(int(counted[split][name][key])) for split in SPLITS]
            title = f"{key} {parts()[key][0]}" if name == "part" else f"{name} {key}"
            table.add_row(title, *row)
    Console().print(table)
    if (folder / "linked").exists():
        pairs = len(read_lookalikes(folder / "linked" / LOOKALIKES))
        for half in HALVES:
            counts = count_linked(read_linked(folder / "linked" / f"{half}.jsonl"))
            said = ", ".join(f"{name} {n}" for name, n in counts.items())
            typer.echo(f"link set, {half}: {said}")
        typer.echo(f"link set: {pairs} look-alike pairs")


@app.command()
def hints(
    reports: Annotated[Path, typer.Argument(help="A .jsonl file or a folder of them.")],
) -> None:
    """Ask an annotator's second look: names, numbers and links that look forgotten.

    Example: hasila annotations hints annotations/dev
    """
    from .form import read_reports
    from .hints import hints as ask

    try:
        for report in read_reports(reports):
            for hint in ask(report):
                typer.echo(hint)
    except (FileNotFoundError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
