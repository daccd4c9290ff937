"""Annotated reports -> windows of pieces with their tags, mentions and links."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from tokenizers import Tokenizer

from annotations.form import AnnotatedReport, read_reports
from pipeline.pairs import ANCHORS, LINKS, TAGS
from pipeline.schema import MENTION_LABELS
from pipeline.tag import Settings
from pipeline.tokens import BOS_ID, EOS_ID, PAD_ID, Tokens, token_span, tokenize, windows

IGNORED = -100  # a target that no loss counts


def read_all(paths: Iterable[str | Path]) -> list[AnnotatedReport]:
    """The reports of several files and folders, in the order given."""
    return list(chain.from_iterable(read_reports(path) for path in paths))


def data_hashes(paths: Iterable[str | Path]) -> dict[str, str]:
    """SHA-256 of every annotation file of ``paths``, by its path as given."""
    hashes = {}
    for path in map(Path, paths):
        for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
            hashes[file.as_posix()] = hashlib.sha256(file.read_bytes()).hexdigest()
    return hashes


def to_token_spans(report: AnnotatedReport, tokens: Tokens) -> dict[str, tuple[int, int]]:
    """Each mention's span of tokens, snapped outwards; without what then overlaps an earlier one.

    A mention that touches no token (it was written over white space) is left out too.
    """
    spans: dict[str, tuple[int, int]] = {}
    reached = 0
    for mention in sorted(report.mentions, key=lambda m: (m.start, m.end)):
        try:
            start, end = token_span(tokens, mention.start, mention.end)
        except ValueError:
            continue
        if start >= reached:
            spans[mention.id] = (start, end)
            reached = end
    return spans


def to_windows(
    report: AnnotatedReport, tokenizer: Tokenizer, settings: Settings
) -> Iterator[dict[str, Any]]:
    """The rows of one report: a window each, with what lies wholly inside it."""
    tokens = tokenize(tokenizer, report.text)
    spans = to_token_spans(report, tokens)
    for start, end in windows(tokens, settings.window, settings.overlap):
        yield _row(report, tokens.slice(start, end), spans, start, end)


def _row(
    report: AnnotatedReport, part: Tokens, spans: dict[str, tuple[int, int]], start: int, end: int
) -> dict[str, Any]:
    inside = [m for m in report.mentions if m.id in spans]
    inside = [m for m in inside if start <= spans[m.id][0] and spans[m.id][1] <= end]
    inside.sort(key=lambda m: spans[m.id])
    place = {mention.id: row for row, mention in enumerate(inside)}
    return {
        "id": report.id,
        "input_ids": [BOS_ID, *part.ids.tolist(), EOS_ID],
        "length": len(part.ids) + 2,
        "first": part.first.tolist(),
        "breaks": part.breaks.tolist(),
        "mentions": [
            [
                spans[m.id][0] - start,
                spans[m.id][1] - start,
                MENTION_LABELS.index(m.label),
                ANCHORS.index(m.anchor or "none"),
            ]
            for m in inside
        ],
        "links": [
            [place[k.head], place[k.tail], LINKS.index(k.type)]
            for k in report.links
            if k.head in place and k.tail in place
        ],
    }


def build_dataset(
    reports: Iterable[AnnotatedReport], tokenizer: Tokenizer, settings: Settings
) -> Dataset:
    """The windows of ``reports`` as a dataset; raises ValueError where there are none."""
    rows = [row for report in reports for row in to_windows(report, tokenizer, settings)]
    if not rows:
        raise ValueError("no text in the training data: are the paths of the stage right?")
    return Dataset.from_list(rows)


def tag_targets(row: dict[str, Any]) -> list[int]:
    """A tag at the first piece of each token, `IGNORED` at the others."""
    first = row["first"]
    targets = [IGNORED] * row["length"]
    for piece in first[:-1]:
        targets[piece + 1] = 0
    for start, end, label, _ in row["mentions"]:
        for token in range(start, end):
            prefix = "B" if token == start else "I"
            targets[first[token] + 1] = TAGS.index(f"{prefix}-{MENTION_LABELS[label]}")
    return targets


def window_tokens(row: dict[str, Any]) -> Tokens:
    """The tokens of a row, without their raw offsets."""
    first = np.array(row["first"], dtype=np.int64)
    unknown = np.zeros(len(first) - 1, dtype=np.int64)
    ids = np.array(row["input_ids"][1:-1], dtype=np.int64)
    return Tokens(ids, first, unknown, unknown, np.array(row["breaks"], dtype=np.int64))


def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch, padded to its longest row; ``rows`` go along for the link part."""
    longest = max(row["length"] for row in rows)

    def padded(values: list[list[int]], filler: int) -> torch.Tensor:
        return torch.tensor([v + [filler] * (longest - len(v)) for v in values])

    ids = padded([row["input_ids"] for row in rows], PAD_ID)
    tags = padded([tag_targets(row) for row in rows], IGNORED)
    return {"input_ids": ids, "attention_mask": (ids != PAD_ID).long(), "tags": tags, "rows": rows}
