"""Arabic numbers, in digits and in words, read from the tokens of a folded text."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

from .data import load_toml
from .text import Folded, fold_key, key

NumberClass = Literal[
    "digits", "zero", "unit", "ten", "teen", "tens", "hundred", "hundred_after_unit", "hundreds",
    "scale", "scale_dual", "scale_or_dual", "scale_plural", "half", "quarter", "ordinal",
]  # fmt: skip


class Token(Struct, frozen=True):
    """A word, number or sign of a folded text; offsets are into the folded text."""

    text: str
    start: int
    end: int


class Numeral(Struct, frozen=True):
    """What one token says as a part of a number.

    ``joined``: a waw is glued before it; ``glued``: how many letters of conjunction or
    preposition are glued before it; ``definite``: it has the article.
    """

    cls: NumberClass
    value: Fraction
    joined: bool = False
    glued: int = 0
    definite: bool = False


class Number(Struct, frozen=True):
    """A whole number of the text, ``tokens[first:last]``; folded offsets ``start``, ``end``.

    ``scale`` is that of its last word (3 آلاف: 1000), 1 where there is none.
    """

    value: int
    first: int
    last: int
    start: int
    end: int
    scale: int = 1


_TOKEN = re.compile(
    r"(?<!\d)[1-9]\d{0,2}([,.٬،' ])\d{3}(?:\1\d{3})*(?![\d٫]|[.,]\d)"  # with thousands separators
    r"|\d+(?:[.,٫ر]\d+)?"  # newspapers write 2.5 as 2ر5 too
    r"|[^\W\d_]+"
    r"|[^\w\s]"
)
_DASH_OF_TATWEEL = re.compile(r"(?<=\d)ـ+(?=\s*\d)")
_SCALES = frozenset(["scale", "scale_plural", "scale_or_dual"])
_BRACKETS = frozenset("()[]{}<>*")


def fold_numbers(text: str) -> Folded:
    """`fold_key`, but a tatweel that stands as a dash between two numbers stays a dash."""
    return fold_key(_DASH_OF_TATWEEL.sub(lambda m: "-" * len(m.group()), text))


def tokenize(folded: str) -> list[Token]:
    """Words, numbers and single signs of a folded text; brackets are left out."""
    return [
        Token(m.group(), m.start(), m.end())
        for m in _TOKEN.finditer(folded)
        if m.group() not in _BRACKETS
    ]


@cache
def _lexicon() -> dict[str, Numeral]:
    """Every number word by key. Where two fall together, the one added last stands."""
    data = load_toml("numbers.toml")
    words, out = data["words"], {}

    def add(spellings: list[str], cls: NumberClass, value: Fraction | int) -> None:
        for spelling in spellings:
            out[key(spelling)] = Numeral(cls, Fraction(value))

    for digit, spellings in data["ordinals"].items():
        add(spellings, "ordinal", int(digit))
    for digit, stems in data["units"].items():
        add([s + e for s in stems for e in words["teen_endings"]], "teen", 10 + int(digit))
    for digit, spellings in data["spoken_teens"].items():
        add(spellings, "teen", 10 + int(digit))
    for digit, stems in data["hundred_stems"].items():
        add([s + e for s in stems for e in words["hundred_endings"]], "hundreds", 100 * int(digit))
    for digit, spellings in data["units"].items():
        add(spellings, "unit", int(digit))
    for digit, spellings in data["tens"].items():
        add(spellings, "tens", int(digit))
    for scale in data["scales"]:
        add(scale["dual"], "scale_dual", 2 * scale["value"])
        add(scale["plural"], "scale_plural", scale["value"])
        add(scale["singular"], "scale", scale["value"])
        add(scale["either"], "scale_or_dual", scale["value"])
    add(words["zero"], "zero", 0)
    add(words["ten"], "ten", 10)
    add(words["hundred"], "hundred", 100)
    add(words["hundred_after_unit"], "hundred_after_unit", 100)
    add(words["two_hundred"], "hundreds", 200)
    add(words["half"], "half", Fraction(1, 2))
    add(words["quarter"], "quarter", Fraction(1, 4))
    return out


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(sorted((key(p) for p in load_toml("numbers.toml")["prefixes"]), key=len))


@lru_cache(2**16)  # the words of an archive have no end
def _parse_word(word: str) -> Numeral | None:
    found = _lexicon().get(word)
    if found is not None:
        return found
    for prefix in _prefixes():
        found = _lexicon().get(word[len(prefix) :]) if word.startswith(prefix) else None
        if found is not None:
            definite = prefix.endswith(("ال", "لل"))
            glued = len(prefix) - (2 if prefix.endswith("ال") else 1 if definite else 0)
            return Numeral(found.cls, found.value, prefix[0] == "و", glued, definite)
    return None


def _parse_digits(word: str) -> Fraction | None:
    """The value of digits with separators; None where no reading of them makes sense."""
    grouped = re.fullmatch(r"\d{1,3}(?:([,.٬،' ])\d{3})(?:\1\d{3})*", word)
    if grouped and word[0] != "0":
        return Fraction(int(re.sub(r"\D", "", word)))
    return Fraction(re.sub(r"[,٫ر]", ".", word)) if len(word) < 40 else None


def numeral(token: Token) -> Numeral | None:
    """What ``token`` says as a part of a number, or None."""
    if token.text[0].isdecimal():
        value = _parse_digits(token.text)
        return None if value is None else Numeral("digits", value)
    return _parse_word(token.text) if len(token.text) < 24 else None


class _Reader:
    """Reads numbers off a list of tokens; every method takes and returns token indices."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.numerals = [numeral(t) for t in tokens]

    def at(self, i: int) -> Numeral | None:
        return self.numerals[i] if 0 <= i < len(self.numerals) else None

    def is_cls(self, i: int, *classes: NumberClass) -> bool:
        found = self.at(i)
        return found is not None and found.cls in classes

    def continues(self, i: int) -> int | None:
        """Where the number goes on after a waw at ``i``: the index of its next word."""
        found = self.at(i)
        if found is not None and found.joined:
            return i
        if i < len(self.tokens) and self.tokens[i].text in ("و", "وال"):
            return i + 1
        # "and one" and "one" have the same key: a teen or tens word after it tells.
        one = found is not None and self.tokens[i].text == "واحد"
        if one and self.below_hundred(i, (0, 0))[0] > 1:
            return i
        return None

    def below_hundred(self, i: int, none: tuple[int, int]) -> tuple[int, int]:
        """The value and end of a 1-99 at ``i``, or ``none``."""
        first = self.at(i)
        if first is None:
            return none
        value = int(first.value)
        if first.cls in ("teen", "tens", "ten"):
            return value, i + 1
        if first.cls != "unit":
            return none
        following = self.at(i + 1)
        if following and following.cls == "ten" and not (following.joined or following.definite):
            return value + 10, i + 2
        tens = self.continues(i + 1) if value != 1 or not self.is_cls(i + 1, "unit") else None
        if tens is not None and self.is_cls(tens, "tens"):
            return value + int(self.numerals[tens].value), tens + 1  # type: ignore[union-attr]
        return value, i + 1

    def group(self, i: int) -> tuple[Fraction, int] | None:
        """A number below a thousand in words, or any in digits."""
        first = self.at(i)
        if first is None:
            return None
        if first.cls == "digits":
            return first.value, i + 1
        hundreds, end = self._hundreds(i, first)
        if not hundreds:
            value, end = self.below_hundred(i, (0, i))
            return (Fraction(value), end) if value else None
        rest = self.continues(end)
        if rest is not None:
            value, last = self.below_hundred(rest, (0, end))
            digits = self.at(rest)
            if digits and digits.cls == "digits" and digits.value < 100:
                value, last = int(digits.value), rest + 1
            # 'a hundred and five thousand' keeps together; 'a hundred and three hundred' does not.
            if value and not self.is_cls(last, "hundred", "hundred_after_unit"):
                return Fraction(hundreds + value), last
        return Fraction(hundreds), end

    def _hundreds(self, i: int, first: Numeral) -> tuple[int, int]:
        if first.cls in ("hundred", "hundreds"):
            return int(first.value), i + 1
        if first.cls == "unit" and 3 <= first.value <= 9:
            second = self.at(i + 1)
            if second and second.cls in ("hundred", "hundred_after_unit") and not second.joined:
                return int(first.value) * 100, i + 2
        return 0, i

    def part(self, i: int) -> tuple[Fraction, Fraction, int] | None:
        """One addend at ``i``: its value, its scale (1 for none) and its end."""
        first = self.at(i)
        if first is None:
            return None
        if first.cls == "scale":
            return first.value, first.value, i + 1
        if first.cls == "scale_dual":
            return first.value, first.value / 2, i + 1
        if first.cls == "scale_or_dual":
            # A dual that lost its nun has its noun right behind it; before a waw it is no dual.
            goes_on = self.continues(i + 1)
            dual = goes_on is None or self.at(goes_on) is None
            return first.value * (2 if dual else 1), first.value, i + 1
        if first.cls in ("half", "quarter"):
            scale = self.at(i + 1)
            if scale and scale.cls == "scale" and not scale.joined:
                return first.value * scale.value, scale.value, i + 2
            return None
        group = self.group(i)
        if group is None:
            return None
        scale = self.at(group[1])
        if scale and scale.cls in _SCALES and not scale.joined:
            return group[0] * scale.value, scale.value, group[1] + 1
        return group[0], Fraction(1), group[1]

    def number(self, i: int) -> tuple[Fraction, int] | None:
        """The longest number that starts at ``i``: addends of falling scale, joined by waw."""
        first = self.part(i)
        if first is None:
            zero = self.at(i)
            return (Fraction(0), i + 1) if zero and zero.cls == "zero" else None
        total, scale, end = first
        while scale > 1:
            next_at = self.continues(end)
            if next_at is None:
                break
            fraction = self.at(next_at)
            if fraction and fraction.cls in ("half", "quarter"):
                end = next_at + 1 + int(self.is_cls(next_at + 1, "scale"))
                return total + fraction.value * scale, end
            addend = self.part(next_at)
            if addend is None or addend[0] >= scale or addend[1] >= scale:
                break
            total, scale, end = total + addend[0], addend[1], addend[2]
        return total, end


def read_numbers(tokens: list[Token]) -> list[Number]:
    """The numbers among ``tokens``, in order, never overlapping; ordinals are passed over.

    A decimal with no scale word after it counts nothing whole and is left out.
    """
    reader = _Reader(tokens)
    out, i = [], 0
    while i < len(tokens):
        found = reader.at(i)
        if found is None:
            i += 1
            continue
        if found.cls == "ordinal":
            i = _after_ordinal(reader, i)
            continue
        read = reader.number(i)
        if read is None:
            i += 1
            continue
        value, last = read
        if value.denominator == 1 or last - i > 1:
            out.append(_number(tokens, reader, i, last, round(value)))
        i = last
    return out


def _number(tokens: list[Token], reader: _Reader, first: int, last: int, value: int) -> Number:
    ending, beginning = reader.at(last - 1), reader.at(first)
    scaled = ending is not None and ending.cls in _SCALES
    scale = int(ending.value) if ending and scaled and last - first > 1 else 1
    start = tokens[first].start + (beginning.glued if beginning else 0)
    return Number(value, first, last, start, tokens[last - 1].end, scale)


def _after_ordinal(reader: _Reader, i: int) -> int:
    """The index after an ordinal and the 10 or tens word that belongs to it."""
    if reader.is_cls(i + 1, "ten"):
        return i + 2
    tens = reader.continues(i + 1)
    return tens + 1 if tens is not None and reader.is_cls(tens, "tens") else i + 1


def read_ordinal(tokens: list[Token], i: int) -> tuple[int, int] | None:
    """The value and end of an ordinal at ``tokens[i]`` (الثالث عشر is 13), or None."""
    reader = _Reader(tokens[i : i + 4])
    first = reader.at(0)
    if first is None or first.cls != "ordinal":
        return None
    value, end = int(first.value), _after_ordinal(reader, 0)
    added = reader.at(end - 1) if end > 1 else None
    return value + (int(added.value) if added else 0), i + end
