"""The order in which a line of mixed text is seen, for terminals that don't find it themselves."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
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
