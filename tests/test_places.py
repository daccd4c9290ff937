"""Places: names, parts, nearness, ambiguity, trimming, and the gazetteer's size."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.gazetteer import distance_km, gazetteer, lookup
from pipeline.places import (
    Neighbours,
    PlaceContext,
    bare_name,
    country_of_report,
    resolve_place,
    trim_place,
)
from pipeline.schema import Place
from pipeline.text import key
from training.atlas import compare, read_points, share_near

SYRIA = PlaceContext(countries={"SY": 1.0})


def place(text: str, context: PlaceContext | None = None) -> Place:
    return resolve_place(text, 0, len(text), context)


@pytest.mark.parametrize(
    ("text", "name", "precision"),
    [
        ("سراقب", "Saraqib", "exact"),
        ("وسراقب", "Saraqib", "exact"),
        ("لسراقب", "Saraqib", "exact"),
        ("للبوكمال", "Al-Bukamal", "exact"),
        ("بالقامشلي", "Al-Qamishli", "exact"),
        ("كفرنبل", "Kafr Nabl", "exact"),
        ("كفر نبل", "Kafr Nabl", "exact"),
        ("معرّة النعمان", "Maarat al-Numan", "exact"),
        ("تل ابيض", "Tall Abyad", "exact"),
        ("المحطة الثانية", "T2 pumping station", "exact"),
        ("بلدة كفر نبل بريف إدلب الجنوبي", "Kafr Nabl", "exact"),
        ("مدينة الباب شرق حلب", "Al-Bab", "exact"),
        ("حي القدم الدمشقي", "Al-Qadam", "exact"),
        ("مخيم اليرموك", "Yarmouk camp", "exact"),
        ("بادية الميادين", "Al-Mayadin", "part_of"),
        ("بادية السخنة الشرقية", "Al-Sukhnah", "part_of"),
        ("القسم الشرقي من مدينة حمص", "Homs", "part_of"),
        ("مستشفى معرة النعمان", "Maarat al-Numan", "part_of"),
        ("قرب بلدة هجين", "Hajin", "near"),
        ("12 كم غرب إدلب", "Idlib", "near"),
        ("على طريق حماة-حمص", "Hama - Homs road", "near"),
        ("طريق حماة في ريف حمص", "Hama", "near"),
        ("بين سراقب وأريحا", "Saraqib", "near"),
        ("بريف دير الزور الشرقي", "Deir ez-Zor", "admin1"),
        ("ريف دمشق", "Rif Dimashq", "admin1"),
        ("محافظة حمص", "Homs", "admin1"),
        ("شمال غربي سوريا", "Syria", "country"),
    ],
)
def test_a_mention_in_a_report_on_syria(text: str, name: str, precision: str) -> None:
    got = place(text, SYRIA)
    assert (got.name, got.precision, got.country) == (name, precision, "SY")
    assert got.text == text


@pytest.mark.parametrize(
    ("text", "name", "country"),
    [
        ("الموصل", "Mosul", "IQ"),
        ("مخيم جباليا", "Jabalia camp", "PS"),
        ("قطاع غزة", "Gaza Strip", "PS"),
        ("مدينة غزة", "Gaza", "PS"),
        ("الضفة الغربية", "West Bank", "PS"),
        ("الحديدة", "Al-Hudaydah", "YE"),
        ("مديرية نهم", "Nihm", "YE"),
        ("الفاشر", "El Fasher", "SD"),
        ("ولاية شمال دارفور", "North Darfur", "SD"),
        ("بنت جبيل", "Bint Jbeil", "LB"),
        ("مصراتة", "Misrata", "LY"),
    ],
)
def test_plain_names_need_no_context(text: str, name: str, country: str) -> None:
    got = place(text)
    assert (got.name, got.country) == (name, country)


def test_a_known_place_carries_its_geonames_entry() -> None:
    got = place("البوكمال", SYRIA)
    assert (got.geonameid, got.admin1, got.name_ar) == (174448, "Deir ez-Zor", "البوكمال")
    assert got.lat == pytest.approx(34.45, abs=0.01)
    assert got.lon == pytest.approx(40.92, abs=0.01)


@pytest.mark.parametrize(("country", "admin1"), [("LB", "North"), ("LY", "Tripoli")])
def test_one_name_in_two_countries(country: str, admin1: str) -> None:
    assert place("طرابلس").precision == "unresolved"
    got = place("طرابلس", PlaceContext(countries={country: 1.0}))
    assert (got.country, got.admin1) == (country, admin1)


def test_the_place_named_beside_it_decides() -> None:
    aden = place("المنصورة بعدن", PlaceContext(countries={"YE": 1.0}))
    aleppo = place("المنصورة بريف حلب", SYRIA)
    raqqa = place("المنصورة بريف الرقة", SYRIA)
    assert [p.admin1 for p in (aden, aleppo, raqqa)] == ["Aden", "Aleppo", "Ar-Raqqah"]


def test_the_reports_other_places_decide() -> None:
    quarters = [place(city, SYRIA) for city in ("منبج", "الطبقة")]
    names = [
        place("المنصورة", PlaceContext(countries={"SY": 1.0}, places=Neighbours([p]))).admin1
        for p in quarters
    ]
    assert names == ["Aleppo", "Ar-Raqqah"]


@pytest.mark.parametrize(
    "text",
    [
        "الضفة الغربية لنهر الفرات",
        "الضفاف الشرقية للنهر",
        "المحافظات الثلاث",
        "شارع بغداد",
        "شنفرى",
        "",
    ],
)
def test_unknown_or_no_place_stays_unresolved(text: str) -> None:
    got = place(text, SYRIA)
    assert (got.precision, got.name, got.lat) == ("unresolved", None, None)


def test_an_unknown_village_is_somewhere_in_its_division() -> None:
    got = place("قرية الفلانية بريف إدلب", SYRIA)
    assert (got.name, got.precision) == ("Idlib", "admin1")


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [
        ("بريف دير الزور", "ريف دير الزور"),
        ("وحماة", "حماة"),
        ("لحلب", "حلب"),
        ("ببغداد", "بغداد"),
        ("ببلدة كفرنبل", "بلدة كفرنبل"),
        ("بِإدلب", "إدلب"),
        ("«حلب»", "حلب"),
        ("(إدلب،", "إدلب"),
        ("بغداد", "بغداد"),
        ("وادي الضيف", "وادي الضيف"),
        ("لبنان", "لبنان"),
        ("بيروت", "بيروت"),
        ("كفرنبل", "كفرنبل"),
        ("فلسطين", "فلسطين"),
        ("كركوك", "كركوك"),
        ("بانياس", "بانياس"),
        ("للبوكمال", "للبوكمال"),
        ("وشنفرى", "وشنفرى"),
    ],
)
def test_a_glued_letter_goes_and_a_names_own_stays(text: str, trimmed: str) -> None:
    padded = f"قال {text} ثم"
    start, end = trim_place(padded, 4, 4 + len(text))
    assert padded[start:end] == trimmed


def test_country_of_report() -> None:
    syria = country_of_report(["سراقب", "ريف حلب", "طرابلس"], ["syrian-government"])
    assert max(syria, key=lambda c: syria[c]) == "SY"
    assert sum(syria.values()) == pytest.approx(1.0)
    assert set(country_of_report(["طرابلس"])) >= {"LB", "LY"}
    assert country_of_report(["شنفرى"], [None, "no-such-party"]) == {}


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [("تدمر", 34.55, 38.27), ("سنجار", 36.32, 41.87), ("خان يونس", 31.35, 34.30)],
)
def test_gazetteer_holds_places_where_they_belong(name: str, lat: float, lon: float) -> None:
    assert len(gazetteer().lines) > 4500
    away = [distance_km(e.lat, e.lon, lat, lon) for e in lookup(key(name)) if e.lat and e.lon]
    assert min(away) < 5


def test_distance() -> None:
    assert distance_km(33.513, 36.292, 36.202, 37.134) == pytest.approx(309, abs=3)
    assert distance_km(1.0, 2.0, 1.0, 2.0) == 0


@pytest.mark.parametrize(
    ("text", "country", "name"),
    [
        ("بلدة الجينة", "SY", "Al-Jinah"),
        ("حي نزال", "IQ", "Nazzal"),
        ("جبهة الجفينة", "YE", "Jufaynah"),
        ("دوار الكويت", "PS", "Kuwait roundabout"),
        ("معسكر أبو شوك", "SD", "Abu Shouk camp"),
        ("محافظة الحرث", "SA", "Al-Harth"),
        ("بلدة سيفاري", "ML", "Sevare"),
        ("بوروندي", "BI", "Burundi"),
    ],
)
def test_places_that_newspapers_name(text: str, country: str, name: str) -> None:
    place = resolve_place(text, 0, len(text), PlaceContext(countries={country: 1.0}))
    assert (place.name, place.country) == (name, country)


def test_places_are_compared_with_those_of_another_table(tmp_path: Path) -> None:
    table = tmp_path / "sy.tsv"
    table.write_text(
        "name\tnames_ar\tlat\tlon\tplacetype\n"
        "Kafr Nabl\tكفرنبل|كفر نبل\t35.61\t36.56\tlocality\n"
        "Elsewhere\tسرمين\t33.0\t38.0\tlocality\n"
        "Idlib\tإدلب\t35.9\t36.6\tregion\n"
        "No point\tبنش\t\t\tlocality\n",
        "utf-8",
    )
    rows = {row.name_ar: row.away for row in compare("SY", read_points(table))}
    assert len(rows) == 2 and share_near(compare("SY", read_points(table))) == 0.5
    assert min(rows.values()) < 10 < 100 < max(rows.values())
    assert list(compare("YE", read_points(table))) == [] and share_near([]) == 1.0
    with pytest.raises(FileNotFoundError):
        read_points(tmp_path / "none.tsv")


def test_a_road_lies_half_way_between_its_ends() -> None:
    got = place("طريق حمص - تدمر", SYRIA)
    assert (got.name, got.geonameid, got.admin1) == ("Homs - Tadmur (Palmyra) road", None, "Homs")
    assert got.lat == pytest.approx(34.65, abs=0.1) and got.lon == pytest.approx(37.5, abs=0.1)


def test_where_a_party_fights_speaks_for_the_country() -> None:
    alone, russian = country_of_report(["أريحا"]), country_of_report(["أريحا"], ["russia"])
    assert russian["SY"] > alone.get("SY", 0.0)
    resolved = resolve_place("أريحا", 0, 5, PlaceContext(countries=russian))
    assert (resolved.name, resolved.country) == ("Ariha", "SY")


@pytest.mark.parametrize(
    ("text", "name"),
    [("بمدينة أريحا", "اريحه"), ("محيط بلدة سرمين", "سرمين"), ("شمال", "شمال")],
)
def test_a_bare_name(text: str, name: str) -> None:
    assert bare_name(text) == name
