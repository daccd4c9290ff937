"""The commands that score: `hasila eval`, `score`, `bench`, `agreement` and `consistency`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .evaluate import Reading


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Split = Annotated[
    str, typer.Option(help="train, dev, test or test-unseen: a folder of annotations/.")
]
Model = Annotated[Path | None, typer.Option(help="Model folder; default: the shipped one.")]
GateOption = Annotated[
    bool,
    typer.Option("--gate/--no-gate", help="Tag only what the gate lets through, as `run` does."),
]


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    split: Split = "dev",
    model: Model = None,
    gate: GateOption = False,
    out: Annotated[
        Path | None, typer.Option(help="JSON with the figures; default: out/eval/SPLIT.json.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Page with plots and all misses; default: beside the JSON.")
    ] = None,
    groups: Annotated[
        bool, typer.Option("--groups", help="Also by country, style, length and noise.")
    ] = False,
    floors: Annotated[
        bool, typer.Option("--floors", help="Exit 1 where a figure is under eval/expected.json.")
    ] = False,
    raise_floors: Annotated[
        bool, typer.Option("--raise-floors", help="Raise eval/expected.json to what is reached.")
    ] = False,
    reference: Annotated[
        bool, typer.Option("--reference", help="Exit 1 where 32-bit weights do better than 8-bit.")
    ] = False,
) -> None:
    """Score a model on a split: one table, one JSON, one HTML page with plots and every miss.

    Example: hasila eval --split test --out figures.json
    """
    if context.invoked_subcommand:
        return
    from rich.console import Console

    from annotations.linked import HALVES

    from .evaluate import evaluate as run
    from .history import read_history
    from .linked import evaluate_linked
    from .page import render_page
    from .tables import render, render_groups, render_linked

    reading = _read(split, model, gate)
    result = run(reading, evaluate_linked(split, model) if split in HALVES else None)
    console = Console()
    console.print(render(result))
    if result.across:
        console.print(render_linked(split, result.across))
    if groups:
        console.print(render_groups(result))
    path = out or Path("out") / "eval" / f"{split}.json"
    page = html or path.with_suffix(".html")
    for file in (path, page):
        file.parent.mkdir(parents=True, exist_ok=True)
    figures = result.as_dict()
    path.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")
    page.write_text(render_page(reading, result, read_history()), "utf-8")
    typer.echo(f"{path}\n{page}")
    failures = _below_floors(figures) if floors else []
    if raise_floors:
        _raise_floors(figures)
    if reference:
        failures += _lost_in_8_bits(reading, model)
    for failure in failures:
        typer.echo(failure, err=True)
    raise typer.Exit(1 if failures else 0)


@app.command()
def errors(
    split: Split = "dev",
    model: Model = None,
    gate: GateOption = False,
    kind: Annotated[
        str, typer.Option(help="Only kinds that contain this, as 'link part_of' or 'CAUSE'.")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many misses to print.")] = 30,
) -> None:
    """List what was read wrongly, by kind and then one by one: text, gold, and what was read.

    Example: hasila eval errors --kind "record field: doer" --limit 50
    """
    from rich.console import Console

    from .errors import by_kind, misses
    from .tables import render_kinds, render_miss

    reading = _read(split, model, gate)
    found = [miss for miss in misses(reading) if kind in miss.kind]
    texts = {report.id: report.text for report in reading.gold}
    console = Console()
    console.print(render_kinds(by_kind(found)))
    for miss in found[:limit]:
        console.print(render_miss(miss, texts[miss.report_id]))


@app.command()
def values(
    split: Annotated[str, typer.Option(help="dev or test: a half of each phrase set.")] = "dev",
    kind: Annotated[
        str | None, typer.Option(help="counts, dates, places or parties; default: all.")
    ] = None,
    model: Model = None,
    wrong: Annotated[
        bool, typer.Option("--wrong", help="Also list what was read wrongly.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
) -> None:
    """Score the reading of counts, dates, places and parties on phrases in sentences.

    Beside it what dateparser and PyArabic read of the same phrases, where they are installed.

    Example: hasila eval values --kind places --wrong
    """
    from rich.console import Console

    import pipeline
    from pipeline.tag import Tagger

    from .phrases import KINDS, figures, judge, library_figures, read_phrases
    from .tables import render_values, render_wrong

    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"no phrase set {kind}; there are {', '.join(KINDS)}")
    console = Console()
    tables = {}
    try:
        tagger = Tagger.load(pipeline.model_folder(model))
        for name in [k for k in KINDS if kind in (None, k)]:
            phrases = read_phrases(name, split)
            outcomes = judge(name, phrases, tagger)
            tables[name] = {**figures(outcomes), **library_figures(name, phrases)}
            for outcome in outcomes if wrong else ():
                if not outcome.right:
                    console.print(render_wrong(outcome))
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    console.print(render_values(split, tables))
    if out:
        rows = {t: {k: f.as_dict() for k, f in rows.items()} for t, rows in tables.items()}
        out.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


@app.command()
def relate(
    split: Annotated[str, typer.Option(help="dev or test: a half of the link set.")] = "dev",
    model: Model = None,
    out: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
) -> None:
    """Score the grouping of events across reports on the link set, from raw text.

    Example: hasila eval relate --split test
    """
    from rich.console import Console

    from .linked import evaluate_linked
    from .tables import render_linked

    try:
        measured = evaluate_linked(split, model)
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    Console().print(render_linked(split, measured))
    if out:
        rows = {name: m.as_dict() for name, m in measured.items()}
        out.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def _read(split: str, model: Path | None, gate: bool) -> Reading:
    from pipeline.gate import load_gate

    from .evaluate import read_split

    try:
        return read_split(split, model, load_gate() if gate else None)
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error


def _below_floors(figures: dict[str, Any]) -> list[str]:
    from .floors import below, read_floors

    return list(below(figures, read_floors()))


def _raise_floors(figures: dict[str, Any]) -> None:
    from .floors import EXPECTED, raised, read_floors, write_floors

    write_floors(raised(figures, read_floors() if EXPECTED.exists() else {}))
    typer.echo(str(EXPECTED))


def _lost_in_8_bits(reading: Reading, model: Path | None) -> list[str]:
    import pipeline

    from .reference import compare

    comparison = compare(pipeline.model_folder(model), reading.gold)
    for kind, value in comparison.reference.items():
        typer.echo(f"{kind}: {comparison.shipped[kind]:.4f} in 8 bits, {value:.4f} in 32")
    return comparison.losses()


def score(
    gold: Annotated[Path, typer.Argument(help="Annotated reports: .jsonl or a folder of them.")],
    predicted: Annotated[Path, typer.Argument(help="A reports.jsonl of the contract.")],
    out: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
) -> None:
    """Score anyone's output in the form of reports.jsonl against annotated reports.

    Example: hasila score annotations/test results/reports.jsonl
    """
    from rich.console import Console

    from .outputs import read_gold, read_outputs, score_outputs
    from .tables import render_figures

    try:
        figures = score_outputs(read_gold(gold), read_outputs(predicted))
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    Console().print(render_figures(f"{predicted} against {gold}", {"records": figures}))
    if out:
        rows = {row: figure.as_dict() for row, figure in figures.items()}
        out.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def bench(
    model: Model = None,
    split: Split = "dev",
    limit: Annotated[int, typer.Option(min=1, help="How many reports of the split.")] = 40,
    threads: Annotated[int, typer.Option(min=1, help="Threads of either side.")] = 1,
    floors: Annotated[
        bool, typer.Option("--floors", help="Exit 1 where a ratio is under eval/expected.json.")
    ] = False,
) -> None:
    """Measure the pipeline beside transformers' token classification: same encoder, same text.

    Example: hasila bench --threads 2
    """
    from rich.console import Console

    import pipeline
    from annotations.form import read_reports

    from .evaluate import ANNOTATIONS
    from .floors import read_floors, slower
    from .speed import measure
    from .tables import render_speed

    try:
        texts = [report.text for report in read_reports(ANNOTATIONS / split)]
        speed = measure(pipeline.model_folder(model), texts[:limit], threads)
    except (FileNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    Console().print(render_speed(speed))
    failures = list(slower(speed.ratios(), read_floors())) if floors else []
    for failure in failures:
        typer.echo(failure, err=True)
    raise typer.Exit(1 if failures else 0)


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
