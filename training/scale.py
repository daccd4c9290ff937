"""Scores to probabilities that mean what they say: ``python -m training.scale MODEL REPORTS...``.

Fits, on reports that the model was not trained on (dev), slope and offset of the log-odds of
mentions, links and records (Platt 1999) and writes them into the settings of the model folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from annotations.form import AnnotatedReport
from eval.calibration import judged
from eval.evaluate import analyse_all
from pipeline.schema import LEAST_SCORE, SAME_SCALE, Scale
from pipeline.tag import Tagger, read_meta

from .data import read_all
from .export import write_meta

STEPS = 50
LEAST = 20  # statements of either kind, right and wrong, under which nothing is fitted


def fit_scale(judged: Sequence[tuple[float, bool]]) -> Scale:
    """Slope and offset that make (score, right) pairs likeliest, by Newton's method.

    The scale stays as it is where there are under `LEAST` right or wrong ones.
    """
    right = np.array([float(ok) for _, ok in judged])
    if min(right.sum(), len(right) - right.sum()) < LEAST:
        return SAME_SCALE
    score = np.clip([score for score, _ in judged], LEAST_SCORE, 1 - LEAST_SCORE)
    inputs = np.stack([np.log(score / (1 - score)), np.ones(len(right))], axis=1)
    weights = np.zeros(2)
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (right - said)
        curvature = (inputs * (said * (1 - said))[:, None]).T @ inputs
        weights = weights + np.linalg.solve(curvature + 1e-6 * np.eye(2), gradient)
    slope, offset = weights.tolist()
    return round(slope, 4), round(offset, 4)


def fit_scales(model: Path, reports: Sequence[AnnotatedReport]) -> dict[str, Scale]:
    """The scales of ``model`` on ``reports``, by name of the setting.

    Mentions and links first; records on what these make of them.
    """
    plain = {name: SAME_SCALE for name in ("mention_scale", "link_scale", "record_scale")}
    tagger = Tagger.load(model)
    tagger.settings = replace(tagger.settings, **plain)
    said = judged(reports, *analyse_all(tagger, reports))
    scales = {"mention_scale": fit_scale(said["mentions"]), "link_scale": fit_scale(said["links"])}
    tagger.settings = replace(tagger.settings, **scales)
    said = judged(reports, *analyse_all(tagger, reports))
    return {**scales, "record_scale": fit_scale(said["records"])}


def scale(model: Path, reports: Sequence[AnnotatedReport]) -> dict[str, Scale]:
    """Fit and write into the ``meta.json`` of ``model``; returns what was fitted."""
    found = fit_scales(model, reports)
    meta = read_meta(model)
    write_meta(replace(meta, settings=replace(meta.settings, **found)), model)
    return found


def main() -> None:
    """``python -m training.scale``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("reports", type=Path, nargs="+", help="annotations of the dev split")
    given = parser.parse_args()
    print(scale(given.model, read_all(given.reports)))


if __name__ == "__main__":
    main()
