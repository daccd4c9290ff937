"""Repeats, breakdowns, revised tolls and sums inside a report."""

from __future__ import annotations

import pytest

from pipeline.counts import parse_count
from pipeline.reconcile import _fits, _rounds_to, net_toll
from pipeline.schema import Category, Record, Victims

from .marked import analysed, counts, statements

LINES = (
    "n1: killed 600 | unknown | incident | o1 |",
    "n2: killed 605 | unknown | incident | o2 |",
    "n3: killed 397 | unknown | incident | o2 of:p1 |",
    "n4: killed 208 | unknown | incident | o2 of:p2 |",
)


def test_rounded_headline_and_parts_across_two_sides() -> None:
    result = analysed(
        "[[أكثر من 600|n1]] [[قتيل|o1]] في المعارك\n\nبلغ عدد [[القتلى|o2]] [[605|n2]]، منهم "
        "[[397|n3]] من [[قوات النظام|p1]] و[[208|n4]] من [[تنظيم الدولة|p2]].",
        *LINES,
    )
    head, body, one, two = (c for _, c in statements(result))
    assert body.same_as == head.casualty_id and head.same_as is None
    assert one.subset_of == two.subset_of == body.casualty_id
    assert net_toll(result.events) == {("killed", "incident"): (600, None)}


def test_parts_are_found_by_their_sum_alone() -> None:
    result = analysed(
        "قضى [[605|n1]] [[قتلى|o1]]: [[397|n2]] من [[قوات النظام|p1]] و[[208|n3]] من [[داعش|p2]].",
        "n1: killed 605 | unknown | incident | o1 |",
        "n2: killed 397 | unknown | incident | o1 of:p1 |",
        "n3: killed 208 | unknown | incident | o1 of:p2 |",
    )
    total, one, two = (c for _, c in statements(result))
    assert total.subset_of is None
    assert one.subset_of == two.subset_of == total.casualty_id


def test_a_larger_part_is_kept_and_warned_about() -> None:
    result = analysed(
        "[[مقتل|o1]] [[4|n1]] بينهم [[6|n2]] [[أطفال|v1]]",
        "n1: killed 4 | unknown | incident | o1 |",
        "n2: killed 6 | civilian | incident | o1 v1 | part=n1",
    )
    assert counts(result) == [("killed", 4, "exact"), ("killed", 6, "exact")]
    (warning,) = result.warnings
    assert warning.code == "subtotals_exceed_total"
    assert set(warning.casualty_ids) == {"t#c1", "t#c2"}


def test_a_raised_toll_replaces_the_earlier_one() -> None:
    result = analysed(
        "[[قُتل|o1]] [[8|n1]] [[مدنيين|v1]] في [[إدلب|l1]]. "
        "ثم ارتفع عدد [[القتلى|o2]] إلى [[11|n2]].",
        "n1: killed 8 | civilian | incident | o1 v1 l1 |",
        "n2: killed 11 | civilian | incident | o2 l1 |",
    )
    old, new = (c for _, c in statements(result))
    assert old.subset_of == new.casualty_id
    assert net_toll(result.events) == {("killed", "incident"): (11, 11)}


def test_two_places_are_two_tolls_and_scopes_stay_apart() -> None:
    result = analysed(
        "[[قُتل|o1]] [[3|n1]] في [[إدلب|l1]] و[[3|n2]] في [[حلب|l2]]. "
        "وقتل [[منذ آذار|d1]] [[50|n3]].",
        "n1: killed 3 | unknown | incident | o1 l1 |",
        "n2: killed 3 | unknown | incident | o1 l2 |",
        "n3: killed 50 | unknown | cumulative | o1 d1 |",
        published="2020-06-01",
    )
    assert all(c.same_as is None and c.subset_of is None for _, c in statements(result))
    assert net_toll(result.events) == {
        ("killed", "incident"): (6, 6),
        ("killed", "cumulative"): (50, 50),
    }


def test_references_in_a_circle_are_dropped() -> None:
    result = analysed(
        "[[قُتل|o1]] [[3|n1]] و[[5|n2]]",
        "n1: killed 3 | unknown | incident | o1 | part=n2",
        "n2: killed 5 | unknown | incident | o1 | part=n1",
    )
    refs = [c.subset_of for _, c in statements(result)]
    assert sorted(refs, key=str) in ([None, None], [None, "t#c1"], [None, "t#c2"])


def test_parts_in_brackets_belong_to_the_number_before_them() -> None:
    result = analysed(
        "عدد [[القتلى|o1]]: [[112|n1]] ([[47|n2]] [[طفلاً|v1]]، [[18|n3]] [[سيدة|v2]])\n"
        "حلب: [[5|n4]]",
        "n1: killed 112 | unknown | incident | o1 |",
        "n2: killed 47 | civilian | incident | o1 v1 |",
        "n3: killed 18 | civilian | incident | o1 v2 |",
        "n4: killed 5 | unknown | incident | o1 |",
    )
    total, *parts = (c for _, c in statements(result))
    assert [p.subset_of for p in parts] == [total.casualty_id, total.casualty_id, None]


def test_many_parts_that_add_up_and_chance_below_the_least_total() -> None:
    result = analysed(
        "[[قُتل|o1]] [[14|n1]] بينهم في إدلب [[8|n2]] وحلب [[3|n3]] وحمص [[2|n4]] ودرعا [[1|n5]].",
        *(f"n{k}: killed 1 | unknown | incident | o1 |" for k in range(1, 6)),
    )
    total, *parts = (c for _, c in statements(result))
    assert {p.subset_of for p in parts} == {total.casualty_id}
    chance = analysed(
        "[[قُتل|o1]] [[3|n1]] في إدلب. وقتل [[2|n2]] في حلب. وقتل [[1|n3]] في حمص.",
        *(f"n{k}: killed 1 | unknown | incident | o1 |" for k in range(1, 4)),
    )
    assert all(c.subset_of is None for _, c in statements(chance))


def test_a_toll_told_as_the_earlier_one_is_a_part_of_the_newer() -> None:
    result = analysed(
        "عدد [[القتلى|o1]] [[31|n1]]، بعد أن كان [[19|n2]].",
        "n1: killed 31 | unknown | incident | o1 |",
        "n2: killed 19 | unknown | incident | o1 |",
    )
    newer, older = (c for _, c in statements(result))
    assert (newer.subset_of, older.subset_of) == (None, newer.casualty_id)


def test_a_list_of_names_as_long_as_a_toll_told_before_repeats_it() -> None:
    result = analysed(
        "[[استشهاد|o1]] [[3|n1]] [[مدنيين|v1]]\nأسماء [[الشهداء|o2]]: "
        "[[محمد العلي، خالد حمدان، ريم الصالح|v2]]",
        "n1: killed 3 | civilian | incident | o1 v1 |",
        "v2: killed 3 list | civilian | incident | o2 |",
    )
    told, names = (c for _, c in statements(result))
    assert (names.count.kind, names.same_as) == ("named_list", told.casualty_id)


def test_others_are_of_the_people_beside_them_and_a_total_of_both_is_mixed() -> None:
    result = analysed(
        "[[مقتل|o1]] [[5|n1]] [[مدنيين|v1]] [[وإصابة|o2]] [[7|n2]] [[آخرين|v2]]. "
        "وفي الحصيلة [[9|n3]] [[قتلى|o3]]: [[6|n4]] [[مدنيين|v3]] و[[3|n5]] [[جنود|v4]].",
        "n1: killed 5 | civilian | incident | o1 v1 |",
        "n2: injured 7 | civilian | incident | o2 v2 |",
        "n3: killed 9 | mixed | incident | o3 |",
        "n4: killed 6 | civilian | incident | o3 v3 | part=n3",
        "n5: killed 3 | combatant | incident | o3 v4 | part=n3",
    )
    categories = [c.victims.category for _, c in statements(result) if c.victims]
    assert categories == ["civilian", "civilian", "mixed", "civilian", "combatant"]


def test_parts_that_together_exceed_their_total_are_warned_about() -> None:
    result = analysed(
        "[[مقتل|o1]] [[10|n1]]: [[8|n2]] من [[داعش|p1]] و[[5|n3]] من [[قوات النظام|p2]]",
        "n1: killed 10 | unknown | incident | o1 |",
        "n2: killed 8 | unknown | incident | o1 of:p1 | part=n1",
        "n3: killed 5 | unknown | incident | o1 of:p2 | part=n1",
    )
    (warning,) = result.warnings
    assert "13" in warning.message and len(warning.casualty_ids) == 3


def test_a_first_telling_learns_who_they_were_from_its_repeat_and_parts_from_their_total() -> None:
    result = analysed(
        "[[مقتل|o1]] [[9|n1]] في [[دوما|l1]]. [[قتل|o2]] [[9|n2]] [[مدنيين|v1]] في [[دوما|l2]]، "
        "[[4|n3]] منهم في السوق",
        "n1: killed 9 | civilian | incident | o1 l1 |",
        "n2: killed 9 | civilian | incident | o2 v1 l2 | same=n1",
        "n3: killed 4 | civilian | incident | o2 l2 | part=n2",
    )
    kinds = [c.victims.category for _, c in statements(result) if c.victims]
    assert kinds == ["civilian"] * 3


def test_parts_of_a_long_list_are_found_by_their_sum() -> None:
    lines = ("حلب: [[20|n2]] ([[5|n3]] أطفال)", "إدلب: [[9|n4]]", "حمص: [[6|n5]]", "درعا: [[4|n6]]",
             "حماة: [[3|n7]]", "الرقة: [[2|n8]]")  # fmt: skip
    result = analysed(
        "وثقت الشبكة [[مقتل|o1]] [[44|n1]] [[مدنياً|v1]] توزعوا كالآتي:\n" + "\n".join(lines),
        *(f"n{i}: killed {n} | civilian | incident | o1 |"
          for i, n in enumerate((44, 20, 5, 9, 6, 4, 3, 2), 1)),
    )  # fmt: skip
    total, first, children, *others = (c for _, c in statements(result))
    assert children.subset_of == first.casualty_id
    assert {c.subset_of for c in (first, *others)} == {total.casualty_id}


def test_of_them_right_behind_a_number_makes_it_a_part() -> None:
    result = analysed(
        "انتُشلت [[جثث|o1]] [[31|n1]] [[شخصاً|v1]] من تحت الركام. [[24|n2]] منهم من عائلة واحدة.",
        "n1: killed 31 | unknown | incident | o1 v1 |",
        "n2: killed 24 | unknown | incident | o1 |",
    )
    total, part = (c for _, c in statements(result))
    assert part.subset_of == total.casualty_id


def test_another_clause_or_a_closed_bracket_ends_a_breakdown() -> None:
    result = analysed(
        "[[قُتل|o1]] [[15|n1]] [[شخصاً|v1]] بينهم [[طفل|v2]]، كما [[قضى|o2]] [[7|n2]] بانهيار جدار.",
        "n1: killed 15 | unknown | incident | o1 v1 |",
        "v2: killed 1 single | civilian | incident | o1 |",
        "n2: killed 7 | unknown | incident | o2 |",
    )
    total, child, others = (c for _, c in statements(result))
    assert child.subset_of == total.casualty_id and others.subset_of is None
    result = analysed(
        "[[قُتل|o1]] [[15|n1]] [[شخصاً|v1]] (بينهم [[طفل|v2]]) و[[7|n2]] من [[المهاجمين|v3]].",
        "n1: killed 15 | unknown | incident | o1 v1 |",
        "v2: killed 1 single | civilian | incident | o1 |",
        "n2: killed 7 | combatant | incident | o1 v3 |",
    )
    assert [c.subset_of is None for _, c in statements(result)] == [True, False, True]


def test_parts_of_a_repeated_total_are_found_by_their_sum() -> None:
    result = analysed(
        "[[أكثر من 600|n1]] [[قتيل|o1]] في المعارك\n\nوثقنا [[مقتل|o2]] [[605|n2]] من الطرفين: "
        "[[397|n3]] من [[قوات النظام|p1]] و[[208|n4]] من [[داعش|p2]].",
        *LINES,
    )
    head, body, one, two = (c for _, c in statements(result))
    assert body.same_as == head.casualty_id
    assert one.subset_of == two.subset_of == body.casualty_id


def test_the_same_number_that_nothing_sets_apart_is_told_again() -> None:
    text = (
        "وقع الهجوم [[أمس|d1]]. [[قُتل|o1]] [[13|n1]] [[شخصاً|v1]] في [[إدلب|l1]]. وقال المسعفون إن "
        "[[13|n2]] [[شخصاً|v2]] [[قضوا|o2]]. وفي [[حلب|l2]] [[قُتل|o3]] [[13|n3]] [[شخصاً|v3]]."
    )
    result = analysed(
        text,
        "n1: killed 13 | unknown | incident | o1 v1 l1 d1 |",
        "n2: killed 13 | unknown | incident | o2 v2 |",
        "n3: killed 13 | unknown | incident | o3 v3 l2 |",
    )
    first, again, elsewhere = (c for _, c in statements(result))
    assert again.same_as == first.casualty_id
    assert elsewhere.same_as is None


def test_the_wounded_beside_a_part_are_a_part_too() -> None:
    result = analysed(
        "[[مقتل|o1]] [[1338|n1]] شخصاً [[وإصابة|o2]] [[1417|n2]] خلال الشهر.\n"
        "[[بغداد|l1]]: [[389|n3]] [[قتيلاً|o3]] و[[702|n4]] [[جريح|o4]].",
        "n1: killed 1338 | unknown | cumulative | o1 |",
        "n2: injured 1417 | unknown | cumulative | o2 |",
        "n3: killed 389 | unknown | cumulative | o3 l1 | part=n1",
        "n4: injured 702 | unknown | cumulative | o4 l1 |",
    )
    _, wounded, _, part = (c for _, c in statements(result))
    assert part.subset_of == wounded.casualty_id


def test_a_list_by_place_hangs_on_its_total() -> None:
    result = analysed(
        "[[قتل|o1]] [[1338|n1]] في [[اليمن|l1]]، منهم [[711|n2]] في [[تعز|l2]] "
        "ثم [[438|n3]] في [[الحديدة|l3]].",
        "n1: killed 1338 | unknown | cumulative | o1 l1 |",
        "n2: killed 711 | unknown | cumulative | o1 l2 | part=n1",
        "n3: killed 438 | unknown | cumulative | o1 l3 | part=n2",
    )
    total, first, second = (c for _, c in statements(result))
    assert first.subset_of == second.subset_of == total.casualty_id


@pytest.mark.parametrize(
    ("rounded", "exact", "stands"),
    [
        ("أكثر من 600", "605", True),
        ("أكثر من 600", "600", True),
        ("أكثر من 600", "599", False),
        ("أكثر من 600", "900", False),
        ("نحو 600", "605", True),
        ("نحو 600", "595", True),
        ("نحو 600", "900", False),
        ("600", "605", False),
        ("600", "600", True),
        ("أقل من 600", "595", False),
        ("عشرات", "عشرات", True),
        ("عشرات", "مئات", False),
        ("عشرات", "40", False),
        ("ما بين 5 و7", "ما بين 5 و7", True),
        ("ما بين 5 و7", "ما بين 5 و8", False),
        ("ما بين 5 و7", "ما بين 4 و7", False),
    ],
)
def test_what_a_headline_rounds(rounded: str, exact: str, stands: bool) -> None:
    head, body = parse_count(rounded), parse_count(exact)
    assert head is not None and body is not None
    assert _rounds_to(head, body) is stands


@pytest.mark.parametrize(
    ("part", "whole", "fits"),
    [
        (("3", "civilian"), ("12", "civilian"), True),
        (("3", "unknown"), ("12", "combatant"), True),
        (("3", "civilian"), ("12", "mixed"), True),
        (("3", "civilian"), ("12", "combatant"), False),
        (("3", "combatant"), ("12", "civilian"), False),
        (("12", "civilian"), ("12", "civilian"), False),
        (("13", "civilian"), ("12", "civilian"), False),
    ],
)
def test_who_may_be_among_whom(
    part: tuple[str, Category], whole: tuple[str, Category], fits: bool
) -> None:
    def record(said: tuple[str, Category]) -> Record:
        count = parse_count(said[0])
        assert count is not None
        victims = Victims(text="", start=0, end=0, category=said[1])
        return Record(anchor=0, outcome="killed", count=count, victims=victims, scope="incident")

    assert _fits(record(part), record(whole)) is fits


def categories(text: str, *records: str) -> list[str]:
    return [c.victims.category for _, c in statements(analysed(text, *records)) if c.victims]


@pytest.mark.parametrize(
    ("second", "category"),
    [
        ("[[وأصيب|o2]] [[نحو عشرين|n2]]", "civilian"),
        ("[[وأصيب|o2]] [[العشرات|n2]]", "unknown"),
        ("وسقط [[20|n2]] [[جريحاً|o2]]", "unknown"),
    ],
)
def test_a_number_without_its_noun_has_the_noun_before(second: str, category: str) -> None:
    lines = (
        "n1: killed 8 | civilian | incident | o1 v1 |",
        "n2: injured 20 | unknown | incident | o2 |",
    )
    text = f"[[استشهد|o1]] [[ثمانية|n1]] [[مدنيين|v1]] {second} بانفجار."
    assert categories(text, *lines) == ["civilian", category]


def test_a_total_is_what_all_its_parts_are() -> None:
    lines = (
        "n1: killed 3 | unknown | incident | o1 |",
        "v1: killed 1 single | civilian | incident | o1 | part=n1",
        "v2: killed 2 dual | civilian | incident | o1 | part=n1",
    )
    text = "ارتقاء [[3|n1]] [[شهداء|o1]] هم [[سيدة|v1]] [[وطفلاها|v2]]"
    assert categories(text, *lines)[0] == "civilian"
    assert categories(text.replace("3", "5"), *lines)[0] == "unknown"
