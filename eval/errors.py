"""What went wrong, one miss at a time: in a report's text, gold beside what was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from annotations.form import AnnotatedReport
from pipeline.schema import ReportResult, Tagged

from .evaluate import Reading
from .links import gold_links, predicted_links
from .records import FlatRecord, field_matches, gold_records, pair, predicted_records
from .spans import Spanned, overlapping

MISSED, MADE_UP = "missed", "made up"
CONTEXT = 60  # characters to each side of a miss


class Miss(Struct, frozen=True):
    """One difference between gold and what was read.

    ``kind`` is what it is about and how it went wrong ("mention CAUSE: border"); ``gold`` and
    ``read`` say both sides in words, one of them empty where one side has nothing; ``start`` and
    ``end`` are raw offsets into the report's text.
    """

    report_id: str
    kind: str
    gold: str
    read: str
    start: int
    end: int

    def snippet(self, text: str) -> tuple[str, str, str]:
        """The words before, of, and behind the miss."""
        low, high = max(0, self.start - CONTEXT), self.end + CONTEXT
        return text[low : self.start], text[self.start : self.end], text[self.end : high]


def misses(reading: Reading) -> list[Miss]:
    """All misses of a split, report by report: mentions, links, records in text order."""
    rows = zip(reading.gold, reading.tagged, reading.results, strict=True)
    return [miss for gold, tagged, result in rows for miss in misses_of(gold, tagged, result)]


def misses_of(gold: AnnotatedReport, tagged: Tagged, result: ReportResult) -> Iterator[Miss]:
    """The misses of one report."""
    yield from _mentions(gold, tagged)
    yield from _links(gold, tagged)
    yield from _records(gold, result)


def by_kind(found: Sequence[Miss]) -> list[tuple[str, int]]:
    """How many misses there are of each kind, the commonest first."""
    return sorted(Counter(m.kind for m in found).items(), key=lambda row: (-row[1], row[0]))


def _mentions(gold: AnnotatedReport, tagged: Tagged) -> Iterator[Miss]:
    wanted: Sequence[Spanned] = gold.mentions
    said: Sequence[Spanned] = tagged.mentions
    pairs = overlapping(wanted, said, same_label=False)
    for i, j in pairs:
        a, b = wanted[i], said[j]
        if (a.label, a.start, a.end) == (b.label, b.start, b.end):
            continue
        what = f"{a.label}: border" if a.label == b.label else f"{a.label}: read as {b.label}"
        start, end = min(a.start, b.start), max(a.end, b.end)
        yield Miss(gold.id, f"mention {what}", _said(gold, a), _said(gold, b), start, end)
    for i in sorted(set(range(len(wanted))) - {i for i, _ in pairs}):
        m = wanted[i]
        yield Miss(gold.id, f"mention {m.label}: {MISSED}", _said(gold, m), "", m.start, m.end)
    for j in sorted(set(range(len(said))) - {j for _, j in pairs}):
        m = said[j]
        yield Miss(gold.id, f"mention {m.label}: {MADE_UP}", "", _said(gold, m), m.start, m.end)


def _said(report: AnnotatedReport, mention: Spanned) -> str:
    return f"{report.text[mention.start : mention.end]} ({mention.label})"


def _links(gold: AnnotatedReport, tagged: Tagged) -> Iterator[Miss]:
    """Only links both of whose ends were read: others are missed with their mention."""
    wanted, said = set(gold_links(gold)), set(predicted_links(tagged))
    read = {(m.label, m.start, m.end) for m in tagged.mentions}
    marked = {(m.label, m.start, m.end) for m in gold.mentions}
    for kind, head, tail in sorted(wanted ^ said, key=lambda x: (x[1][1], x[2][1], x[0])):
        in_gold = (kind, head, tail) in wanted
        if not {head, tail} <= (read if in_gold else marked):
            continue
        words = " → ".join(gold.text[start:end] for _, start, end in (head, tail))
        start, end = min(head[1], tail[1]), max(head[2], tail[2])
        how, sides = (MISSED, (words, "")) if in_gold else (MADE_UP, ("", words))
        yield Miss(gold.id, f"link {kind}: {how}", *sides, start, end)


def _records(gold: AnnotatedReport, result: ReportResult) -> Iterator[Miss]:
    wanted, said = gold_records(gold), predicted_records(gold.text, result)
    pairs = pair(wanted, said)
    for i, j in pairs:
        for field, right in field_matches(wanted[i], said[j]).items():
            if not right:
                sides = (_value(gold.text, record, field) for record in (wanted[i], said[j]))
                yield Miss(gold.id, f"record field: {field}", *sides, *wanted[i].span)
    for i in sorted(set(range(len(wanted))) - {i for i, _ in pairs}):
        yield Miss(gold.id, f"record: {MISSED}", _record(wanted[i]), "", *wanted[i].span)
    for j in sorted(set(range(len(said))) - {j for _, j in pairs}):
        yield Miss(gold.id, f"record: {MADE_UP}", "", _record(said[j]), *said[j].span)


def _record(record: FlatRecord) -> str:
    return f"{record.outcome} {_number(record.number)}"


def _number(number: tuple[str, int | None, int | None]) -> str:
    how, low, high = number
    if low is None and high is None:
        return "vague"
    return str(low) if how == "=" else f"{low}..{high}"


def _value(text: str, record: FlatRecord, field: str) -> str:
    """A field of a record in words; a dash where it is empty."""
    if field == "place":
        return "، ".join(text[start:end] for start, end in record.places) or "–"
    if field == "subset":
        return f"part of {_number(record.parent)}" if record.parent else "–"
    if field == "date":
        return " to ".join(dict.fromkeys(filter(None, record.date))) or "–"
    value = getattr(record, field)
    return ", ".join(sorted(value)) or "–" if isinstance(value, frozenset) else str(value)
