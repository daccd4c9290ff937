"""Who claimed an attack or is accused of it: doers told in a sentence of their own, after the toll.

'Nobody has claimed it', 'X accused Y of standing behind the blast': the accuser is no doer, the
accused and the claimant are those of the tolls just told that have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from msgspec.structs import replace

from .assemble import STRONG
from .data import load_toml
from .schema import Link, Mention, Tagged, mentions_within
from .text import fold_key, sentences

GUESSED = 0.5  # as in complete.py: the score of a link that neighbourhood alone gives
# In how many sentences before the claim tolls are looked for.
BACK = 3


# Characters before the verb in which a negation undoes it, and between two parties that stand side
# by side: accuser and accused.
NEGATED, BESIDE = 16, 12


@cache
def _rules() -> dict[str, re.Pattern[str]]:
    rows = load_toml("structure.toml")["claims"]
    return {name: re.compile(rf"(?<!\w)(?:{'|'.join(words)})\b") for name, words in rows.items()}


def settle_claims(text: str, tagged: Tagged) -> Tagged:
    """``tagged`` with the accused and the claimants as doers, and accusers no longer."""
    spans = sentences(text)
    links = list(tagged.links)
    for at, (start, end) in enumerate(spans):
        inside = mentions_within(tagged.mentions, start, end)
        parties = [i for i in inside if tagged.mentions[i].label == "PARTY"]
        accuser, doer = named(text[start:end], start, tagged.mentions, parties)
        if doer is None:
            continue
        links = [x for x in links if (x.type, x.tail) != ("perpetrator", accuser)]
        first = spans[max(at - BACK, 0)][0]
        known = {x.head for x in links if x.tail == doer}
        links.extend(
            Link(type="perpetrator", head=i, tail=doer, score=GUESSED)
            for i in list(_without_doer(tagged.mentions, links, first, end))
            if i not in known
        )
    return replace(tagged, links=tuple(links))


def named(
    sentence: str, start: int, mentions: Sequence[Mention], parties: Sequence[int]
) -> tuple[int | None, int | None]:
    """The accuser and the doer among ``parties`` that a sentence names, which begins at ``start``.

    None for the one that it does not name.
    """
    rules, folded = _rules(), fold_key(sentence)
    for name in ("accuse", "claim", "own"):
        for match in rules[name].finditer(folded.text):
            before = folded.text[max(0, match.start() - NEGATED) : match.start()]
            if rules["denied"].search(before):
                continue
            if "حمل" in match.group() and not rules["blame"].search(folded.text, match.end()):
                continue
            low, high = (start + at for at in folded.span(match.start(), match.end()))
            if name == "own":
                found = [i for i in parties if mentions[i].end <= low]
                if found:
                    return None, found[-1]
                continue
            found = [i for i in parties if mentions[i].start >= high]
            if not found:
                continue
            if name == "accuse" and len(found) > 1 and _gap(mentions, *found[:2]) <= BESIDE:
                return found[0], found[1]
            return None, found[0]
    return None, None


def _gap(mentions: Sequence[Mention], first: int, second: int) -> int:
    return mentions[second].start - mentions[first].end


def _without_doer(
    mentions: Sequence[Mention], links: Sequence[Link], start: int, end: int
) -> Iterator[int]:
    """The anchors of incidents in a stretch, from its end on, up to the first that has a doer."""
    known = {x.head for x in links if x.type == "perpetrator" and x.score >= STRONG}
    for i in reversed(mentions_within(mentions, start, end)):
        if mentions[i].anchor == "incident":
            if i in known:
                return
            yield i
