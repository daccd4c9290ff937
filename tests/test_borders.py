"""Borders of spans: pairs of quotes and brackets, and the distance of a place."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.borders import mend_borders
from pipeline.pairs import Spans
from pipeline.schema import MENTION_LABELS
from pipeline.tokens import token_span, tokenize

from .tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()


def mended(text: str, tagged: str, label: str) -> str:
    """What becomes of the first ``tagged`` in ``text``."""
    tokens = tokenize(TOKENIZER, text)
    start, end = token_span(tokens, text.index(tagged), text.index(tagged) + len(tagged))
    row = [np.array([n]) for n in (start, end, MENTION_LABELS.index(label))]  # type: ignore[arg-type]
    spans, rows = mend_borders(Spans(*row), tokens, text)
    assert rows.tolist() == [0]
    return text[tokens.starts[spans.start[0]] : tokens.ends[spans.end[0] - 1]]


@pytest.mark.parametrize(
    ("text", "tagged", "whole"),
    [
        ('فصيلا "الشرقية" و"فيلق الشام" المنضويان', 'فيلق الشام" المنضويان', "فيلق الشام"),
        ('قتل عنصر من قوات "قسد" أمس', 'قوات "قسد', 'قوات "قسد"'),
        ("قتل عنصر من «لواء القدس» أمس", "لواء القدس» أمس", "لواء القدس"),
        ("قتل (عنصر من لواء القدس) أمس", "لواء القدس) أمس", "لواء القدس"),
        ("تنظيم “الدولة الإسلامية” أعلن", "تنظيم “الدولة الإسلامية”", "تنظيم “الدولة الإسلامية”"),
        ('هاجم "الجيش', '"الجيش', "الجيش"),
    ],
)
def test_no_span_holds_half_a_pair(text: str, tagged: str, whole: str) -> None:
    assert mended(text, tagged, "PARTY") == whole


def test_a_place_keeps_its_distance_and_no_other_bracket() -> None:
    text = "قتل في الموصل (350 كلم شمال بغداد) شرطي"
    assert mended(text, "الموصل", "PLACE") == "الموصل (350 كلم شمال بغداد)"
    assert mended(text, "الموصل", "PARTY") == "الموصل"
    assert mended("قتل في الموصل (7 قتلى)", "الموصل", "PLACE") == "الموصل"
    assert mended("قتل في الموصل (350 كلم شمال", "الموصل", "PLACE") == "الموصل"


def test_numbers_in_brackets_stay_as_they_are() -> None:
    assert mended("بلغ (68) ألفاً و(234) قتيلاً", "68) ألفاً و(234", "COUNT") == "68) ألفاً و(234"


def test_a_span_that_another_swallowed_is_dropped() -> None:
    text = "قتل في الموصل (350 كلم شمال بغداد) شرطي"
    tokens = tokenize(TOKENIZER, text)
    first = token_span(tokens, 7, 13)
    second = token_span(tokens, text.index("شمال"), text.index(")"))
    place = MENTION_LABELS.index("PLACE")
    table = np.array([[*first, place], [*second, place]])
    _, rows = mend_borders(Spans(*table.T), tokens, text)
    assert rows.tolist() == [0]
