"""How many people a mention says: its digits, its words, or the form of its noun.

`parse_count` reads the mention alone; `find_bound` looks around it in the report for "at least"
and the like, and `apply_bound` puts the two together.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from msgspec import Struct

from .bounds import apply_bound, find_bound, nearest_bound
from .casualty_nouns import NounForm, guessed_form, known_form, with_pronoun
from .data import load_toml
from .number_words import Number, Token, fold_numbers, numeral, read_numbers, read_ordinal, tokenize
from .persons import named_people, person_and_kin
from .schema import Count, CountKind, Qualifier
from .text import Folded, key

__all__ = ["apply_bound", "find_bound", "parse_count"]


class _Text(Struct, frozen=True):
    """A mention under reading."""

    raw: str
    folded: Folded
    tokens: list[Token]

    def count(
        self, low: int | None, high: int | None, qualifier: Qualifier, kind: CountKind,
        start: int, end: int,
    ) -> Count:  # fmt: skip
        """A Count over the folded span; its value is set where both bounds are one."""
        at, to = self._whole_brackets(*self.folded.span(start, end))
        value = low if qualifier == "exact" else None
        return Count(
            value=value, low=low, high=high, qualifier=qualifier, kind=kind,
            text=self.raw[at:to], start=at, end=to,
        )  # fmt: skip

    def _whole_brackets(self, start: int, end: int) -> tuple[int, int]:
        """A span that cut one half of a pair of brackets off takes it back."""
        inside = self.raw[start:end]
        if inside.count(")") > inside.count("(") and self.raw[start - 1 : start] == "(":
            start -= 1
        if inside.count("(") > inside.count(")") and self.raw[end : end + 1] == ")":
            end += 1
        return start, end

    def over(self, first: int, last: int) -> tuple[int, int]:
        return self.tokens[first].start, self.tokens[last - 1].end


def parse_count(text: str) -> Count | None:
    """The number of people that the mention ``text`` says; None where it says none.

    Reads a number with its bound, a range, a vague quantity, a family, names in a row, a person
    and kin, or the singular, dual or plural of a noun. Offsets of the count are into ``text``.
    Never raises.
    """
    folded = fold_numbers(text)
    tokens = tokenize(folded.text)
    if not tokens:
        return None
    mention = _Text(text, folded, tokens)
    everything = read_numbers(tokens)
    numbers = [n for n in everything if _counts_people(tokens, n)]
    named = _named(mention, numbers)
    if named is not None:
        return named
    people = person_and_kin(tokens, numbers)
    if people is not None:
        span = mention.over(0, len(tokens))
        if people.high is None:
            return mention.count(people.low, None, "vague", "vague", *span)
        kind: CountKind = "explicit" if numbers else "named_list"
        return mention.count(people.low, people.high, "exact", kind, *span)
    return _quantity(mention, numbers, everything) or _from_form(mention)


# What parts names in a row.
_ROW = re.compile(r"[,،;؛/\n]|\sو|\d\s*[-–—.)]|توأم")


def _named(mention: _Text, numbers: list[Number]) -> Count | None:
    # Names in a row have a separator or a waw; numbers among them can only be line numbers.
    if len(mention.tokens) < 2 or not _ROW.search(mention.raw):
        return None
    if numbers and "\n" not in mention.raw and not re.search(r"\d\s*[-–.)]", mention.raw):
        return None
    people = named_people(mention.raw)
    if people is None or people < 2:
        return None
    span = mention.over(0, len(mention.tokens))
    return mention.count(people, people, "exact", "named_list", *span)


@cache
def _not_people() -> tuple[list[tuple[str, ...]], frozenset[str]]:
    data = load_toml("casualty_nouns.toml")["not_people"]
    after = [tuple(t.text for t in tokenize(key(w))) for w in data["after"]]
    return after, frozenset(map(key, data["before"]))


def _counts_people(tokens: list[Token], number: Number) -> bool:
    """Whether neither the words after the number nor the word before it give another measure."""
    _, before = _not_people()
    if _measures(tokens, number.last):
        return False
    return number.first == 0 or tokens[number.first - 1].text not in before


def _measures(tokens: list[Token], i: int) -> bool:
    """Whether what is counted at ``i`` is no people: hours, raids, houses."""
    words = [t.text for t in tokens[i : i + 3]]
    if not words:
        return False
    bare = (words[0].removeprefix("ال"), *words[1:])
    phrases = _not_people()[0]
    return any(tuple(words)[: len(p)] == p or bare[: len(p)] == p for p in phrases)


def _quantity(mention: _Text, numbers: list[Number], everything: list[Number]) -> Count | None:
    """The first number or vague quantity of the mention; ``everything``: all its numbers."""
    vague = _vague_phrase(mention.tokens)
    inside = vague and any(n.first <= vague[0] < n.last and n not in numbers for n in everything)
    if vague is not None and (inside or _measures(mention.tokens, vague[1])):
        vague = None
    first = numbers[0] if numbers else None
    if vague is not None and (first is None or vague[0] <= first.first):
        return _vague_count(mention, vague, numbers)
    if first is None or _repeats_form(mention.tokens, first):
        return None
    return _family_count(mention, first) or _range(mention, numbers) or _bounded(mention, numbers)


def _repeats_form(tokens: list[Token], number: Number) -> bool:
    """Whether the number only repeats the noun before it (شخص واحد، مدنيان اثنان)."""
    data = load_toml("casualty_nouns.toml")
    if number.last - number.first > 1 or number.first == 0:
        return False
    word = tokens[number.first].text
    form = known_form(tokens[number.first - 1].text) or guessed_form(tokens[number.first - 1].text)
    if form is None:
        return False
    if word in map(key, data["emphasis_two"]):
        return form.number == "dual" or form.ambiguous
    return word in map(key, data["emphasis_one"]) and form.number == "singular"


def _bounded(mention: _Text, numbers: list[Number]) -> Count:
    number = numbers[0]
    kind: CountKind = "singular" if _is_one_of(mention.tokens, number) else "explicit"
    exact = mention.count(number.value, number.value, "exact", kind, number.start, number.end)
    others = [(n.first, n.last) for n in numbers[1:]]
    bound = nearest_bound(mention.tokens, number.first, number.last, others)
    if bound is None:
        return exact
    start, end = min(number.start, bound.start), max(number.end, bound.end)
    whole = mention.count(number.value, number.value, "exact", "explicit", start, end)
    return apply_bound(whole, bound.phrase.qualifier)


@cache
def _one_of() -> frozenset[str]:
    return frozenset(map(key, load_toml("numbers.toml")["words"]["one_of"]))


def _is_one_of(tokens: list[Token], number: Number) -> bool:
    """Whether the number is the 'one' of 'one of his soldiers'."""
    word = tokens[number.first].text
    return number.value == 1 and number.last - number.first == 1 and word in _one_of()


@cache
def _range_words() -> tuple[frozenset[str], list[tuple[str, ...]], int]:
    data = load_toml("bounds.toml")["range"]
    between = sorted((tuple(key(w).split()) for w in data["between"]), key=len, reverse=True)
    return frozenset(map(key, data["joins"])), between, data["words_between"]


def _opener(tokens: list[Token], first: int) -> int | None:
    """The index at which 'between' begins right before the token ``first``, or None."""
    for words in _range_words()[1]:
        at = first - len(words)
        found = tuple(t.text for t in tokens[max(0, at) : first])
        if found == words or (
            found and (found[0][1:], *found[1:]) == words and found[0][0] in "وفبل"
        ):
            return at
    return None


def _range(mention: _Text, numbers: list[Number]) -> Count | None:
    """'Between five and seven', 'from 5 to 7', '5-7', 'three or four': value null, both bounds."""
    tokens, low = mention.tokens, numbers[0]
    joins, _, reach = _range_words()
    opened = _opener(tokens, low.first)
    if len(numbers) > 1:
        high = numbers[1]
        between = [t.text for t in tokens[low.last : high.first]]
        joined = opened is not None and (
            between[-1:] == ["و"] or high.start > tokens[high.first].start
        )
        joined = joined or (bool(between) and between[-1] in joins)
        alone = low.first == 0 and high.last == len(tokens) and between in ([], ["و"])
        # '7 and 10' with nothing else: 'between' stands before the mention.
        joined = joined or (alone and len(numbers) == 2)
        small, big = _same_scale(low, high), high.value
        if joined and len(between) <= reach + 1 and small < big:
            start = low.start
            if opened is not None:
                start = tokens[opened].start
            elif low.first and tokens[low.first - 1].text == "من" and "الي" in between:
                start = tokens[low.first - 1].start
            return mention.count(small, big, "range", "explicit", start, high.end)
    if opened is not None:
        return _split_range(mention, low, opened)
    return None


def _same_scale(low: Number, high: Number) -> int:
    """The low end of 'three or four thousand' shares the scale that only the high end says."""
    if high.scale > 1 and low.value < high.value // high.scale:
        return low.value * high.scale
    return low.value


def _split_range(mention: _Text, number: Number, opened: int) -> Count | None:
    """'Between five and twenty' reads as 25 too: after 'between', cut it at its last waw."""
    tokens = mention.tokens
    for cut in range(number.last - 1, number.first, -1):
        left = read_numbers(tokens[number.first : cut])
        right = read_numbers(tokens[cut : number.last])
        if len(left) == len(right) == 1 and left[0].value < right[0].value:
            low, high = left[0].value, right[0].value
            start = tokens[opened].start
            return mention.count(low, high, "range", "explicit", start, number.end)
    return None


# --- vague quantities and families


@cache
def _vague_rows() -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    rows = load_toml("vague.toml")["vague"]
    pairs = [(tuple(key(w).split()), row) for row in rows for w in row["words"]]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


_GLUED = frozenset(["", "و", "ف", "ب", "ل", "ال", "بال", "وال", "لل"])


def _vague_phrase(tokens: list[Token]) -> tuple[int, int, dict[str, Any]] | None:
    """The first vague quantity: its first token, its end, its row; the longest of a place."""
    words = [t.text for t in tokens]
    for i, word in enumerate(words):
        for phrase, row in _vague_rows():
            if not word.endswith(phrase[0]) or tuple(words[i + 1 : i + len(phrase)]) != phrase[1:]:
                continue
            if word.removesuffix(phrase[0]) in _GLUED:
                return i, i + len(phrase), row
    return None


def _vague_count(
    mention: _Text, vague: tuple[int, int, dict[str, Any]], numbers: list[Number]
) -> Count:
    first, last, row = vague
    low: int = row["low"]
    high: int | None = row.get("high")
    if row.get("tens") and high is not None:
        tens = next((n for n in numbers if n.first == last and 20 <= n.value <= 90), None)
        if tens is not None:
            low, high, last = tens.value + low, tens.value + high, tens.last
    noun = known_form(mention.tokens[last].text) if last < len(mention.tokens) else None
    if noun is not None and noun.word == "family":
        size = load_toml("vague.toml")["family"]
        low, high = low * size["low"], high * size["high"] if high else None
    return mention.count(low, high, "vague", "vague", *mention.over(first, last))


def _family_count(mention: _Text, number: Number) -> Count | None:
    """'500 families': people, by the family size of ``data/vague.toml``."""
    if number.last >= len(mention.tokens):
        return None
    noun = known_form(mention.tokens[number.last].text)
    if noun is None or noun.word != "family":
        return None
    size = load_toml("vague.toml")["family"]
    start, end = number.start, mention.tokens[number.last].end
    low, high = number.value * size["low"], number.value * size["high"]
    return mention.count(low, high, "vague", "vague", start, end)


# --- the form of a noun

_DUAL_MARK = re.compile("\u064e\u0651?\u064a\u0652?\u0646")  # fatha, yaa, nun: a dual for certain


def _from_form(mention: _Text) -> Count | None:
    """Singular 1, dual 2, plural vague: the first casualty noun of the mention, if any."""
    tokens = mention.tokens
    if tokens[0].text == "بين" and any(t.text[0] == "و" for t in tokens[1:]):
        plural = load_toml("vague.toml")["plural"]  # 'dead and wounded', so many of each
        span = mention.over(0, len(tokens))
        return mention.count(plural["low"], plural.get("high"), "vague", "vague", *span)
    for i, token in enumerate(tokens):
        form = known_form(token.text) or with_pronoun(token.text)
        if form is None and i == 0:
            form = guessed_form(token.text)
        if form is not None:
            return _count_of_form(mention, i, form)
    named = named_people(mention.raw)
    if named == 1 and numeral(tokens[0]) is None:
        return mention.count(1, 1, "exact", "singular", *mention.over(0, len(tokens)))
    return None


def _count_of_form(mention: _Text, i: int, form: NounForm) -> Count | None:
    start, end = mention.over(i, i + 1)
    number = form.number
    following = mention.tokens[i + 1].text if i + 1 < len(mention.tokens) else ""
    data = load_toml("casualty_nouns.toml")
    emphasis = data["emphasis_two"] if number in ("dual", "plural") else data["emphasis_one"]
    emphasized = following in map(key, emphasis)
    if number == "singular" and following.startswith("ال") and read_ordinal(mention.tokens, i + 1):
        return None  # القتيل الثالث
    if emphasized and number in ("singular", "dual", "plural"):
        end = mention.tokens[i + 1].end
    if form.ambiguous and (emphasized or _marked_dual(mention, i)):
        number = "dual"
    rules = load_toml("vague.toml")
    if number == "singular":
        return mention.count(1, 1, "exact", "singular", start, end)
    if number == "dual":
        return mention.count(2, 2, "exact", "dual", start, end)
    if number == "plural":
        plural = rules["plural"]
        return mention.count(plural["low"], plural.get("high"), "vague", "vague", start, end)
    size = rules["family"]
    families, many = {"family": (1, 1), "two_families": (2, 2)}.get(number, (3, None))
    high = None if many is None else many * size["high"]
    return mention.count(families * size["low"], high, "vague", "vague", start, end)


def _marked_dual(mention: _Text, i: int) -> bool:
    at, to = mention.folded.span(*mention.over(i, i + 1))
    return _DUAL_MARK.search(mention.raw[at:to]) is not None
