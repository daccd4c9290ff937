"""Dates: the words of every calendar, seen from the day of the report, and never past it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.evaluate import gold_tagged
from pipeline.dates import DateContext, combine_dates, resolve_date
from pipeline.report_day import find_reference_day, published_from_name
from pipeline.resolve import resolve_dates
from pipeline.schema import Date, Report

from .marked import marked

PUBLISHED = "2018-05-02"  # a Wednesday
BEFORE = Date(start="2018-03-20", end="2018-03-20", precision="day", basis="stated")


def days(text: str, published: str | None = PUBLISHED, **context: object) -> tuple[object, ...]:
    """start, end, precision, basis of the date ``text``."""
    found = resolve_date(text, published, DateContext(**context))  # type: ignore[arg-type]
    assert found.text == text
    return found.start, found.end, found.precision, found.basis


UNRESOLVED = (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("اليوم الأربعاء الثاني من أيار / مايو من العام الجاري 2018", "2018-05-02"),
        ("2/5/2018", "2018-05-02"),
        ("٢/٥/٢٠١٨", "2018-05-02"),
        ("13.03.2018", "2018-03-13"),
        ("2018-05-02", "2018-05-02"),
        ("15 رمضان 1436 هـ", "2015-07-02"),
        ("15 رمضان 1436 هـ الموافق 2 تموز 2015", "2015-07-02"),
        ("12 جويلية 2017", "2017-07-12"),
        ("20 أوت 2016", "2016-08-20"),
        ("23 يناير (كانون الثاني) من عام 1951", "1951-01-23"),
        ("الـ 6 من كانون الأول / ديسمبر من العام 2017", "2017-12-06"),
        ("الحادي والعشرين من نيسان 2015", "2015-04-21"),
        ("3 ك2 2018", "2018-01-03"),
        ("7 تشرين1 2018", "2018-10-07"),
    ],
)
def test_a_full_date_needs_no_day_of_the_report(text: str, day: str) -> None:
    assert days(text, None) == days(text) == (day, day, "day", "stated")


@pytest.mark.parametrize(
    ("text", "start", "end", "precision"),
    [
        ("صيف 2014", "2014-06-01", "2014-08-31", "season"),
        ("عام 2013", "2013-01-01", "2013-12-31", "year"),
        ("آذار 2018", "2018-03-01", "2018-03-31", "month"),
        ("عامي 2013 و2014", "2013-01-01", "2014-12-31", "interval"),
        ("بين 28 نيسان و3 أيار 2017", "2017-04-28", "2017-05-03", "interval"),
        ("3-7 أيار 2017", "2017-05-03", "2017-05-07", "interval"),
        ("28 كانون الأول 2017 حتى 3 كانون الثاني 2018", "2017-12-28", "2018-01-03", "interval"),
        ("أواخر شباط 2016", "2016-02-21", "2016-02-29", "interval"),
        ("النصف الأول من عام 2018", "2018-01-01", "2018-06-30", "interval"),
        ("رمضان 1436 هـ", "2015-06-18", "2015-07-16", "month"),
    ],
)
def test_a_stretch_of_time_that_the_text_states(
    text: str, start: str, end: str, precision: str
) -> None:
    assert days(text, None) == days(text) == (start, end, precision, "stated")


@pytest.mark.parametrize(
    ("text", "day", "basis"),
    [
        ("الـ 13 من آذار / مارس", "2018-03-13", "stated"),
        ("20 أوت", "2017-08-20", "stated"),
        ("الـ 13 من شهر آذار / مارس الفائت", "2018-03-13", "stated"),
        ("السبت 5 أيار", "2018-05-05", "stated"),
        ("اليوم الأربعاء 2/5", "2018-05-02", "stated"),
        ("الليلة", "2018-05-02", "relative"),
        ("بعد الساعة 11 من ليل الأحد 8 نيسان", "2018-04-08", "stated"),
        ("خلال ساعات الفجر من يوم الأحد", "2018-04-29", "relative"),
        ("الخامسة عصر الأحد", "2018-04-29", "relative"),
        ("الرابعة من فجر الأحد", "2018-04-29", "relative"),
        ("الجمعة 27", "2018-04-27", "relative"),
        ("فجر يوم أمس الأول", "2018-04-30", "relative"),
        ("25 أيار الجاري", "2018-05-25", "stated"),
        ("الأربعاء 1 رمضان", "2018-05-16", "stated"),
        ("26 فبراير المقبل", "2019-02-26", "stated"),
        ("25 كانون الثاني من العام المنصرم", "2017-01-25", "stated"),
        ("29 شباط", "2016-02-29", "stated"),
        ("الثالث عشر من الشهر الفائت", "2018-04-13", "relative"),
        ("اليوم", "2018-05-02", "relative"),
        ("أمس الثلاثاء", "2018-05-01", "relative"),
        ("مساء أول من أمس", "2018-04-30", "relative"),
        ("فجر الخميس", "2018-04-26", "relative"),
        ("الأربعاء", "2018-05-02", "relative"),
        ("الأربعاء الفائت", "2018-04-25", "relative"),
        ("الخميس المقبل", "2018-05-03", "relative"),
        ("الاثنين قبل الماضي", "2018-04-23", "relative"),
        ("قبل نحو 72 ساعة", "2018-04-29", "relative"),
        ("قبل ثلاثة أيام", "2018-04-29", "relative"),
        ("الساعة 5 من مساء الأحد", "2018-04-29", "relative"),
    ],
)
def test_a_day_seen_from_the_day_of_the_report(text: str, day: str, basis: str) -> None:
    assert days(text) == (day, day, "day", basis)
    assert days(text, None) == UNRESOLVED
    assert days(text, None, reference=PUBLISHED) == (day, day, "day", basis)


@pytest.mark.parametrize(
    ("text", "start", "end", "precision", "basis"),
    [
        ("خلال 50 يوماً", "2018-03-14", "2018-05-02", "interval", "relative"),
        ("خلال الـ 48 ساعة الماضية", "2018-04-30", "2018-05-02", "interval", "relative"),
        ("خلال الأيام الثلاثة الماضية", "2018-04-30", "2018-05-02", "interval", "relative"),
        ("منذ 24 آذار", "2018-03-24", "2018-05-02", "interval", "stated"),
        ("منذ مطلع العام", "2018-01-01", "2018-05-02", "interval", "relative"),
        ("منذ يومين", "2018-04-30", "2018-05-02", "interval", "relative"),
        ("ليل الأحد - الاثنين", "2018-04-29", "2018-04-30", "interval", "relative"),
        ("شهر آذار الفائت", "2018-03-01", "2018-03-31", "month", "stated"),
        ("أواخر آذار", "2018-03-21", "2018-03-31", "interval", "stated"),
        ("كانون الأول (ديسمبر) الماضي", "2017-12-01", "2017-12-31", "month", "stated"),
        ("مطلع العام الجاري", "2018-01-01", "2018-01-31", "interval", "relative"),
        ("الشهر الماضي", "2018-04-01", "2018-04-30", "month", "relative"),
        ("العام الماضي", "2017-01-01", "2017-12-31", "year", "relative"),
        ("الأسبوع الفائت", "2018-04-19", "2018-04-25", "interval", "relative"),
        ("قبل أسبوعين", "2018-04-15", "2018-04-21", "interval", "relative"),
        ("خلال شهر", "2018-04-03", "2018-05-02", "interval", "relative"),
    ],
)
def test_a_stretch_seen_from_the_day_of_the_report(
    text: str, start: str, end: str, precision: str, basis: str
) -> None:
    assert days(text) == (start, end, precision, basis)
    assert days(text, None) == UNRESOLVED


@pytest.mark.parametrize(
    "text",
    ["", "منذ انطلاق الحملة", "خلال الأيام الماضية", "31 شباط", "31/2/2018", "قبل ساعات", "13",
     "هـ", "99999 سنة", "قبل 9999 عاماً"],
)  # fmt: skip
def test_what_cannot_be_resolved_stays_null(text: str) -> None:
    assert days(text) == UNRESOLVED


def test_an_open_interval_keeps_its_start_without_a_day_of_the_report() -> None:
    assert days("منذ 24 آذار 2018", None) == ("2018-03-24", None, "interval", "stated")


def test_before_and_after_a_date_is_the_open_time_beside_it() -> None:
    assert days("قبل 24 آذار") == (None, "2018-03-23", "interval", "stated")
    assert days("بعد 24 آذار") == ("2018-03-25", "2018-05-02", "interval", "stated")


def test_the_year_comes_from_the_report_unless_that_lies_ahead() -> None:
    assert days("24 آذار", None, year=2016) == ("2016-03-24", "2016-03-24", "day", "stated")
    assert days("24 آذار", year=2018) == ("2018-03-24", "2018-03-24", "day", "stated")
    assert days("6 كانون الأول", year=2018) == ("2017-12-06", "2017-12-06", "day", "stated")


@pytest.mark.parametrize(
    ("text", "day"),
    [("اليوم التالي", "2018-03-21"), ("اليوم ذاته", "2018-03-20"), ("28 من الشهر ذاته",
     "2018-03-28"), ("الـ 13 منه", "2018-03-13"), ("في ذلك اليوم", "2018-03-20"),
     ("بتاريخه فجراً", "2018-03-20")],
)  # fmt: skip
def test_a_day_told_by_the_date_before(text: str, day: str) -> None:
    assert days(text, previous=BEFORE) == (day, day, "day", "relative")
    assert days(text) == UNRESOLVED


def combined(*texts: str) -> tuple[object, ...]:
    result = combine_dates([resolve_date(text, PUBLISHED) for text in texts])
    return result.start, result.end, result.precision, result.basis


def test_dates_of_one_record_are_put_together() -> None:
    whole = ("2018-03-13", "2018-05-02", "interval", "stated")
    assert combined("خلال 50 يوماً", "منذ الـ13 من آذار") == whole
    assert combined("منذ الـ13 من آذار", "اليوم") == whole
    assert combined("13 آذار", "خلال 50 يوماً") == whole
    assert combined("آذار", "13 آذار") == ("2018-03-13", "2018-03-13", "day", "stated")
    assert combined("منذ انطلاق الحملة", "أمس") == ("2018-05-01", "2018-05-01", "day", "relative")
    assert combined("منذ انطلاق الحملة", "قبل ساعات") == UNRESOLVED
    with pytest.raises(ValueError, match="no dates"):
        combine_dates([])


@pytest.mark.parametrize(
    ("text", "day", "span", "source"),
    [
        ("دمشق – وكالات 2 أيار 2018\nوقع قصف.", "2018-05-02", "2 أيار 2018", "dateline"),
        ("02/05/2018 - 14:33\nخبر", "2018-05-02", "02/05/2018", "dateline"),
        (
            "استهدفت طائرات بلدة اليوم الأحد الثالث من حزيران / يونيو 2018، في تصعيد جديد.",
            "2018-06-03", "اليوم الأحد الثالث من حزيران / يونيو 2018", "today_phrase",
        ),
        (
            "الموصل - 9 جوان 2017 (وأج) - قُتل ثلاثة مدنيين عندما فتح مسلحون النار على سيارة أجرة"
            " كانت تقلهم قرب أحد الجسور القديمة في المدينة أول أمس، كما قال شهود.",
            "2017-06-09", "9 جوان 2017", "dateline",
        ),
        ("صفحة محلية\n28 March 2017 · 🌐\nقصف.", "2017-03-28", "28 March 2017", "dateline"),
        ("أحداث الأحد 2-2-2014 في المنطقة الشمالية وما حولها من القرى", "2014-02-02",
         "الأحد 2-2-2014", "dateline"),
        ("قُتل رجل أمس الثلاثاء 17 جانفي 2017 في المدينة القديمة من البلدة ذاتها بعد ظهر النهار.",
         "2017-01-18", "أمس الثلاثاء 17 جانفي 2017", "today_phrase"),
    ],
)  # fmt: skip
def test_the_day_of_the_report_is_found_in_its_text(
    text: str, day: str, span: str, source: str
) -> None:
    found = find_reference_day(text, None)
    assert found is not None and found[1] is not None
    assert (found[0], text[found[1][0] : found[1][1]], found[2]) == (day, span, source)
    assert find_reference_day(text, "2020-01-01T10:00:00Z") == ("2020-01-01", None, "metadata")


def test_a_date_that_only_bounds_a_period_is_not_the_day_of_the_report() -> None:
    assert find_reference_day("حصيلة الشهداء منذ 7 أكتوبر 2023", None) is None


@pytest.mark.parametrize(
    "text",
    ["", "قتل خمسة اليوم في قصف",
     "مجزرة 21 آب 2013 في الغوطة الشرقية بريف دمشق كما رواها شهودها",
     "اليوم. في 2 أيار 2018 قصف على البلدة وما حولها من القرى"],
)  # fmt: skip
def test_no_day_of_the_report_is_made_up(text: str) -> None:
    assert find_reference_day(text, None) is None
    assert find_reference_day(text, "soon") is None


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2018-05-02-daily.txt", "2018-05-02"), ("archive/20180502.txt", "2018-05-02"),
        ("2_5_2018.txt", "2018-05-02"), ("report_2018.txt", None), ("20189999.txt", None),
     ("", None),
    ],
)  # fmt: skip
def test_the_day_in_a_file_name(name: str, day: str | None) -> None:
    assert published_from_name(name) == day


MONTHS = [
    "كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران",
    "تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول",
]  # fmt: skip
WESTERN = [
    "يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو",
    "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر",
]  # fmt: skip


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.sampled_from([MONTHS, WESTERN]))
def test_any_day_written_in_full_comes_back(day: date, names: list[str]) -> None:
    iso = day.isoformat()
    month = names[day.month - 1]
    for text in (
        f"{day.day} {month} {day.year}",
        f"الـ {day.day} من {month} من العام {day.year}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day.day} {MONTHS[day.month - 1]} / {WESTERN[day.month - 1]} {day.year}",
        iso,
    ):
        assert days(text, None) == (iso, iso, "day", "stated")


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.sampled_from(MONTHS), st.integers(1, 28))
def test_a_missing_year_never_leads_past_the_day_of_the_report(
    reference: date, month: str, day: int
) -> None:
    found = resolve_date(f"{day} {month}", reference.isoformat())
    assert found.start is not None
    assert 0 <= (reference - date.fromisoformat(found.start)).days <= 366


WORDS = st.sampled_from(
    ["اليوم", "أمس", "منذ", "خلال", "قبل", "حتى", "بين", "من", "إلى", "و", "-", "/",
     "آذار", "مايو", "رمضان", "شهر", "عام", "العام", "الشهر", "الفائت", "المقبل",
     "ذاته", "التالي", "الخميس", "الأحد", "3", "13", "31", "2018", "1436", "99999",
     "هـ", "ساعة", "يوماً", "أيام", "يومين", "مطلع", "أواخر", "صيف", "الثالث", "عشر",
     "الموافق", "2/5/2018", "الساعة"]
)  # fmt: skip


@given(
    st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=9).map(" ".join)),
    st.sampled_from([None, "", "2018-05-02", "0001-01-01", "x"]),
    st.sampled_from([DateContext(), DateContext(year=2017, previous=BEFORE)]),
)
@settings(max_examples=500, deadline=None)
def test_any_text_at_all_is_read_without_an_error(
    text: str, published: str | None, context: DateContext
) -> None:
    found = resolve_date(text, published, context)
    assert found.text == text
    assert found.start is None or found.end is None or found.start <= found.end
    assert (found.precision is None) == (found.start is None and found.end is None)
    find_reference_day(text, published)
    published_from_name(text)


@pytest.mark.parametrize(
    ("text", "published", "days"),
    [
        ("بعد ثلاثة أيام", "2016-05-20", ("2016-05-17", "2016-05-17")),
        ("بعد منتصف ليل الأحد 8 أيار 2016", "2016-05-09", ("2016-05-08", "2016-05-08")),
        ("بعد ظهر الأحد", "2016-05-09", ("2016-05-08", "2016-05-08")),
        ("8-5", "2016-05-09", ("2016-05-08", "2016-05-08")),
        ("8_5_2016", None, ("2016-05-08", "2016-05-08")),
        ("31-2", "2016-05-09", (None, None)),
        ("بعد عام", "2016-05-09", (None, None)),
    ],
)
def test_days_told_by_their_distance_or_in_digits(
    text: str, published: str | None, days: tuple[str | None, str | None]
) -> None:
    got = resolve_date(text, published)
    assert (got.start, got.end) == days


def test_a_weekday_in_a_report_of_a_week() -> None:
    week = Date(
        start="2016-05-01",
        end="2016-05-07",
        precision="interval",
        basis="stated",
        text="1 - 7 أيار",
    )
    assert resolve_date("الأربعاء", None, DateContext(previous=week)).start == "2016-05-04"
    month = Date(
        start="2016-05-01", end="2016-05-31", precision="month", basis="stated", text="أيار 2016"
    )
    assert resolve_date("الأربعاء", None, DateContext(previous=month)).start is None
    assert resolve_date("الشهر الماضي", None, DateContext(previous=month)).end == "2016-05-31"


def test_up_to_cuts_what_it_ends_in() -> None:
    month = Date(
        start="2016-05-01", end="2016-05-31", precision="month", basis="stated", text="أيار 2016"
    )
    until = Date(
        start=None, end="2016-05-20", precision="interval", basis="stated", text="حتى 20 أيار"
    )
    for pair in ([month, until], [until, month]):
        got = combine_dates(pair)
        assert (got.start, got.end, got.precision) == ("2016-05-01", "2016-05-20", "interval")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("اليوم الاثنين 25 / 10 / 1436", "2015-08-10", "2015-08-10"),
        ("1436/10/20", "2015-08-05", "2015-08-05"),
        ("وبعد ثلاثة أشهر في 26 يونيو (حزيران)", "2017-06-26", "2017-06-26"),
        ("خلال الأشهر الستة الأولى من العام", "2018-01-01", "2018-06-30"),
        ("خلال الساعات القليلة الماضية", "2018-05-01", "2018-05-02"),
        ("اليوم الاثنين", "2018-04-30", "2018-04-30"),
        ("اليوم الأول من الشهر الجاري", "2018-05-01", "2018-05-01"),
        ("اليوم الأول للعيد", None, None),
        ("ثاني أيام عيد الفطر", "2017-06-26", "2017-06-26"),
        ("35/10/1436", None, None),
    ],
)
def test_dates_as_newspapers_write_them(text: str, start: str | None, end: str | None) -> None:
    assert days(text)[:2] == (start, end)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("قال مصدر اليوم الثلاثاء إن القصف تجدد", "2018-05-01"),
        ("قال مصدر اليوم (الاثنين) إن القصف تجدد", "2018-04-30"),
        ("انفجرت سيارة مساء أمس الأحد قرب السوق", "2018-04-30"),
        ("قال مصدر اليوم الأربعاء إن القصف تجدد", "2018-05-02"),
        # Too far off, contradictory, or about another week: the day of publication stands.
        ("قال مصدر اليوم الجمعة إن القصف تجدد", "2018-05-02"),
        ("قال اليوم الثلاثاء، وأضاف أمس السبت", "2018-05-02"),
        ("يلتقي الفريقان اليوم الثلاثاء المقبل", "2018-05-02"),
        ("قتل خمسة اليوم", "2018-05-02"),
    ],
)
def test_a_copy_of_a_later_day_gives_way_to_the_weekday_told(text: str, day: str) -> None:
    assert find_reference_day(text, PUBLISHED + "T01:14:54") == (day, None, "metadata")


def test_a_period_told_before_is_the_same_again() -> None:
    report = marked(
        "[[قتل|o1]] [[40|n1]] [[مدنيا|v1]] [[بين 3 و9 أيار 2016|d1]]، و[[أصيب|o2]] [[90|n2]] "
        "[[خلال الفترة نفسها|d2]]",
        "n1: killed 40 | civilian | cumulative | o1 v1 d1 |",
        "n2: injured 90 | unknown | cumulative | o2 d2 |",
        published="2016-06-01",
    )
    dates = resolve_dates(
        Report(report_id="x", text=report.text, published=report.published),
        gold_tagged(report).mentions,
    )
    assert [(d.start, d.end) for d in dates.values()] == [("2016-05-03", "2016-05-09")] * 2


@pytest.mark.parametrize("text", ["الآن", "قبل قليل", "حتى يومنا هذا"])
def test_now_is_the_day_of_the_report(text: str) -> None:
    assert resolve_date(text, "2018-05-02").end == "2018-05-02"


@pytest.mark.parametrize(
    ("text", "published", "start"),
    [
        ("ثالث أيام عيد الأضحى المبارك", "2014-10-07", "2014-10-06"),
        ("صباح أول أيام شهر رمضان", "2024-03-12", "2024-03-11"),
        # The feast that has just begun; in autumn there is none.
        ("ثاني أيام العيد", "2023-06-29", "2023-06-29"),
        ("ثاني أيام العيد", "2023-09-29", None),
        ("ثاني أيام العيد", None, None),
        ("قبل شوي", "2018-04-11", "2018-04-11"),
        ("هذا الصباح", "2018-04-11", "2018-04-11"),
    ],
)
def test_feasts_and_what_is_just_past(text: str, published: str | None, start: str | None) -> None:
    found = resolve_date(text, published)
    assert (found.start, found.end) == (start, start)
