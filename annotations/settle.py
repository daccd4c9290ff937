"""Two annotations of one report, and their differences in lines that a third reader chooses from.

The reader edits the letter in brackets; what both say stands without asking.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from .form import AnnotatedReport, GoldLink, GoldMention, GoldRecord
from .inline import LABELS

# A mention by start, end and label. A fact by its kind, its mention, and what it says of that:
# ("mention", span), ("record", span, outcome), ("field", span, outcome, name),
# ("link", span, type).
Span = tuple[int, int, str]
Fact = tuple[Any, ...]
CONTEXT = 40  # characters shown on each side of a mention
REFERENCES = {"subset_of": "part_of", "same_as": "same_as"}  # fields that are links too
FIELDS = tuple(f for f in GoldRecord.__struct_fields__ if f not in ("id", "anchor", "outcome"))
LETTERS = {label: letter for letter, label in LABELS.items()}
_CHOICE = re.compile(r"^(\S+) (\d+) \[([AB])\]", re.MULTILINE)


def choices(a: Sequence[AnnotatedReport], b: Sequence[AnnotatedReport]) -> Iterator[str]:
    """The lines for the reader, A chosen everywhere: report and number, what it is about, and what
    each says. Raises ValueError naming a report that only one has, or whose text differs."""
    for one, two in _paired(a, b):
        for n, (fact, said, other) in enumerate(differences(one, two), 1):
            about = " ".join(map(str, (fact[0], *fact[2:])))
            yield f"{one.id} {n} [A] {about}: {_around(one.text, fact[1])}\n"
            yield f"    A: {_words(one.text, said)}\n    B: {_words(one.text, other)}\n"


def settle(
    a: Sequence[AnnotatedReport], b: Sequence[AnnotatedReport], chosen: str
) -> list[AnnotatedReport]:
    """The reports as the reader of `choices` left them.

    Raises ValueError where the lines are not those of these annotations.
    """
    sides: dict[str, dict[int, str]] = defaultdict(dict)
    for report_id, number, side in _CHOICE.findall(chosen):
        sides[report_id][int(number)] = side
    out = []
    for one, two in _paired(a, b):
        found = differences(one, two)
        if set(sides[one.id]) != set(range(1, len(found) + 1)):
            raise ValueError(
                f"{one.id}: {len(found)} differences, {len(sides[one.id])} choices;"
                " write the lines anew and edit nothing but the letters"
            )
        first, second = _shared_facts(one, two)
        for n, (fact, _, _) in enumerate(found, 1):
            if sides[one.id][n] == "B":
                _take(fact, first, second)
        out.append(_report(one, first))
    return out


def differences(a: AnnotatedReport, b: AnnotatedReport) -> list[tuple[Fact, Any, Any]]:
    """(fact, what A says, what B says; None for nothing) in text order.

    Of a record that one side alone has neither fields nor links are asked about.
    """
    first, second = _shared_facts(a, b)
    both = {f[1] for f in first if f[0] == "record"} & {f[1] for f in second if f[0] == "record"}
    alone = {f[1:] for f in first.keys() ^ second.keys() if f[0] == "record"}
    found = []
    for fact in sorted(
        first.keys() | second.keys(), key=lambda f: (f[1], f[0] != "mention", str(f))
    ):
        asked = {"link": fact[1] in both, "field": fact[1:3] not in alone}.get(fact[0], True)
        if asked and first.get(fact) != second.get(fact):
            found.append((fact, first.get(fact), second.get(fact)))
    return found


def _paired(
    a: Sequence[AnnotatedReport], b: Sequence[AnnotatedReport]
) -> Iterator[tuple[AnnotatedReport, AnnotatedReport]]:
    other = {r.id: r for r in b}
    odd = {r.id for r in a} ^ set(other)
    odd |= {r.id for r in a if r.id in other and other[r.id].text != r.text}
    if odd:
        raise ValueError(
            f"{', '.join(sorted(odd))}: not in both annotations, or not with the same text"
        )
    yield from ((report, other[report.id]) for report in a)


def _shared_facts(
    a: AnnotatedReport, b: AnnotatedReport
) -> tuple[dict[Fact, Any], dict[Fact, Any]]:
    """Both annotations as facts; a mention of B that overlaps one of A goes by A's name, so that
    another border is one difference, not one a link."""
    names = {m.id: _span(m) for m in a.mentions}
    spans = {m.id: _span(m) for m in b.mentions}
    same = set(names.values()) & set(spans.values())
    free = [s for s in names.values() if s not in same]
    renamed = {}
    for i, span in spans.items():
        near = [s for s in free if span not in same and s[0] < span[1] and span[0] < s[1]]
        near.sort(key=lambda s: s[2] != span[2])
        renamed[i] = near[0] if near else span
        free = [s for s in free if s != renamed[i]]
    return _facts(a, names), _facts(b, renamed)


def _span(mention: GoldMention) -> Span:
    return mention.start, mention.end, mention.label


def _facts(report: AnnotatedReport, names: Mapping[str, Span]) -> dict[Fact, Any]:
    facts: dict[Fact, Any] = {("mention", names[m.id]): _span(m) for m in report.mentions}
    tails: dict[Fact, set[Span]] = defaultdict(set)
    for link in report.links:
        if link.type not in REFERENCES.values():  # the fields of records say these
            tails["link", names[link.head], link.type].add(names[link.tail])
    facts |= {fact: tuple(sorted(found)) for fact, found in tails.items()}
    record_names = {r.id: (names[r.anchor], r.outcome) for r in report.records}
    for record in report.records:
        name = record_names[record.id]
        facts["record", *name] = record.count
        for field in FIELDS:
            value = getattr(record, field)
            if isinstance(value, tuple):
                value = tuple(sorted(value))
            facts["field", *name, field] = record_names.get(value) if field in REFERENCES else value
    return facts


def _take(fact: Fact, first: dict[Fact, Any], second: Mapping[Fact, Any]) -> None:
    """Put what the second says of a fact, and of a record all that hangs on it, into the first."""
    taken = [fact]
    if fact[0] == "record":
        taken += [f for f in {**first, **second} if f[0] == "field" and f[1:3] == fact[1:3]]
        anchors = {f[1] for f in first if f[0] == "record"}
        if fact[1] not in anchors:
            taken += [f for f in second if f[0] == "link" and f[1] == fact[1]]
    for one in taken:
        if one in second:
            first[one] = second[one]
        else:
            first.pop(one, None)


def _report(base: AnnotatedReport, facts: Mapping[Fact, Any]) -> AnnotatedReport:
    """The report that the facts say, with ids anew in text order; without links, records and
    references on mentions that were not chosen."""
    spans = {f[1]: span for f, span in facts.items() if f[0] == "mention"}
    numbers: Counter[str] = Counter()
    ids = {}
    for name, (_, _, label) in sorted(spans.items(), key=lambda item: item[1]):
        numbers[label] += 1
        ids[name] = f"{LETTERS[label]}{numbers[label]}"
    kept = sorted((f[1:] for f in facts if f[0] == "record" and f[1] in ids), key=str)
    kept.sort(key=lambda name: spans[name[0]])
    record_ids = {name: f"r{n}" for n, name in enumerate(kept, 1)}
    records = []
    for (name, outcome), record_id in record_ids.items():
        values = {field: facts["field", name, outcome, field] for field in FIELDS}
        values |= {field: record_ids.get(values[field]) for field in REFERENCES}
        records.append(GoldRecord(id=record_id, anchor=ids[name], outcome=outcome, **values))
    scopes = {record.anchor: record.scope for record in records}
    links = {
        (f[2], ids[f[1]], ids[tail])
        for f, tails in facts.items() if f[0] == "link" and ids.get(f[1]) in scopes
        for tail in tails if tail in ids
    }  # fmt: skip
    anchor_of = {r.id: r.anchor for r in records}
    for record in records:
        for field, kind in REFERENCES.items():
            other = anchor_of.get(getattr(record, field))
            if other and other != record.anchor:
                links.add((kind, record.anchor, other))
    mentions = tuple(
        GoldMention(id=i, label=label, start=a, end=b, text=base.text[a:b], anchor=scopes.get(i))  # type: ignore[arg-type]
        for i, (a, b, label) in sorted(
            ((ids[name], span) for name, span in spans.items()), key=lambda item: item[1]
        )
    )
    order = {m.id: n for n, m in enumerate(mentions)}
    return replace(
        base, mentions=mentions, records=tuple(records),
        links=tuple(GoldLink(type=t, head=h, tail=x)
                    for t, h, x in sorted(links, key=lambda k: (order[k[1]], k[0], order[k[2]]))),
    )  # fmt: skip


def _around(text: str, span: Span) -> str:
    start, end, _ = span
    shown = f"{text[max(0, start - CONTEXT) : start]}⟦{text[start:end]}⟧{text[end : end + CONTEXT]}"
    return shown.replace("\n", " / ")


def _words(text: str, value: Any) -> str:
    """A value of a fact for a reader: a span as its words, a list as its members."""
    if isinstance(value, tuple):
        if len(value) == 3 and isinstance(value[0], int):
            return f"{value[2]} {text[value[0] : value[1]]}"
        return " + ".join(_words(text, part) for part in value) or "-"
    if hasattr(value, "qualifier"):
        return f"{value.qualifier} {value.kind} {value.value} {value.low}..{value.high}"
    return "-" if value is None else str(value)
