"""Export a trained model for the runtime: ``python -m training.export TRAINED OUT``.

OUT gets ``model.onnx`` (encoder and tags, 8-bit), ``links.onnx`` (fp32), the tokenizer, the
weights as fp16 safetensors, ``meta.json``, and ``config.cfg`` for ``spacy.load``.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import onnx
import spacy
import torch
from msgspec import Struct
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from annotations.form import AnnotatedReport
from pipeline import __version__
from pipeline.components import TOKENIZER
from pipeline.pairs import ANCHORS, FEATURES, LINKS, TAGS
from pipeline.tag import META_FORMAT, Meta, Tagger

from .data import read_all
from .metrics import score_all
from .model import TaggerNetwork, TagPart, TorchNetwork
from .quantise import quantise
from .train import load_trained

OPSET = 18
ALLOWED_LOSS = 0.005  # of F1, from fp32 torch to the 8-bit file
RECORDED = (
    "config",
    "start",
    "averaged",
    "data",
    "dev",
    "versions",
    "threads",
)  # of the run, in meta.json
FILES = ("model.onnx", "links.onnx", "tokenizer.json", "weights.safetensors", "encoder.json")


def export(trained: Path, out: Path, link_threshold: float | None = None) -> Path:
    """Fill the model folder ``out`` from what `training.train.train` left in ``trained``.

    ``link_threshold`` replaces that of the run's settings: it is chosen on dev, after training.
    """
    network, config, record = load_trained(trained)
    settings = config.settings
    if link_threshold is not None:
        settings = msgspec.structs.replace(settings, link_threshold=link_threshold)
    out.mkdir(parents=True, exist_ok=True)
    export_reader(network, out / "model.onnx")
    export_linker(network, out / "links.onnx")
    halves = {name: tensor.half() for name, tensor in network.state_dict().items()}
    save_file(halves, out / "weights.safetensors", metadata={"format": "pt"})
    for name in ("tokenizer.json", "encoder.json"):
        shutil.copyfile(trained / name, out / name)
    write_spacy_config(out)
    meta = Meta(
        name=config.name,
        version=__version__,
        format=META_FORMAT,
        tags=TAGS,
        anchors=ANCHORS,
        links=LINKS,
        settings=settings,
        training={key: record[key] for key in RECORDED if key in record},
        figures={"dev": record["figures"]},
        files={name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES},
    )
    write_meta(meta, out)
    return out


def write_spacy_config(folder: Path) -> None:
    """Write ``config.cfg``, from which ``spacy.load`` makes the pipeline."""
    nlp = spacy.blank("ar", config={"nlp": {"tokenizer": {"@tokenizers": TOKENIZER}}})
    for name in ("hasila_tagger", "hasila_events"):
        nlp.add_pipe(name)
    nlp.config.to_disk(folder / "config.cfg")


def write_meta(meta: Meta, folder: Path) -> None:
    """Write ``meta.json``, indented and in a fixed order of keys."""
    text = json.dumps(msgspec.to_builtins(meta), ensure_ascii=False, indent=2)
    (folder / "meta.json").write_text(text + "\n", encoding="utf-8")


class Reader(nn.Module):
    """The tag part for rows without padding: with no mask it runs a quarter faster."""

    def __init__(self, part: TagPart) -> None:
        super().__init__()
        self.part = part

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        return self.part(input_ids, None)


def export_reader(network: TaggerNetwork, path: Path) -> None:
    """The encoder and the tag head as 8-bit ONNX, rows of any number and length, unpadded."""
    row = torch.arange(4, 20)[None].repeat(2, 1)
    shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
    part = copy.deepcopy(network.tag)
    part.encoder.set_attn_implementation("eager")  # plain operators, which the runtime fuses
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.onnx"
        to_onnx(
            Reader(part),
            (row,),
            full,
            ("input_ids",),
            ("logits", "states"),
            (shape,),
        )
        quantise(full, path)
    onnx.checker.check_model(str(path))


def export_linker(network: TaggerNetwork, path: Path) -> None:
    """The link part as fp32 ONNX, for any number of pieces, mentions and pairs."""
    pieces, mentions, pairs = (torch.export.Dim(name) for name in ("pieces", "mentions", "pairs"))
    example = (
        torch.randn(12, network.tag.tags.in_features),
        torch.tensor([1, 3, 5]),
        torch.tensor([2, 4, 7]),
        torch.tensor([0, 1, 2]),
        torch.tensor([0, 0, 1, 1]),
        torch.tensor([1, 2, 0, 2]),
        torch.zeros(4, len(FEATURES), dtype=torch.long),
    )
    names = ("states", "first", "last", "labels", "heads", "tails", "features")
    shapes = ({0: pieces}, *[{0: mentions}] * 3, *[{0: pairs}] * 3)
    to_onnx(network.link, example, path, names, ("anchors", "links"), shapes)


def to_onnx(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    shapes: tuple[Any, ...],
) -> None:
    """Export ``module`` in evaluation mode, everything in the one file ``path``."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.onnx.export(
        module.eval(),
        example,
        str(path),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes=shapes,
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    onnx.checker.check_model(str(path))


class Agreement(Struct, frozen=True):
    """F1 on the same reports of the trained network (fp32) and of the exported one (8-bit)."""

    fp32: dict[str, float]
    int8: dict[str, float]

    @property
    def holds(self) -> bool:
        """Whether mentions and links lost no more than `ALLOWED_LOSS` of F1."""
        return all(self.fp32[k] - self.int8[k] <= ALLOWED_LOSS for k in ("mentions", "links"))


def check_export(trained: Path, exported: Path, reports: Sequence[AnnotatedReport]) -> Agreement:
    """Tag ``reports`` with both forms of the model and compare their figures."""
    network, _, _ = load_trained(trained)
    tokenizer = Tokenizer.from_file(str(trained / "tokenizer.json"))
    int8 = Tagger.load(exported)
    taggers = {"fp32": Tagger(TorchNetwork(network), tokenizer, int8.settings), "int8": int8}
    texts = [report.text for report in reports]
    figures = {
        name: {kind: s.f1 for kind, s in score_all(reports, tagger.tag_batch(texts)).items()}
        for name, tagger in taggers.items()
    }
    return Agreement(**figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--check", nargs="*", type=Path, default=[], help="annotations to tag")
    parser.add_argument("--link-threshold", type=float, help="chosen on dev; default: the run's")
    given = parser.parse_args()
    export(given.trained, given.out, given.link_threshold)
    if given.check:
        agreement = check_export(given.trained, given.out, read_all(given.check))
        print(json.dumps(msgspec.to_builtins(agreement), indent=2))
        if not agreement.holds:
            raise SystemExit(f"8 bits cost more than {ALLOWED_LOSS:.1%} of F1")


if __name__ == "__main__":
    main()
