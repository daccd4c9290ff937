"""Mentions: strict span F1 (seqeval, IOB2) over the tokens of the raw text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from pipeline.text import tokens

from .scores import Score


class Spanned(Protocol):
    """Anything with a label and raw offsets."""

    @property
    def label(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def bio_tags(text: str, mentions: Iterable[Spanned]) -> list[str]:
    """One IOB2 tag a token. A mention that cuts a token is tagged on the whole token."""
    spans = tokens(text)
    tags = ["O"] * len(spans)
    for m in mentions:
        inside = [i for i, (a, b) in enumerate(spans) if a < m.end and b > m.start]
        for n, i in enumerate(inside):
            tags[i] = ("I-" if n else "B-") + m.label
    return tags


def score_mentions(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> dict[str, Score]:
    """Score by label, and under ``micro`` over all; arguments are tag sequences, one a report."""
    report = classification_report(
        list(gold), list(predicted), mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    said = classification_report(
        list(predicted), list(gold), mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    labels = sorted({*report, *said} - {"micro avg", "macro avg", "weighted avg"})
    scores = {}
    for label in labels:
        row, other = report.get(label, {}), said.get(label, {})
        wanted, told = int(row.get("support", 0)), int(other.get("support", 0))
        scores[label] = Score(round(row.get("recall", 0.0) * wanted), told, wanted)
    return {"micro": sum(scores.values(), Score(0, 0, 0)), **scores}
