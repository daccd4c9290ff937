"""Repeats, breakdowns, revised tolls and sums inside a report."""

from __future__ import annotations

from pipeline.reconcile import net_toll

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
