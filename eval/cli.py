"""The `hasila eval` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    split: Annotated[
        str, typer.Option(help="train, dev or test: a folder of annotations/.")
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
