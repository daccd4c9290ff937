from __future__ import annotations

import pytest

from pipeline.claims import settle_claims
from pipeline.schema import Link, Mention, Tagged


def tag(text: str, *marks: tuple[str, str], links: tuple[Link, ...] = ()) -> Tagged:
    """Mentions of (label, words) in text order; COUNT and VICTIM marks are anchors of incidents."""
    mentions, at = [], 0
    for label, words in marks:
        at = text.index(words, at)
        anchor = "incident" if label in ("COUNT", "VICTIM") else None
        mentions.append(
            Mention(label=label, start=at, end=at + len(words), text=words, anchor=anchor)  # type: ignore[arg-type]
        )
        at += len(words)
    return Tagged(tuple(mentions), links)


def doers(text: str, tagged: Tagged) -> dict[str, list[str]]:
    words = [m.text for m in tagged.mentions]
    found: dict[str, list[str]] = {}
    for link in settle_claims(text, tagged).links:
        found.setdefault(words[link.head], []).append(words[link.tail])
    return found


@pytest.mark.parametrize(
    "claim",
    [
        "واتهم المجلس المحلي قسد بالوقوف وراء التفجير.",
        "وتبنت قسد الهجوم.",
        "وأعلنت قسد مسؤوليتها عن التفجير.",
        "وحمّل الأهالي قسد المسؤولية.",
        "ووجه ناشطون أصابع الاتهام إلى قسد.",
    ],
)
def test_the_accused_and_the_claimant_did_it(claim: str) -> None:
    text = f"قُتل ثمانية مدنيين بانفجار دراجة في سلوك. {claim}"
    assert doers(text, tag(text, ("COUNT", "ثمانية"), ("PARTY", "قسد"))) == {"ثمانية": ["قسد"]}


@pytest.mark.parametrize(
    "claim",
    [
        "ولم تتبن قسد الهجوم.",
        "ونفت أن تكون متهمة قسد بذلك.",
        "وقالت قسد إنها ستحقق.",
        "وحملت قسد الجرحى إلى المشفى.",
    ],
)
def test_denials_and_other_words_name_no_doer(claim: str) -> None:
    text = f"قُتل ثمانية مدنيين بانفجار دراجة في سلوك. {claim}"
    assert doers(text, tag(text, ("COUNT", "ثمانية"), ("PARTY", "قسد"))) == {}


def test_an_accuser_is_no_doer() -> None:
    text = "قُتل ثمانية مدنيين في عفرين. ويتهم الجيش الوطني وحدات الحماية بالتفجير."
    said = (Link(type="perpetrator", head=0, tail=1), Link(type="perpetrator", head=0, tail=2))
    marks = (("COUNT", "ثمانية"), ("PARTY", "الجيش الوطني"), ("PARTY", "وحدات الحماية"))
    for links in ((), said[:1], said):
        assert doers(text, tag(text, *marks, links=links)) == {"ثمانية": ["وحدات الحماية"]}


def test_a_doer_told_before_stays_and_ends_the_search() -> None:
    text = "قتلت تركيا 3 جنود. وقُتل 5 بتفجير في عفرين. وتبنى داعش التفجير."
    said = (Link(type="perpetrator", head=1, tail=0),)
    marks = (("PARTY", "تركيا"), ("COUNT", "3"), ("COUNT", "5"), ("PARTY", "داعش"))
    assert doers(text, tag(text, *marks, links=said)) == {"3": ["تركيا"], "5": ["داعش"]}


def test_tolls_long_before_are_left_alone() -> None:
    text = "قُتل 5 في عفرين. كان الجو ماطراً. ومرت ساعة. وهدأت المدينة. وتبنى داعش التفجير."
    assert doers(text, tag(text, ("COUNT", "5"), ("PARTY", "داعش"))) == {}
