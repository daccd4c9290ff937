"""Learn what speaks for two reports telling one event: ``python -m training.relate [MODEL]``.

Reads the dev half of the link set as the model does, finds the pairs that `hasila relate` would
compare, and fits the weight of each level by logistic regression drawn to what relate.toml expects
(a normal prior, see `STRENGTH`). Writes ``pipeline/data/relate_weights.tsv``, and from the reports
of train ``pipeline/data/word_frequency.tsv``. Prints the scores on pairs and groups of events that
the weights were learnt without (ten folds).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

import pipeline
from annotations.form import read_reports
from annotations.linked import LOOKALIKES, read_linked, read_lookalikes
from eval.linked import linked_figures, place_tellings, read_half, told_by, units
from pipeline.data import load_toml
from pipeline.relate_claims import Claim, claims, stems
from pipeline.relate_groups import group
from pipeline.relate_pairs import PRIOR, contested, weigh_pairs

DEV = Path("annotations/linked/dev.jsonl")
TRAIN = Path("annotations/train")
DATA = Path("pipeline/data")
FOLDS = 10
# How firmly weights are held to what is expected: a bit off costs as much as this in nats. Of 0.1,
# 0.3, 1 and 3 the one with the best groups on dev, by folds.
STRENGTH = 1.0
LEAST_SEEN = 3

Floats = npt.NDArray[np.float64]


def word_frequencies() -> str:
    """In how many reports of train each word is, as the text of the data file."""
    count: Counter[str] = Counter()
    reports = list(read_reports(TRAIN))
    for report in reports:
        count.update(set(stems(report.text)))
    rows = [f"{word}\t{n}" for word, n in sorted(count.items()) if n >= LEAST_SEEN]
    return "\n".join([
        "# In how many of the annotated training reports a word's stem is found, where in three or",
        "# more; first row: how many reports there are. Written by `python -m training.relate`.",
        f"*reports\t{len(reports)}",
        *rows,
        "",
    ])  # fmt: skip


def levels() -> list[tuple[str, str, float]]:
    """Every comparison's every level, and what it is expected to weigh, in bits."""
    return [
        (comparison["name"], level["label"], float(level["expected"]))
        for comparison in load_toml("relate.toml")["comparisons"]
        for level in comparison["levels"]
    ]


def fit(x: Floats, y: Floats) -> Floats:
    """Bits by level and, last, of the prior: the most likely ones under the normal prior.

    ``x`` is (pairs, levels) of 0 and 1, ``y`` (pairs,) of 0 and 1.
    """
    expected = np.array([bits for *_, bits in levels()])
    nats = np.log(2)

    def loss(t: Floats) -> tuple[float, Floats]:
        z = (x @ t[:-1] + t[-1]) * nats
        signed = np.where(y == 1, -z, z)
        off = t[:-1] - expected
        slope = np.where(y == 1, -1, 1) / (1 + np.exp(-signed)) * nats
        gradient = np.concatenate([x.T @ slope + 2 * STRENGTH * off, [slope.sum()]])
        return float(np.logaddexp(0, signed).sum() + STRENGTH * (off**2).sum()), gradient

    start = np.concatenate([expected, [0.0]])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)


def as_weights(bits: Floats) -> dict[tuple[str, str], float]:
    """Bits by comparison and level, as `pipeline.relate_pairs.load_weights` gives them."""
    names = [(name, label) for name, label, _ in levels()]
    return {PRIOR: float(bits[-1]), **dict(zip(names, map(float, bits), strict=False))}


def one_hot(told: Sequence[Claim]) -> tuple[list[tuple[int, int]], Floats]:
    """All pairs that are compared, and their levels as (pairs, levels) of 0 and 1."""
    table = weigh_pairs(told, {PRIOR: 0.0}, least=-1e6)
    pairs = list(zip(table["first"].to_pylist(), table["second"].to_pylist(), strict=True))
    blocks = []
    for comparison in load_toml("relate.toml")["comparisons"]:
        at = table[f"level_{comparison['name']}"].to_numpy()
        blocks.append(np.eye(len(comparison["levels"]))[at])
    return pairs, np.hstack(blocks)


def main(model: Path) -> None:
    """Fit, score by folds, write."""
    (DATA / "word_frequency.tsv").write_text(word_frequencies(), "utf-8")
    reports = read_linked(DEV)
    stored = read_half(reports, model)
    told = list(claims(stored))
    number = {claim.event_id: i for i, claim in enumerate(told)}
    tellings = told_by(reports, [result for result, _ in stored])
    gold: dict[int, set[str]] = {}
    for event, names in tellings:
        for name in names:
            gold.setdefault(number[name], set()).add(event)
    pairs, x = one_hot(told)
    known = np.array([a in gold and b in gold for a, b in pairs])
    y = np.array([float(bool(gold.get(a, set()) & gold.get(b, set()))) for a, b in pairs])
    unit = units(reports)
    roots = sorted(set(unit.values()))
    fold_of = {event: roots.index(root) % FOLDS for event, root in unit.items()}
    # A pair of two folds is learnt from and judged with that of its first event.
    fold = np.array([fold_of[min(gold[a])] if a in gold else -1 for a, _ in pairs])
    bits = np.zeros(len(pairs))
    for k in range(FOLDS):
        t = fit(x[known & (fold != k)], y[known & (fold != k)])
        bits[fold == k] = x[fold == k] @ t[:-1] + t[-1]
    t = fit(x[known], y[known])
    bits[fold == -1] = x[fold == -1] @ t[:-1] + t[-1]
    print(f"{int(known.sum())} pairs of known events, {int(y[known].sum())} of one event")
    grouping = load_toml("relate.toml")["grouping"]
    kept = bits >= grouping["unseen"]
    ends = np.array(pairs)[kept]
    reports_of = np.array([claim.order for claim in told])
    standing = contested(ends[:, 0], ends[:, 1], bits[kept], reports_of)
    groups = group(
        len(told), ends[:, 0], ends[:, 1], standing,
        threshold=grouping["threshold"], unseen=grouping["unseen"],
    )  # fmt: skip
    owner = {told[i].event_id: k for k, own in enumerate(groups) for i in own}
    placed = place_tellings(tellings, owner)
    lookalikes = read_lookalikes(DEV.parent / LOOKALIKES)
    for name, measured in linked_figures(placed, units(reports), lookalikes).items():
        print(f"{name}: {measured.value:.3f} of {measured.of}")
    rows = [f"{name}\t{label}\t{w:.3f}" for (name, label), w in as_weights(t).items()]
    head = "# Bits by comparison and level of relate.toml; written by `python -m training.relate`."
    (DATA / "relate_weights.tsv").write_text("\n".join([head, *rows, ""]), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else pipeline.model_folder(None))
