"""Hasila: structured casualty events from Arabic reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from spacy.language import Language
    from spacy.tokens import Doc

__version__ = "0.3.0"

MODELS = Path(__file__).resolve().parent.parent / "models"
DEFAULT_MODEL = MODELS / "hasila-ar"


def model_folder(model: str | Path | None = None) -> Path:
    """``model`` as a path, or the shipped model's; raises FileNotFoundError where none is there."""
    folder = Path(model) if model is not None else DEFAULT_MODEL
    if not (folder / "config.cfg").is_file():
        raise FileNotFoundError(
            f"{folder}: no model here (config.cfg is missing); name a folder that holds one, as"
            " the clone's models/hasila-ar, or make one: hasila train --help"
        )
    return folder


def load(model: str | Path | None = None) -> Language:
    """The spaCy pipeline of a model folder (default: the shipped one).

    Raises FileNotFoundError naming the folder where there is no model in it, ValueError where the
    model was made for another version.
    """
    folder = model_folder(model)
    import spacy

    from . import components  # noqa: F401  (registers the factories)

    nlp = spacy.load(folder)
    nlp.max_length = sys.maxsize  # spaCy's own limit is for what its parser holds
    return nlp


def to_pandas(source: str | Path | Doc | Iterable[Doc]) -> pd.DataFrame:
    """The flat table of docs, or of a run's folder, as a DataFrame: `pipeline.frames.to_pandas`."""
    from .frames import to_pandas

    return to_pandas(source)
