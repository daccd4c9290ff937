"""Counts: what a mention says, what bounds it, and numbers in every spelling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.bounds import apply_bound, find_bound
from pipeline.counts import parse_count
from pipeline.number_words import fold_numbers, read_numbers, tokenize


def said(text: str) -> tuple[object, ...] | None:
    """value, low, high, qualifier, kind of the count that ``text`` says."""
    count = parse_count(text)
    if count is None:
        return None
    assert text[count.start : count.end] == count.text
    return count.value, count.low, count.high, count.qualifier, count.kind


def exact(value: int, kind: str = "explicit") -> tuple[object, ...]:
    return value, value, value, "exact", kind


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24", 24), ("٢٤", 24), ("۲۴", 24), ("«3»", 3), ("(24)", 24), ("و3", 3), ("بـ5", 5),
        ("الـ24", 24),
        ("24قتيلاً", 24), ("1,234", 1234), ("1.234", 1234), ("1٬234", 1234), ("1 234", 1234),
        ("1,234,567", 1234567), ("2,7 مليون", 2_700_000), ("11.58 مليون", 11_580_000),
        ("(68) ألفاً و(234)", 68234), ("17 ألفاً و45", 17045), ("3 آلاف و200", 3200),
        ("ألفين و 200", 2200),
        ("ثلاثمئة وخمسة وأربعون", 345), ("ثلاثمائة وخمس وأربعين", 345),
        ("ثلاث مئة و خمسة واربعون", 345),
        ("مئتي", 200), ("مائتان", 200), ("ميّة", 100), ("اربعه", 4), ("إحدى عشرة", 11),
        ("اثنا عشر", 12),
        ("اثنتي عشرة", 12), ("ثماني عشرة", 18), ("خمسة عشر ألفا وأربعمائة", 15400),
        ("ألفا شخص", 2000),
        ("ألف وأحد عشر", 1011), ("مئة وأحد وعشرين", 121), ("مليون ونصف المليون", 1_500_000),
        ("نصف مليون", 500_000),
        ("2ر5 مليون", 2_500_000), ("ثلاثة ملايين ومئتا ألف", 3_200_000), ("صفر", 0),
        ("خمسة أشخاص", 5),
        ("12 مقاتلاً من الفصائل", 12), ("عائلة من خمسة أشخاص", 5), ("مئة و20", 120),
        ("أحد المدنيين", 1),
    ],
)  # fmt: skip
def test_a_number_in_any_writing_has_its_value(text: str, value: int) -> None:
    assert said(text) == exact(value)


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("قتيلان", 2, "dual"), ("جريحَين", 2, "dual"), ("طفلين", 2, "dual"), ("امرأتان", 2, "dual"),
        ("شقيقتين", 2, "dual"), ("مدنيان اثنان", 2, "dual"), ("مدنيين اثنين", 2, "dual"),
        ("مدنيَين", 2, "dual"), ("شرطيين", 2, "dual"), ("والجنديين", 2, "dual"),
        ("نجّاران", 2, "dual"),
        ("شاب", 1, "singular"), ("طفلة", 1, "singular"), ("بسيدة", 1, "singular"),
        ("زوجته", 1, "singular"),
        ("الطفل أحمد الخالد", 1, "singular"), ("شخص واحد", 1, "singular"),
        ("فتاة (17 عاماً)", 1, "singular"),
        ("شاب من اللواء 93", 1, "singular"), ("أحمد محمد الخالد", 1, "singular"),
        ("رجل وزوجته", 2, "named_list"), ("أب وابنه", 2, "named_list"),
        ("سيدة وطفلاها", 3, "named_list"),
        ("أم وأطفالها الثلاثة", 4, "explicit"), ("رجلاً وامرأة", 2, "named_list"),
        ("والداه وشقيقه", 3, "named_list"), ("شيخ في السبعين وزوجته", 2, "explicit"),
        ("قتيل وجريح", 1, "singular"),
        ("أحمد الخالد، محمد العلي، وفاطمة حسن", 3, "named_list"),
        ("محمد ومحمود وخالد", 3, "named_list"),
        ("1- أحمد الخالد (12 عاماً)\n2- محمد العلي (شقيقه)\n3- العقيد خالد الحسن", 3, "named_list"),
        ("سامر حمدو\nوليد حمدو\nوائل الأسود", 3, "named_list"),
    ],
)  # fmt: skip
def test_the_form_of_a_noun_and_names_count(text: str, value: int, kind: str) -> None:
    assert said(text) == exact(value, kind)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("عشرات", 10, 99), ("بالعشرات", 10, 99), ("مئات الأشخاص", 100, 999),
        ("عشرات الآلاف", 10_000, 99_999),
        ("عدد من", 3, None), ("عدد آخر", 3, None),
        ("بضعة وعشرون", 23, 29), ("عدة آلاف", 3000, 9000), ("جرحى", 3, None),
        ("القتلى", 3, None),
        ("مرافقيه", 3, None), ("مدنيين", 3, None), ("عناصر", 3, None), ("مفقودين", 3, None),
        ("رجل وزوجته وأطفاله", 5, None), ("500 عائلة", 1500, 4000), ("عائلة بكاملها", 3, 8),
        ("عائلات", 9, None),
    ],
)  # fmt: skip
def test_a_vague_quantity_has_bounds_and_no_value(text: str, low: int, high: int | None) -> None:
    assert said(text) == (None, low, high, "vague", "vague")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("ما بين خمسة وسبعة", 5, 7), ("من 5 إلى 7", 5, 7), ("5-7", 5, 7), ("5ـ7", 5, 7),
        ("بين 3 و5 آلاف", 3000, 5000),
        ("ثلاثة أو أربعة", 3, 4), ("بين خمسة وعشرين", 5, 20), ("بين ألف وألفين", 1000, 2000),
        ("من 5 أشخاص إلى 7", 5, 7), ("يتراوح بين 20 و30", 20, 30),
    ],
)  # fmt: skip
def test_a_range_keeps_both_ends(text: str, low: int, high: int) -> None:
    assert said(text) == (None, low, high, "range", "explicit")


@pytest.mark.parametrize(
    ("text", "qualifier", "low", "high"),
    [
        ("ما لا يقل عن 12", "at_least", 12, None), ("397 على الأقل", "at_least", 397, None),
        ("12 شخصاً على الأقل", "at_least", 12, None), ("أكثر من مئتي", "at_least", 200, None),
        ("عشرين ونيف", "at_least", 20, None), ("ما يربو على 70", "at_least", 70, None),
        ("أقل من 20", "at_most", None, 20), ("لا يتجاوز عددهم 30", "at_most", None, 30),
        ("حتى 15", "at_most", None, 15), ("10 على الأكثر", "at_most", None, 10),
        ("نحو 50", "approximate", 45, 55), ("40 تقريباً", "approximate", 36, 44),
        ("قرابة الـ5", "approximate", 4, 6),
    ],
)  # fmt: skip
def test_a_bound_on_either_side_is_kept(
    text: str, qualifier: str, low: int | None, high: int | None
) -> None:
    value = (
        low if qualifier == "at_least" else high if qualifier == "at_most" else (low + high) // 2
    )  # type: ignore[operator]
    assert said(text) == (value, low, high, qualifier, "explicit")


@pytest.mark.parametrize(
    "text",
    ["", "  ", "3 آلاف برميل", "آلاف الغارات", "1155.40",
     "الثالث", "القتيل الثالث", "الخامس والعشرون", "17%", "12 ساعة", "0.56",
        "3 غارات", "في", "...", "()", "مليء"],
)  # fmt: skip
def test_what_is_no_number_of_people_is_none(text: str) -> None:
    assert parse_count(text) is None


def test_the_span_of_a_count_holds_the_number_and_its_bound_alone() -> None:
    count = parse_count("وما لا يقل عن (12) شخصاً من المدنيين")
    assert count is not None
    assert count.text == "ما لا يقل عن (12)"


@pytest.mark.parametrize(
    ("text", "number", "found"),
    [
        ("قتل 12 شخصاً على الأقل في الغارة", "12", ("at_least", "على الأقل")),
        ("أصيب نحو 30 مدنياً", "30", ("approximate", "نحو")),
        ("مقتل 12 منهم على الأقل", "12", ("at_least", "على الأقل")),
        ("إصابة ما لايقل عن 116 طفلاً", "116", ("at_least", "ما لايقل عن")),
        ("تجاوز عدد قتلى الطرفين الـ 600", "600", ("at_least", "تجاوز")),
        ("لم يتجاوز عدد الجرحى 7", "7", ("at_most", "لم يتجاوز")),
        ("قتل 12 شخصاً على الأقل بينهم 3 أطفال", "3", None),
        ("قتل 5 وأصيب أكثر من 20", "5", None),
        ("قتل 5 وأصيب 20 على الأقل", "5", None),
        ("397 على الأقل و208 آخرون", "208", None),
        ("قتل 12 شخصاً وأصيب على الأقل 20", "12", None),
        ("قتل 12 شخصاً وأصيب على الأقل 20", "20", ("at_least", "على الأقل")),
        ("انتهى على الأقل. قتل 9", "9", None),
        ("قتل 9، وعلى الأقل أصيب الجميع", "9", None),
    ],
)
def test_a_bound_is_found_for_its_own_number_only(
    text: str, number: str, found: tuple[str, str] | None
) -> None:
    start = text.index(number)
    bound = find_bound(text, start, start + len(number))
    assert (bound and (bound[0], text[bound[1] : bound[2]])) == found


def test_a_bound_behind_another_count_in_words_is_that_counts() -> None:
    text = "مقتل طفلين وعشرات على الأقل"
    start, other = text.index("طفلين"), text.index("عشرات")
    assert find_bound(text, start, start + 5, [(other, other + 5)]) is None


def test_a_bound_leaves_a_vague_count_alone() -> None:
    count = parse_count("عشرات")
    assert count is not None
    assert apply_bound(count, "at_least") == count


# --- numbers written out: our own speller, in the spellings that the archives show

UNITS = [
    (), ("واحد", "واحدة", "أحد", "إحدى"), ("اثنان", "اثنين", "اثنتان"), ("ثلاثة", "ثلاث"),
        ("أربعة", "اربع", "أربع"),
    ("خمسة", "خمس"), ("ستة", "ست"), ("سبعة", "سبع"), ("ثمانية", "ثماني", "ثمان"), ("تسعة", "تسع"),
]  # fmt: skip
TENS = [
    (), ("عشرة", "عشر"), ("عشرون", "عشرين"), ("ثلاثون", "ثلاثين"), ("أربعون", "اربعين"),
        ("خمسون", "خمسين"),
    ("ستون", "ستين"), ("سبعون", "سبعين"), ("ثمانون", "ثمانين"), ("تسعون", "تسعين"),
]  # fmt: skip
HUNDRED = ("مئة", "مائة", "ميّة")
TWO_HUNDRED = ("مئتان", "مئتين", "مائتان", "مائتي")
STEMS = ["", "", "", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثمان", "تسع"]


def chooser(draw: st.DataObject) -> Callable[[tuple[str, ...]], str]:
    return lambda options: draw.draw(st.sampled_from(options))


def below_hundred(n: int, draw: st.DataObject) -> list[str]:
    pick = chooser(draw)
    if n == 0:
        return []
    if n == 1:
        return [pick(("واحد", "واحدة"))]  # أحد and إحدى only go before another word
    if n < 10:
        return [pick(UNITS[n])]
    if n == 10:
        return [pick(TENS[1])]
    if n < 20:
        unit = pick(("اثنا", "اثني", "اثنتا", "اثنتي")) if n == 12 else pick(UNITS[n - 10])
        return [f"{unit} {pick(TENS[1])}"]
    return [*below_hundred(n % 10, draw), pick(TENS[n // 10])]


def below_thousand(n: int, draw: st.DataObject) -> list[str]:
    pick = chooser(draw)
    hundreds = []
    if n >= 300:
        hundreds = [STEMS[n // 100] + pick(("", " ")) + pick(HUNDRED)]
    elif n >= 100:
        hundreds = [pick(TWO_HUNDRED if n >= 200 else HUNDRED)]
    return hundreds + below_hundred(n % 100, draw)


def scaled(
    n: int, one: str, two: tuple[str, ...], many: tuple[str, ...], draw: st.DataObject
) -> list[str]:
    pick = chooser(draw)
    if n == 0:
        return []
    if n < 3:
        return [one if n == 1 else pick(two)]
    words = [str(n)] if draw.draw(st.booleans()) else below_thousand(n, draw)
    return [*words[:-1], f"{words[-1]} {pick(many)}"]


@given(st.integers(0, 9_999_999), st.data())
@settings(max_examples=300, deadline=None)
def test_numbers_written_out_come_back(n: int, draw: st.DataObject) -> None:
    millions, thousands, rest = n // 1_000_000, n // 1000 % 1000, n % 1000
    words = [
        *scaled(millions, "مليون", ("مليونان", "مليونين"), ("ملايين", "مليون", "مليوناً"), draw),
        *scaled(thousands, "ألف", ("ألفان", "ألفين"), ("آلاف", "ألف", "ألفاً", "الفا"), draw),
        *below_thousand(rest, draw),
    ]
    joint = draw.draw(st.sampled_from([" و", " و "]))
    text = joint.join(words) or "صفر"
    numbers = read_numbers(tokenize(fold_numbers(text).text))
    assert [number.value for number in numbers] == [n], text


@given(st.integers(0, 9_999_999))
def test_numbers_in_digits_come_back(n: int) -> None:
    eastern = str(n).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for text in (str(n), eastern, f"{n:,}", f"{n:,}".replace(",", "٬"), f"{n:,}".replace(",", ".")):
        assert said(text) == exact(n)


ARABIC = st.text(
    st.sampled_from("ابتثمنهويةءأ 0123456789٠٣،,.-–()«»ـ\n%وعشرلف" + "\u064e\u200f"), max_size=60
)


@given(st.one_of(st.text(max_size=60), ARABIC))
@settings(max_examples=400, deadline=None)
def test_any_text_at_all_is_read_without_an_error(text: str) -> None:
    count = parse_count(text)
    if count is not None:
        assert text[count.start : count.end] == count.text != ""
        assert count.low is None or count.high is None or count.low <= count.high


@given(ARABIC, st.integers(-2, 60), st.integers(-2, 60))
@settings(deadline=None)
def test_a_bound_is_looked_for_without_an_error(text: str, start: int, end: int) -> None:
    find_bound(text, start, end, [(start, end), (0, 3)])


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("الشقيقان رامز وسومر الحداد", 2),
        ("هيلدا مارش، بيورن أولسن", 2),
        ("الجندي داني مورغن والعريف يوآف كرمل", 2),
        ("زوجها النقيب نايف وولديه ربيع وعمران", 3),
        ("صبحي العيسى من بلدة النوى، منير العيسى (30 عاماً)", 2),
        ("المغربي الملقب أبو سلمة وفادي النجار والتونسي بلال العوني", 3),
        ("1. الحاجة فضة الجاسم 70 سنة\n2. حفيدها نعمان\n3. ام هاني الصالح", 3),
        ("رقيب أول جاك برنو، 22 عاماً من الشمال، الكتيبة 7\n🔸 الرقيب توم هايد", 2),
        ("الرائد زهير عابد / مدير قسم\n2) بهاء كوركيس (40 سنة) نجار\n3) جبار خليفة – سائق", 3),
        ("التوأم شمس وبدر", 2),
        ("هند الخطيب 2- ابنها الطالب سامر", 2),
        ("آدم هارون (50) سنة، وابنه إدريس (16)، وهاجر بخيت (38)", 3),
        ("غازي الملا وزوجته رنا وابنتيه\n• الأخوة: همام - أنيس - شكيب الملا", 7),
    ],
)
def test_lists_of_names_by_their_structure(text: str, people: int) -> None:
    count = parse_count(text)
    assert count is not None
    assert (count.value, count.kind) == (people, "named_list")


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("عائلة مكونة من أب وأم وطفلتين", 4),
        ("أسرة مؤلفة من أم وأربعة أطفال", 5),
        ("عائلة من الأب والأم وابنهما", 3),
    ],
)
def test_families_by_their_members(text: str, people: int) -> None:
    count = parse_count(text)
    assert count is not None
    assert (count.value, count.qualifier) == (people, "exact")


def test_between_dead_and_wounded_is_several() -> None:
    count = parse_count("بين قتيل وجريح")
    assert count is not None
    assert (count.value, count.low, count.kind) == (None, 3, "vague")


@pytest.mark.parametrize(
    ("text", "people"),
    [("ألفاً و300 نازح", 1300), ("ألفا نازح", 2000), ("مليونا و50 ألف نازح", 1050000)],
)
def test_a_dual_before_its_noun_and_an_accusative_before_a_waw(text: str, people: int) -> None:
    count = parse_count(text)
    assert count is not None
    assert count.value == people


@pytest.mark.parametrize("text", ["مجندي الدفعة", "مقاتلو الفصيل", "خياطين", "قرويين من الريف"])
def test_plurals_before_their_owner_are_several(text: str) -> None:
    count = parse_count(text)
    assert count is not None
    assert (count.value, count.low, count.kind) == (None, 3, "vague")


@pytest.mark.parametrize(
    ("text", "qualifier", "low"),
    [
        ("عدداً كبيراً من", "vague", 3),
        ("عدداً", "vague", 3),
        ("كثيرة", "vague", 3),
        ("العديد", "vague", 3),
        ("عدد (13)", "exact", 13),
        ("مايقارب 20", "approximate", 18),
        ("مايزيد عن 30", "at_least", 30),
    ],
)
def test_quantities_as_newspapers_write_them(text: str, qualifier: str, low: int) -> None:
    count = parse_count(text)
    assert count is not None and (count.qualifier, count.low) == (qualifier, low)


@pytest.mark.parametrize(
    ("text", "value"),
    [("ثمنطعش", 18), ("احدعش شهيد", 11), ("تلتعش زلمة", 13), ("وخمسطعش", 15), ("اتنين", 2)],
)
def test_numbers_as_they_are_spoken(text: str, value: int) -> None:
    count = parse_count(text)
    assert count is not None and count.value == value
