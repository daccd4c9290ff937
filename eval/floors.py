"""The figures below which no change may fall: ``eval/expected.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

EXPECTED = Path(__file__).resolve().parent / "expected.json"
# What is held: (table, row) of F1 or share; more than enough of them to see any part go wrong.
HELD = (
    ("mentions", "micro"),
    ("links", "micro"),
    ("records", "records"),
    ("records", "killed"),
    ("records", "whole"),
    ("records", "net_toll"),
    ("records from gold mentions", "whole"),
    ("values from gold mentions", "number"),
    ("values from gold mentions", "date"),
)
ACROSS = ("pairs F1", "b-cubed F1")  # of "across reports", where the split has a link set
SPEED = "speed"  # not a split: ratios of `eval.speed`, set by hand
MARGIN = 0.01  # what a machine's arithmetic or a fair change elsewhere may cost


def read_floors(path: Path = EXPECTED) -> dict[str, dict[str, float]]:
    """Floors by split and "table, row". Raises ValueError where the file is no such thing."""
    try:
        floors = json.loads(path.read_text("utf-8"))
        return {s: {k: float(v) for k, v in rows.items()} for s, rows in floors.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: not a file of floors by split and figure ({error})") from error


def held_figures(result: Mapping[str, Any]) -> dict[str, float]:
    """The figures of an evaluation (its JSON form) that floors are about."""
    own = {f"{table}, {row}": result[table][row]["f1"] for table, row in HELD}
    across = result.get("across reports", {})
    return own | {f"across reports, {row}": across[row]["value"] for row in ACROSS if row in across}


def below(result: Mapping[str, Any], floors: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A sentence for each figure under its floor: what, by how much, how to see it again.

    A floor of a figure that the evaluation does not give is a sentence too.
    """
    split = result["split"]
    figures = held_figures(result)
    for name, floor in floors.get(split, {}).items():
        again = f"hasila eval --split {split}"
        if name not in figures:
            yield f"{split}: {name} has a floor in {EXPECTED.name} but is not measured ({again})"
        elif figures[name] < floor:
            yield (
                f"{split}: {name} is {figures[name]:.4f}, under its floor of {floor:.4f};"
                f" to reproduce: {again}"
            )


def slower(ratios: Mapping[str, float], floors: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A sentence for each ratio of speed under its floor (under `SPEED` in the file)."""
    for name, floor in floors.get(SPEED, {}).items():
        if ratios.get(name, 0.0) < floor:
            yield (
                f"{ratios.get(name, 0.0):.2f} times as fast as transformers' token classification"
                f" ({name}), under the floor of {floor:.2f}; to reproduce: hasila bench --floors"
            )


def raised(
    result: Mapping[str, Any], floors: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """``floors`` with those of this split raised to `MARGIN` under what was measured; never
    lowered: that is done by hand, with a line in CHANGELOG.md."""
    old = floors.get(result["split"], {})
    new = {
        name: max(round(value - MARGIN, 3), old.get(name, 0.0))
        for name, value in held_figures(result).items()
    }
    return {**{s: dict(rows) for s, rows in floors.items()}, result["split"]: {**old, **new}}


def write_floors(floors: Mapping[str, Mapping[str, float]], path: Path = EXPECTED) -> None:
    """Write ``floors`` in the form of `read_floors`."""
    path.write_text(json.dumps(floors, indent=2) + "\n", "utf-8")
