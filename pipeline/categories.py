"""Civilians or fighters: what a record does not say of its people, from the records beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec.structs import replace

from .casualty_nouns import known_form
from .causes import outcome_codes
from .data import load_toml
from .schema import Category, Record
from .text import key


def share_categories(records: list[Record]) -> list[Record]:
    """Fill unknown categories: 'others' and bare numbers are of the people they stand beside, a
    total is what its parts are ('mixed' where they are of both kinds)."""
    out = list(records)
    for k, record in enumerate(out):
        if record.victims.category == "unknown" and _is_bare(record):
            before = out[k - 1] if k else None
            beside = before if before and before.evidence == record.evidence else None
            known = beside.victims.category if beside else "unknown"
            out[k] = _with_category(record, known if known != "mixed" else "unknown")
    for _ in range(2):  # what a total learns from its parts its other parts learn from it
        for k, record in enumerate(out):
            out[k] = _with_category(record, _learnt(record, out))
            first = record.same_as
            if first is not None and out[first].victims.category == "unknown":
                out[first] = _with_category(out[first], out[k].victims.category)
        parts = parts_of(out)
        for k, kinds in _kinds_of_parts(out).items():
            if out[k].victims.category != "unknown":
                continue
            if kinds >= {"civilian", "combatant"}:
                out[k] = _with_category(out[k], "mixed")
            elif len(kinds) == 1 and _add_up(out, parts[k], k):
                out[k] = _with_category(out[k], kinds.pop())
    return out


def _learnt(record: Record, records: Sequence[Record]) -> Category:
    """What an unknown record takes over: from its total, or from the statement that it repeats."""
    own = record.victims.category
    if own != "unknown":
        return own
    for other in (record.subset_of, record.same_as):
        if other is not None and records[other].victims.category in ("civilian", "combatant"):
            return records[other].victims.category
    return own


def _add_up(records: Sequence[Record], parts: Sequence[int], total: int) -> bool:
    """Whether ``parts`` are together all of ``total``."""
    values = [records[k].count.value for k in parts]
    return None not in values and sum(filter(None, values)) == records[total].count.value


def parts_of(records: Sequence[Record]) -> dict[int, list[int]]:
    """The parts of each total, each told once."""
    parts: dict[int, list[int]] = defaultdict(list)
    for k, record in enumerate(records):
        if record.subset_of is not None and record.same_as is None:
            parts[record.subset_of].append(k)
    return parts


def _kinds_of_parts(records: Sequence[Record]) -> dict[int, set[Category]]:
    kinds: dict[int, set[Category]] = defaultdict(set)
    for record in records:
        if record.subset_of is not None:
            kinds[record.subset_of].add(record.victims.category)
    return kinds


def _with_category(record: Record, category: Category) -> Record:
    return replace(record, victims=replace(record.victims, category=category))


def _is_bare(record: Record) -> bool:
    """Whether the record's words do not say who the people are: 'others', or a number alone."""
    words = key(record.victims.text)
    if record.victims.party_id is not None:
        return False
    others = words.removeprefix("و") in load_toml("structure.toml")["others"]
    return others or record.victims.start == record.count.start or _is_elided(record, words)


def _is_elided(record: Record, words: str) -> bool:
    """Whether a number's noun is left out: a verb alone says who they are ('and hurt 30')."""
    verb = " " not in words and known_form(words) is None and outcome_codes(words)
    return record.count.kind == "explicit" and bool(verb)
