"""Cross-report groups scored on the link set: are the tellings of one event in one group?

A gold telling stands for the predicted event that has most of its records within the telling's
span. One without such an event is in a group of its own: what was not read can't be grouped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TypeVar

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

from .bootstrap import draws, interval_by_report
from .evaluate import ANNOTATIONS, Measured
from .scores import Score

ROUNDS = 300
T = TypeVar("T")
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


def b_cubed(placed: Sequence[Placed]) -> list[tuple[str, tuple[float, float]]]:
    """Of each telling its event, and its precision and recall: the shares of its group that tell
    its event, and of its event that are in its group."""
    groups, events = Counter(g for _, g in placed), Counter(e for e, _ in placed)
    both = Counter(placed)
    return [(e, (both[e, g] / groups[g], both[e, g] / events[e])) for e, g in placed]


def b_cubed_f1(rows: Sequence[tuple[float, float]]) -> float:
    """The harmonic mean of mean precision and mean recall; 0 for no rows."""
    precision, recall = (_mean([row[k] for row in rows]) for k in (0, 1))
    return 2 * precision * recall / (precision + recall) if rows else 0.0


def linked_figures(
    placed: Sequence[Placed], unit: Mapping[str, str], lookalikes: Iterable[Lookalike]
) -> dict[str, Measured]:
    """The figures over all tellings; ``unit`` says what is drawn together for the intervals."""
    names = sorted(set(unit.values()))
    drawn = draws(len(names), ROUNDS)

    def measured(items: Iterable[tuple[str, T]], figure: Callable[[list[T]], float]) -> Measured:
        """``figure`` of all ``items``, each under its event; what it is of is their number."""
        own: dict[str, list[T]] = {name: [] for name in names}
        for event, item in items:
            own[unit[event]].append(item)
        every = [item for items in own.values() for item in items]
        interval = interval_by_report(list(own.values()), figure, drawn)
        return Measured(figure(every), interval, len(every))

    pairs, rows = list(_pairs(placed)), b_cubed(placed)
    found = {
        "pairs F1": measured(pairs, lambda own: _sum(own).f1),
        "pairs precision": measured([p for p in pairs if p[1].predicted], _share_right),
        "pairs recall": measured([p for p in pairs if p[1].gold], _share_right),
        "b-cubed F1": measured(rows, b_cubed_f1),
        "b-cubed precision": measured(rows, lambda own: _mean([p for p, _ in own])),
        "b-cubed recall": measured(rows, lambda own: _mean([r for _, r in own])),
    }
    merging = _merging(placed, lookalikes)
    return found | {name: measured(flags, _mean) for name, flags in merging.items()}


def _sum(scores: Iterable[Score]) -> Score:
    return sum(scores, Score(0, 0, 0))


def _share_right(scores: Sequence[Score]) -> float:
    return _mean([score.correct for score in scores])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _merging(
    placed: Sequence[Placed], lookalikes: Iterable[Lookalike]
) -> dict[str, list[tuple[str, float]]]:
    """Of each group, event and pair of look-alikes whether it is so, under an event of it."""
    events: dict[object, list[str]] = defaultdict(list)
    groups: dict[str, list[object]] = defaultdict(list)
    for event, own in placed:
        events[own].append(event)
        groups[event].append(own)
    return {
        "groups that mix events": [
            (own[0], float(len(set(own)) > 1)) for own in events.values() if len(own) > 1
        ],
        "events torn apart": [
            (event, float(len(set(own)) > 1)) for event, own in groups.items() if len(own) > 1
        ],
        "look-alikes kept apart": [
            (pair.first, float(not set(groups[pair.first]) & set(groups[pair.second])))
            for pair in lookalikes
            if pair.first in groups and pair.second in groups
        ],
    }
