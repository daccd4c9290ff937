"""Precision, recall and F1 from counts, with the counts kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable

from msgspec import Struct


class Score(Struct, frozen=True):
    """How many predicted items are right, of how many predicted and how many gold."""

    correct: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """2PR/(P+R); 0 where nothing is right, 1 where there is nothing to find or say."""
        if not self.predicted and not self.gold:
            return 1.0
        return 2 * self.correct / (self.predicted + self.gold)

    def __add__(self, other: Score) -> Score:
        return Score(
            self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold
        )

    def as_dict(self) -> dict[str, float | int]:
        """The figures and their denominators, rounded to four places, for JSON."""
        return {"precision": round(self.precision, 4), "recall": round(self.recall, 4),
                "f1": round(self.f1, 4), "correct": self.correct, "predicted": self.predicted,
                "gold": self.gold}  # fmt: skip


def score_items(gold: Iterable[Hashable], predicted: Iterable[Hashable]) -> Score:
    """Score two bags of items: every gold item that was not predicted counts as missed."""
    wanted, said = Counter(gold), Counter(predicted)
    return Score((wanted & said).total(), said.total(), wanted.total())
