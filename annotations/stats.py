"""What the annotated set holds: sizes, labels, links, records, countries, styles, coverage."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pipeline.number_words import read_numbers, tokenize
from pipeline.text import key

from .form import AnnotatedReport
from .inline import render

COVERAGE = Path(__file__).resolve().parent / "coverage.toml"
MANY_NUMBERS = 5
LENGTHS = (35, 60, 120, 180, 250, 450)  # words, upper ends


def count_set(reports: Iterable[AnnotatedReport]) -> dict[str, Counter[str]]:
    """Counters by table name.

    ``size`` holds reports, words, mentions, links, records and the reports without a casualty (and
    those of them with five numbers or more); ``part`` those that show a part of coverage.toml.
    """
    tables: dict[str, Counter[str]] = {
        name: Counter()
        for name in (
            "size", "label", "link", "outcome", "country", "style", "year", "words", "part"
        )
    }  # fmt: skip
    for report in reports:
        words = len(report.text.split())
        tables["size"].update(
            reports=1,
            words=words,
            mentions=len(report.mentions),
            links=len(report.links),
            records=len(report.records),
            without_casualty=not report.records,
            of_these_full_of_numbers=not report.records and numbers(report.text) >= MANY_NUMBERS,
        )
        tables["label"].update(m.label for m in report.mentions)
        tables["link"].update(x.type for x in report.links)
        tables["outcome"].update(r.outcome for r in report.records)
        tables["country"][report.country] += 1
        tables["style"][report.style] += 1
        tables["year"][(report.published or "unknown")[:4]] += 1
        tables["words"][next((f"to {n}" for n in LENGTHS if words <= n), "more")] += 1
        tables["part"].update(shown(report))
    return tables


def numbers(text: str) -> int:
    """How many numbers, in digits or words, stand in ``text``."""
    return len(read_numbers(tokenize(key(text))))


@cache
def parts() -> dict[str, tuple[str, tuple[re.Pattern[str], ...]]]:
    """The parts of coverage.toml by code: what each is, and the patterns that show it."""
    rows = tomllib.loads(COVERAGE.read_text("utf-8"))["parts"]
    return {
        code: (row["what"], tuple(_pattern(p) for p in row.get("seen", ())))
        for code, row in rows.items()
    }


def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source.replace("N", "[0-9٠-٩۰-۹]"), re.MULTILINE)


def shown(report: AnnotatedReport) -> list[str]:
    """Codes of the parts that ``report`` shows: by its patterns, or, where a part has none, by the
    writer's word."""
    block = render(report).partition("\n")[2].partition("\n")[2]
    return [
        code
        for code, (_, patterns) in parts().items()
        if (all(p.search(block) for p in patterns) if patterns else code in report.points)
    ]
