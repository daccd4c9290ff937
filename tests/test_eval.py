"""The scorers, on cases with known answers."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from eval.evaluate import gold_tagged, score_all
from eval.links import gold_links, predicted_links, score_links
from eval.records import (
    FlatRecord,
    field_matches,
    gold_records,
    net_toll,
    pair,
    predicted_records,
    score_net_tolls,
    score_records,
)
from eval.scores import Score, score_items
from eval.spans import bio_tags, score_mentions
from pipeline.analyse import analyse
from pipeline.schema import Report, Tagged

from .marked import marked

REPORT = marked(
    "[[قُتل|o1]] [[12|n1]] [[مدنياً|v1]] بينهم [[3|n2]] [[أطفال|v2]] في [[مدينة إدلب|l1]]",
    "n1: killed 12 | civilian | incident | o1 v1 l1 |",
    "n2: killed 3 | civilian | incident | o1 v2 l1 | demo=child part=n1",
)


def flat(**changed: object) -> FlatRecord:
    record = gold_records(REPORT)[0]
    return replace(record, **changed)


def test_a_score_counts_what_was_missed_and_what_was_made_up() -> None:
    score = score_items(["a", "a", "b", "c"], ["a", "b", "d"])
    assert (score.correct, score.predicted, score.gold) == (2, 3, 4)
    assert score.f1 == pytest.approx(4 / 7)
    assert Score(0, 0, 0).f1 == 1.0
    assert Score(0, 0, 5).f1 == 0.0


def test_a_mention_is_right_only_when_border_and_label_are() -> None:
    gold = bio_tags("قُتل 12 مدنياً", gold_tagged(REPORT).mentions[:3])
    assert gold == ["B-OUTCOME", "B-COUNT", "B-VICTIM"]
    said = ["B-OUTCOME", "B-COUNT", "B-PLACE"]
    scores = score_mentions([gold], [said])
    assert scores["micro"] == Score(2, 3, 3)
    assert scores["VICTIM"] == Score(0, 0, 1)
    assert scores["PLACE"] == Score(0, 1, 0)


def test_an_orphan_inside_tag_is_no_mention() -> None:
    scores = score_mentions([["B-PLACE", "I-PLACE"]], [["O", "I-PLACE"]])
    assert scores["micro"] == Score(0, 0, 1)


def test_a_link_that_was_never_proposed_is_missed() -> None:
    gold, tagged = gold_links(REPORT), gold_tagged(REPORT)
    fewer = Tagged(tagged.mentions, tagged.links[1:])
    assert score_links([gold], [predicted_links(tagged)])["micro"].f1 == 1.0
    assert score_links([gold], [predicted_links(fewer)])["micro"] == Score(
        len(gold) - 1, len(gold) - 1, len(gold)
    )
    assert score_links([gold], [[]])["micro"].f1 == 0.0


def test_records_pair_one_to_one_and_the_nearest_first() -> None:
    far, near = flat(span=(90, 92)), flat(span=(5, 7))
    assert pair([near], [far, near]) == [(0, 1)]
    assert pair([near, near], [near]) == [(0, 0)]
    assert pair([flat(outcome="injured")], [near]) == []


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("category", {"category": "combatant"}),
        ("victims", {"victims": frozenset({"israel"})}),
        ("doer", {"doer": frozenset({"israel"})}),
        ("place", {"places": (), "place_words": frozenset()}),
        ("date", {"date": ("2020-01-01", "2020-01-01")}),
        ("scope", {"scope": "cumulative"}),
        ("subset", {"parent": ("=", 40, 40)}),
    ],
)
def test_each_field_of_a_record_is_compared(field: str, changed: dict[str, object]) -> None:
    matches = field_matches(flat(), flat(**changed))
    assert [name for name, right in matches.items() if not right] == [field]


def test_whole_records_and_net_tolls() -> None:
    gold = gold_records(REPORT)
    wrong = [replace(gold[0], scope="cumulative"), gold[1]]
    scores = score_records([gold], [wrong])
    assert scores["records"] == Score(2, 2, 2)
    assert scores["whole"] == Score(1, 2, 2)
    assert net_toll(gold) == {("killed", "incident"): (12, 0)}
    assert score_net_tolls([gold, gold], [gold, wrong])["net_toll"] == Score(1, 2, 2)
    assert score_net_tolls([gold], [[]])["net_toll_killed"].correct == 0


def test_gold_marks_fed_to_the_pipeline_score_in_full() -> None:
    tagged = gold_tagged(REPORT)
    result = analyse(Report(report_id=REPORT.id, text=REPORT.text), tagged)
    tables = score_all([REPORT], [tagged], [result])
    assert all(tables[t]["micro"].f1 == 1.0 for t in ("mentions", "links"))
    assert tables["records"]["whole"] == Score(2, 2, 2)
    assert {r.number for r in predicted_records(REPORT.text, result)} == {
        ("=", 12, 12), ("=", 3, 3),
    }  # fmt: skip
