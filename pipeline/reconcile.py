"""Inside a report: repeats, breakdowns, revised tolls, and whether the figures add up.

The model's part_of and same_as links come first; the rules here fill in what it left open, from
the words of `data/structure.toml` and from the arithmetic.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from msgspec.structs import replace

from .categories import parts_of, share_categories
from .data import load_toml
from .schema import Count, Event, Outcome, Record, Scope, Warning
from .text import key

Toll = dict[tuple[Outcome, Scope], tuple[int, int | None]]


def reconcile(text: str, records: Sequence[Record]) -> list[Record]:
    """The records with ``subset_of`` and ``same_as`` set, free of circles, pointing to firsts."""
    # What stands in brackets behind a toll is its part, whatever the model says.
    out = [_part_in_brackets(text, list(records), k) for k in range(len(records))]
    out = _repeats_of_headline(text, out)
    for step in (_names_of_told, _part_by_own_words, _part_by_words):
        out = _apply(text, out, step)
    out = _apply(text, _parts_by_sum(_no_part_of_elsewhere(out)), _part_beside_part)
    out = _told_before(_apply(text, out, _superseded))
    return share_categories(_first_tellings(_no_circles(out)))


Step = Callable[[str, list[Record], int], Record]


def _apply(text: str, records: list[Record], step: Step) -> list[Record]:
    out = list(records)
    for k in range(len(out)):
        if out[k].subset_of is None and out[k].same_as is None:
            out[k] = step(text, out, k)
    return out


def _headline_end(text: str) -> int:
    """Where the first line ends, if a body follows it; else 0."""
    head = text.lstrip().partition("\n")
    return text.index(head[0]) + len(head[0]) if head[0] and head[2].strip() else 0


def _repeats_of_headline(text: str, records: Sequence[Record]) -> list[Record]:
    """Body tolls that repeat a headline's, exact or rounded, once for each headline toll."""
    out, end = list(records), _headline_end(text)
    heads = [j for j, r in enumerate(out) if r.count.start < end]
    taken = {r.same_as for r in out}
    for k, record in enumerate(out):
        if record.count.start < end or record.subset_of is not None or record.same_as is not None:
            continue
        free = (j for j in heads if j < k and j not in taken)
        first = next((j for j in free if _same_toll(out[j], record)), None)
        out[k] = replace(record, same_as=first)
        taken.add(first)
    return out


def _told_before(records: Sequence[Record]) -> list[Record]:
    """Tolls of as many people as one told before, that nothing sets apart from it."""
    out = list(records)
    least: int = load_toml("structure.toml")["repeat"]["least"]
    told: dict[int | None, list[int]] = defaultdict(list)
    for k, record in enumerate(out):
        value, free = record.count.value, record.subset_of is None and record.same_as is None
        if free and value is not None and value >= least:
            first = next((j for j in told[value] if _same_people(out[j], record)), None)
            out[k] = replace(record, same_as=first)
        told[value].append(k)
    return out


def _same_people(told: Record, record: Record) -> bool:
    return (
        told.count.value == record.count.value
        and told.evidence != record.evidence
        and told.subset_of is None
        and bool(told.victims.demographics) == bool(record.victims.demographics)
        and _same_toll(told, record)
        and _meet(told, record)
    )


def _meet(a: Record, b: Record) -> bool:
    """Whether neither the places nor the days of ``b`` set it apart from ``a``."""
    here, there = ({p.name or p.text for p in r.places} for r in (a, b))
    if there and not here & there:
        return False
    first, second = a.date, b.date
    if not (first and second and first.start and second.start):
        return True
    ends = (first.end or first.start, second.end or second.start)
    return first.start <= ends[1] and second.start <= ends[0]


def _names_of_told(text: str, records: list[Record], k: int) -> Record:
    """A list of names that is as long as a toll told before it names those people."""
    record = records[k]
    if record.count.kind == "named_list" and _least(record.count) > 2:
        for j, told in enumerate(records[:k]):
            if told.outcome == record.outcome and told.count.value == record.count.value:
                return replace(record, same_as=j)
    return record


def _same_toll(head: Record, body: Record) -> bool:
    return (
        head.outcome == body.outcome
        and head.scope == body.scope
        and _rounds_to(head.count, body.count)
        and _may_share(head.victims.party_id, body.victims.party_id)
    )


def _may_share(a: str | None, b: str | None) -> bool:
    return a is None or b is None or bool(set(a.split(";")) & set(b.split(";")))


def _rounds_to(rounded: Count, exact: Count) -> bool:
    """Whether a headline's count may stand for the body's."""
    if rounded.value is None or exact.value is None:
        return (rounded.qualifier, rounded.low, rounded.high) == (
            exact.qualifier, exact.low, exact.high,
        )  # fmt: skip
    if rounded.value == exact.value:
        return True
    slack: float = load_toml("structure.toml")["repeat"]["rounding"] * rounded.value
    if rounded.qualifier == "at_least":
        return 0 <= exact.value - rounded.value <= slack
    return rounded.qualifier == "approximate" and abs(exact.value - rounded.value) <= slack


@cache
def _words(name: str) -> re.Pattern[str]:
    words = sorted(load_toml("structure.toml")[name], key=len, reverse=True)
    return re.compile(r"(?<!\w)[وفل]?(?:" + "|".join(map(re.escape, words)) + r")(?!\w)")


_OWN_MARKER = 1  # characters between a number and the 'of them' that makes it a part
_FAR = 400  # characters; further behind its total 'among them' is no part of it


def _before(records: Sequence[Record], k: int) -> Iterator[int]:
    """The records before the k-th of its outcome and scope, nearest first, as far as is looked."""
    reach: int = load_toml("structure.toml")["reach"]
    for j in range(k - 1, max(-1, k - 1 - reach), -1):
        if (records[j].outcome, records[j].scope) == (records[k].outcome, records[k].scope):
            yield j


def _part_by_words(text: str, records: list[Record], k: int) -> Record:
    """A toll behind 'among them', in one sentence with a larger toll of the same outcome."""
    record = records[k]
    for j in _before(records, k):
        total = records[j]
        if total.evidence != record.evidence or record.count.start - total.count.end > _FAR:
            break
        if not _fits(record, total):
            continue
        between = _outside_brackets(text[total.count.end : record.count.start])
        if between is None:
            continue
        markers = [m for m in _words("part_markers").finditer(between) if m.start() > _OWN_MARKER]
        if markers and not _words("part_breaks").search(between, markers[-1].end()):
            return replace(record, subset_of=j)
    return record


_BRACKETED = re.compile(r"\([^()]*\)")


def _outside_brackets(text: str) -> str | None:
    """Folded ``text`` without what stands in brackets; None where it leaves a bracket."""
    bare = _BRACKETED.sub(" ", text)
    return None if ")" in bare else key(bare)


def _part_by_own_words(text: str, records: list[Record], k: int) -> Record:
    """A toll with 'of them' right behind it is a part of the larger one told last."""
    record = records[k]
    behind = text[record.count.end : record.count.end + 40]
    own = _words("own_markers").match(key(behind.lstrip(" ")))
    breaks_down = k + 1 < len(records) and records[k + 1].count.start - record.count.end < 20
    if own is None or breaks_down:
        return record
    for j in _before(records, k):
        if record.count.start - records[j].count.end > _FAR:
            break
        if _least(records[j].count) > _least(record.count):
            return replace(record, subset_of=j)
    return record


def _least(count: Count) -> int:
    return count.value if count.value is not None else count.low or 0


_OPENED = re.compile(r"^[^()\n]{0,40}\([^()\n]*$")


def _part_in_brackets(text: str, records: list[Record], k: int) -> Record:
    """A toll in brackets that open right behind another: '41 (13 children, 4 women)'."""
    record = records[k]
    for j in _before(records, k):
        total = records[j]
        if _least(total.count) >= _least(record.count) and _OPENED.match(
            text[total.count.end : record.count.start]
        ):
            return replace(record, subset_of=j)
    return record


def _parts_by_sum(records: Sequence[Record]) -> list[Record]:
    """Neighbouring tolls that add up exactly to a total told before or after them are its parts.

    The largest totals come first: parts of 43 are not taken for parts of 12.
    """
    out = list(records)
    groups: dict[tuple[Outcome, Scope], list[int]] = defaultdict(list)
    for k, record in enumerate(out):
        if record.count.value is not None:
            groups[record.outcome, record.scope].append(k)
    for alike in groups.values():
        for total in sorted(alike, key=lambda k: (-_least(out[k].count), k)):
            for j in next(_runs_that_add_up(out, alike, total), ()):
                out[j] = replace(out[j], subset_of=total)
    return out


def _no_part_of_elsewhere(records: list[Record]) -> list[Record]:
    """Of a list by place ('711 in Taiz, then Hodeidah 438') the later is no part of the earlier,
    but of what that is a part of."""
    out = list(records)
    for k, record in enumerate(out):
        item = record.subset_of
        whole = out[item].subset_of if item is not None else None
        if item is None or whole is None:
            continue
        if _elsewhere(out[whole], out[item]) and _elsewhere(out[item], record):
            out[k] = replace(record, subset_of=whole)
    return out


def _elsewhere(total: Record, part: Record) -> bool:
    """Whether ``part`` is told behind ``total``, with places of its own."""
    here, there = ({p.start for p in r.places} for r in (total, part))
    return bool(here and there) and here.isdisjoint(there) and min(there) > total.count.end


def _part_beside_part(text: str, records: list[Record], k: int) -> Record:
    """Of '389 dead and 702 wounded' the wounded are a part of the total that stands beside the
    total of the dead."""
    record = records[k]
    for j in _beside(records, k):
        parent = records[j].subset_of
        if parent is None or records[parent].evidence == record.evidence == records[j].evidence:
            continue
        total = parent + k - j  # told in the same order
        alike = total in _beside(records, parent) and records[total].outcome == record.outcome
        if alike and _fits(record, records[total]):
            return replace(record, subset_of=total)
    return record


def _beside(records: Sequence[Record], k: int) -> Iterator[int]:
    """Records of another outcome told right beside the k-th, of one scope with it."""
    near: int = load_toml("structure.toml")["beside"]
    for j in (k - 1, k + 1):
        if 0 <= j < len(records):
            a, b = records[j], records[k]
            one_breath = a.evidence == b.evidence and _gap(a, b) <= near
            if one_breath and a.scope == b.scope and a.outcome != b.outcome:
                yield j


def _may_be_part(records: Sequence[Record], k: int, total: int) -> bool:
    part, whole = records[k], records[total]
    if part.same_as is not None:
        return False
    told = part.subset_of == total
    return told or (part.subset_of is None and whole.subset_of != k and _fits(part, whole))


def _fits(part: Record, whole: Record) -> bool:
    """Whether people of ``part`` may be among those of ``whole``, by what is said of both."""
    sides = (part.victims.category, whole.victims.category)
    opposed = sides in (("civilian", "combatant"), ("combatant", "civilian"))
    return not opposed and _least(part.count) < _least(whole.count)


def _runs_that_add_up(
    records: Sequence[Record], alike: Sequence[int], total: int
) -> Iterator[Sequence[int]]:
    """Runs of two and more of ``alike``, right behind or right before ``total``, with its sum;
    those that can be no part of it are passed over."""
    sums = load_toml("structure.toml")["sums"]
    value, at = _least(records[total].count), bisect_left(alike, total)
    if value < sums["least_total"]:
        return
    behind = (range(at + 1, len(alike)), sums["most_parts_behind"])
    before = (range(at - 1, -1, -1), sums["most_parts_before"])
    for way, most in (behind, before):
        added, run = 0, [total]
        for k in map(alike.__getitem__, way):
            if len(run) > most or _gap(records[run[-1]], records[k]) > sums["longest_gap"]:
                break
            if not _may_be_part(records, k, total):
                continue
            added, run = added + _least(records[k].count), [*run, k]
            if added > value:
                break
            if added == value and len(run) > 2:
                yield run[1:]


def _gap(a: Record, b: Record) -> int:
    """Characters between the counts of two records."""
    first, second = sorted((a, b), key=lambda r: r.count.start)
    return second.count.start - first.count.end


def _superseded(text: str, records: list[Record], k: int) -> Record:
    """A toll of the same incident that a later one raises, or that is told as the earlier one,
    is a part of the newer."""
    old = records[k]
    if _words("earlier_markers").search(_words_before(text, old)):
        newer = (j for j in _before(records, k) if _may_replace(records[j], old))
        return replace(old, subset_of=next(newer, None))
    reach: int = load_toml("structure.toml")["reach"]
    for j in range(k + 1, min(len(records), k + 1 + reach)):
        new = records[j]
        if (
            old.scope == "incident"
            and _may_replace(new, old)
            and {p.start for p in new.places} == {p.start for p in old.places}
            and _words("rise_markers").search(_words_before(text, new))
        ):
            return replace(old, subset_of=j)
    return old


def _words_before(text: str, record: Record) -> str:
    """The folded words of the record's sentence right before its count."""
    return key(text[max(record.evidence[0], record.count.start - 80) : record.count.start])


def _may_replace(new: Record, old: Record) -> bool:
    return (
        new.outcome == old.outcome
        and new.scope == old.scope
        and new.subset_of is None
        and _least(new.count) > _least(old.count) > 0
        and _may_share(new.victims.party_id, old.victims.party_id)
    )


def _no_circles(records: list[Record]) -> list[Record]:
    """Drop a reference that leads, through any others, back to its own record."""
    out = list(records)
    for k in range(len(out)):
        seen, at = {k}, out[k].subset_of if out[k].subset_of is not None else out[k].same_as
        while at is not None and at not in seen:
            seen.add(at)
            at = out[at].subset_of if out[at].subset_of is not None else out[at].same_as
        if at == k:
            out[k] = replace(out[k], subset_of=None, same_as=None)
    return out


def _first_tellings(records: list[Record]) -> list[Record]:
    """Point same_as at the first telling in the text."""
    parent = list(range(len(records)))

    def root(k: int) -> int:
        while parent[k] != k:
            k = parent[k]
        return k

    for k, record in enumerate(records):
        if record.same_as is not None:
            a, b = sorted((root(k), root(record.same_as)))
            parent[b] = a
    out = []
    for k, record in enumerate(records):
        first = root(k)
        out.append(replace(record, same_as=first if first != k else None))
    return out


def check_sums(records: Sequence[Record], ids: Sequence[str]) -> tuple[Warning, ...]:
    """A warning for each total of which one part, or the parts that are not told by who the people
    are (women, children: those may overlap) together, are more than it can hold."""
    found = []
    for total, members in sorted(parts_of(records).items()):
        most = records[total].count.high
        largest = max(_least(records[k].count) for k in members)
        apart = sum(
            _least(records[k].count) for k in members if not records[k].victims.demographics
        )
        added = max(largest, apart)
        if most is not None and added > most:
            found.append(Warning(
                code="subtotals_exceed_total",
                message=f"Parts of {added} are more than their total of {most}.",
                casualty_ids=(ids[total], *(ids[k] for k in members)),
            ))  # fmt: skip
    return tuple(found)


def net_toll(events: Iterable[Event]) -> Toll:
    """(low, high) of people by outcome and scope, over records that are no part and no repeat.

    ``high`` is None where a record is open upwards. Incident and cumulative are never mixed.
    """
    total: dict[tuple[Outcome, Scope], tuple[int, int | None]] = {}
    for event in events:
        for c in event.casualties:
            if c.subset_of is None and c.same_as is None:
                low, high = total.get((c.outcome, event.scope), (0, 0))
                most = c.count.high
                total[c.outcome, event.scope] = (
                    low + _least(c.count),
                    None if high is None or most is None else high + most,
                )
    return total
