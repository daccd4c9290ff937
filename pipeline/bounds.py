"""Words that bound a number (at least, about, no more than), and what they make of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from msgspec import Struct, structs

from .data import load_toml
from .number_words import Token, fold_numbers, read_numbers, tokenize
from .schema import Count, Qualifier
from .text import key


class BoundPhrase(Struct, frozen=True):
    """A phrase of ``data/bounds.toml``; ``before`` and ``after`` are reaches in words, or None."""

    words: tuple[str, ...]
    qualifier: Qualifier
    before: int | None
    after: int | None


class Bound(Struct, frozen=True):
    """A bound phrase found among tokens; ``start`` and ``end`` are folded offsets."""

    phrase: BoundPhrase
    first: int
    last: int
    start: int
    end: int


@cache
def _phrases() -> dict[str, list[BoundPhrase]]:
    """The phrases by their first word, longest first."""
    out: dict[str, list[BoundPhrase]] = {}
    for row in load_toml("bounds.toml")["bound"]:
        for phrase in row["phrases"]:
            words = tuple(key(phrase).split())
            entry = BoundPhrase(words, row["qualifier"], row.get("before"), row.get("after"))
            out.setdefault(words[0], []).append(entry)
    for phrases in out.values():
        phrases.sort(key=lambda p: -len(p.words))
    return out


@cache
def _stops() -> frozenset[str]:
    reach = load_toml("bounds.toml")["reach"]
    return frozenset(map(key, reach["stops"] + reach["next_figure"]))


def _phrase_at(tokens: list[Token], i: int) -> Bound | None:
    """The longest phrase at ``i``; a conjunction or preposition may be glued before it."""
    word = tokens[i].text
    for glued in (0, 1):
        if glued and (len(word) < 3 or word[0] not in "وفبلك"):
            break
        for phrase in _phrases().get(word[glued:], ()):
            last = i + len(phrase.words)
            if tuple(t.text for t in tokens[i + 1 : last]) == phrase.words[1:]:
                return Bound(phrase, i, last, tokens[i].start + glued, tokens[last - 1].end)
    return None


def find_phrases(tokens: list[Token]) -> list[Bound]:
    """The bound phrases among ``tokens``, in order, never overlapping."""
    out, i = [], 0
    while i < len(tokens):
        found = _phrase_at(tokens, i)
        if found is not None:
            out.append(found)
        i = found.last if found is not None else i + 1
    return out


# Joined to a number by a waw or a preposition of one or two letters, it still touches it.
_GLUED = frozenset(["و", "ف", "ب", "ل", "ال", "وال", "بال", "لل"])


def _gap(tokens: list[Token], first: int, last: int) -> int:
    """How many words stand between; a stop among them makes it too many to reach."""
    words = [t.text for t in tokens[first:last] if t.text not in _GLUED and t.text != "-"]
    return 99 if any(w in _stops() for w in words) else len(words)


def nearest_bound(
    tokens: list[Token], first: int, last: int, others: Sequence[tuple[int, int]] = ()
) -> Bound | None:
    """The bound that belongs to the number ``tokens[first:last]``, or None.

    ``others`` are the token spans of other numbers: a bound that touches one of those, or that
    has one between itself and this number, is not this number's.
    """
    best: tuple[int, int, Bound] | None = None
    for bound in find_phrases(tokens):
        before = bound.last <= first
        reach = bound.phrase.before if before else bound.phrase.after
        if reach is None or (bound.first < last and not before):
            continue
        gap = _gap(tokens, bound.last, first) if before else _gap(tokens, last, bound.first)
        if gap > reach or _is_anothers(tokens, bound, first, last, others):
            continue
        rank = (gap, 0 if before else 1, bound)
        if best is None or rank[:2] < best[:2]:
            best = rank
    return best[2] if best else None


def _is_anothers(
    tokens: list[Token], bound: Bound, first: int, last: int, others: Sequence[tuple[int, int]]
) -> bool:
    for a, b in others:
        if bound.last <= first:
            between = bound.last <= a and b <= first
            # A phrase that may follow its number follows the other one, if it reaches that far.
            after = bound.phrase.after
            touches = bound.last == first and tokens[first].text[0] != "و" and b < bound.first
            follows = b <= bound.first and after is not None and not touches
            if between or (follows and _gap(tokens, b, bound.first) <= (after or 0)):
                return True
        elif last <= a:
            # Between the two, or right before the other one with no waw to part them.
            leads = bound.last == a and bound.first > last and tokens[a].text[0] != "و"
            if b <= bound.first or (leads and bound.phrase.before is not None):
                return True
    return False


# Characters of a report looked at on either side of a number: more than the longest reach needs.
_WINDOW = 70
_SENTENCE_STOPS = ".!?؟\n\r"


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """The raw span around a number that stays inside its sentence."""
    low, high = max(0, start - _WINDOW), min(len(text), end + _WINDOW)
    left = max(text.rfind(c, low, start) for c in _SENTENCE_STOPS)
    rights = (text.find(c, end, high) for c in _SENTENCE_STOPS)
    return max(low, left + 1), min((r for r in rights if r >= 0), default=high)


def find_bound(
    text: str, start: int, end: int, stop: Sequence[tuple[int, int]] = ()
) -> tuple[Qualifier, int, int] | None:
    """What bounds the number ``text[start:end]`` from outside that span: qualifier, start, end.

    Looks a few words left and right within the sentence. ``stop`` are the spans of other counts
    (numbers written in the text are seen without it). Offsets are into ``text``.
    """
    if not 0 <= start < end <= len(text):
        return None
    left, right = _window(text, start, end)
    folded = fold_numbers(text[left:right])
    tokens = tokenize(folded.text)
    raw = [folded.span(t.start, t.end) for t in tokens]

    def touched(low: int, high: int) -> tuple[int, int] | None:
        inside = [i for i, (a, b) in enumerate(raw) if a + left < high and low < b + left]
        return (inside[0], inside[-1] + 1) if inside else None

    own = touched(start, end)
    if own is None:
        return None
    first, last = own
    stops = (touched(a, b) for a, b in stop if a < right and b > left)
    spans = [(n.first, n.last) for n in read_numbers(tokens)] + [s for s in stops if s]
    others = [(a, b) for a, b in spans if b <= first or a >= last]
    bound = nearest_bound(tokens, first, last, others) or _split_bound(tokens, first, others)
    if bound is None:
        return None
    at, to = folded.span(bound.start, bound.end)
    return bound.phrase.qualifier, left + at, left + to


class _Split(Struct, frozen=True):
    """A bound whose verb and preposition stand apart."""

    qualifier: Qualifier
    within: int
    verb: tuple[str, ...]
    prepositions: frozenset[str]


@cache
def _splits() -> list[_Split]:
    """The split bounds, those of the longest verbs first."""
    rows = load_toml("bounds.toml")["split"]
    found = [
        _Split(row["qualifier"], row["within"], tuple(key(verb).split()),
               frozenset(map(key, row["prepositions"])))
        for row in rows for verb in row["verbs"]
    ]  # fmt: skip
    return sorted(found, key=lambda split: -len(split.verb))


def _split_bound(
    tokens: list[Token], first: int, others: Sequence[tuple[int, int]]
) -> Bound | None:
    """A bound of which the preposition stands right before the number and the verb further on."""
    words = [t.text for t in tokens]
    at = first - 2 if first and words[first - 1] == "-" else first - 1
    for split in _splits():
        if at < 0 or words[at] not in split.prepositions:
            continue
        size = len(split.verb)
        for i in range(at - size, max(-1, at - size - split.within - 1), -1):
            apart = any(i < b and a < at for a, b in others) or _gap(tokens, i + size, at) > 98
            if tuple(words[i : i + size]) == split.verb and not apart:
                phrase = BoundPhrase(split.verb, split.qualifier, split.within, None)
                return Bound(phrase, i, i + size, tokens[i].start, tokens[i + size - 1].end)
    return None


def apply_bound(count: Count, qualifier: Qualifier) -> Count:
    """``count`` under the bound ``qualifier``; unchanged where it has no single value.

    'At least' keeps the low bound and opens the high one, 'at most' the other way about;
    'approximate' widens by the rule of ``data/bounds.toml``.
    """
    value = count.value
    if value is None:
        return count
    if qualifier == "at_least":
        return structs.replace(count, low=value, high=None, qualifier=qualifier)
    if qualifier == "at_most":
        return structs.replace(count, low=None, high=value, qualifier=qualifier)
    if qualifier == "approximate":
        rule = load_toml("bounds.toml")["approximate"]
        width = max(rule["least"], math.ceil(round(value * rule["share"], 6)))
        low, high = max(0, value - width), value + width
        return structs.replace(count, low=low, high=high, qualifier=qualifier)
    return count
