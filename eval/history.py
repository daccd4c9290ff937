"""The figures of every released model: ``eval/history.jsonl``, and the plot in the README.

``python -m eval.history MODEL FIGURES...`` adds a line for the model of a folder from JSON files of
``hasila eval``, one a split, and draws the plot anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined
from msgspec import Struct

from pipeline.tag import read_meta

HISTORY = Path(__file__).resolve().parent / "history.jsonl"
PLOT, PLOT_TEMPLATE = HISTORY.with_suffix(".svg"), HISTORY.with_suffix(".svg.j2")
# What is kept of a split: name here -> (table, row) of the evaluation's JSON.
KEPT = {
    "mentions": ("mentions", "micro"),
    "links": ("links", "micro"),
    "records": ("records", "records"),
    "killed": ("records", "killed"),
    "whole": ("records", "whole"),
    "net_toll": ("records", "net_toll"),
}
PLOTTED = ("mentions", "links", "records", "whole")
PLOT_SPLIT = "dev"
WIDTH, HEIGHT = 560, 240  # of the field of the plot, in units of its SVG


class Release(Struct, frozen=True, kw_only=True):
    """One released model. ``data`` is the SHA-256 over the hashes of its training files;
    ``splits`` the F1 (or share, or words a second) by split and name of KEPT."""

    version: str
    day: str
    train_reports: int
    data: str
    splits: dict[str, dict[str, float]]


def read_history(path: Path = HISTORY) -> list[Release]:
    """All releases, oldest first; none where there is no file.

    Raises ValueError naming the line that is no release.
    """
    if not path.exists():
        return []
    releases = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            releases.append(msgspec.json.decode(line, type=Release))
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}:{number}: not a release: {error}") from error
    return releases


def release(
    model: Path, results: Sequence[Mapping[str, Any]], train_reports: int, day: str
) -> Release:
    """The line of a model folder from the JSON forms of its evaluations."""
    meta = read_meta(model)
    return Release(
        version=meta.version,
        day=day,
        train_reports=train_reports,
        data=data_hash(meta.training.get("data", {})),
        splits={
            result["split"]: {name: result[t][row]["f1"] for name, (t, row) in KEPT.items()}
            | {"words_a_second": result["words_a_second"]}
            for result in results
        },
    )


def data_hash(data: Mapping[str, Any]) -> str:
    """One hash over the record of training files (name -> SHA-256, by stage)."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def draw_plot(releases: Sequence[Release]) -> str:
    """The SVG of PLOTTED on PLOT_SPLIT over the releases that have it."""
    rows = [r for r in releases if PLOT_SPLIT in r.splits]

    def across(number: int) -> float:
        return WIDTH * (number + 0.5) / len(rows)

    series = [
        {
            "name": name,
            "points": [
                (across(n), HEIGHT * (1 - r.splits[PLOT_SPLIT][name]), r.splits[PLOT_SPLIT][name])
                for n, r in enumerate(rows)
                if name in r.splits[PLOT_SPLIT]
            ],
        }
        for name in PLOTTED
    ]
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    return environment.from_string(PLOT_TEMPLATE.read_text("utf-8")).render(
        series=series,
        ticks=[(across(n), r.version, r.train_reports) for n, r in enumerate(rows)],
        width=WIDTH, height=HEIGHT, split=PLOT_SPLIT,
    )  # fmt: skip


def main() -> None:
    """``python -m eval.history``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", help="model folder; none: only the plot")
    parser.add_argument("figures", type=Path, nargs="*", help="JSON of hasila eval, one a split")
    parser.add_argument("--train-reports", type=int, help="reports that it was trained on")
    parser.add_argument("--day", default=date.today().isoformat(), help="ISO day of the release")
    given = parser.parse_args()
    if given.model:
        results = [json.loads(path.read_text("utf-8")) for path in given.figures]
        row = release(given.model, results, given.train_reports, given.day)
        with HISTORY.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
    PLOT.write_text(draw_plot(read_history()), "utf-8")


if __name__ == "__main__":
    main()
