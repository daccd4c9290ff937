"""The `hasila eval`, `hasila agreement` and `hasila consistency` commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    split: Annotated[
        str, typer.Option(help="train, dev, test or test-unseen: a folder of annotations/.")
    ] = "dev",
    model: Annotated[
        Path | None, typer.Option(help="Model folder; default: the shipped one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="JSON with the figures; default: out/eval/SPLIT.json.")
    ] = None,
) -> None:
    """Score a model on a split: mentions, links, records, net tolls.

    Example: hasila eval --split test --out figures.json
    """
    from rich.console import Console

    from .evaluate import evaluate as run
    from .tables import render

    try:
        result = run(split, model)
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    Console().print(render(result))
    path = out or Path("out") / "eval" / f"{split}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result.as_dict(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    typer.echo(str(path))


def agreement(
    first: Annotated[Path, typer.Argument(help="A .jsonl file or folder: one annotation.")],
    second: Annotated[Path, typer.Argument(help="The same reports, annotated by another.")],
) -> None:
    """Score one annotation against another: spans, links, records, kappa.

    Example: hasila agreement annotations/double/test-a.jsonl annotations/double/test-b.jsonl
    """
    from rich.console import Console

    from annotations.form import read_reports

    from .agreement import agreement as compare
    from .tables import render_agreement

    try:
        result = compare(list(read_reports(first)), list(read_reports(second)))
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    Console().print(render_agreement(result))


def consistency(
    files: Annotated[list[Path], typer.Argument(help="Annotated reports: .jsonl files.")],
    write: Annotated[
        bool, typer.Option("--write", help="Write what the rules come to into the files.")
    ] = False,
) -> None:
    """Check gold records against what the rules make of gold mentions and links; exit 1 if not.

    Example: hasila consistency annotations/dev/dev.jsonl
    """
    from annotations.form import read_reports, write_reports

    from .consistency import explained, findings

    try:
        sets = {path: list(read_reports(path)) for path in files}
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    found = [finding for reports in sets.values() for finding in findings(reports)]
    for finding in found:
        typer.echo(finding)
    if write:
        for path, reports in sets.items():
            write_reports((explained(report) for report in reports), path)
    typer.echo(f"{len(found)} findings{', written into the files' if write and found else ''}")
    raise typer.Exit(1 if found and not write else 0)
