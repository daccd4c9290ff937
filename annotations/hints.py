"""Hints to an annotator: what a second look at a report would ask. A hint may be wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pipeline.bounds import find_bound
from pipeline.casualty_nouns import known_form
from pipeline.number_words import numeral, tokenize
from pipeline.parties import named_party, party
from pipeline.text import key, sentences, tokens

from .form import AnnotatedReport, GoldMention, GoldRecord

NAMES = ("PARTY", "PLACE")  # marked wherever they stand, so marked alike every time
SPEAKERS = ("monitor", "civilian-org")  # kinds of parties that are no PARTY by themselves
LONGEST_NAME = 5  # words
HEIRS = ("outcome", "place", "date", "cause", "perpetrator", "source")  # what a part takes over


def hints(report: AnnotatedReport) -> Iterator[str]:
    """Questions about marks and links that look forgotten; each names the words and the place."""
    for question in (_unmarked_names, _unmarked_numbers, _count_edges, _bare_records, _parts):
        for hint in question(report):
            yield f"{report.id}: {hint}"


def _free(report: AnnotatedReport) -> list[tuple[int, int]]:
    """The tokens that no mention covers."""
    return [
        (a, b) for a, b in tokens(report.text)
        if not any(m.start < b and a < m.end for m in report.mentions)
    ]  # fmt: skip


def _unmarked_names(report: AnnotatedReport) -> Iterator[str]:
    marked = {key(m.text): m.label for m in report.mentions if m.label in NAMES}
    free, last = _free(report), 0
    index = {a: i for i, (a, _) in enumerate(tokens(report.text))}
    for i, (start, _) in enumerate(free):
        if start < last:
            continue
        for j in range(min(i + LONGEST_NAME, len(free)) - 1, i - 1, -1):
            if index[free[j][0]] - index[start] != j - i:
                continue  # a mention stands between
            words = report.text[start : free[j][1]]
            if not (words[0].isalnum() and words[-1].isalnum()):
                continue
            label = marked.get(key(words)) or ("PARTY" if _armed(words) else None)
            if label and len(words) > 2:
                yield f"«{words}» at {start} is unmarked; a {label}?"
                last = free[j][1]
                break


def _armed(words: str) -> bool:
    named = party(named_party(words))
    return named is not None and named.kind not in SPEAKERS


def _unmarked_numbers(report: AnnotatedReport) -> Iterator[str]:
    free = _free(report)
    for (a, b), (c, d) in zip(free, free[1:], strict=False):
        number, noun = tokenize(key(report.text[a:b])), key(report.text[c:d])
        if report.text[b:c].isspace() and number and numeral(number[-1]) and known_form(noun):
            yield f"«{report.text[a:d]}» at {a} is unmarked; people of a record?"


def _count_edges(report: AnnotatedReport) -> Iterator[str]:
    by_start = {m.start: m for m in report.mentions}
    for m in report.mentions:
        if m.label != "COUNT":
            continue
        bound = find_bound(report.text, m.start, m.end)
        if bound and bound[2] <= m.start and report.text[bound[2] : m.start].isspace():
            yield f"«{report.text[bound[1] : m.start]}» before COUNT {m.id} belongs to it"
        words = [known_form(t.text) for t in tokenize(key(m.text))]
        if len(words) > 1 and words[-1] and m.end not in by_start:
            yield f"COUNT {m.id} «{m.text}» ends in a noun; mark the noun as VICTIM or OUTCOME"


def _linked(report: AnnotatedReport) -> dict[str, dict[str, set[str]]]:
    table: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for link in report.links:
        table[link.head][link.type].add(link.tail)
    return table


def _bare_records(report: AnnotatedReport) -> Iterator[str]:
    """Records that lack a place or a date which another record of their sentence has."""
    linked = _linked(report)
    spans = {m.id: m for m in report.mentions}
    for a, b in sentences(report.text):
        inside = [r for r in report.records if a <= spans[r.anchor].start < b]
        for kind in ("place", "date"):
            have = [r for r in inside if linked[r.anchor][kind]]
            for record in inside:
                if have and not linked[record.anchor][kind]:
                    yield (
                        f"record {record.anchor} «{spans[record.anchor].text}» has no {kind};"
                        f" {have[0].anchor} of its sentence has"
                    )


def _parts(report: AnnotatedReport) -> Iterator[str]:
    """Parts that lack a link that their total has."""
    linked, ids = _linked(report), {r.id: r for r in report.records}
    spans: dict[str, GoldMention] = {m.id: m for m in report.mentions}
    for part in report.records:
        total: GoldRecord | None = ids.get(part.subset_of or "")
        if total is None or total.anchor == part.anchor:
            continue
        lacks = [k for k in HEIRS if linked[total.anchor][k] and not linked[part.anchor][k]]
        if spans[part.anchor].label == "OUTCOME":
            lacks = [k for k in lacks if k != "outcome"]
        if lacks:
            yield f"part {part.anchor} of {total.anchor} lacks its total's {', '.join(lacks)}"
