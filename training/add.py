"""Further training: a released model, a few reports more, and what it cost and brought.

Two things guard against forgetting: old reports are read again beside the new ones, and the model
that comes out is the mean of the old weights and the trained ones (Wortsman et al. 2022). Where it
still reads dev worse than before, nothing is written.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from tokenizers import Tokenizer

from annotations.form import AnnotatedReport, write_reports
from pipeline.tag import read_meta

from .average import average
from .config import Config, Stage
from .data import read_all
from .export import export
from .model import load_network
from .scale import scale
from .train import dev_figures, load_trained, start_weights, train

REPLAYED = 2  # old reports read again for each new one
ALLOWED_LOSS = 0.005  # of the mean F1 of mentions and links on dev
STAGE = {"epochs": 3, "batch": 2, "encoder_rate": 1e-4, "head_rate": 5e-4}


class Added(Struct, frozen=True):
    """F1 on dev before and after, and of the new reports themselves before (the model had not seen
    them) and after (it has)."""

    before: dict[str, float]
    after: dict[str, float]
    new_before: dict[str, float]
    new_after: dict[str, float]

    @property
    def holds(self) -> bool:
        """Whether dev lost no more than `ALLOWED_LOSS`."""
        return self.before["score"] - self.after["score"] <= ALLOWED_LOSS


def add_reports(
    model: Path,
    new: Sequence[Path],
    old: Sequence[Path],
    out: Path,
    work: Path,
    threads: int | None = None,
) -> Added:
    """Train ``model`` on over ``new`` and a sample of ``old``; write it to ``out`` if it holds.

    Runs and records go to ``work``; dev is the one that the model's own record names. Raises
    FileNotFoundError and ValueError for reports that are not there or not in the form, before any
    training.
    """
    meta = read_meta(model)
    reports = read_all(new)
    known = {r.id for r in reports}
    rest = [r for r in read_all(old) if r.id not in known]
    config = msgspec.convert(_known(meta.training["config"]), Config)
    sample = random.Random(config.seed).sample(rest, min(len(rest), REPLAYED * len(reports)))
    work.mkdir(parents=True, exist_ok=True)
    write_reports(sample, work / "replayed.jsonl")
    data = (*map(str, new), str(work / "replayed.jsonl"))
    config = msgspec.structs.replace(
        config, start=str(model), stages=(Stage(name="added", data=data, **STAGE),)
    )
    dev = read_all(config.dev)
    before = _figures(model, config, (dev, reports))
    mean = average([train(config, work / "run", threads), model], work / "mean")
    network, _, _ = load_trained(mean)
    tokenizer = Tokenizer.from_file(str(mean / "tokenizer.json"))
    after = [dev_figures(network, part, tokenizer, config.settings) for part in (dev, reports)]
    result = Added(before[0], after[0], before[1], after[1])
    if result.holds:
        scale(export(mean, out), dev)
    return result


def _known(config: dict[str, object]) -> dict[str, object]:
    """The fields of a recorded configuration that this version still has."""
    return {name: config[name] for name in Config.__struct_fields__ if name in config}


def _figures(
    model: Path, config: Config, parts: Sequence[Sequence[AnnotatedReport]]
) -> list[dict[str, float]]:
    network = load_network(
        model / "encoder.json", config.link_size, config.dropout, config.mention_layers, False
    )
    network.load_state_dict(start_weights(model))
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    return [dev_figures(network, part, tokenizer, config.settings) for part in parts]
