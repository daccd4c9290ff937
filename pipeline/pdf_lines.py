"""The letters of a page, each with its place -> its paragraphs, in the order of reading.

A PDF says where each letter stands, not what follows what: programs write the words of a line in
any order, and many write Arabic letters from left to right, in the shapes that are seen. So only
the places count here: letters -> columns -> lines -> signs from left to right -> reading order.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct

from .bidi import logical_order

UNKNOWN = "\ufffd"  # a letter whose font does not say which it is
# In heights of a letter: the gap that is a space (in a line that has spaces of its own, and in one
# that has none), that parts columns, that parts paragraphs.
_SPACE, _ONLY_SPACE, _GUTTER, _PARAGRAPH = 0.5, 0.2, 1.2, 0.9
# A column of text has at least so many lines, of so many letters in the mean.
_COLUMN_LINES, _COLUMN_LETTERS = 4, 12
_NO_ROOM = 0.01  # points
_CROWDED = 50_000  # letters on a page; no columns are looked for among more
_HEADINGS = 3  # bands above columns, and below them, that may run across
_PRESENTATION = ("\ufb50", "\ufdfb"), ("\ufe70", "\ufefc")


class Glyph(Struct, frozen=True):
    """A letter, or several in one shape, and its box; y grows upwards."""

    text: str
    x0: float
    x1: float
    y0: float
    y1: float


class Sign(Struct):
    """A letter of a line with the marks that stand on it."""

    text: str
    x0: float
    x1: float


class Line(Struct, frozen=True):
    """The signs of a line from left to right; a space is one of them."""

    signs: list[Sign]
    top: float
    bottom: float


def page_paragraphs(glyphs: Sequence[Glyph]) -> list[list[Line]]:
    """The paragraphs of a page, each in its lines."""
    return [lines for block in _columns(list(glyphs)) for lines in _paragraphs(_lines(block))]


def paragraph_text(lines: Sequence[Line], mirror: bool) -> str:
    """A paragraph as one line of text; with ``mirror`` its brackets are as they are seen."""
    return " ".join(line_text(line, mirror) for line in lines)


def line_text(line: Line, mirror: bool) -> str:
    """A line as it is read, its letters in their usual shapes."""
    signs = [sign.text for sign in line.signs]
    letters = [unicodedata.bidirectional(char) for sign in signs for char in sign]
    arabic = sum(direction in ("R", "AL") for direction in letters)
    if 2 * arabic >= letters.count("L") and arabic:
        signs = logical_order(signs, mirror=mirror)
    return " ".join("".join(map(_usual_shape, signs)).split())


def _usual_shape(sign: str) -> str:
    return "".join(
        unicodedata.normalize("NFKC", char).strip()
        if any(first <= char <= last for first, last in _PRESENTATION)
        else char
        for char in sign
    )


def _height(glyphs: Sequence[Glyph]) -> float:
    return median(glyph.y1 - glyph.y0 for glyph in glyphs) or 1.0


# Columns


def _columns(glyphs: list[Glyph]) -> list[list[Glyph]]:
    """The columns of a page from right to left, with what runs across above and below them."""
    if not glyphs or len(glyphs) > _CROWDED:
        return [glyphs] if glyphs else []
    bands = _cut(glyphs, lambda g: (-g.y1, -g.y0), 0.3 * _height(glyphs))
    for across in range(2 * _HEADINGS + 1):
        for above in range(min(across, _HEADINGS) + 1):
            below = len(bands) - across + above
            if across - above > _HEADINGS or below <= above:
                continue
            inside = [glyph for band in bands[above:below] for glyph in band]
            parts = _cut(inside, lambda g: (g.x0, g.x1), _GUTTER * _height(inside))
            if len(parts) > 1 and all(map(_is_column, parts)):
                return [*_joined(bands[:above]), *reversed(parts), *_joined(bands[below:])]
    return [glyphs]


def _joined(bands: Sequence[list[Glyph]]) -> list[list[Glyph]]:
    glyphs = [glyph for band in bands for glyph in band]
    return [glyphs] if glyphs else []


def _cut(
    glyphs: Sequence[Glyph], span: Callable[[Glyph], tuple[float, float]], gap: float
) -> list[list[Glyph]]:
    """``glyphs`` in groups, between which there is nothing for at least ``gap`` along an axis."""
    groups: list[list[Glyph]] = []
    reach = float("-inf")
    for glyph in sorted(glyphs, key=span):
        start, end = span(glyph)
        if not groups or start - reach >= gap:
            groups.append([])
        groups[-1].append(glyph)
        reach = max(reach, end)
    return groups


def _is_column(glyphs: Sequence[Glyph]) -> bool:
    lines = _rows(glyphs)
    return len(lines) >= _COLUMN_LINES and len(glyphs) >= _COLUMN_LETTERS * len(lines)


# Lines


def _rows(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """The glyphs of each line, from the top down."""
    rows: list[list[Glyph]] = []
    middle = 0.0
    for glyph in sorted(glyphs, key=lambda g: -(g.y0 + g.y1)):
        here = (glyph.y0 + glyph.y1) / 2
        if not rows or middle - here > 0.45 * (glyph.y1 - glyph.y0):
            rows.append([])
            middle = here
        rows[-1].append(glyph)
    return rows


def _lines(glyphs: Sequence[Glyph]) -> list[Line]:
    lines = [_line(row) for row in _rows(glyphs)]
    return [line for line in lines if any(sign.text != " " for sign in line.signs)]


def _line(row: Sequence[Glyph]) -> Line:
    bases = [g for g in row if not _is_mark(g)]
    signs = [Sign(g.text, g.x0, g.x1) for g in sorted(bases, key=lambda g: (g.x0 + g.x1, g.x0))]
    _put_on_letters(
        sorted((g for g in row if _is_mark(g)), key=lambda g: g.x0),
        [sign for sign in signs if not sign.text.isspace()],
    )
    height = _height(row)
    return Line(_with_spaces(signs, height), max(g.y1 for g in row), min(g.y0 for g in row))


def _is_mark(glyph: Glyph) -> bool:
    """Whether ``glyph`` is marks alone; some programs say that a mark is its letter and itself."""
    marks = [unicodedata.combining(char) > 0 for char in glyph.text]
    return all(marks) or (any(marks) and glyph.x1 - glyph.x0 < _NO_ROOM)


def _put_on_letters(marks: Sequence[Glyph], letters: Sequence[Sign]) -> None:
    """Add each mark to its letter.

    A mark that takes no room is drawn before its letter, from left to right, and so begins left of
    it, up to where its shape begins; one that takes room stands on the middle of its letter.
    """
    by_start = sorted(letters, key=lambda sign: sign.x0)
    for mark in marks if letters else ():
        chosen = _nearest(letters, (mark.x0 + mark.x1) / 2)
        if mark.x1 - mark.x0 < _NO_ROOM:
            at = bisect_left(by_start, mark.x0 - 0.1, key=lambda sign: sign.x0)
            chosen = by_start[at] if at < len(by_start) else chosen
        chosen.text += "".join(char for char in mark.text if unicodedata.combining(char))


def _nearest(letters: Sequence[Sign], middle: float) -> Sign:
    """The one of ``letters``, which are sorted by their middles, whose middle is nearest."""
    at = bisect_left(letters, middle, key=lambda sign: (sign.x0 + sign.x1) / 2)
    around = letters[max(at - 1, 0) : at + 1]
    return min(around, key=lambda sign: abs((sign.x0 + sign.x1) / 2 - middle))


def _with_spaces(signs: Sequence[Sign], height: float) -> list[Sign]:
    """``signs`` with one space wherever there is one or a gap as wide as one."""
    spaced: list[Sign] = []
    wanted = False
    own = any(sign.text.isspace() for sign in signs)
    wide = (_SPACE if own else _ONLY_SPACE) * height
    for sign in signs:
        if sign.text.isspace():
            wanted = bool(spaced)
            continue
        gap = sign.x0 - spaced[-1].x1 if spaced else 0.0
        if wanted or gap > wide:
            spaced.append(Sign(" ", spaced[-1].x1, sign.x0))
        spaced.append(sign)
        wanted = False
    return spaced


# Paragraphs


def _paragraphs(lines: Sequence[Line]) -> list[list[Line]]:
    """``lines`` of a column in paragraphs."""
    if not lines:
        return []
    left = min(line.signs[0].x0 for line in lines)
    right = max(line.signs[-1].x1 for line in lines)
    found = [[lines[0]]]
    for line, following in pairwise(lines):
        if _ends(line, following, left, right):
            found.append([])
        found[-1].append(following)
    return found


def _ends(line: Line, following: Line, left: float, right: float) -> bool:
    """Whether a paragraph ends with ``line``: a wide gap, or room for what the next line begins."""
    height = line.top - line.bottom
    if line.bottom - following.top > _PARAGRAPH * height:
        return True
    if following.signs[-1].x1 < right - 1.5 * height and line.signs[-1].x1 > right - height:
        return True  # The next line is indented.
    room = line.signs[0].x0 - left
    return room > _first_word(following) + _ONLY_SPACE * height


def _first_word(line: Line) -> float:
    """The width of the word at the right end of ``line``."""
    start = line.signs[-1].x1
    for sign in reversed(line.signs):
        if sign.text == " ":
            break
        start = sign.x0
    return line.signs[-1].x1 - start
