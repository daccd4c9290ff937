"""The groups by which figures are told apart: country, style, length and noise of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from annotations.form import AnnotatedReport

LENGTHS = (("under 60 words", 60), ("60 to 119 words", 120), ("120 to 239 words", 240))
LONGEST = "240 words and more"
# Parts of annotations/coverage.toml: what hides words, and what a saved page leaves around a text.
NOISE = {
    "spelling": frozenset({"20a", "20b", "20c", "20d", "20e"}),
    "page": frozenset({"20g", "20h", "20i", "20j", "20k", "20l"}),
}
CLEAN = "none"


def length_of(text: str) -> str:
    """The group of a text's length in words between white space."""
    words = len(text.split())
    return next((name for name, end in LENGTHS if words < end), LONGEST)


def noise_of(points: Sequence[str]) -> list[str]:
    """The kinds of noise that a report's writer named; a report may have both."""
    return [kind for kind, parts in NOISE.items() if parts & set(points)] or [CLEAN]


def groups_of(report: AnnotatedReport) -> Iterator[tuple[str, str]]:
    """Each group that ``report`` is in: what it is told apart by, and its value."""
    yield "country", report.country or "unknown"
    yield "style", report.style or "unknown"
    yield "length", length_of(report.text)
    yield from (("noise", kind) for kind in noise_of(report.points))


def members(reports: Sequence[AnnotatedReport]) -> dict[str, dict[str, list[int]]]:
    """The numbers of the reports of each group, larger groups first."""
    found: dict[str, dict[str, list[int]]] = {}
    for number, report in enumerate(reports):
        for kind, value in groups_of(report):
            found.setdefault(kind, {}).setdefault(value, []).append(number)
    return {
        kind: dict(sorted(values.items(), key=lambda item: (-len(item[1]), item[0])))
        for kind, values in found.items()
    }
