"""Mentions: strict span F1 (seqeval, IOB2) over the tokens of the raw text."""

from __future__ import annotations

from collections import Counter
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


def overlapping(
    gold: Sequence[Spanned], predicted: Sequence[Spanned], same_label: bool
) -> list[tuple[int, int]]:
    """One-to-one pairs of mentions that share characters, those that share most first."""
    shared = [
        (min(g.end, p.end) - max(g.start, p.start), i, j)
        for i, g in enumerate(gold)
        for j, p in enumerate(predicted)
        if g.start < p.end and p.start < g.end and (g.label == p.label or not same_label)
    ]
    pairs: list[tuple[int, int]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in sorted(shared, key=lambda row: (-row[0], *row[1:])):
        if i not in used[0] and j not in used[1]:
            pairs.append((i, j))
            used[0].add(i)
            used[1].add(j)
    return pairs


def score_overlapping(
    gold: Sequence[Sequence[Spanned]], predicted: Sequence[Sequence[Spanned]]
) -> dict[str, Score]:
    """As `score_mentions`, but a mention with the right label need only overlap a gold one: the
    `type` measure of SemEval-2013 task 9. What it gives beyond the strict score is borders."""
    correct: Counter[str] = Counter()
    for wanted, said in zip(gold, predicted, strict=True):
        correct.update(wanted[i].label for i, _ in overlapping(wanted, said, same_label=True))
    wanted_all = Counter(m.label for row in gold for m in row)
    said_all = Counter(m.label for row in predicted for m in row)
    scores = {
        label: Score(correct[label], said_all[label], wanted_all[label])
        for label in sorted(wanted_all | said_all)
    }
    return {"micro": sum(scores.values(), Score(0, 0, 0)), **scores}


def confusion(
    gold: Sequence[Spanned], predicted: Sequence[Spanned]
) -> Counter[tuple[str | None, str | None]]:
    """How often a gold label (None: nothing was marked) was read as a label (None: as nothing)."""
    pairs = overlapping(gold, predicted, same_label=False)
    met = [set(column) for column in zip(*pairs, strict=True)] or [set(), set()]
    counts = Counter((gold[i].label, predicted[j].label) for i, j in pairs)
    counts.update((m.label, None) for i, m in enumerate(gold) if i not in met[0])
    counts.update((None, m.label) for j, m in enumerate(predicted) if j not in met[1])
    return counts  # type: ignore[return-value]
