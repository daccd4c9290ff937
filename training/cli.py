"""The `hasila train` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path, typer.Option(help="TOML file, as in training/configs.")],
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write. Default: models/ and the name.")
    ] = None,
    work: Annotated[Path, typer.Option(help="Checkpoints and records go here.")] = Path("runs"),
    threads: Annotated[int | None, typer.Option(help="Processor threads; default: all.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
) -> None:
    """Train a model from annotated reports, export it, and compare both forms on dev.

    Example: hasila train --config training/configs/base.toml --out models/mine
    """
    from rich.console import Console

    from .config import read_config
    from .data import read_all
    from .encoder import DEFAULT_OUT, build_encoder
    from .export import check_export, export
    from .train import train as run

    try:
        options = read_config(config)
        if Path(options.encoder).resolve() == DEFAULT_OUT and not DEFAULT_OUT.exists():
            build_encoder()
        trained = run(config, work / config.stem, threads, resume)
        folder = export(trained, out or Path("models") / options.name)
        agreement = check_export(trained, folder, read_all(options.dev))
    except (FileNotFoundError, ModuleNotFoundError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    Console().print_json(data={"fp32": agreement.fp32, "int8": agreement.int8})
    raise typer.Exit(0 if agreement.holds else 1)
