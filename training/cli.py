"""The `hasila train` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path | None, typer.Option(help="TOML file, as in training/configs.")] = None,
    from_: Annotated[
        Path | None, typer.Option("--from", help="A model folder to train on, with --add.")
    ] = None,
    add: Annotated[
        list[Path] | None, typer.Option(help="New annotated reports for the model of --from.")
    ] = None,
    old: Annotated[
        list[Path] | None, typer.Option(help="What it was trained on; a sample is read again.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write. Default: models/ and the name.")
    ] = None,
    work: Annotated[Path, typer.Option(help="Checkpoints and records go here.")] = Path("runs"),
    threads: Annotated[int | None, typer.Option(help="Processor threads; default: all.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
) -> None:
    """Train a model from annotated reports, export it, and compare both forms on dev; or, with
    --from and --add, train one on over new reports, with figures before and after.

    Example: hasila train --config training/configs/base.toml --out models/mine

    Example: hasila train --from models/hasila-ar --add mine.jsonl --out models/mine
    """
    from rich.console import Console

    if from_ is not None and add:
        _add(from_, add, old or [Path("annotations/train")], out or work / "added", work, threads)
        return
    if config is None:
        raise typer.BadParameter("give --config, or --from with --add")
    from .config import read_config
    from .data import read_all
    from .encoder import DEFAULT_OUT, build_encoder
    from .export import check_export, export
    from .scale import scale
    from .train import train as run

    try:
        options = read_config(config)
        ours = Path(options.encoder).resolve() == DEFAULT_OUT
        if ours and not options.start and not DEFAULT_OUT.exists():
            build_encoder()
        trained = run(config, work / config.stem, threads, resume)
        folder = export(trained, out or Path("models") / options.name)
        dev = read_all(options.dev)
        scale(folder, dev)
        agreement = check_export(trained, folder, dev)
    except (FileNotFoundError, ModuleNotFoundError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    Console().print_json(data={"fp32": agreement.fp32, "int8": agreement.int8})
    raise typer.Exit(0 if agreement.holds else 1)


def _add(
    model: Path, new: list[Path], old: list[Path], out: Path, work: Path, threads: int | None
) -> None:
    from rich.console import Console
    from rich.table import Table

    from .add import add_reports

    try:
        result = add_reports(model, new, old, out, work / "add", threads)
    except (FileNotFoundError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    table = Table("F1", "dev before", "dev after", "new before", "new after")
    for name in ("mentions_f1", "anchors_f1", "links_f1"):
        sides = (result.before, result.after, result.new_before, result.new_after)
        table.add_row(name.removesuffix("_f1"), *(f"{side[name]:.3f}" for side in sides))
    Console().print(table)
    if not result.holds:
        typer.echo("dev is read worse than before; the model is not written", err=True)
        raise typer.Exit(1)
    typer.echo(str(out))
