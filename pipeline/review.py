"""What reviewers make of the machine's readings: a reading, decisions, and their folding.

The machine's reading is never changed: a person's is the machine's with that person's decisions
folded in, in their order. Everything here is a pure function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from .parties import party
from .schema import (
    ANCHOR_LABELS,
    ANCHOR_LINKS,
    LINK_TARGETS,
    Category,
    CauseCode,
    CountKind,
    LinkType,
    MentionLabel,
    Outcome,
    Qualifier,
    Scope,
)
from .text import tokens

Status = Literal["machine", "accepted", "corrected", "added"]


class ReviewError(ValueError):
    """A decision that can't be: the message says why, and what to do instead."""


class ReviewMention(Struct, frozen=True, kw_only=True):
    """A marked span of code points of the raw text."""

    id: str
    label: MentionLabel
    start: int
    end: int


class ReviewLink(Struct, frozen=True, kw_only=True, order=True):
    """From the anchor ``head`` to ``tail``, ids of mentions. What a record is a part of or the
    same as stands in the record instead."""

    type: LinkType
    head: str
    tail: str


class ReviewCount(Struct, frozen=True, kw_only=True):
    """As `pipeline.schema.Count`, without its words: they are the anchor's."""

    value: int | None
    low: int | None
    high: int | None
    qualifier: Qualifier
    kind: CountKind


class ReviewRecord(Struct, frozen=True, kw_only=True):
    """A casualty statement; its words are the anchor and what that links to.

    ``confidence`` is the machine's (0 to 1), None for a record that a person added.
    """

    id: str
    anchor: str
    outcome: Outcome
    count: ReviewCount
    category: Category = "unknown"
    scope: Scope = "incident"
    cause: CauseCode | None = None
    date_start: str | None = None
    date_end: str | None = None
    victim_parties: tuple[str, ...] = ()
    perpetrators: tuple[str, ...] = ()
    demographics: tuple[str, ...] = ()
    subset_of: str | None = None
    same_as: str | None = None
    confidence: float | None = None
    status: Status = "machine"


class Reading(Struct, frozen=True, kw_only=True):
    """A report as read: mentions in text order, links, records; ``done`` once a person says so."""

    mentions: tuple[ReviewMention, ...] = ()
    links: tuple[ReviewLink, ...] = ()
    records: tuple[ReviewRecord, ...] = ()
    done: bool = False


class Decision(Struct, frozen=True, kw_only=True):
    """What ``who`` decided ``at`` (ISO, UTC) of a report. ``seq`` counts over the database."""

    seq: int
    report_id: str
    who: str
    at: str
    action: str
    body: dict[str, Any] = {}


Body = Mapping[str, Any]
UNDO = "undo"
# Fields of a record that `set` may change.
FIELDS = frozenset(ReviewRecord.__struct_fields__) - {"id", "anchor", "confidence", "status"}


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that no later `undo` took back; each undo takes back the last one standing."""
    kept: list[Decision] = []
    for decision in decisions:
        if decision.action != UNDO:
            kept.append(decision)
        elif kept:
            kept.pop()
    return kept


def fold(text: str, machine: Reading, decisions: Iterable[Decision]) -> Reading:
    """The reading that one person's ``decisions``, in order, make of the machine's.

    Raises ReviewError for one that can't be.
    """
    reading = machine
    for decision in standing(decisions):
        reading = decide(text, reading, decision)
    return reading


def decide(text: str, reading: Reading, decision: Decision) -> Reading:
    """``reading`` after one decision; new mentions and records bear its number in their ids.

    Raises ReviewError for an unknown action, and where it can't be done.
    """
    action = _ACTIONS.get(decision.action)
    if action is None:
        raise ReviewError(f"There is no action {decision.action!r}.")
    try:
        return action(text, reading, decision.body, str(decision.seq))
    except KeyError as error:
        raise ReviewError(f"{decision.action} needs {error}.") from error
    except msgspec.ValidationError as error:
        raise ReviewError(f"{decision.action}: {error}.") from error


def _accept(text: str, reading: Reading, body: Body, new: str) -> Reading:
    return _with_record(reading, replace(_record(reading, body["record"]), status="accepted"))


def _reject(text: str, reading: Reading, body: Body, new: str) -> Reading:
    """Without the record: what referred to it refers to nothing, and a number that counts no
    record any more is no mention any more."""
    gone = _record(reading, body["record"])
    records = tuple(_unrefer(r, gone.id, None) for r in reading.records if r.id != gone.id)
    return _without_anchor(replace(reading, records=records), gone.anchor)


def _set(text: str, reading: Reading, body: Body, new: str) -> Reading:
    old, values = _record(reading, body["record"]), dict(body["values"])
    if odd := set(values) - FIELDS:
        raise ReviewError(f"A record has no {', '.join(sorted(odd))} to set.")
    record = msgspec.convert(
        {**msgspec.to_builtins(old), **values, "status": "corrected"}, ReviewRecord
    )
    record = replace(record, count=settled_count(record.count))
    _check_record(reading, record)
    reading = _with_record(reading, record)
    # An anchor is of one scope, whatever outcomes hang on it.
    return replace(
        reading,
        records=tuple(
            replace(r, scope=record.scope) if r.anchor == record.anchor else r
            for r in reading.records
        ),
    )


def _mark(text: str, reading: Reading, body: Body, new: str) -> Reading:
    start, end = whole_tokens(text, body["start"], body["end"])
    mention = msgspec.convert(
        {"id": f"m+{new}", "label": body["label"], "start": start, "end": end}, ReviewMention
    )
    return _with_mention(text, reading, mention)


def _move(text: str, reading: Reading, body: Body, new: str) -> Reading:
    """A mention over other words, or with another label; links that it may not have then go."""
    old = _mention(reading, body["mention"])
    start, end = whole_tokens(text, body.get("start", old.start), body.get("end", old.end))
    mention = msgspec.convert(
        {"id": old.id, "label": body.get("label", old.label), "start": start, "end": end},
        ReviewMention,
    )
    if mention.label not in ANCHOR_LABELS and _records_on(reading, old.id):
        raise ReviewError("A record hangs on these words; reject it first.")
    links = tuple(
        x for x in reading.links if x.tail != old.id or mention.label in LINK_TARGETS[x.type]
    )
    return _with_mention(text, replace(reading, links=links), mention)


def _unmark(text: str, reading: Reading, body: Body, new: str) -> Reading:
    gone = _mention(reading, body["mention"])
    if _records_on(reading, gone.id):
        raise ReviewError("A record hangs on these words; reject it first.")
    return _without_mention(reading, gone.id)


def _link(text: str, reading: Reading, body: Body, new: str) -> Reading:
    """From the record's anchor to a mention, in place of another link between the two."""
    record, tail = _record(reading, body["record"]), _mention(reading, body["mention"])
    link = msgspec.convert(
        {"type": body["type"], "head": record.anchor, "tail": tail.id}, ReviewLink
    )
    if link.type in ANCHOR_LINKS:
        raise ReviewError("Say of the record what it is a part of or the same as.")
    if tail.id == record.anchor or tail.label not in LINK_TARGETS[link.type]:
        raise ReviewError(f"A {link.type} link may not point to these words ({tail.label}).")
    kept = [x for x in reading.links if (x.head, x.tail) != (link.head, link.tail)]
    return _touched(replace(reading, links=tuple(sorted([*kept, link]))), record.id)


def _unlink(text: str, reading: Reading, body: Body, new: str) -> Reading:
    record = _record(reading, body["record"])
    pair = (record.anchor, body["mention"])
    kept = tuple(x for x in reading.links if (x.head, x.tail) != pair)
    return _touched(replace(reading, links=kept), record.id)


def _add(text: str, reading: Reading, body: Body, new: str) -> Reading:
    """A record that the machine missed, on a mention that may be an anchor."""
    anchor = _mention(reading, body["mention"])
    if anchor.label not in ANCHOR_LABELS:
        raise ReviewError("A record hangs on a number, a victim or an outcome.")
    record = msgspec.convert(
        {"count": {"value": 1, "low": 1, "high": 1, "qualifier": "exact", "kind": "explicit"},
         "outcome": "killed", **body.get("values", {}),
         "id": f"r+{new}", "anchor": anchor.id, "status": "added"},
        ReviewRecord,
    )  # fmt: skip
    record = replace(record, count=settled_count(record.count))
    _check_record(reading, record)
    return _with_record(reading, record)


def _merge(text: str, reading: Reading, body: Body, new: str) -> Reading:
    """Two records that are one: ``into`` stays, and takes over the links that it lacks."""
    gone, into = _record(reading, body["record"]), _record(reading, body["into"])
    if gone.id == into.id:
        raise ReviewError("A record can't be merged with itself.")
    own = {x.type for x in reading.links if x.head == into.anchor}
    taken = [
        replace(x, head=into.anchor)
        for x in reading.links
        if x.head == gone.anchor and x.type not in own and x.tail != into.anchor
    ]
    filled = {
        name: getattr(gone, name)
        for name in ("cause", "date_start", "date_end", "victim_parties", "perpetrators")
        if not getattr(into, name)
    }
    records = [
        _unrefer(r, gone.id, into.id) for r in reading.records if r.id not in (gone.id, into.id)
    ]
    into = _unrefer(replace(into, **filled, status="corrected"), gone.id, None)
    links = tuple(sorted({*reading.links, *taken}))
    reading = replace(reading, links=links, records=(*records, into))
    return _without_anchor(_in_order(reading), gone.anchor)


def _split(text: str, reading: Reading, body: Body, new: str) -> Reading:
    """One record that is two: the second with another outcome, on the same anchor, or on one of
    its own, which then has the same links."""
    first = _record(reading, body["record"])
    anchor = _mention(reading, body.get("mention", first.anchor))
    values = {"outcome": body.get("outcome", first.outcome), "id": f"r+{new}"}
    second = msgspec.convert(
        {**msgspec.to_builtins(first), **values, "anchor": anchor.id, "status": "added",
         "confidence": None},
        ReviewRecord,
    )  # fmt: skip
    if anchor.label not in ANCHOR_LABELS:
        raise ReviewError("A record hangs on a number, a victim or an outcome.")
    _check_record(reading, second)
    known = {(x.head, x.tail) for x in reading.links}
    copied = [
        replace(x, head=anchor.id)
        for x in reading.links
        if x.head == first.anchor and (anchor.id, x.tail) not in known and x.tail != anchor.id
    ]
    links = tuple(sorted([*reading.links, *copied]))
    return _touched(_with_record(replace(reading, links=links), second), first.id)


def _done(text: str, reading: Reading, body: Body, new: str) -> Reading:
    return replace(reading, done=True)


_ACTIONS: Mapping[str, Callable[[str, Reading, Body, str], Reading]] = {
    "accept": _accept, "reject": _reject, "set": _set, "mark": _mark, "move": _move,
    "unmark": _unmark, "link": _link, "unlink": _unlink, "add": _add, "merge": _merge,
    "split": _split, "done": _done,
}  # fmt: skip


def whole_tokens(text: str, start: int, end: int) -> tuple[int, int]:
    """The span grown to the whole tokens that it touches; raises ReviewError where it touches
    none, or lies outside the text."""
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
        raise ReviewError(f"There are no words from {start} to {end}; select some.")
    touched = [(a, b) for a, b in tokens(text) if a < end and start < b]
    if not touched:
        raise ReviewError("Only white space is selected; select words.")
    return touched[0][0], touched[-1][1]


def settled_count(count: ReviewCount) -> ReviewCount:
    """``count`` with the bounds that its qualifier says (contract, 3).

    Bounds of vague and approximate numbers are left to the data file. Raises ReviewError where a
    number is missing, negative, or a range runs backwards.
    """
    n, low, high = count.value, count.low, count.high
    if any(x is not None and x < 0 for x in (n, low, high)):
        raise ReviewError("A number of people can't be negative.")
    if count.qualifier == "vague":
        return replace(count, value=None, low=None, high=None)
    if count.qualifier == "range":
        if low is None or high is None or low > high:
            raise ReviewError("A range needs a lower and a higher bound.")
        return replace(count, value=None)
    if n is None:
        raise ReviewError("This count needs a number; without one it is vague or a range.")
    kept = {
        "exact": (n, n),
        "at_least": (n, None),
        "at_most": (None, n),
        "approximate": (None,) * 2,
    }
    low, high = kept[count.qualifier]
    return replace(count, low=low, high=high)


def faults(reading: Reading) -> dict[str, list[str]]:
    """By id of the record, sentences on what its annotation still lacks to be sound."""
    labels = {m.id: m.label for m in reading.mentions}
    found: dict[str, list[str]] = {}
    for record in reading.records:
        linked = {x.type for x in reading.links if x.head == record.anchor}
        by_outcome = "outcome" in linked or labels[record.anchor] == "OUTCOME"
        checks = (
            (not by_outcome, "no word for the outcome is linked"),
            (record.perpetrators and "perpetrator" not in linked, "no word for the doer is linked"),
            (
                record.cause and not (by_outcome or "cause" in linked),
                "no word for the cause is linked",
            ),
            (record.date_start and "date" not in linked, "no word for the date is linked"),
        )
        if told := [what for is_so, what in checks if is_so]:
            found[record.id] = told
    return found


def _record(reading: Reading, record_id: str) -> ReviewRecord:
    for record in reading.records:
        if record.id == record_id:
            return record
    raise ReviewError(f"There is no record {record_id!r} any more.")


def _mention(reading: Reading, mention_id: str) -> ReviewMention:
    for mention in reading.mentions:
        if mention.id == mention_id:
            return mention
    raise ReviewError(f"There are no marked words {mention_id!r} any more.")


def _records_on(reading: Reading, mention_id: str) -> list[ReviewRecord]:
    return [r for r in reading.records if r.anchor == mention_id]


def _with_record(reading: Reading, record: ReviewRecord) -> Reading:
    others = [r for r in reading.records if r.id != record.id]
    return _in_order(replace(reading, records=(*others, record)))


def _in_order(reading: Reading) -> Reading:
    """Records in the order of their anchors, those of one anchor by outcome."""
    at = {m.id: m.start for m in reading.mentions}
    order = sorted(reading.records, key=lambda r: (at[r.anchor], r.outcome, r.id))
    return replace(reading, records=tuple(order))


def _with_mention(text: str, reading: Reading, mention: ReviewMention) -> Reading:
    others = [m for m in reading.mentions if m.id != mention.id]
    for m in others:
        if m.start < mention.end and mention.start < m.end:
            raise ReviewError(
                f"That overlaps {m.label} “{text[m.start : m.end]}”; move or unmark it first."
            )
    mentions = tuple(sorted([*others, mention], key=lambda m: m.start))
    return _in_order(replace(reading, mentions=mentions))


def _without_mention(reading: Reading, mention_id: str) -> Reading:
    return replace(
        reading,
        mentions=tuple(m for m in reading.mentions if m.id != mention_id),
        links=tuple(x for x in reading.links if mention_id not in (x.head, x.tail)),
    )


def _without_anchor(reading: Reading, mention_id: str) -> Reading:
    """After a record went: its anchor starts no links, and where it is a number, is gone."""
    if _records_on(reading, mention_id):
        return reading
    if _mention(reading, mention_id).label == "COUNT":
        return _without_mention(reading, mention_id)
    return replace(reading, links=tuple(x for x in reading.links if x.head != mention_id))


def _touched(reading: Reading, record_id: str) -> Reading:
    record = _record(reading, record_id)
    return _with_record(reading, replace(record, status="corrected"))


def _unrefer(record: ReviewRecord, gone: str, instead: str | None) -> ReviewRecord:
    def other(name: str | None) -> str | None:
        return (instead if instead != record.id else None) if name == gone else name

    return replace(record, subset_of=other(record.subset_of), same_as=other(record.same_as))


def _check_record(reading: Reading, record: ReviewRecord) -> None:
    twin = [r for r in _records_on(reading, record.anchor) if r.id != record.id]
    if any(r.outcome == record.outcome for r in twin):
        raise ReviewError(f"These words already have a record of the {record.outcome}.")
    for name in (*record.victim_parties, *record.perpetrators):
        if party(name) is None:
            raise ReviewError(f"No party has the id {name!r}; choose one of the list.")
    _check_dates(record.date_start, record.date_end)
    _check_references(reading.records, record)


def _check_dates(start: str | None, end: str | None) -> None:
    try:
        days = [date.fromisoformat(day) for day in (start, end) if day is not None]
    except ValueError as error:
        raise ReviewError("A date is a day as 2019-05-14.") from error
    if days != sorted(days):
        raise ReviewError("The date ends before it starts.")


def _check_references(records: Sequence[ReviewRecord], record: ReviewRecord) -> None:
    known = {r.id: r for r in records} | {record.id: record}
    for field in ("subset_of", "same_as"):
        seen, at = {record.id}, getattr(record, field)
        while at is not None:
            if at not in known:
                raise ReviewError(f"There is no record {at!r} any more.")
            if at in seen:
                raise ReviewError("A record can't be a part of itself, nor the same as itself.")
            seen.add(at)
            at = getattr(known[at], field)
