"""Cross-report groups scored on the link set: are the tellings of one event in one group?

A gold telling stands for the predicted event that has most of its records within the telling's
span. One without such an event is in a group of its own: what was not read can't be grouped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import pipeline
from annotations.linked import (
    HALVES,
    LOOKALIKES,
    LinkedReport,
    Lookalike,
    read_linked,
    read_lookalikes,
)
from pipeline.analyse import analyse
from pipeline.relate import grouped, link
from pipeline.relate_claims import claims
from pipeline.relate_pairs import load_weights
from pipeline.schema import Event, Report, ReportResult
from pipeline.stored import Stored
from pipeline.tag import Tagger

from .bootstrap import draws, f1_interval, interval_by_report
from .evaluate import ANNOTATIONS, Measured
from .scores import Score

# A telling: its gold event, and the group that it came into.
Placed = tuple[str, object]


def evaluate_linked(half: str, model: str | Path | None = None) -> dict[str, Measured]:
    """The figures of `hasila relate` on a half of the link set, dev or test, from raw text.

    Over pairs of tellings; b-cubed as by Bagga and Baldwin (1998); over-merging as the groups of
    two tellings or more that mix events, and under-merging as the events, told twice or more, that
    lie in several groups; pairs of events that are easily taken for one. Intervals by resampling
    what hangs together (`units`). Raises FileNotFoundError, ValueError.
    """
    if half not in HALVES:
        raise ValueError(f"the link set has no half {half}; there are {', '.join(HALVES)}")
    folder = ANNOTATIONS / "linked"
    reports = read_linked(folder / f"{half}.jsonl")
    stored = read_half(reports, pipeline.model_folder(model))
    told = list(claims(stored))
    groups = grouped(len(told), link(told, load_weights(), {}))
    owner = {told[i].event_id: k for k, own in enumerate(groups) for i in own}
    placed = place_tellings(told_by(reports, [result for result, _ in stored]), owner)
    return linked_figures(placed, units(reports), read_lookalikes(folder / LOOKALIKES))


def read_half(reports: Sequence[LinkedReport], model: Path) -> list[Stored]:
    """What the pipeline with the model in ``model`` makes of ``reports``, as a run keeps it."""
    tagged = Tagger.load(model).tag_batch([report.text for report in reports])
    results = [
        analyse(Report(report_id=r.id, text=r.text, source=r.source, published=r.published), own)
        for r, own in zip(reports, tagged, strict=True)
    ]
    return [
        (result, [r.text[slice(*c.evidence)] for e in result.events for c in e.casualties])
        for r, result in zip(reports, results, strict=True)
    ]


def told_by(
    reports: Sequence[LinkedReport], results: Iterable[ReportResult]
) -> list[tuple[str, list[str]]]:
    """Each gold telling: its event, and the ids of the predicted events with records in it, the
    one with most of them first."""
    by_id = {result.report_id: result for result in results}
    return [
        (telling.event, _within(by_id[report.id].events, telling.start, telling.end))
        for report in reports
        for telling in report.tellings
    ]


def _within(events: Iterable[Event], start: int, end: int) -> list[str]:
    found = [(sum(start <= at < end for at in _stated(e)), e.event_id) for e in events]
    return [name for n, name in sorted(found, key=lambda pair: -pair[0]) if n]


def _stated(event: Event) -> Iterator[int]:
    """Where each record of the event stands: at its number, else at its people."""
    for record in event.casualties:
        if record.count.text:
            yield record.count.start
        elif record.victims:
            yield record.victims.start
        else:
            yield record.evidence[0]


def place_tellings(
    tellings: Sequence[tuple[str, Sequence[str]]], owner: Mapping[str, int]
) -> list[Placed]:
    """Each telling with its group by ``owner`` (of event ids), or one of its own."""
    return [
        (event, owner[names[0]] if names else f"unread {number}")
        for number, (event, names) in enumerate(tellings)
    ]


def units(reports: Sequence[LinkedReport]) -> dict[str, str]:
    """The events that hang together: those of one report, and so on; each with its unit's name."""
    parent: dict[str, str] = {}

    def root(event: str) -> str:
        while parent.setdefault(event, event) != event:
            event = parent[event]
        return event

    for report in reports:
        for telling in report.tellings:
            parent[root(telling.event)] = root(report.tellings[0].event)
    return {event: root(event) for event in sorted(parent)}


def _pairs(placed: Sequence[Placed]) -> Iterator[tuple[str, Score]]:
    """Each pair that is one, or was made one, under the event of its first telling."""
    for (event, own), (other_event, other) in combinations(placed, 2):
        if event == other_event or own == other:
            both = event == other_event and own == other
            yield event, Score(both, own == other, event == other_event)


def b_cubed(placed: Sequence[Placed]) -> list[tuple[str, float, float]]:
    """Of each telling its event, and its precision and recall: the shares of its group that tell
    its event, and of its event that are in its group."""
    groups, events = Counter(g for _, g in placed), Counter(e for e, _ in placed)
    both = Counter(placed)
    return [(e, both[e, g] / groups[g], both[e, g] / events[e]) for e, g in placed]


def b_cubed_f1(rows: Sequence[tuple[str, float, float]]) -> float:
    """The harmonic mean of mean precision and mean recall; 0 for no rows."""
    if not rows:
        return 0.0
    precision, recall = (sum(row[k] for row in rows) / len(rows) for k in (1, 2))
    return 2 * precision * recall / (precision + recall)


def linked_figures(
    placed: Sequence[Placed], unit: Mapping[str, str], lookalikes: Iterable[Lookalike]
) -> dict[str, Measured]:
    """The figures over all tellings; ``unit`` says what is drawn together for the intervals."""
    names = sorted(set(unit.values()))
    drawn = draws(len(names))
    by_unit = {name: Score(0, 0, 0) for name in names}
    for event, score in _pairs(placed):
        by_unit[unit[event]] += score
    pairs = sum(by_unit.values(), Score(0, 0, 0))
    found = {
        "pairs F1": Measured(pairs.f1, f1_interval(list(by_unit.values()), drawn), pairs.gold),
        "pairs precision": Measured(pairs.precision, None, pairs.predicted),
        "pairs recall": Measured(pairs.recall, None, pairs.gold),
    }
    rows: dict[str, list[tuple[str, float, float]]] = {name: [] for name in names}
    for row in b_cubed(placed):
        rows[unit[row[0]]].append(row)
    every = [row for own in rows.values() for row in own]
    means: dict[str, Callable[[Sequence[tuple[str, float, float]]], float]] = {
        "b-cubed F1": b_cubed_f1,
        "b-cubed precision": lambda own: _mean(own, 1),
        "b-cubed recall": lambda own: _mean(own, 2),
    }
    for name, figure in means.items():
        interval = interval_by_report(list(rows.values()), figure, drawn)
        found[name] = Measured(figure(every), interval, len(every))
    return found | _merging(placed, lookalikes)


def _mean(rows: Sequence[tuple[str, float, float]], column: int) -> float:
    return sum(float(row[column]) for row in rows) / len(rows) if rows else 0.0


def _merging(placed: Sequence[Placed], lookalikes: Iterable[Lookalike]) -> dict[str, Measured]:
    events: dict[object, set[str]] = defaultdict(set)
    groups: dict[str, set[object]] = defaultdict(set)
    for event, own in placed:
        events[own].add(event)
        groups[event].add(own)
    again = {event for event, n in Counter(e for e, _ in placed).items() if n > 1}
    several = [own for own, n in Counter(g for _, g in placed).items() if n > 1]
    alike = [p for p in lookalikes if p.first in groups and p.second in groups]
    return {
        "groups that mix events": _part(sum(len(events[g]) > 1 for g in several), len(several)),
        "events torn apart": _part(sum(len(groups[e]) > 1 for e in again), len(again)),
        "look-alikes kept apart": _part(
            sum(not groups[p.first] & groups[p.second] for p in alike), len(alike)
        ),
    }


def _part(n: int, of: int) -> Measured:
    return Measured(n / of if of else 0.0, None, of)
