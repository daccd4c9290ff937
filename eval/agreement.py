"""How far two annotations of the same reports agree: the scorers' figures, and Cohen's kappa."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from annotations.form import AnnotatedReport, GoldRecord

from .links import gold_links, score_links
from .records import gold_records, score_records
from .scores import Score
from .spans import bio_tags, score_mentions


class Agreement(msgspec.Struct, frozen=True):
    """Tables of scores (the second annotator scored against the first; F1 is the same the other
    way round) and kappas by name; ``paired`` is how many records the kappas are over."""

    reports: int
    tables: dict[str, dict[str, Score]]
    kappas: dict[str, float]
    paired: int


def agreement(first: Sequence[AnnotatedReport], second: Sequence[AnnotatedReport]) -> Agreement:
    """Compare two annotations, report by report (by id).

    Raises ValueError naming a report that only one has, or whose text differs.
    """
    other = {r.id: r for r in second}
    odd = {r.id for r in first} ^ set(other)
    odd |= {r.id for r in first if r.id in other and other[r.id].text != r.text}
    if odd:
        raise ValueError(
            f"{', '.join(sorted(odd))}: not in both annotations, or not with the same text"
        )
    pairs = [(r, other[r.id]) for r in first]
    both = [p for a, b in pairs for p in paired_records(a, b)]
    return Agreement(
        reports=len(pairs),
        tables={
            "mentions": score_mentions(*([bio_tags(r.text, r.mentions) for r in side]
                                         for side in zip(*pairs, strict=True))),
            "links": score_links(*([gold_links(r) for r in side]
                                   for side in zip(*pairs, strict=True))),
            "records": score_records(*([gold_records(r) for r in side]
                                       for side in zip(*pairs, strict=True))),
        },
        kappas={
            name: cohen_kappa([(getattr(a, name), getattr(b, name)) for a, b in both])
            for name in ("outcome", "scope", "category")
        },
        paired=len(both),
    )  # fmt: skip


def paired_records(
    first: AnnotatedReport, second: AnnotatedReport
) -> list[tuple[GoldRecord, GoldRecord]]:
    """Records whose anchors overlap, the first of an anchor with the first, and so on; whatever
    their values."""
    where = {m.id: m for m in second.mentions}
    spans = {m.id: m for m in first.mentions}
    free = list(second.records)
    found = []
    for a in first.records:
        m = spans[a.anchor]
        near = (b for b in free if where[b.anchor].start < m.end and m.start < where[b.anchor].end)
        if (b := next(near, None)) is not None:
            free.remove(b)
            found.append((a, b))
    return found


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Agreement beyond chance, (p_o - p_e) / (1 - p_e) (Cohen 1960); 1 where nothing differs."""
    n = len(pairs)
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    if n == 0 or len(left | right) == 1:
        return 1.0
    observed = sum(a == b for a, b in pairs) / n
    expected = sum(left[k] * right[k] for k in left) / n**2
    return (observed - expected) / (1 - expected)
