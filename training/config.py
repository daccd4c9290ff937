"""How a model is trained: one typed object, read from a TOML file of ``training/configs``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from pipeline.tag import Settings

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, Meta(gt=0.0)]


class Stage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run over some data; the stages follow each other on the same weights."""

    name: str
    data: tuple[str, ...]  # annotation files or folders
    epochs: Annotated[int, Meta(ge=1)]
    encoder_rate: Positive  # peak learning rate of the encoder's layers
    head_rate: Positive  # and of the tag head and the link part, which start from nothing
    batch: Annotated[int, Meta(ge=1)] = 4  # windows a step
    warmup: Share = 0.1  # share of the steps in which the rate climbs
    patience: int = 0  # epochs without a better score on dev before the stage ends; 0 never ends


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that makes one training run, but the data itself."""

    name: str
    encoder: str  # a folder in Hugging Face form, as python -m training.encoder makes it
    dev: tuple[str, ...]  # annotation files or folders that choose the epoch
    start: str = ""  # a model folder whose weights the first stage goes on from; none: fresh heads
    stages: tuple[Stage, ...]
    seed: int = 0
    settings: Settings = Settings()
    link_size: int = 160  # width of the link part
    mention_layers: int = 0  # of the link part: mentions look at their neighbours
    dropout: Share = 0.1
    label_smoothing: Share = 0.0  # of the tag loss
    piece_dropout: Share = 0.0  # share of pieces that training hides behind the unknown piece
    anchor_weight: float = 0.5  # of the anchor loss, beside 1 for the tags
    link_weight: float = 1.0  # of the link loss
    mention_drop: Share = 0.0  # share of gold mentions that the link part does not see
    mention_noise: Share = 0.0  # share of wrongly predicted mentions that it does see
    weight_decay: float = 0.01
    gradient_clip: Positive = 1.0
    bfloat16: bool = False  # multiply in 16 bits where the machine can; weights stay in 32


def read_config(path: str | Path) -> Config:
    """The configuration in ``path``.

    Raises FileNotFoundError, and ValueError naming file and field where a value is no good.
    """
    path = Path(path)
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Config)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
