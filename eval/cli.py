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
    out: Annotated[Path | None, typer.Option(help="Write the figures here as JSON too.")] = None,
) -> None:
    """Score a model on a split: mentions, links, records, net tolls.

    Example: hasila eval --split test --out eval/test.json
    """
    from rich.console import Console

    from .evaluate import evaluate as run
    from .tables import render

    try:
        result = run(split, model)
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error)) from error
    Console().print(render(result))
    if out is not None:
        out.write_text(json.dumps(result.as_dict(), indent=2, ensure_ascii=False) + "\n", "utf-8")
