"""Train the gate: ``python -m training.gate``, with run outputs over ordinary news to learn from.

``python -m training.gate [NEWS.jsonl OUT/reports.jsonl]...`` reads the annotated reports of train
and, where given, pairs of an archive (JSON lines with ``id`` and ``text``) and what `hasila run
--no-gate` wrote of it: the released model's own reading of plenty of news. It writes
``pipeline/data/gate.tsv``. Both thresholds come from train alone, read by gates that have not
seen the report, nor any of its country: an archive may come from a country of which train has none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from pipeline.gate import Stretch, chosen, features, pieces, sentences

TRAIN = Path("annotations/train")
OUT = Path("pipeline/data/gate.tsv")
# A feature must be seen in so many pieces; rarer ones are names.
LEAST_SEEN = 3
# L1 keeps few features. With 0.25 and with 1 the gate passes as much news at equal recall (0.22 and
# 0.20 of an archive's words for 0.22).
C = 0.5
# Shares of the casualty records of train, held out by folds, that may be lost by reports that do
# not open, and by sentences that are not read.
LOST_REPORTS = 0.001
LOST_SENTENCES = 0.001
FOLDS = 5
SEED = 13


class Read(Struct, frozen=True):
    """A text in sentences; ``told`` where a casualty's anchor stands."""

    spans: list[Stretch]
    pieces: list[list[list[str]]]  # of each sentence
    told: list[bool]  # a sentence
    anchors: list[Stretch]  # one a record
    country: str = ""


Model = tuple[CountVectorizer, LogisticRegression]


def main(arguments: list[str]) -> None:
    """Fit on all, choose the thresholds on held-out folds of train, write the file."""
    gold, news = list(train_reads()), list(news_reads(arguments))
    opens, reads = choose_thresholds(gold, held_out_scores(gold, news))
    write(*fit([*gold, *news]), opens, reads)


def train_reads() -> Iterator[Read]:
    """The reports of train, in order."""
    for path in sorted(TRAIN.glob("*.jsonl")):
        for report in map(json.loads, path.read_text("utf-8").splitlines()):
            spans = {m["id"]: (m["start"], m["end"]) for m in report["mentions"]}
            anchors = [spans[record["anchor"]] for record in report["records"]]
            yield read(report["text"], anchors, report["country"])


def news_reads(arguments: Sequence[str]) -> Iterator[Read]:
    """The reports of each archive, with the counts that its run found."""
    for archive, run in zip(arguments[::2], arguments[1::2], strict=True):
        texts = {row["id"]: row["text"] for row in rows(archive)}
        for result in rows(run):
            counts = (c["count"] for e in result["events"] for c in e["casualties"])
            yield read(texts[result["report_id"]], [(c["start"], c["end"]) for c in counts])


def rows(path: str) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def read(text: str, anchors: list[Stretch], country: str = "") -> Read:
    """``text`` in sentences, each with its pieces."""
    spans = list(sentences(text))
    told = [any(a < end and b > start for a, b in anchors) for start, end in spans]
    return Read(spans, [list(pieces(text[a:b])) for a, b in spans], told, anchors, country)


def fit(reads: Iterable[Read]) -> Model:
    """A sparse logistic regression over `features`; deterministic."""
    rows = [
        (piece, told)
        for each in reads
        for parts, told in zip(each.pieces, each.told, strict=True)
        for piece in parts
    ]
    vectorizer = CountVectorizer(analyzer=features, min_df=LEAST_SEEN, binary=True)
    table = vectorizer.fit_transform([piece for piece, _ in rows])
    model = LogisticRegression(
        C=C, l1_ratio=1.0, solver="liblinear", random_state=SEED, max_iter=200
    )
    return vectorizer, model.fit(table, np.array([told for _, told in rows]))


def scores(model: Model, each: Read) -> list[float]:
    """The score of each sentence of a report, as `pipeline.gate.Gate.score`."""
    flat = [piece for parts in each.pieces for piece in parts]
    if not flat:
        return [-np.inf] * len(each.spans)
    rows = iter(model[1].decision_function(model[0].transform(flat)).tolist())
    return [max((next(rows) for _ in parts), default=-np.inf) for parts in each.pieces]


def held_out_scores(gold: Sequence[Read], news: Sequence[Read]) -> list[list[float]]:
    """The scores of each report of ``gold`` by a gate fitted on the other folds and ``news``."""
    out: list[list[float]] = [[] for _ in gold]
    countries = [each.country for each in gold]
    for seen, held in GroupKFold(FOLDS).split(gold, groups=countries):
        model = fit([*(gold[n] for n in seen), *news])
        for number in held:
            out[number] = scores(model, gold[number])
    return out


def choose_thresholds(gold: Sequence[Read], scored: Sequence[list[float]]) -> tuple[float, float]:
    """The highest thresholds, to open and to read, that lose no more than they may."""
    best = np.array([max(row, default=-np.inf) for row in scored])
    records = np.array([len(each.anchors) for each in gold])
    order = np.argsort(best, kind="stable")
    allowed = LOST_REPORTS * records.sum()
    opens = float(best[order][np.searchsorted(np.cumsum(records[order]), allowed, "right")])
    kept = records[best >= opens].sum()
    reads = opens
    while lost_sentences(gold, scored, opens, reads) > LOST_SENTENCES * kept:
        reads -= 0.05
    empty = np.mean(best[records == 0] < opens)
    print(f"opens {opens:.3f}, reads {reads:.3f}; {empty:.3f} of train's empty reports stay shut")
    return opens, reads


def lost_sentences(
    gold: Sequence[Read], scored: Sequence[list[float]], opens: float, reads: float
) -> int:
    """How many records of the reports that open have their anchor in no stretch that is read."""
    lost = 0
    for each, row in zip(gold, scored, strict=True):
        if stretches := chosen(each.spans, row, opens, reads):
            lost += sum(not any(s < b and e > a for s, e in stretches) for a, b in each.anchors)
    return lost


def write(
    vectorizer: CountVectorizer, model: LogisticRegression, opens: float, reads: float
) -> None:
    """Every weight that is not nought, in the order of the features."""
    pairs = zip(vectorizer.get_feature_names_out(), model.coef_[0], strict=True)
    rows = [f"{feature}\t{weight:.3f}" for feature, weight in pairs if abs(weight) >= 0.0005]
    head = [
        "# Weights of pipeline/gate.py, in log-odds; written by `python -m training.gate`.",
        f"*bias\t{model.intercept_[0]:.3f}",
        f"*opens\t{opens - 0.01:.3f}",  # a little lower, since weights are rounded
        f"*reads\t{reads - 0.01:.3f}",
    ]
    OUT.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    print(f"{OUT}: {len(rows)} features")


if __name__ == "__main__":
    main(sys.argv[1:])
