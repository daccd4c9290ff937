"""spaCy DocBin: a Doc a report; mentions in ``doc.spans["mentions"]`` and, as spans are flat, in
``doc.ents``, so that `spacy train` can use the file as it is; links and records in user_data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from pipeline.text import tokens

from ..form import AnnotatedReport
from . import parts

KEY = "mentions"


def write(reports: Iterable[AnnotatedReport], path: Path) -> int:
    """Write ``reports`` to the file ``path`` (.spacy); returns how many."""
    vocab = spacy.blank("ar").vocab
    docs = [_doc(report, vocab) for report in reports]
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return len(docs)


def read(path: Path) -> Iterator[AnnotatedReport]:
    """The reports of a DocBin, ours or another's (its entities alone, then, by number).

    Raises InlineError for a span whose label is none of ours.
    """
    vocab = spacy.blank("ar").vocab
    for number, doc in enumerate(DocBin().from_disk(path).get_docs(vocab), 1):
        yield _report(doc, f"{path.stem}-{number}")


def _doc(report: AnnotatedReport, vocab: Vocab) -> Doc:
    words, spaces = _words(report.text)
    doc = Doc(vocab, words=words, spaces=spaces)
    assert doc.text == report.text, report.id
    spans = [
        doc.char_span(m.start, m.end, label=m.label, span_id=m.id) for m in report.mentions
    ]  # fmt: skip
    doc.spans[KEY] = [s for s in spans if s is not None]
    doc.set_ents([Span(doc, s.start, s.end, label=s.label) for s in doc.spans[KEY]])
    doc.user_data["meta"] = parts.meta_of(report)
    doc.user_data["links"] = [[x.type, x.head, x.tail] for x in report.links]
    doc.user_data["records"] = parts.record_lines(report)
    return doc


def _words(text: str) -> tuple[list[str], list[bool]]:
    """Tokens of ours, and of the gaps between them, so that the Doc's text is the raw text.

    One space behind a token is its own trailing space; any other gap is a token.
    """
    words: list[str] = []
    spaces: list[bool] = []
    at = 0
    for start, end in [*tokens(text), (len(text), len(text))]:
        gap = text[at:start]
        if gap.startswith(" ") and words:
            spaces[-1], gap = True, gap[1:]
        if gap:
            words.append(gap)
            spaces.append(False)
        if start < end:
            words.append(text[start:end])
            spaces.append(False)
        at = end
    return words, spaces


def _report(doc: Doc, name: str) -> AnnotatedReport:
    data = doc.user_data
    marked = doc.spans[KEY] if KEY in doc.spans else doc.ents  # noqa: SIM401 (no .get there)
    spans = [
        parts.Span(s.id_ or f"span{k}", s.label_, s.start_char, s.end_char)
        for k, s in enumerate(marked)
    ]
    return parts.build(
        data.get("meta", {"id": name}), doc.text, spans,
        [parts.Relation(*x) for x in data.get("links", [])], data.get("records", {}),
    )  # fmt: skip
