"""What the model's output needs before events are built: fragments mended, outcomes settled.

A toll whose outcome is not linked would be lost, one linked to two outcomes told twice. What is
only guessed from neighbourhood carries a low score and fills gaps; where the words settle a link
('10 wounded', 'members of X'), they overrule the model's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from functools import cache
from itertools import chain

from msgspec.structs import replace

from .causes import outcome_codes
from .claims import settle_claims
from .counts import parse_count
from .data import load_toml
from .number_words import fold_numbers
from .schema import Link, LinkType, Mention, Tagged, mentions_within
from .text import fold, key, sentence_at, sentences

GUESSED = 0.5  # the score of a link that neighbourhood alone gives
# The score of 'members of X': in the annotated train reports 155 of 156 such parties are the side.
SIDE = 0.99
# Characters between a number and the word it counts, or between it and its outcome noun.
_BESIDE = 2


def complete(text: str, tagged: Tagged) -> Tagged:
    """``tagged`` with fragments joined or dropped, no second references among the anchors, mostly
    one outcome each anchor, sides told from doers, the accused and claimants as doers, undated
    tolls in the scope of those beside, and dates and places that hold for what follows.
    """
    joined = join_outcomes(text, join_people(text, drop_fragments(text, tagged)))
    settled = settle_outcomes(text, drop_second_references(joined))
    sided = settle_sides(text, add_links(text, settled))
    return add_from_before(settle_scopes(text, settle_claims(text, sided)))


def drop_fragments(text: str, tagged: Tagged) -> Tagged:
    """Without COUNT mentions of no number, a year or unharmed people, nor the links on them."""
    mentions = tagged.mentions
    counted = {a.end for a, b in zip(mentions, mentions[1:], strict=False) if _behind(a, b)}
    keep = [
        m.label != "COUNT"
        or parse_count(m.text) is not None
        and (m.end in counted or not _is_year(text, m))
        and not _is_unharmed(text, m)
        for m in mentions
    ]
    return _keep(tagged, keep)


_YEAR = re.compile(r"(?:19|20)\d\d")


def _is_year(text: str, mention: Mention) -> bool:
    """Whether four digits stand behind a word that opens a date ('in', 'until', 'the year')."""
    if not _YEAR.fullmatch(fold_numbers(mention.text).text):
        return False
    before = key(text[max(0, mention.start - 12) : mention.start]).split()
    return bool(before) and before[-1] in load_toml("dates.toml")["before_years"]["words"]


@cache
def _unharmed() -> tuple[re.Pattern[str], re.Pattern[str]]:
    rules = load_toml("structure.toml")["unharmed"]
    return re.compile(rules["counted"]), re.compile(rf"(?<!\w)[وف]?{rules['before']}")


def _is_unharmed(text: str, mention: Mention) -> bool:
    """Whether a number counts witnesses or people set free."""
    counted, before = _unharmed()
    if counted.search(key(text[mention.end : mention.end + 20]).strip()):
        return True
    return before.search(key(text[max(0, mention.start - 30) : mention.start]).strip()) is not None


def join_people(text: str, tagged: Tagged) -> Tagged:
    """'a man' and 'and his wife', tagged apart, as one mention where they count as one group."""
    return _join(text, tagged, "VICTIM", lambda i: _is_kin(tagged.mentions[i + 1].text))


def join_outcomes(text: str, tagged: Tagged) -> Tagged:
    """'dead' and 'and wounded', tagged apart, as the one outcome that the two words are.

    Two anchors that no number counts ('there were dead and wounded') are two tolls and stay so,
    and so do words that two numbers count, and verbs between two subjects ('a man was killed and
    wounded two others', as Arabic has it).
    """
    heads: dict[int, set[int]] = defaultdict(set)
    for link in tagged.links:
        if link.type == "outcome" and tagged.mentions[link.head].label == "COUNT":
            heads[link.tail].add(link.head)

    def fits(i: int) -> bool:
        first, second = tagged.mentions[i : i + 2]
        alone = first.anchor and second.anchor and not heads[i] | heads[i + 1]
        apart = heads[i] and heads[i + 1] and not heads[i] & heads[i + 1]
        both = outcome_codes(text[first.start : second.end]) == ("killed_or_injured",)
        return both and not alone and not apart and not _between_subjects(tagged.mentions, i)

    return _join(text, tagged, "OUTCOME", fits)


def _between_subjects(mentions: Sequence[Mention], i: int) -> bool:
    """Whether an anchor stands right before the i-th mention and another right behind the next."""
    around = mentions[max(i - 1, 0) : i + 3]
    return (
        len(around) == 4
        and around[0].anchor is not None
        and around[3].anchor is not None
        and _behind(around[0], around[1])
        and _behind(around[2], around[3])
    )


def _join(text: str, tagged: Tagged, label: str, fits: Callable[[int], bool]) -> Tagged:
    """Neighbours of one label, the second behind a waw, joined where their pair fits."""
    mentions = list(tagged.mentions)
    keep = [True] * len(mentions)
    for i, (first, second) in enumerate(zip(mentions, mentions[1:], strict=False)):
        beside = first.label == second.label == label and _behind(first, second) and keep[i]
        if beside and second.text.startswith("و") and fits(i):
            joined = text[first.start : second.end]
            mentions[i] = replace(first, end=second.end, text=joined)
            keep[i + 1] = False
    return _keep(replace(tagged, mentions=tuple(mentions)), keep)


def _is_kin(text: str) -> bool:
    """Whether the words end in a pronoun, as 'and his wife' does."""
    return fold(text).text.endswith(("ه", "ها", "هم", "هما"))


def drop_second_references(tagged: Tagged) -> Tagged:
    """No anchor but a mention where a noun is counted by a number already, or is a definite
    plural ('the wounded were taken to hospital')."""
    counted = {
        link.tail for link in tagged.links
        if link.type == "outcome" and tagged.mentions[link.head].label == "COUNT"
    }  # fmt: skip
    mentions = list(tagged.mentions)
    for i, mention in enumerate(mentions):
        if mention.anchor is None or mention.label == "COUNT":
            continue
        before = mentions[i - 1] if i else None
        behind_number = (
            before is not None
            and before.label == "COUNT"
            and _behind(before, mention)
            and not mention.text.startswith("و")
        )
        told = i in counted and outcome_codes(mention.text) == ("killed_or_injured",)
        if told or behind_number or _is_definite_plural(mention.text):
            mentions[i] = replace(mention, anchor=None)
    alive = [link for link in tagged.links if mentions[link.head].anchor is not None]
    return replace(tagged, mentions=tuple(mentions), links=tuple(alive))


def _is_definite_plural(text: str) -> bool:
    count = parse_count(text)
    return key(text).startswith(("ال", "وال")) and count is not None and count.kind == "vague"


def _keep(tagged: Tagged, keep: Sequence[bool]) -> Tagged:
    if all(keep):
        return tagged
    at, new = 0, {}
    for i, kept in enumerate(keep):
        if kept:
            new[i], at = at, at + 1
    links = (
        replace(link, head=new[link.head], tail=new[link.tail])
        for link in tagged.links
        if link.head in new and link.tail in new
    )
    mentions = (m for m, kept in zip(tagged.mentions, keep, strict=True) if kept)
    return replace(tagged, mentions=tuple(mentions), links=tuple(links))


def settle_outcomes(text: str, tagged: Tagged) -> Tagged:
    """Each anchor keeps its best outcome, and others only where they are no other anchor's best
    ('two wounded and arrested') or stand right beside it ('dead and wounded').

    The outcome noun right behind a number ('10 wounded') is its best, whatever the scores.
    """
    outcomes = [link for link in tagged.links if link.type == "outcome"]
    told = {(x.head, x.tail): x.score for x in reversed(outcomes)}
    best: dict[int, Link] = {}
    sure: set[int] = set()
    for i, (first, second) in enumerate(zip(tagged.mentions, tagged.mentions[1:], strict=False)):
        if _counts(first, second) and "\n" not in text[first.end : second.start]:
            score = told.get((i, i + 1), GUESSED)
            best[i] = Link(type="outcome", head=i, tail=i + 1, score=score)
            sure.add(i)
    outcomes += [x for x in best.values() if (x.head, x.tail) not in told]
    for link in sorted(outcomes, key=lambda x: -x.score):
        best.setdefault(link.head, link)
    taken = {link.tail for link in best.values()}
    dropped = {
        (link.head, link.tail)
        for link in outcomes
        if link.tail != best[link.head].tail
        and (link.tail in taken or link.head in sure)
        and not _beside(tagged.mentions[link.tail], tagged.mentions[best[link.head].tail])
    }
    others = [link for link in tagged.links if link.type != "outcome"]
    kept = [link for link in outcomes if (link.head, link.tail) not in dropped]
    return replace(tagged, links=(*others, *kept))


def _counts(number: Mention, noun: Mention) -> bool:
    """Whether the outcome ``noun`` stands right behind ``number``, with no 'and' before it."""
    return (
        number.label == "COUNT"
        and number.anchor is not None
        and noun.label == "OUTCOME"
        and _behind(number, noun)
        and not noun.text.startswith("و")
    )


def _beside(a: Mention, b: Mention) -> bool:
    return _behind(a, b) or _behind(b, a)


def _behind(first: Mention, second: Mention) -> bool:
    return 0 <= second.start - first.end <= _BESIDE


def add_links(text: str, tagged: Tagged) -> Tagged:
    """An outcome for each anchor that has none, and the noun behind a number as its victims."""
    spans = sentences(text)
    linked = {(link.head, link.type) for link in tagged.links}
    led = {x.tail for x in tagged.links if x.type == "outcome" and x.head > x.tail}
    added = []
    for i, mention in enumerate(tagged.mentions):
        if mention.anchor is None:
            continue
        if mention.label != "OUTCOME" and (i, "outcome") not in linked:
            outcome = next(_nearest_outcomes(spans, tagged.mentions, led, i), None)
            if outcome is not None:
                added.append(Link(type="outcome", head=i, tail=outcome, score=GUESSED))
        if mention.label == "COUNT" and (i, "victims") not in linked:
            added += [
                Link(type="victims", head=i, tail=j, score=GUESSED)
                for j in mentions_within(tagged.mentions, mention.end, mention.end + _BESIDE + 1)
                if tagged.mentions[j].label == "VICTIM"
            ]
    return replace(tagged, links=(*tagged.links, *added))


def _nearest_outcomes(
    spans: Sequence[tuple[int, int]], mentions: Sequence[Mention], led: Container[int], i: int
) -> Iterator[int]:
    """The outcome noun right behind the number, the last in its sentence before it, the next in
    it that has no number behind it (is not ``led``); else, for a number as in lists, the last one
    above."""
    inside = [
        j
        for j in mentions_within(mentions, *(sentence_at(spans, mentions[i].start) or (0, 0)))
        if mentions[j].label == "OUTCOME"
    ]
    yield from (j for j in inside if _behind(mentions[i], mentions[j]))
    yield from (j for j in reversed(inside) if j < i)
    yield from (j for j in inside if j > i and j not in led)
    if mentions[i].label == "COUNT":
        yield from (j for j in range(i - 1, -1, -1) if mentions[j].label == "OUTCOME")


def settle_sides(text: str, tagged: Tagged) -> Tagged:
    """A party right behind the people of a record ('7 of', 'members of', 'dead of') is their side,
    never the doer."""
    side_of: dict[int, list[int]] = {}
    for i, (first, second) in enumerate(zip(tagged.mentions, tagged.mentions[1:], strict=False)):
        if second.label == "PARTY" and _names_side(text, first, second):
            side_of[i] = _row_of_parties(tagged.mentions, i + 1)
    owned = {(i, p) for i, sides in side_of.items() if tagged.mentions[i].anchor for p in sides}
    owned |= {
        (link.head, party)
        for link in tagged.links
        if link.type in ("victims", "outcome")
        for party in side_of.get(link.tail, ())
    }
    kept = [x for x in tagged.links if (x.head, x.tail) not in owned or x.type == "victims"]
    known = {(x.head, x.tail) for x in kept}
    added = [
        Link(type="victims", head=head, tail=side, score=SIDE)
        for head, side in sorted(owned - known)
    ]
    return replace(tagged, links=(*kept, *added))


def _row_of_parties(mentions: Sequence[Mention], first: int) -> list[int]:
    """The party at ``first`` and those joined to it by a waw."""
    row = [first]
    for i in range(first + 1, len(mentions)):
        joined = mentions[i].label == "PARTY" and mentions[i].text.startswith("و")
        if not (joined and _behind(mentions[i - 1], mentions[i])):
            break
        row.append(i)
    return row


def _names_side(text: str, people: Mention, party: Mention) -> bool:
    words = load_toml("structure.toml")
    between = key(text[people.end : party.start]).strip()
    if people.label in ("VICTIM", "COUNT"):
        return not between or between in words["side_markers"]
    if people.label != "OUTCOME":
        return False
    noun = key(people.text).removeprefix("و")
    return between in words["side_markers"] or (not between and noun in words["nouns_of_the_dead"])


def settle_scopes(text: str, tagged: Tagged) -> Tagged:
    """An undated toll in a sentence whose dated ones are all cumulative is cumulative too."""
    spans = sentences(text)
    dated = {link.head for link in tagged.links if link.type == "date"}
    mentions = list(tagged.mentions)
    for start, end in spans:
        inside = [i for i in mentions_within(mentions, start, end) if mentions[i].anchor]
        for i in inside:
            others = {tagged.mentions[j].anchor for j in inside if j in dated}
            if i not in dated and others == {"cumulative"}:
                mentions[i] = replace(mentions[i], anchor="cumulative")
    return replace(tagged, mentions=tuple(mentions))


def add_from_before(tagged: Tagged) -> Tagged:
    """Anchors without a date or place take over those of the last anchor of their scope that has
    some: what is said once holds for what follows."""
    added = (_told_before(tagged, kind) for kind in ("date", "place"))
    return replace(tagged, links=(*tagged.links, *chain.from_iterable(added)))


def _told_before(tagged: Tagged, kind: LinkType) -> Iterator[Link]:
    linked: dict[int, list[Link]] = defaultdict(list)
    for link in tagged.links:
        if link.type == kind:
            linked[link.head].append(link)
    last: dict[str, list[Link]] = {}
    for i, mention in enumerate(tagged.mentions):
        if mention.anchor and linked[i]:
            last[mention.anchor] = linked[i]
        elif mention.anchor:
            yield from (replace(x, head=i, score=GUESSED) for x in last.get(mention.anchor, ()))
