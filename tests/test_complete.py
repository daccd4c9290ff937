"""Links by neighbourhood, where the model left an anchor without what it needs."""

from __future__ import annotations

from eval.evaluate import gold_tagged
from pipeline.complete import GUESSED, complete_links
from pipeline.schema import Tagged

from .marked import marked

REPORT = marked(
    "[[مقتل|o1]] [[5|n1]] [[مدنيين|v1]] وسقوط [[9|n2]] [[جرحى|o2]]. [[وأصيب|o3]] [[شاب|v2]]",
    "n1: killed 5 | civilian | incident | o1 v1 |",
    "n2: injured 9 | unknown | incident | o2 |",
    "v2: injured 1 single | civilian | incident | o3 |",
)


def test_the_outcome_noun_behind_a_number_else_the_word_before_it() -> None:
    tagged = gold_tagged(REPORT)
    bare = Tagged(tagged.mentions, ())
    added = {(x.type, tagged.mentions[x.head].text, tagged.mentions[x.tail].text)
             for x in complete_links(REPORT.text, bare).links}  # fmt: skip
    assert added == {
        ("outcome", "5", "مقتل"),
        ("victims", "5", "مدنيين"),
        ("outcome", "9", "جرحى"),
        ("outcome", "شاب", "وأصيب"),
    }
    assert all(x.score == GUESSED for x in complete_links(REPORT.text, bare).links)


def test_what_the_model_linked_stays_alone() -> None:
    tagged = gold_tagged(REPORT)
    assert complete_links(REPORT.text, tagged) == tagged


def test_no_outcome_is_taken_from_another_sentence() -> None:
    report = marked(
        "[[قتل|o1]] [[3|n1]].\nفي [[إدلب|l1]] [[7|n2]]",
        "n1: killed 3 | unknown | incident | o1 |",
        "n2: killed 7 | unknown | incident | o1 |",
    )
    bare = Tagged(gold_tagged(report).mentions, ())
    heads = {bare.mentions[x.head].text for x in complete_links(report.text, bare).links}
    assert heads == {"3"}
