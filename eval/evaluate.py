"""The shipped model (or any) on a split of the annotated set: every figure with its interval."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import pipeline
from annotations.form import AnnotatedReport, read_reports
from pipeline.analyse import analyse
from pipeline.gate import Gate
from pipeline.schema import MENTION_LABELS, Link, Mention, Report, ReportResult, Tagged
from pipeline.tag import Tagger

from .bootstrap import Interval, draws, f1_interval, interval_by_report
from .calibration import Bin, calibration_bins, calibration_error, judged
from .groups import members
from .links import gold_links, predicted_links, score_links
from .records import (
    gold_records,
    predicted_records,
    score_net_tolls,
    score_records,
    score_values,
)
from .scores import Score
from .spans import bio_tags, confusion, score_mentions, score_overlapping

ANNOTATIONS = Path(__file__).resolve().parent.parent / "annotations"
NONE = "nothing"
# What is told by country, style, length and noise: (table, row).
GROUP_FIGURES = (
    ("mentions", "micro"),
    ("links", "micro"),
    ("records", "records"),
    ("records", "killed"),
    ("records", "whole"),
    ("records", "net_toll"),
)
CALIBRATION_ROUNDS = 200

Tables = dict[str, dict[str, Score]]


class Reading(msgspec.Struct, frozen=True):
    """What a model made of a split: gold, mentions and links, events; one of each a report."""

    split: str
    model: str
    version: str
    gold: list[AnnotatedReport]
    tagged: list[Tagged]
    results: list[ReportResult]
    seconds: float


class Figure(msgspec.Struct, frozen=True):
    """A score and the 95 % interval of its F1."""

    score: Score
    interval: Interval

    def as_dict(self) -> dict[str, Any]:
        """As `Score.as_dict`, with ``low`` and ``high``."""
        low, high = self.interval
        return self.score.as_dict() | {"low": round(low, 4), "high": round(high, 4)}


class Measured(msgspec.Struct, frozen=True):
    """A figure (0 to 1), its 95 % interval, and of how many."""

    value: float
    interval: Interval
    of: int

    def as_dict(self) -> dict[str, Any]:
        """Rounded to four places, for JSON."""
        low, high = self.interval
        ends = {"low": round(low, 4), "high": round(high, 4)}
        return {"value": round(self.value, 4), **ends, "of": self.of}


class Calibration(msgspec.Struct, frozen=True):
    """The calibration error (0 to 1) of one kind of statement, and the bins beneath it."""

    error: float
    interval: Interval
    bins: list[Bin]


class Evaluation(msgspec.Struct, frozen=True):
    """All figures of one model on one split.

    ``groups`` holds GROUP_FIGURES by kind of group, value and "table, row"; ``confusion`` counts
    mentions by gold label and label as read; ``across`` is empty where the split has no link set.
    """

    split: str
    model: str
    version: str
    reports: int
    words: int
    words_a_second: float
    tables: dict[str, dict[str, Figure]]
    groups: dict[str, dict[str, dict[str, Figure]]]
    group_sizes: dict[str, dict[str, int]]
    calibration: dict[str, Calibration]
    confusion: dict[str, dict[str, int]]
    across: dict[str, Measured]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the tables stand at the top, each figure as `Figure.as_dict`."""
        tables = {t: {k: f.as_dict() for k, f in rows.items()} for t, rows in self.tables.items()}
        groups = {
            kind: {
                value: {"reports": self.group_sizes[kind][value]}
                | {name: f.as_dict() for name, f in rows.items()}
                for value, rows in values.items()
            }
            for kind, values in self.groups.items()
        }
        return {
            "split": self.split,
            "model": self.model,
            "version": self.version,
            "reports": self.reports,
            "words": self.words,
            "words_a_second": self.words_a_second,
            **{f"calibration_error_{k}": round(c.error, 4) for k, c in self.calibration.items()},
            **tables,
            "groups": groups,
            "calibration": msgspec.to_builtins(self.calibration),
            "confusion": self.confusion,
            "across reports": {name: m.as_dict() for name, m in self.across.items()},
        }


def gold_tagged(report: AnnotatedReport) -> Tagged:
    """The gold mentions and links in the form of the model's output."""
    mentions = sorted(report.mentions, key=lambda m: m.start)
    index = {m.id: k for k, m in enumerate(mentions)}
    return Tagged(
        tuple(Mention(label=m.label, start=m.start, end=m.end, text=m.text, anchor=m.anchor)
              for m in mentions),
        tuple(Link(type=x.type, head=index[x.head], tail=index[x.tail]) for x in report.links),
    )  # fmt: skip


def read_split(
    split: str = "dev", model: str | Path | None = None, gate: Gate | None = None
) -> Reading:
    """Run the pipeline over a split of the annotated set, behind ``gate`` where one is given.

    Raises FileNotFoundError for a split or a model that is not there.
    """
    gold = list(read_reports(ANNOTATIONS / split))
    nlp = pipeline.load(model)
    start = time.perf_counter()
    tagged, results = analyse_all(nlp.get_pipe("hasila_tagger").tagger, gold, gate)
    return Reading(
        split=split, model=str(nlp.meta.get("name", model)),
        version=str(nlp.meta.get("version", "")), gold=gold, tagged=tagged, results=results,
        seconds=time.perf_counter() - start,
    )  # fmt: skip


def analyse_all(
    tagger: Tagger, reports: Sequence[AnnotatedReport], gate: Gate | None = None
) -> tuple[list[Tagged], list[ReportResult]]:
    """What ``tagger`` says of each report, and the events made of it."""
    tagged = tagger.tag_batch([report.text for report in reports], gate)
    return tagged, [analyse(_report(r), t) for r, t in zip(reports, tagged, strict=True)]


def evaluate(reading: Reading, across: Mapping[str, Measured] | None = None) -> Evaluation:
    """Score every stage of what a model made of a split; ``across`` are the figures of
    `eval.linked.evaluate_linked` on the half of the link set that goes with it."""
    gold = reading.gold
    rows = list(zip(gold, reading.tagged, reading.results, strict=True))
    by_report = [score_all([g], [t], [r]) for g, t, r in rows]
    drawn = draws(len(gold))
    groups = members(gold)
    words = sum(len(report.text.split()) for report in gold)
    return Evaluation(
        split=reading.split,
        model=reading.model,
        version=reading.version,
        reports=len(gold),
        words=words,
        words_a_second=round(words / reading.seconds, 1),
        tables=_figures(by_report, drawn),
        groups={
            kind: {value: _group([by_report[n] for n in own]) for value, own in values.items()}
            for kind, values in groups.items()
        },
        group_sizes={k: {v: len(own) for v, own in values.items()} for k, values in groups.items()},
        calibration=_calibration([judged([g], [t], [r]) for g, t, r in rows]),
        confusion=_confusion(rows),
        across=dict(across or {}),
    )


def _figures(by_report: Sequence[Tables], drawn: np.ndarray) -> dict[str, dict[str, Figure]]:
    """The sum of all reports' scores; a row that a report lacks counts nothing there."""
    nothing = Score(0, 0, 0)
    out: dict[str, dict[str, Figure]] = {}
    for table in by_report[0]:
        out[table] = {}
        for row in _rows(table, by_report):
            own = [report[table].get(row, nothing) for report in by_report]
            out[table][row] = Figure(sum(own, nothing), f1_interval(own, drawn))
    return out


def _rows(table: str, by_report: Sequence[Tables]) -> list[str]:
    """In the scorers' order; where they tell labels apart, by name behind their sum."""
    rows = list(dict.fromkeys(row for report in by_report for row in report[table]))
    return sorted(rows, key=lambda row: (row != "micro", row)) if "micro" in rows else rows


def _group(by_report: Sequence[Tables]) -> dict[str, Figure]:
    figures = _figures([_chosen(tables) for tables in by_report], draws(len(by_report)))
    return {f"{table}, {row}": figures[table][row] for table, row in GROUP_FIGURES}


def _chosen(tables: Tables) -> Tables:
    chosen: Tables = {}
    for table, row in GROUP_FIGURES:
        chosen.setdefault(table, {})[row] = tables[table].get(row, Score(0, 0, 0))
    return chosen


def _calibration(by_report: Sequence[dict[str, Any]]) -> dict[str, Calibration]:
    drawn = draws(len(by_report), CALIBRATION_ROUNDS)
    out = {}
    for name in by_report[0]:
        own = [report[name] for report in by_report]
        together = [pair for pairs in own for pair in pairs]
        out[name] = Calibration(
            calibration_error(together),
            interval_by_report(own, calibration_error, drawn),
            calibration_bins(together),
        )
    return out


def _confusion(rows: Sequence[tuple[AnnotatedReport, Tagged, Any]]) -> dict[str, dict[str, int]]:
    counts = sum((confusion(g.mentions, t.mentions) for g, t, _ in rows), Counter())
    labels = (*MENTION_LABELS, None)
    return {
        wanted or NONE: {
            said or NONE: counts[wanted, said] for said in labels if counts[wanted, said]
        }
        for wanted in labels
    }


def _report(report: AnnotatedReport) -> Report:
    return Report(report_id=report.id, text=report.text, published=report.published)


def score_all(
    gold: Sequence[AnnotatedReport], tagged: Sequence[Tagged], results: Sequence[ReportResult]
) -> Tables:
    """The tables of an evaluation: mentions, links, records, and records from gold mentions."""
    tags = [bio_tags(r.text, r.mentions) for r in gold]
    said_tags = [bio_tags(r.text, t.mentions) for r, t in zip(gold, tagged, strict=True)]
    wanted = [gold_records(r) for r in gold]
    said = [predicted_records(r.text, x) for r, x in zip(gold, results, strict=True)]
    ceiling = [
        predicted_records(r.text, analyse(_report(r), gold_tagged(r), gold=True)) for r in gold
    ]
    return {
        "mentions": score_mentions(tags, said_tags),
        "mentions, overlapping": score_overlapping(
            [r.mentions for r in gold], [t.mentions for t in tagged]
        ),
        "links": score_links([gold_links(r) for r in gold], [predicted_links(t) for t in tagged]),
        "records": score_records(wanted, said) | score_net_tolls(wanted, said),
        "records from gold mentions": score_records(wanted, ceiling)
        | score_net_tolls(wanted, ceiling),
        "values from gold mentions": score_values(wanted, ceiling),
    }
