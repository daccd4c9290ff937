"""Checks of annotated reports: each finding is a sentence that names the report and the remedy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from pipeline.read import read_reports as read_archive
from pipeline.schema import ANCHOR_LABELS, ANCHOR_LINKS, LINK_TARGETS, Report
from pipeline.text import tokens

from .form import AnnotatedReport, GoldRecord, read_reports
from .linked import linked_files, read_linked
from .overlap import copied_runs, near_duplicates, shared_runs

SPLITS = ("train", "dev", "test", "test-unseen")


def check_folder(root: Path) -> list[str]:
    """Findings over all splits below ``root``; an empty list means that the set is sound.

    Raises FileNotFoundError where a split is missing, ValueError for a line not in the form.
    """
    splits = {name: list(read_reports(root / name)) for name in SPLITS}
    findings = [f for reports in splits.values() for r in reports for f in check_report(r)]
    everything = [r for reports in splits.values() for r in reports]
    findings += [*_repeated_ids(splits), *shared_runs(splits), *near_duplicates(everything)]
    return findings


def check_against(root: Path, others: Sequence[Path]) -> list[str]:
    """Findings of runs of words that the set, the link set too, shares with the texts in
    ``others``, read as an archive is; what cannot be read there is passed over."""
    ours = [(r.id, r.text) for name in SPLITS for r in read_reports(root / name)]
    ours += [(r.id, r.text) for file in linked_files(root) for r in read_linked(file)]
    texts = (r for r in read_archive(others) if isinstance(r, Report))
    return copied_runs(ours, ((r.report_id, r.text) for r in texts))


def check_report(report: AnnotatedReport) -> Iterator[str]:
    """Findings of one report: offsets, overlaps, anchors, link types, records."""
    for finding in [*_mentions(report), *_links(report), *_records(report)]:
        yield f"{report.id}: {finding}"


def _mentions(report: AnnotatedReport) -> Iterator[str]:
    starts = {start for start, _ in tokens(report.text)}
    ends = {end for _, end in tokens(report.text)}
    last = 0
    for m in sorted(report.mentions, key=lambda m: m.start):
        if not 0 <= m.start < m.end <= len(report.text) or report.text[m.start : m.end] != m.text:
            yield f"mention {m.id}: its text is not what stands at [{m.start}, {m.end})"
        elif m.start not in starts or m.end not in ends:
            yield f"mention {m.id} ({m.text}) cuts a token; grow it to whole tokens"
        if m.start < last:
            yield f"mention {m.id} ({m.text}) overlaps the one before; spans are flat"
        last = m.end
        if m.anchor and m.label not in ANCHOR_LABELS:
            yield f"mention {m.id}: a {m.label} cannot be an anchor"
        if m.label == "COUNT" and not m.anchor:
            yield f"COUNT {m.id} ({m.text}) has no record; unmark it or write its record"
    for mention_id, n in Counter(m.id for m in report.mentions).items():
        if n > 1:
            yield f"mention id {mention_id} is used {n} times"


def _links(report: AnnotatedReport) -> Iterator[str]:
    label = {m.id: m.label for m in report.mentions}
    anchors = {m.id for m in report.mentions if m.anchor}
    for link in report.links:
        name = f"link {link.type} {link.head}->{link.tail}"
        if link.head not in anchors:
            yield f"{name} starts at a mention that is no anchor"
        if label.get(link.tail) not in LINK_TARGETS[link.type]:
            yield f"{name} may not point to a {label.get(link.tail, 'mention that is not there')}"
        elif link.type in ANCHOR_LINKS and link.tail not in anchors:
            yield f"{name} must point to an anchor"
    for pair, n in Counter((x.head, x.tail) for x in report.links).items():
        if n > 1:
            yield f"mentions {pair[0]}->{pair[1]} are linked {n} times; one link a pair"


def _records(report: AnnotatedReport) -> Iterator[str]:
    scope = {m.id: m.anchor for m in report.mentions if m.anchor}
    ids = {r.id: r for r in report.records}
    if set(scope) != {r.anchor for r in report.records}:
        odd = set(scope) ^ {r.anchor for r in report.records}
        yield f"anchors and records differ at {', '.join(sorted(odd))}"
    for record in report.records:
        for other in (record.subset_of, record.same_as):
            if other is not None and (other not in ids or other == record.id):
                yield f"record {record.id} refers to {other}, which is no other record"
        if record.anchor in scope and scope[record.anchor] != record.scope:
            yield f"record {record.id} is {record.scope}, its anchor {scope[record.anchor]}"
        yield from _record(report, record)
    yield from _circles(ids)


def _record(report: AnnotatedReport, record: GoldRecord) -> Iterator[str]:
    label = {m.id: m.label for m in report.mentions}.get(record.anchor)
    linked = defaultdict(list)
    for link in report.links:
        if link.head == record.anchor:
            linked[link.type].append(link.tail)
    if label != "OUTCOME" and not linked["outcome"]:
        yield f"record {record.id} ({record.anchor}) has no outcome link"
    if record.perpetrators and not linked["perpetrator"]:
        yield f"record {record.id} names a doer but links none"
    if record.cause and not (linked["cause"] or linked["outcome"] or label == "OUTCOME"):
        yield f"record {record.id} has a cause but links none"
    if record.date_start and not linked["date"]:
        yield f"record {record.id} has a date but links none"
    try:
        ends = [date.fromisoformat(d) for d in (record.date_start, record.date_end) if d]
        if ends != sorted(ends):
            yield f"record {record.id} ends before it starts"
    except ValueError as error:
        yield f"record {record.id}: {error}"


def _circles(ids: Mapping[str, GoldRecord]) -> Iterator[str]:
    for start in ids.values():
        seen, at = {start.id}, start
        while (above := ids.get(at.subset_of or "")) is not None:
            if above.id in seen:
                yield f"record {start.id} is, through subset_of, a part of itself"
                break
            seen.add(above.id)
            at = above


def _repeated_ids(splits: Mapping[str, Sequence[AnnotatedReport]]) -> Iterator[str]:
    counts = Counter(r.id for reports in splits.values() for r in reports)
    for report_id, n in counts.items():
        if n > 1:
            yield f"{report_id}: {n} reports bear this id"
