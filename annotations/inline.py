"""The inline form (GUIDELINES.md, section 4): marked text and a line a record, as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from pipeline.schema import (
    CATEGORIES,
    CAUSE_CODES,
    OUTCOMES,
    SCOPES,
    LinkType,
    MentionLabel,
)
from pipeline.text import tokens

from .form import AnnotatedReport, GoldCount, GoldLink, GoldMention, GoldRecord

LABELS: dict[str, MentionLabel] = {
    "p": "PARTY", "v": "VICTIM", "l": "PLACE", "n": "COUNT",
    "d": "DATE", "o": "OUTCOME", "x": "CAUSE", "s": "SOURCE",
}  # fmt: skip
LINKS: dict[str, LinkType] = {
    "o": "outcome", "v": "victims", "l": "place", "d": "date",
    "x": "cause", "s": "source", "by": "perpetrator", "of": "victims", "src": "source",
}  # fmt: skip
_MARK = re.compile(r"\[\[(?!\[)(.*?)\|([pvlndoxs]\d+)\]\]", re.DOTALL)
_BLOCK = re.compile(r"^@@ *(\S+)\n(.*?)^@end *$", re.DOTALL | re.MULTILINE)
_BEGIN = re.compile(r"^@@ *(.*)$", re.MULTILINE)
_COUNT = re.compile(r"(>=|<=|~)?(\d+)$|(\d+)\.\.(\d+)$|(vague)$")
_KINDS = {"dual": "dual", "single": "singular", "list": "named_list"}
_QUALIFIERS = {">=": "at_least", "<=": "at_most", "~": "approximate", None: "exact"}


class InlineError(ValueError):
    """What is wrong with a block of the inline form, and in which report."""


def parse(source: str) -> Iterator[AnnotatedReport]:
    """The reports of a file in the inline form; raises InlineError at the first bad block."""
    found = blocks(source)
    begun = _BEGIN.findall(source)
    if not begun:
        raise InlineError("no report here: a block runs from '@@ id' to '@end' (GUIDELINES.md, 4)")
    for name, (report_id, body) in zip_longest(begun, found, fillvalue=("", "")):
        if name != report_id:
            raise InlineError(
                f"{name}: no whole block; write '@@ id' and '@end' on lines of their own"
            )
        yield parse_block(report_id, body)


def blocks(source: str) -> list[tuple[str, str]]:
    """Each report's id and the lines between ``@@ id`` and ``@end``."""
    return [(m[1], m[2]) for m in _BLOCK.finditer(source)]


def parse_block(report_id: str, body: str) -> AnnotatedReport:
    """One report from the lines of its block; raises InlineError."""
    try:
        head, rest = body.split("@text\n", 1)
        marked, lines = rest.split("\n@records", 1)
    except ValueError as error:
        raise InlineError(f"{report_id}: needs @text and @records, each on its own line") from error
    meta = _meta(report_id, head)
    text, spans = _unmark(report_id, marked)
    rows = [record_row(report_id, line) for line in lines.splitlines() if line.strip()]
    anchors = {row["anchor"]: row["scope"] for row in rows}
    ids = {span[0] for span in spans}
    for row in rows:
        for ref in [row["anchor"], *(tail for _, tail in row["links"])]:
            if ref not in ids:
                raise InlineError(f"{report_id}: record of {row['anchor']} names {ref}, not marked")
    mentions = tuple(
        GoldMention(id=i, label=LABELS[i[0]], start=a, end=b, text=text[a:b], anchor=anchors.get(i))
        for i, a, b in spans
    )
    records = records_of(report_id, rows)
    published = meta.get("published", "-")
    return AnnotatedReport(
        id=report_id, text=text, published=None if published in ("", "-") else published,
        country=meta.get("country", ""), style=meta.get("style", ""),
        points=tuple(re.findall(r"\w+", meta.get("points", ""))),
        mentions=mentions, links=_links(rows, records), records=records,
    )  # fmt: skip


def _meta(report_id: str, head: str) -> dict[str, str]:
    pairs = [pair.partition(":") for pair in head.strip().split(" | ")]
    if not all(colon for _, colon, _ in pairs):
        raise InlineError(
            f"{report_id}: not a head line: {head.strip()!r}; write 'name: value | name: value'"
        )
    return {name.strip(): value.strip() for name, _, value in pairs}


def _unmark(report_id: str, marked: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The raw text, and (id, start, end) of each mention, grown to whole tokens."""
    text, spans, at = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[at : mark.start()]
        spans.append((mark[2], len(text), len(text) + len(mark[1])))
        text += mark[1]
        at = mark.end()
    text += marked[at:]
    if "[[" in text or "]]" in text:
        raise InlineError(f"{report_id}: an unclosed or nested [[…|id]]")
    if len({i for i, _, _ in spans}) < len(spans):
        raise InlineError(f"{report_id}: a mention id is used twice")
    snapped = [(i, *whole_tokens(text, a, b)) for i, a, b in spans]
    for (i, _, end), (j, start, _) in zip(snapped, snapped[1:], strict=False):
        if start < end:
            raise InlineError(f"{report_id}: mentions {i} and {j} share a token")
    return text, snapped


def whole_tokens(text: str, start: int, end: int) -> tuple[int, int]:
    """The span ``[start, end)`` grown to the ends of the tokens that it touches."""
    inside = [(a, b) for a, b in tokens(text) if a < end and b > start]
    return (inside[0][0], inside[-1][1]) if inside else (start, end)


def record_row(report_id: str, line: str) -> dict:
    """``n1: killed >=12 | civilian | incident | o1 by:p1 | date=… part=n0`` as a dict; raises
    InlineError."""
    try:
        anchor, rest = line.split(":", 1)
        what, category, scope, links, *keys = [part.strip() for part in rest.split("|")]
        outcome, number, *kind = what.split()
        values = dict(key.split("=", 1) for key in " ".join(keys).split())
        pairs = [_link(word) for word in links.split()]
    except (ValueError, KeyError, IndexError) as error:
        raise InlineError(
            f"{report_id}: not a record line: {line!r}; write anchor: outcome count | category |"
            " scope | links | values"
        ) from error
    _check_word(report_id, "outcome", outcome, OUTCOMES)
    _check_word(report_id, "category", category, CATEGORIES)
    _check_word(report_id, "scope", scope, SCOPES)
    if values.get("cause"):
        _check_word(report_id, "cause", values["cause"], CAUSE_CODES)
    count = count_of(report_id, number, kind)
    return {"anchor": anchor.strip(), "outcome": outcome, "count": count, "category": category,
            "scope": scope, "links": pairs, "values": values}  # fmt: skip


def _check_word(report_id: str, field: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise InlineError(f"{report_id}: {field} {word!r}; write one of {', '.join(known)}")


def _link(word: str) -> tuple[LinkType, str]:
    role, _, mention = word.rpartition(":")
    return LINKS[role or mention[0]], mention


def count_of(report_id: str, number: str, kind: list[str]) -> GoldCount:
    """The count that ``number`` (12, >=12, <=12, ~12, 5..7, vague) and ``kind`` say; raises
    InlineError."""
    match = _COUNT.match(number)
    if not match:
        raise InlineError(
            f"{report_id}: count {number!r}; write 12, >=12, <=12, ~12, 5..7 or vague"
        )
    bound, value, low, high, vague = match.groups()
    if vague:
        return GoldCount(value=None, low=None, high=None, qualifier="vague", kind="vague")
    name = _KINDS.get(kind[0]) if kind else "explicit"
    if name is None:
        raise InlineError(f"{report_id}: kind {kind[0]!r}; write {', '.join(_KINDS)} or nothing")
    if low:
        return GoldCount(value=None, low=int(low), high=int(high), qualifier="range", kind=name)
    n = int(value)
    return GoldCount(
        value=n, qualifier=_QUALIFIERS[bound], kind=name,
        low=None if bound in ("<=", "~") else n, high=None if bound in (">=", "~") else n,
    )  # fmt: skip


def records_of(report_id: str, rows: list[dict]) -> tuple[GoldRecord, ...]:
    """The records of `record_row` rows, named r1, r2, … in their order; raises InlineError."""
    ids = {(row["anchor"], row["outcome"]): f"r{k}" for k, row in enumerate(rows, 1)}

    def refer(row: dict, key: str) -> str | None:
        ref = row["values"].get(key)
        if ref is None:
            return None
        anchor, _, outcome = ref.partition("/")
        found = ids.get((anchor, outcome or row["outcome"]))
        found = found or next((r for (a, _), r in ids.items() if a == anchor), None)
        if found is None:
            raise InlineError(f"{report_id}: {key}={ref} names no record")
        return found

    return tuple(_record(row, f"r{k}", refer(row, "part"), refer(row, "same"))
                 for k, row in enumerate(rows, 1))  # fmt: skip


def _record(row: dict, record_id: str, part: str | None, same: str | None) -> GoldRecord:
    values = row["values"]
    start, _, end = values.get("date", "").partition("..")
    known = bool(start) and start != "?"

    def names(key: str) -> tuple[str, ...]:
        return tuple(name for name in values.get(key, "").split(",") if name)

    return GoldRecord(
        id=record_id, anchor=row["anchor"], outcome=row["outcome"], count=row["count"],
        category=row["category"], scope=row["scope"], cause=values.get("cause") or None,
        date_start=start if known else None, date_end=(end or start) if known else None,
        victim_parties=names("of"), perpetrators=names("by"), demographics=names("demo"),
        subset_of=part, same_as=same, by_reading=names("reading"),
    )  # fmt: skip


def _links(rows: list[dict], records: tuple[GoldRecord, ...]) -> tuple[GoldLink, ...]:
    anchor_of = {record.id: record.anchor for record in records}
    found: dict[tuple[str, str, str], None] = {}
    for row, record in zip(rows, records, strict=True):
        for link, tail in row["links"]:
            if tail != row["anchor"]:
                found[link, row["anchor"], tail] = None
        for link, other in (("part_of", record.subset_of), ("same_as", record.same_as)):
            if other and anchor_of[other] != row["anchor"]:
                found[link, row["anchor"], anchor_of[other]] = None
    return tuple(GoldLink(type=t, head=h, tail=x) for t, h, x in found)


def render(report: AnnotatedReport) -> str:
    """The block of ``report`` in the inline form; `parse_block` reads it back."""
    return "\n".join([
        f"@@ {report.id}",
        f"country: {report.country} | style: {report.style} | published: {report.published or '-'}"
        f" | points: {','.join(report.points)}",
        "@text", _mark(report), "@records", *(_line(report, r) for r in report.records), "@end", "",
    ])  # fmt: skip


def _mark(report: AnnotatedReport) -> str:
    out, at = [], 0
    for m in sorted(report.mentions, key=lambda m: m.start):
        out += [report.text[at : m.start], f"[[{m.text}|{m.id}]]"]
        at = m.end
    return "".join([*out, report.text[at:]])


def _line(report: AnnotatedReport, record: GoldRecord) -> str:
    label = {m.id: m.label for m in report.mentions}
    roles = {"perpetrator": "by:", "victims": "of:", "source": "src:"}
    links = [
        (roles[link.type] if label[link.tail] == "PARTY" else "") + link.tail
        for link in report.links
        if link.head == record.anchor and link.type in set(LINKS.values())
    ]
    head, values = record_values(report, record)
    return f"{record.anchor}: {head} | {' '.join(links)} | {values}"


def record_values(report: AnnotatedReport, record: GoldRecord) -> tuple[str, str]:
    """What a record line says before its links (``killed 3 | civilian | incident``) and behind
    them (``date=… part=n1/killed``)."""
    by_id = {r.id: f"{r.anchor}/{r.outcome}" for r in report.records}
    date = record.date_start and (
        record.date_start if record.date_end == record.date_start
        else f"{record.date_start}..{record.date_end}"
    )  # fmt: skip
    keys = {
        "date": date, "cause": record.cause, "by": ",".join(record.perpetrators),
        "of": ",".join(record.victim_parties), "demo": ",".join(record.demographics),
        "part": record.subset_of and by_id[record.subset_of],
        "same": record.same_as and by_id[record.same_as],
        "reading": ",".join(record.by_reading),
    }  # fmt: skip
    values = " ".join(f"{k}={v}" for k, v in keys.items() if v)
    head = f"{record.outcome} {_count_text(record.count)} | {record.category} | {record.scope}"
    return head, values


def _count_text(count: GoldCount) -> str:
    if count.qualifier == "vague":
        return "vague"
    kind = {"dual": " dual", "singular": " single", "named_list": " list"}.get(count.kind, "")
    if count.qualifier == "range":
        return f"{count.low}..{count.high}{kind}"
    bound = {"at_least": ">=", "at_most": "<=", "approximate": "~"}.get(count.qualifier, "")
    return f"{bound}{count.value}{kind}"
