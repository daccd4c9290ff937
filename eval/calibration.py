"""How far stated probabilities are from how often what they are stated of is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from annotations.form import AnnotatedReport
from pipeline.schema import ReportResult, Tagged

from .links import gold_links, predicted_links
from .records import gold_records, pair, predicted_records

BINS = 10
Judged = list[tuple[float, bool]]


def calibration_error(judged: Sequence[tuple[float, bool]], bins: int = BINS) -> float:
    """Expected calibration error of (probability, right) pairs, in 0 to 1.

    The mean distance between probability and share of right ones over ``bins`` bins of equal size
    (adaptive form, Nixon et al. 2019), so that where all are sure the sure ones are told apart too.
    0 for no pairs.
    """
    gaps = (b.size * abs(b.said - b.right) for b in calibration_bins(judged, bins))
    return sum(gaps) / max(len(judged), 1)


class Bin(Struct, frozen=True):
    """Statements of like probability: how many, their mean probability, the share that is right."""

    size: int
    said: float
    right: float


def calibration_bins(judged: Sequence[tuple[float, bool]], bins: int = BINS) -> list[Bin]:
    """At most ``bins`` bins of equal size, the least sure first; none for no pairs."""
    if not judged:
        return []
    table = np.array(sorted(judged), dtype=float)
    parts = np.array_split(table, min(bins, len(table)))
    return [Bin(len(p), float(p[:, 0].mean()), float(p[:, 1].mean())) for p in parts]


def judged(
    gold: Sequence[AnnotatedReport], tagged: Sequence[Tagged], results: Sequence[ReportResult]
) -> dict[str, Judged]:
    """What the pipeline is how sure of, and whether it is right: mentions, links (with both ends
    right), records (outcome and number)."""
    mentions: Judged = []
    links: Judged = []
    records: Judged = []
    for report, tags, result in zip(gold, tagged, results, strict=True):
        spans = {(m.start, m.end, m.label) for m in report.mentions}
        mentions += [(m.score, (m.start, m.end, m.label) in spans) for m in tags.mentions]
        wanted = set(gold_links(report))
        said = zip(tags.links, predicted_links(tags), strict=True)
        links += [(link.score, item in wanted) for link, item in said]
        rows = predicted_records(report.text, result)
        right = {j for _, j in pair(gold_records(report), rows)}
        sure = [c.confidence for e in result.events for c in e.casualties]
        records += [(score, j in right) for j, score in enumerate(sure)]
    return {"mentions": mentions, "links": links, "records": records}
