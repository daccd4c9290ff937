"""Figures on dev, while a model is trained and exported: mentions, anchors and links, strictly."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from msgspec import Struct

from annotations.form import AnnotatedReport
from pipeline.schema import Tagged


class Score(Struct, frozen=True):
    """Micro precision, recall and F1 over gold and predicted together, in 0 to 1."""

    precision: float
    recall: float
    f1: float


def score(gold: Iterable[set[Hashable]], found: Iterable[set[Hashable]]) -> Score:
    """The score of a set of things a text; F1 is 0 where there is nothing on either side."""
    both = wanted = said = 0
    for a, b in zip(gold, found, strict=True):
        both, wanted, said = both + len(a & b), wanted + len(a), said + len(b)
    precision, recall = both / max(said, 1), both / max(wanted, 1)
    return Score(precision, recall, 2 * both / max(wanted + said, 1))


def gold_facts(report: AnnotatedReport) -> dict[str, set[Hashable]]:
    """What a report's annotation says, as sets that can be compared."""
    spans = {m.id: (m.start, m.end, m.label) for m in report.mentions}
    return {
        "mentions": set(spans.values()),
        "anchors": {(*spans[m.id], m.anchor) for m in report.mentions if m.anchor},
        "links": {(spans[k.head], k.type, spans[k.tail]) for k in report.links},
    }


def found_facts(tagged: Tagged) -> dict[str, set[Hashable]]:
    """What the model says, in the form of `gold_facts`."""
    spans = [(m.start, m.end, m.label) for m in tagged.mentions]
    scopes = zip(spans, tagged.mentions, strict=True)
    return {
        "mentions": set(spans),
        "anchors": {(*span, m.anchor) for span, m in scopes if m.anchor},
        "links": {(spans[k.head], k.type, spans[k.tail]) for k in tagged.links},
    }


def score_all(reports: Sequence[AnnotatedReport], tagged: Sequence[Tagged]) -> dict[str, Score]:
    """Scores of ``mentions``, ``anchors`` and ``links``; a link counts with both its ends right."""
    gold = [gold_facts(report) for report in reports]
    found = [found_facts(one) for one in tagged]
    return {
        kind: score([g[kind] for g in gold], [f[kind] for f in found])
        for kind in ("mentions", "anchors", "links")
    }
