"""The 8-bit model beside the weights it was made from, run by torch in 32 bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from tokenizers import Tokenizer

from annotations.form import AnnotatedReport
from pipeline.tag import Tagger, read_meta
from training.config import Config
from training.metrics import score_all
from training.model import TorchNetwork, load_network
from training.train import start_weights

ALLOWED_LOSS = 0.003  # of F1, from 32 bits to 8


class Comparison(Struct, frozen=True):
    """Strict F1 of mentions, anchors and links, by ``reference`` and by ``shipped``."""

    reference: dict[str, float]
    shipped: dict[str, float]

    def losses(self) -> list[str]:
        """A sentence for each figure in which 8 bits cost more than `ALLOWED_LOSS`."""
        return [
            f"{kind}: 8 bits give {self.shipped[kind]:.4f}, 32 bits {value:.4f}; more than"
            f" {ALLOWED_LOSS} is lost (to reproduce: hasila eval --reference)"
            for kind, value in self.reference.items()
            if self.shipped[kind] < value - ALLOWED_LOSS
        ]


def reference_tagger(model: Path) -> Tagger:
    """The tagger of a model folder's own ``weights.safetensors``, in torch.

    Raises FileNotFoundError where the folder lacks weights, ValueError where it is damaged.
    """
    meta = read_meta(model)
    config = msgspec.convert(meta.training["config"], Config)
    network = load_network(
        model / "encoder.json", config.link_size, config.dropout, config.mention_layers, False
    )
    network.load_state_dict(start_weights(model))
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    return Tagger(TorchNetwork(network), tokenizer, meta.settings)


def compare(model: Path, reports: Sequence[AnnotatedReport]) -> Comparison:
    """Tag ``reports`` with both forms of the model."""
    figures = [
        {
            kind: score.f1
            for kind, score in score_all(
                reports, tagger.tag_batch([report.text for report in reports])
            ).items()
        }
        for tagger in (reference_tagger(model), Tagger.load(model))
    ]
    return Comparison(*figures)
