"""The order in which a line of mixed text is seen, for terminals that don't find it themselves."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bidi import algorithm


def base_level(text: str) -> int:
    """1 where the first letter of ``text`` that has a direction runs right to left, else 0."""
    return int(algorithm.get_base_level(text))


def visual_order(line: str, base: int | None = None) -> list[tuple[str, int]]:
    """The characters of ``line`` from left to right as they are seen, each with its index in it.

    ``base`` is the direction of the paragraph (`base_level`), by default that of the line itself.
    Brackets are mirrored, vowel signs follow their letter, and direction marks, which are not
    seen, are dropped. ``bidi.get_display`` runs the same steps of the Unicode algorithm but does
    not tell where each character came from.
    """
    if not line:
        return []
    base = base_level(line) if base is None else base
    storage = algorithm.get_empty_storage()
    storage.update(base_level=base, base_dir="LR"[base])
    algorithm.get_embedding_levels(line, storage)
    for index, char in enumerate(storage["chars"]):
        char["index"] = index
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    algorithm.reorder_resolved_levels(storage, False)
    algorithm.apply_mirroring(storage, False)
    return _marks_after_letters(storage["chars"])


def _marks_after_letters(chars: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Reversing a run put each vowel sign before its letter; terminals want it behind."""
    ordered: list[tuple[str, int]] = []
    marks: list[tuple[str, int]] = []
    for char in chars:
        pair = (char["ch"], char["index"])
        if char["level"] % 2 and unicodedata.combining(pair[0]):
            marks.append(pair)
            continue
        ordered += [pair, *reversed(marks)]
        marks.clear()
    return ordered + marks


# Between the digits of one number; a sign there only where no Arabic letter stands before, because
# behind one the Unicode algorithm parts the numbers of "2018-05-02" and they are seen turned round.
_IN_NUMBER, _SIGNS, _UNITS = frozenset(".,:/٫٬،"), frozenset("+-−"), frozenset("%٪$#°")
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


def logical_order(seen: Sequence[str], *, mirror: bool = True) -> list[str]:
    """The inverse of `visual_order` for a line that runs right to left, as it is read.

    ``seen`` are its signs from left to right, each a letter with its marks or a ligature of
    several. With ``mirror`` its brackets are turned round, for they are as they are seen. Where
    two lines look the same (a number beside a Latin word), the right one is read first.
    """
    read: list[str] = []
    last, after_arabic = len(seen) - 1, False
    while last >= 0:
        kind = _kind(seen[last])
        first = last
        if kind in "LN":
            first = _run_start(seen, last, after_arabic)
            read += seen[first : last + 1]
            after_arabic &= all(_kind(sign) != "L" for sign in seen[first : last + 1])
        else:
            read.append(seen[last].translate(_MIRRORED) if mirror else seen[last])
            after_arabic |= kind == "R"
        last = first - 1
    return read


def _kind(sign: str) -> str:
    """R for a letter that runs right to left, L for one that does not, N for a digit, else "-"."""
    direction = unicodedata.bidirectional(sign[0])
    if direction in ("AN", "EN"):
        return "N"
    return {"R": "R", "AL": "R", "L": "L"}.get(direction, "-")


def _run_start(seen: Sequence[str], last: int, after_arabic: bool) -> int:
    """Where the run of Latin letters and digits begins that ends at ``last``."""
    first = last
    while (before := _joined(seen, first, after_arabic)) is not None:
        first = before
    if not after_arabic and first > 0 and seen[first - 1] in _UNITS and _kind(seen[first]) == "N":
        first -= 1
    return first


def _joined(seen: Sequence[str], first: int, after_arabic: bool) -> int | None:
    """The place left of ``first`` that belongs to the same run; None where the run begins."""
    at = first - 1
    while at >= 0 and _kind(seen[at]) == "-":
        at -= 1
    if at < 0 or _kind(seen[at]) == "R":
        return None
    between = "".join(seen[at + 1 : first])
    if not between or (_kind(seen[at]) == _kind(seen[first]) == "L"):
        return at
    if "L" in (_kind(seen[at]), _kind(seen[first])):  # "Su-24", but not "OCHA 2018"
        return None if " " in between else at
    signs = _IN_NUMBER if after_arabic else _IN_NUMBER | _SIGNS
    return at if len(between) == 1 and between in signs else None
