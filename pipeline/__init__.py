"""Hasila: structured casualty events from Arabic reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

__version__ = "0.1.0"

MODELS = Path(__file__).resolve().parent.parent / "models"
DEFAULT_MODEL = MODELS / "hasila-ar"


def load(model: str | Path | None = None) -> Language:
    """The spaCy pipeline of a model folder (default: the shipped one).

    Raises FileNotFoundError naming the folder where there is no model in it.
    """
    folder = Path(model) if model is not None else DEFAULT_MODEL
    if not (folder / "config.cfg").exists():
        raise FileNotFoundError(
            f"{folder}: no model here (config.cfg is missing); see: hasila train --help"
        )
    import spacy

    from . import components  # noqa: F401  (registers the factories)

    return spacy.load(folder)
