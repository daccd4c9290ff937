"""The shipped model (or any) on a split of the annotated set: one table, one JSON."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import pipeline
from annotations.form import AnnotatedReport, read_reports
from pipeline.analyse import analyse
from pipeline.schema import Link, Mention, Report, ReportResult, Tagged

from .calibration import calibration_error, judged
from .links import gold_links, predicted_links, score_links
from .records import gold_records, predicted_records, score_net_tolls, score_records
from .scores import Score
from .spans import bio_tags, score_mentions

ANNOTATIONS = Path(__file__).resolve().parent.parent / "annotations"


class Evaluation(msgspec.Struct, frozen=True):
    """Scores by table and row; ``values`` holds plain figures: reports, words, words a second,
    calibration errors."""

    split: str
    model: str
    tables: dict[str, dict[str, Score]]
    values: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        tables = {t: {k: s.as_dict() for k, s in rows.items()} for t, rows in self.tables.items()}
        return {"split": self.split, "model": self.model, **self.values, **tables}


def gold_tagged(report: AnnotatedReport) -> Tagged:
    """The gold mentions and links in the form of the model's output."""
    mentions = sorted(report.mentions, key=lambda m: m.start)
    index = {m.id: k for k, m in enumerate(mentions)}
    return Tagged(
        tuple(Mention(label=m.label, start=m.start, end=m.end, text=m.text, anchor=m.anchor)
              for m in mentions),
        tuple(Link(type=x.type, head=index[x.head], tail=index[x.tail]) for x in report.links),
    )  # fmt: skip


def evaluate(split: str = "dev", model: str | Path | None = None) -> Evaluation:
    """Run the pipeline over a split of the annotated set and score every stage of it.

    Raises FileNotFoundError for a split or a model that is not there.
    """
    gold = list(read_reports(ANNOTATIONS / split))
    nlp = pipeline.load(model)
    start = time.perf_counter()
    tagger = nlp.get_pipe("hasila_tagger").tagger
    tagged = tagger.tag_batch([r.text for r in gold])
    results = [analyse(_report(r), t) for r, t in zip(gold, tagged, strict=True)]
    seconds = time.perf_counter() - start
    words = sum(len(r.text.split()) for r in gold)
    errors = {
        f"calibration_error_{name}": round(calibration_error(pairs), 4)
        for name, pairs in judged(gold, tagged, results).items()
    }
    return Evaluation(
        split=split,
        model=str(nlp.meta.get("name", model)),
        tables=score_all(gold, tagged, results),
        values={"reports": len(gold), "words": words, "words_a_second": round(words / seconds, 1)}
        | errors,
    )


def _report(report: AnnotatedReport) -> Report:
    return Report(report_id=report.id, text=report.text, published=report.published)


def score_all(
    gold: Sequence[AnnotatedReport], tagged: Sequence[Tagged], results: Sequence[ReportResult]
) -> dict[str, dict[str, Score]]:
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
        "links": score_links([gold_links(r) for r in gold], [predicted_links(t) for t in tagged]),
        "records": score_records(wanted, said) | score_net_tolls(wanted, said),
        "records from gold mentions": score_records(wanted, ceiling)
        | score_net_tolls(wanted, ceiling),
    }
