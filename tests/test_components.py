"""The shipped model as a spaCy pipeline, from text to events, as users call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

import pipeline
from pipeline import DEFAULT_MODEL
from pipeline.components import TokenTokenizer, results
from pipeline.run import run
from pipeline.schema import Report
from pipeline.text import tokens

SAMPLES = Path(__file__).resolve().parent.parent / "annotations" / "samples"
TEXT = (
    "مقتل 12 مدنياً وإصابة 30 آخرين بغارات روسية على مدينة إدلب\n"
    "قُتل ما لا يقل عن 12 مدنياً، بينهم 3 أطفال، وأصيب 30 آخرون جراء غارات شنتها طائرات حربية "
    "روسية على مدينة إدلب أمس الاثنين، بحسب المرصد السوري لحقوق الإنسان."
)


@pytest.fixture(scope="module")
def nlp() -> Language:
    return pipeline.load()


def test_loads_by_folder_through_spacy(nlp: Language) -> None:
    assert spacy.load(DEFAULT_MODEL).pipe_names == nlp.pipe_names
    assert nlp.pipe_names == ["hasila_tagger", "hasila_events"]


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hasila train"):
        pipeline.load(tmp_path)


def test_a_doc_carries_mentions_and_events(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert {span.label_ for span in doc.spans["mentions"]} >= {"COUNT", "OUTCOME", "PLACE"}
    killed = [c for e in doc._.events for c in e.casualties if c.outcome == "killed"]
    assert {c.count.value for c in killed} >= {12, 3}


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "hello 12 killed", "😀" * 50, "١٢", "\u202b\u0640"]
)
def test_any_text_goes_through(nlp: Language, text: str) -> None:
    assert nlp(text).text == text


def test_tokens_of_the_doc_are_the_tokens_of_the_text(nlp: Language) -> None:
    text = "قُتل  و3 مـدنيين\n(التنظيم.وقال)\t#دير_الزور "
    doc = TokenTokenizer(nlp.vocab)(text)
    assert doc.text == text
    found = [(t.idx, t.idx + len(t)) for t in doc if not t.is_space]
    assert found == tokens(text)


def spans_of(value: Any) -> Iterator[tuple[str, int, int]]:
    if isinstance(value, dict):
        if {"text", "start", "end"} <= value.keys() and isinstance(value["start"], int):
            yield value["text"], value["start"], value["end"]
        for child in value.values():
            yield from spans_of(child)
    elif isinstance(value, list):
        for child in value:
            yield from spans_of(child)


def test_every_span_of_the_samples_stands_in_the_raw_text(tmp_path: Path) -> None:
    from pipeline.read import read_reports

    texts = {r.report_id: r.text for r in read_reports([SAMPLES]) if isinstance(r, Report)}
    summary = run([SAMPLES], tmp_path)
    assert len(texts) >= 8 and summary.counts.rejects == 0
    found = 0
    for line in (tmp_path / "reports.jsonl").read_text("utf-8").splitlines():
        report = json.loads(line)
        for text, start, end in spans_of(report["events"]):
            assert texts[report["report_id"]][start:end] == text
            found += 1
    assert found > 50


def test_same_input_same_bytes_alone_or_in_company(nlp: Language) -> None:
    reports = [Report(report_id=str(k), text=t) for k, t in enumerate([TEXT, "نص قصير", TEXT * 3])]
    together = list(results(nlp, reports))
    assert [next(results(nlp, [r])) for r in reports] == together
    assert list(results(pipeline.load(), reports)) == together
