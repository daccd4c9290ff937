"""Texts that are too alike: within the set, between its splits, and with texts of others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pipeline.text import key

from .form import AnnotatedReport

SHARED_RUN = 8  # words: a run this long in two splits is leakage, in a text of others a copy
SHINGLE = 4  # words
ALIKE = 0.5  # share of the shingles of the shorter text: above it one report is the other reworded


def words_of(text: str) -> list[str]:
    """The folded words of ``text``: runs with a letter or digit; signs are left out."""
    return [w for w in key(text).split() if any(c.isalnum() for c in w)]


def runs(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    """Every run of ``length`` words, in order."""
    return (tuple(words[i : i + length]) for i in range(len(words) - length + 1))


def shared_runs(
    splits: Mapping[str, Iterable[AnnotatedReport]], run: int = SHARED_RUN
) -> list[str]:
    """Runs of ``run`` folded words that stand in two splits: one finding a pair of reports."""
    where: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
    for split, reports in splits.items():
        for report in reports:
            for words in runs(words_of(report.text), run):
                where[words].add((split, report.id))
    found: dict[tuple[str, ...], str] = {}
    for words, places in where.items():
        if len({split for split, _ in places}) > 1:
            found.setdefault(tuple(sorted(i for _, i in places)), " ".join(words))
    return [f"{' and '.join(ids)} share, across splits: {words}" for ids, words in found.items()]


def near_duplicates(reports: Iterable[AnnotatedReport], alike: float = ALIKE) -> list[str]:
    """Pairs of reports that share ``alike`` or more of the shorter one's runs of four words."""
    shingles = {r.id: set(runs(words_of(r.text), SHINGLE)) for r in reports}
    where: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for report_id, own in shingles.items():
        for shingle in own:
            where[shingle].append(report_id)
    shared = Counter(
        (a, b) for ids in where.values() for i, a in enumerate(ids) for b in ids[i + 1 :]
    )
    return [
        f"{a} and {b} are near duplicates: {n} of {least} runs of {SHINGLE} words shared"
        for (a, b), n in shared.items()
        if n >= alike * (least := min(len(shingles[a]), len(shingles[b])))
    ]


def copied_runs(
    ours: Iterable[tuple[str, str]], others: Iterable[tuple[str, str]], run: int = SHARED_RUN
) -> list[str]:
    """Runs of ``run`` words of our texts (id, text) that also stand in texts of others (name,
    text): one finding a report of ours, the first run met.

    Words of others that are in Latin letters alone are passed over, so that columns of tags
    between the words of a token-per-line file do not hide a copy.
    """
    where: dict[tuple[str, ...], str] = {}
    for report_id, text in ours:
        for words in runs(words_of(text), run):
            where.setdefault(words, report_id)
    found: dict[str, tuple[str, str]] = {}
    for name, text in others:
        for words in runs([w for w in words_of(text) if not w.isascii() or w.isdigit()], run):
            if words in where:
                found.setdefault(where[words], (name, " ".join(words)))
    return [f"{report} shares with {name}: {words}" for report, (name, words) in found.items()]
