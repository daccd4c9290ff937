"""Links: F1 over gold and predicted together; a pair never proposed is a pair missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from annotations.form import AnnotatedReport
from pipeline.schema import Tagged

from .scores import Score, score_items

Item = tuple[str, tuple[str, int, int], tuple[str, int, int]]


def gold_links(report: AnnotatedReport) -> list[Item]:
    """Each link as its type and the (label, start, end) of both ends."""
    spans = {m.id: (m.label, m.start, m.end) for m in report.mentions}
    return [(x.type, spans[x.head], spans[x.tail]) for x in report.links]


def predicted_links(tagged: Tagged) -> list[Item]:
    """As `gold_links`, of the model's output."""
    spans = [(m.label, m.start, m.end) for m in tagged.mentions]
    return [(x.type, spans[x.head], spans[x.tail]) for x in tagged.links]


def score_links(
    gold: Sequence[Iterable[Item]], predicted: Sequence[Iterable[Item]]
) -> dict[str, Score]:
    """Score by link type, and under ``micro`` over all. Both ends must be exactly right."""
    wanted = [(k, item) for k, items in enumerate(gold) for item in items]
    said = [(k, item) for k, items in enumerate(predicted) for item in items]
    types = sorted({item[0] for _, item in [*wanted, *said]})
    by_type = {
        t: score_items([x for x in wanted if x[1][0] == t], [x for x in said if x[1][0] == t])
        for t in types
    }
    return {"micro": score_items(wanted, said), **by_type}
