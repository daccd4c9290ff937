"""The mean of several runs' weights: ``python -m training.average OUT RUN RUN...``.

Runs that went on from the same weights, each with its seed, lie in one valley, whose middle reads
unseen text better than any of them (model soups, Wortsman et al. 2022).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from pipeline.tag import read_meta

from .data import read_all
from .train import RECORD, START_WEIGHTS, WEIGHTS, dev_figures, load_trained


def average(folders: Sequence[Path], out: Path) -> Path:
    """Fill the run folder ``out`` with the mean of the weights in ``folders``, and return it.

    They are runs of `training.train.train` or model folders; the first is a run, and the mean takes
    over its configuration and tokenizer. Raises FileNotFoundError for a folder without weights,
    ValueError where their shapes differ.
    """
    out.mkdir(parents=True, exist_ok=True)
    states = [_weights(folder) for folder in folders]
    for folder, state in zip(folders, states, strict=True):
        if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in states[0].items()}:
            raise ValueError(f"{folder}: not the same network as {folders[0]}; train it alike")
    _, _, record = load_trained(folders[0])
    save_file(
        {name: sum(state[name].float() for state in states) / len(states) for name in states[0]},
        out / WEIGHTS,
    )
    for name in ("encoder.json", "tokenizer.json"):
        shutil.copyfile(folders[0] / name, out / name)
    record |= {"averaged": [_origin(folder) for folder in folders]}
    (out / RECORD).write_bytes(msgspec.json.encode(record))
    network, config, _ = load_trained(out)
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    record["figures"] = dev_figures(network, read_all(config.dev), tokenizer, config.settings)
    (out / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    return out


def _file(folder: Path) -> Path:
    for name in (WEIGHTS, START_WEIGHTS):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder}: no {WEIGHTS} there; name a run or a model folder")


def _weights(folder: Path) -> dict[str, Tensor]:
    return load_file(_file(folder))


def _origin(folder: Path) -> dict[str, Any]:
    """What is known of a folder's weights: their hash, and the run or the version they are of."""
    origin: dict[str, Any] = {"sha256": hashlib.sha256(_file(folder).read_bytes()).hexdigest()}
    if not (folder / RECORD).is_file():
        meta = read_meta(folder)
        return origin | {"name": meta.name, "version": meta.version}
    record = msgspec.json.decode((folder / RECORD).read_bytes())
    return origin | {key: record[key] for key in ("config", "start", "data") if key in record}


def main() -> None:
    """``python -m training.average``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the run folder to write, for training.export")
    parser.add_argument("folders", type=Path, nargs="+", help="runs and model folders")
    given = parser.parse_args()
    average(given.folders, given.out)
    print((given.out / RECORD).read_text("utf-8"))


if __name__ == "__main__":
    main()
