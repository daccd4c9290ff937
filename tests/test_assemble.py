"""Mentions, links and values to records and events; gold marks stand for the model."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from eval.evaluate import gold_tagged
from pipeline.analyse import analyse
from pipeline.assemble import inherit, settle_scopes
from pipeline.resolve import resolve
from pipeline.schema import Count, Place, Record, Report, Tagged, Victims

from .marked import analysed, counts, marked, statements


def test_a_record_carries_every_field_with_its_span() -> None:
    result = analysed(
        "[[قُتل|o1]] [[ما لا يقل عن 12|n1]] [[مدنياً|v1]]، بينهم [[3|n2]] [[أطفال|v2]]، جراء "
        "[[غارات|x1]] شنتها [[طائرات روسية|p1]] على [[مدينة إدلب|l1]] [[أمس الاثنين|d1]]، بحسب "
        "[[المرصد السوري|s1]].",
        "n1: killed >=12 | civilian | incident | o1 v1 by:p1 l1 d1 x1 s1 |",
        "n2: killed 3 | civilian | incident | o1 v2 by:p1 l1 d1 x1 s1 | part=n1",
        published="2019-05-14",
    )
    (event,) = result.events
    assert event.cause is not None and event.cause.code == "airstrike"
    assert event.date is not None and (event.date.start, event.date.end) == ("2019-05-13",) * 2
    assert [p.party_id for p in event.perpetrators] == ["russia"]
    assert event.places[0].country == "SY" and event.places[0].text == "مدينة إدلب"
    first, second = event.casualties
    assert (first.count.low, first.count.high, first.count.qualifier) == (12, None, "at_least")
    assert first.victims is not None and first.victims.category == "civilian"
    assert first.according_to is not None and first.according_to.party_id == "sohr"
    assert second.subset_of == first.casualty_id
    assert second.victims is not None and "child" in second.victims.demographics


def test_a_bound_behind_the_noun_belongs_to_its_number() -> None:
    result = analysed(
        "[[مقتل|o1]] [[20|n1]] [[شخصاً|v1]] على الأقل [[وإصابة|o2]] [[7|n2]] [[آخرين|v2]]",
        "n1: killed 20 | unknown | incident | o1 v1 |",
        "n2: injured 7 | unknown | incident | o2 v2 |",
    )
    assert counts(result) == [("killed", 20, "at_least"), ("injured", 7, "exact")]


def test_numbers_in_the_form_of_a_noun() -> None:
    result = analysed(
        "[[مقتل|o1]] [[شاب|v1]] [[وإصابة|o2]] [[طفلين|v2]] وسقوط [[جرحى|o3]]",
        "v1: killed 1 single | civilian | incident | o1 |",
        "v2: injured 2 dual | civilian | incident | o2 |",
        "o3: injured vague | unknown | incident | |",
    )
    assert counts(result) == [
        ("killed", 1, "exact"), ("injured", 2, "exact"), ("injured", None, "vague"),
    ]  # fmt: skip
    kinds = [c.count.kind for _, c in statements(result)]
    assert kinds == ["singular", "dual", "vague"]


def test_one_group_of_two_outcomes_is_two_records() -> None:
    result = analysed(
        "[[إصابة|o1]] [[شخصين|v1]] [[واعتقالهما|o2]]",
        "v1: injured 2 dual | unknown | incident | o1 |",
        "v1: captured 2 dual | unknown | incident | o2 |",
    )
    assert counts(result) == [("injured", 2, "exact"), ("captured", 2, "exact")]


def test_the_victims_party_and_words_are_one_phrase() -> None:
    result = analysed(
        "[[مقتل|o1]] [[7|n1]] [[عناصر|v1]] من [[قوات النظام|p1]] في [[اشتباكات|x1]]",
        "n1: killed 7 | combatant | incident | o1 v1 of:p1 x1 |",
    )
    ((event, record),) = statements(result)
    assert record.victims is not None
    assert record.victims.text == "عناصر من قوات النظام"
    assert (record.victims.party_id, record.victims.category) == ("syrian-government", "combatant")
    assert event.perpetrators == ()


def test_a_place_told_once_holds_for_the_next_sentence_and_scopes_do_not_mix() -> None:
    result = analysed(
        "[[قصف|x1]] على [[مدينة إدلب|l1]] [[اليوم|d1]] أوقع [[3|n1]] [[قتلى|o1]]. [[وأصيب|o2]] "
        "[[5|n2]]. والحصيلة [[منذ مطلع العام|d2]] [[90|n3]] [[قتيلاً|o3]].",
        "n1: killed 3 | unknown | incident | o1 x1 l1 d1 |",
        "n2: injured 5 | unknown | incident | o2 x1 l1 d1 |",
        "n3: killed 90 | unknown | cumulative | o3 d2 |",
        published="2020-03-02",
    )
    (first, _), (second, _), (third, _) = statements(result)
    assert second.event_id == first.event_id
    assert (third.scope, third.places) == ("cumulative", ())
    assert third.date is not None and third.date.start == "2020-01-01"


def test_a_date_from_another_sentence_is_marked_as_inherited() -> None:
    result = analysed(
        "[[أمس|d1]] وقع [[قصف|x1]] على البلدة. [[وقتل|o1]] [[3|n1]].",
        "n1: killed 3 | unknown | incident | o1 x1 d1 |",
        published="2020-03-02",
    )
    ((event, _),) = statements(result)
    assert event.date is not None
    assert (event.date.start, event.date.basis) == ("2020-03-01", "inherited")


def test_a_person_that_the_model_doubts_is_no_toll_and_a_number_is() -> None:
    report = marked(
        "[[مقتل|o1]] [[شاب|v1]] و[[3|n1]] [[آخرين|v2]]",
        "v1: killed 1 single | civilian | incident | o1 |",
        "n1: killed 3 | unknown | incident | o1 v2 |",
    )
    tagged = gold_tagged(report)
    doubted = Tagged(tuple(replace(m, score=0.4) for m in tagged.mentions), tagged.links)
    result = analyse(Report(report_id="t", text=report.text), doubted)
    assert counts(result) == [("killed", 3, "exact")]


@pytest.mark.parametrize(
    ("words", "said", "settled"),
    [
        ("أمس", "cumulative", "incident"),
        ("خلال الـ 24 ساعة الماضية", "cumulative", "incident"),
        ("منذ مطلع الشهر", "incident", "cumulative"),
        ("الأول من أيار", "cumulative", "cumulative"),  # a day long past: since then, maybe
        ("نيسان", "incident", "incident"),  # a month, but no period told as such
        ("منذ زمن", "incident", "incident"),
    ],
)
def test_the_days_tell_the_scope(words: str, said: str, settled: str) -> None:
    report = marked(
        f"[[قُتل|o1]] [[5|n1]] [[{words}|d1]]",
        f"n1: killed 5 | unknown | {said} | o1 d1 |",
        published="2019-05-14",
    )
    tagged = gold_tagged(report)
    values = resolve(Report(report_id="t", text=report.text, published=report.published), tagged)
    assert [m.anchor for m in settle_scopes(tagged, values).mentions if m.anchor] == [settled]


def test_civilians_belong_to_no_party_that_stands_apart() -> None:
    lines = ("n1: killed 2 | civilian | incident | o1 v1 of:p1 |",)
    apart = "في مناطق [[النظام|p1]] [[قتل|o1]] [[اثنان|n1]] من [[المدنيين|v1]] بقذائف."
    (record,) = (c for _, c in statements(analysed(apart, *lines)))
    assert record.victims and (record.victims.party_id, record.victims.category) == (
        None,
        "civilian",
    )
    soldiers = apart.replace("المدنيين", "الجنود")
    (record,) = (c for _, c in statements(analysed(soldiers, *lines)))
    assert record.victims and record.victims.category == "combatant"
    assert record.victims.party_id == "syrian-government"


def test_a_part_has_the_place_of_its_total_unless_its_sentence_names_one() -> None:
    def record(anchor: int, evidence: tuple[int, int], place: int, **more: object) -> Record:
        where = Place(text="م", start=place, end=place + 1)
        count = Count(
            value=2,
            low=2,
            high=2,
            qualifier="exact",
            kind="explicit",
            text="2",
            start=anchor,
            end=anchor + 1,
        )
        return Record(
            anchor=anchor, outcome="killed", count=count, scope="incident", places=(where,),
            victims=Victims(text="2", start=anchor, end=anchor + 1),
            evidence=evidence, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    total, far = record(60, (50, 90), 70), record(100, (95, 120), 5, subset_of=0)
    near = record(130, (125, 150), 140, subset_of=0)
    starts = [r.places[0].start for r in inherit([total, far, near])]
    assert starts == [70, 70, 140]
    assert [r.places[0].start for r in inherit([total, far, near], sure=True)] == [70, 5, 140]
