"""The spaCy factories, in the order of the pipe: tagger, events. Thin wrappers over pure functions.

``doc._.report`` is the report that a Doc was made from, ``doc._.stretches`` the parts of it that
are tagged (all of it where that is not set), ``doc._.tagged`` what the model says,
``doc.spans["mentions"]`` the same as spaCy spans, ``doc._.events`` and ``doc._.warnings`` the
result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from .analyse import analyse
from .gate import Gate
from .schema import Report, ReportResult, Tagged
from .tag import Tagger
from .text import tokens

TOKENIZER = "hasila.tokens.v1"

for _name in ("report", "stretches", "tagged", "result"):
    if not Doc.has_extension(_name):
        Doc.set_extension(_name, default=None)
if not Doc.has_extension("events"):
    Doc.set_extension("events", getter=lambda doc: doc._.result.events if doc._.result else ())
    Doc.set_extension("warnings", getter=lambda doc: doc._.result.warnings if doc._.result else ())


class TokenTokenizer:
    """spaCy tokens at the borders of `pipeline.text.tokens`; white space stands on its own."""

    def __init__(self, vocab: Any) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        words: list[str] = []
        spaces: list[bool] = []
        at = 0
        for start, end in tokens(text):
            if start > at:
                gap = text[at:start]
                if gap.startswith(" ") and words:
                    spaces[-1], gap = True, gap[1:]
                if gap:
                    words.append(gap)
                    spaces.append(False)
            words.append(text[start:end])
            spaces.append(False)
            at = end
        if text[at:]:
            words.append(text[at:])
            spaces.append(False)
        return Doc(self.vocab, words=words, spaces=spaces)

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """Nothing to keep: the rules are in the code."""

    def from_disk(self, path: str | Path, **_: Any) -> TokenTokenizer:
        """As it is: see `to_disk`."""
        return self

    def to_bytes(self, **_: Any) -> bytes:
        """No bytes: see `to_disk`."""
        return b""

    def from_bytes(self, data: bytes, **_: Any) -> TokenTokenizer:
        """As it is: see `to_disk`."""
        return self


@spacy.registry.tokenizers(TOKENIZER)  # type: ignore[attr-defined,untyped-decorator]
def make_tokenizer() -> Any:
    """The factory of `TokenTokenizer`, as spaCy's registry wants it."""
    return lambda nlp: TokenTokenizer(nlp.vocab)


class TaggerComponent:
    """Runs the model; sets ``doc._.tagged`` and ``doc.spans["mentions"]``."""

    def __init__(self, tagger: Tagger | None) -> None:
        self.tagger = tagger

    def __call__(self, doc: Doc) -> Doc:
        return next(iter(self.pipe([doc])))

    def pipe(self, stream: Iterable[Doc], **_: Any) -> Iterator[Doc]:
        """The docs of ``stream``, tagged; raises ValueError where no model was loaded."""
        for doc in stream:
            if self.tagger is None:
                raise ValueError("hasila_tagger has no model: load the pipeline from its folder")
            doc._.tagged = self.tagger.tag(doc.text, doc._.stretches)
            doc.spans["mentions"] = _spans(doc, doc._.tagged)
            yield doc

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """The model's files lie beside config.cfg and are not copied."""

    def from_disk(self, path: str | Path, **_: Any) -> TaggerComponent:
        """Load the model that lies in the folder above ``path``; raises as `Tagger.load`."""
        self.tagger = Tagger.load(Path(path).parent)
        return self


def _spans(doc: Doc, tagged: Tagged) -> list[Span]:
    found = [
        doc.char_span(m.start, m.end, label=m.label, alignment_mode="expand")
        for m in tagged.mentions
    ]
    return filter_spans([span for span in found if span is not None])


class EventsComponent:
    """Turns ``doc._.tagged`` into ``doc._.result`` (events and warnings)."""

    def __call__(self, doc: Doc) -> Doc:
        report = doc._.report or Report(report_id="doc", text=doc.text)
        doc._.result = analyse(report, doc._.tagged or Tagged((), ()))
        return doc


@Language.factory("hasila_tagger")
def make_tagger(nlp: Language, name: str) -> TaggerComponent:
    """The tagger without a model, which spaCy has it load from the pipeline's folder."""
    return TaggerComponent(None)


@Language.factory("hasila_events")
def make_events(nlp: Language, name: str) -> EventsComponent:
    """The component that makes events of what the tagger found."""
    return EventsComponent()


def results(
    nlp: Language, reports: Iterable[Report], gate: Gate | None = None
) -> Iterator[ReportResult]:
    """The results of ``reports``, in order, streamed through ``nlp``.

    With a ``gate``, what it shuts out is not tagged: of a whole report there is nothing to find
    then, of a part of one nothing in that part.
    """
    for report in reports:
        stretches = gate.stretches(report.text) if gate else None
        if stretches == []:
            yield analyse(report, Tagged((), ()))
        else:
            doc = make_doc(nlp, report)
            doc._.stretches = stretches
            yield nlp(doc)._.result


def make_doc(nlp: Language, report: Report) -> Doc:
    """The Doc of ``report``, not analysed yet. Raises ValueError beyond ``nlp.max_length``."""
    doc = nlp.make_doc(report.text)
    doc._.report = report
    return doc
