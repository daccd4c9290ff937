"""Links that an anchor can't do without, from neighbourhood, where the model gave none.

A toll whose outcome is not linked would be lost. These links carry a low score, and the model's
own links always come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .schema import Link, Mention, Tagged
from .text import sentences

GUESSED = 0.5  # the score of a link that neighbourhood alone gives
# Characters between a number and the word it counts, or between it and its outcome noun.
_BESIDE = 2


def complete_links(text: str, tagged: Tagged) -> Tagged:
    """``tagged`` with an outcome for each anchor whose sentence holds one, and the noun that a
    number stands before as its victims."""
    spans = sentences(text)
    linked = {(link.head, link.type) for link in tagged.links}
    added = []
    for i, mention in enumerate(tagged.mentions):
        if mention.anchor is None:
            continue
        near = _same_sentence(spans, tagged.mentions, i)
        if mention.label != "OUTCOME" and (i, "outcome") not in linked:
            outcome = _nearest_outcome(tagged.mentions, near, i)
            if outcome is not None:
                added.append(Link(type="outcome", head=i, tail=outcome, score=GUESSED))
        if mention.label == "COUNT" and (i, "victims") not in linked:
            added += [
                Link(type="victims", head=i, tail=j, score=GUESSED)
                for j in near
                if tagged.mentions[j].label == "VICTIM" and _behind(tagged.mentions, i, j)
            ]
    return Tagged(tagged.mentions, (*tagged.links, *added))


def _same_sentence(
    spans: Sequence[tuple[int, int]], mentions: Sequence[Mention], i: int
) -> list[int]:
    start, end = next(((a, b) for a, b in spans if a <= mentions[i].start < b), (0, 0))
    return [j for j, m in enumerate(mentions) if j != i and start <= m.start < end]


def _behind(mentions: Sequence[Mention], i: int, j: int) -> bool:
    return 0 <= mentions[j].start - mentions[i].end <= _BESIDE


def _nearest_outcome(mentions: Sequence[Mention], near: Sequence[int], i: int) -> int | None:
    """The outcome noun right behind the number, else the last one before it, else the next."""
    outcomes = [j for j in near if mentions[j].label == "OUTCOME"]
    return next(_ranked(mentions, outcomes, i), None)


def _ranked(mentions: Sequence[Mention], outcomes: Sequence[int], i: int) -> Iterator[int]:
    yield from (j for j in outcomes if _behind(mentions, i, j))
    yield from (j for j in reversed(outcomes) if j < i)
    yield from (j for j in outcomes if j > i)
