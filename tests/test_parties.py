"""Parties: names of every camp, words that depend on country and story, trimming, the data."""

from __future__ import annotations

import pytest

from pipeline.data import load_toml
from pipeline.parties import (
    PartyContext,
    parties,
    party_of_victims,
    resolve_party,
    trim_party,
)

STORY = PartyContext(
    country="SY", earlier=((3, "syrian-government"), (40, "islamic-state"), (90, "sohr"))
)
KINDS = {
    "state-force", "militia", "insurgent", "jihadist", "coalition",
    "police", "monitor", "civilian-org", "unknown",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("تنظيم “الدولة الإسلامية”", ["islamic-state"]),
        ("داعش", ["islamic-state"]),
        ("لعصابات داعش الإرهابية", ["islamic-state"]),
        ("قوات النظام والمسلحين الموالين لها", ["syrian-government", "pro-government-militias"]),
        ("للنظام وحلفائه", ["syrian-government", "pro-government-militias"]),
        ("جيش الأسد", ["syrian-government"]),
        ("وقوات سوريا الديموقراطية", ["sdf"]),
        ("قسد", ["sdf"]),
        ("جيش الاحتلال التركي", ["turkey"]),
        ("قوات الاحتلال", ["israel"]),
        ("العدو الصهيوني", ["israel"]),
        ("المليشيات الحوثيه", ["houthis"]),
        ("ميليشيا الحوثي", ["houthis"]),
        ("مسلحون مجهولون", ["unknown-gunmen"]),
        ("المرصد السوري لحقوق الإنسان", ["sohr"]),
        ("القوات الأميركية", ["united-states"]),
        ("مروحيات النظام", ["syrian-government"]),
        ("غارات التحالف", ["us-coalition"]),
        ("قصف تركي", ["turkey"]),
        ("غارة إسرائيلية", ["israel"]),
        ("طائرات روسية", ["russia"]),
        ("طائرات حربية روسية", ["russia"]),
        ("مقاتلات حربية تركية", ["turkey"]),
        ("مسلحون من تنظيم الدولة", ["islamic-state"]),
        ("إرهابيو داعش", ["islamic-state"]),
        ("مستوطنون ملثمون", ["israeli-settlers"]),
        ("الحوثيين المدعومين من إيران", ["houthis"]),
        ("فصيل تابع لهيئة تحرير الشام", ["hts"]),
        ("مسلحين مدعومين من أنقرة", ["syrian-national-army"]),
        ("حوثياً", ["houthis"]),
        ("دا.عش", ["islamic-state"]),
        ("قوات النظام ومجموعات موالية لها", ["syrian-government", "pro-government-militias"]),
        ("داعش ومسلحون مجهولون", ["islamic-state", "unknown-gunmen"]),
        ("حاجز بلدة مضايا", ["syrian-government"]),
        ("اللواء 47", ["syrian-government"]),
        ("لواء أسود الجبل", ["syrian-opposition"]),
    ],
)
def test_names(text: str, ids: list[str]) -> None:
    assert list(resolve_party(text, STORY).party_ids) == ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("التنظيم", ["islamic-state"]),
        ("عناصر التنظيم", ["islamic-state"]),
        ("الأخير", ["islamic-state"]),
        ("الطرفين", ["syrian-government", "islamic-state"]),
        ("لكلا الجانبين", ["syrian-government", "islamic-state"]),
    ],
)
def test_words_that_depend_on_the_story(text: str, ids: list[str]) -> None:
    assert list(resolve_party(text, STORY).party_ids) == ids
    assert resolve_party(text, PartyContext(country="EG")).party_ids == ()


def test_the_organisation_of_whom_nothing_was_said_before() -> None:
    assert resolve_party("والتنظيم", PartyContext(country="IQ")).party_ids == ("islamic-state",)


@pytest.mark.parametrize("aircraft", ["طائرات", "طائرات مسيرة", "طائرات حربية يرجح أنها"])
def test_aircraft_of_another_country(aircraft: str) -> None:
    found = resolve_party(f"{aircraft} إسرائيلية", PartyContext(country="SY"))
    assert found.party_ids == ("israel",)


@pytest.mark.parametrize(
    ("text", "country", "party_id"),
    [
        ("الجيش", "SY", "syrian-government"),
        ("الجيش", "LB", "lebanese-army"),
        ("الجيش", "SD", "sudan-army"),
        ("الجيش", None, None),
        ("قوات التحالف", "YE", "saudi-coalition"),
        ("قوات التحالف", "IQ", "us-coalition"),
        ("اللجان الشعبية", "YE", "houthis"),
        ("اللجان الشعبية", "SY", "pro-government-militias"),
        ("العدوان", "LB", "israel"),
        ("العدوان", "YE", "saudi-coalition"),
        ("الميليشيا", "SD", "rsf"),
    ],
)
def test_words_that_depend_on_the_country(
    text: str, country: str | None, party_id: str | None
) -> None:
    assert resolve_party(text, PartyContext(country=country)).party_id == party_id


def test_a_states_name_passes_on_and_a_regimes_does_not() -> None:
    after = PartyContext(country="SY", year=2025)
    assert resolve_party("الجيش السوري", after).party_id == "syrian-interim-government"
    assert resolve_party("قوات النظام", after).party_id == "syrian-government"
    assert resolve_party("الجيش السوري", STORY).party_id == "syrian-government"


def test_a_hedge_lowers_the_score() -> None:
    sure, hedged = resolve_party("طائرات روسية"), resolve_party("طائرات يُرجّح أنها روسية")
    assert sure.party_ids == hedged.party_ids == ("russia",)
    assert 0 < hedged.score < sure.score


@pytest.mark.parametrize("text", ["", "رجل مسن", "قاعدة عسكرية", "؟؟", "أبو فلان"])
def test_no_party(text: str) -> None:
    got = resolve_party(text, STORY)
    assert (got.party_ids, got.party_id, got.name, got.kind) == ((), None, None, None)


def test_a_resolved_party_has_the_names_of_the_first() -> None:
    got = resolve_party("قوات النظام وحزب الله", STORY)
    assert got.party_ids == ("syrian-government", "hezbollah")
    assert (got.name, got.kind) == ("Syrian government forces", "state-force")


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [
        ("بقوات النظام", "قوات النظام"),
        ("وقسد", "قسد"),
        ("والتنظيم", "التنظيم"),
        ("«داعش»", "داعش"),
        ("وحدات الحماية", "وحدات الحماية"),
        ("فصائل المعارضة", "فصائل المعارضة"),
        ("كتائب القسام", "كتائب القسام"),
        ("لواء القدس", "لواء القدس"),
        ("بيشمركة", "بيشمركة"),
    ],
)
def test_trim(text: str, trimmed: str) -> None:
    padded = f"من {text} في"
    start, end = trim_party(padded, 3, 3 + len(text))
    assert padded[start:end] == trimmed


@pytest.mark.parametrize(
    ("text", "country", "ids"),
    [
        ("القوات الأمنية", "IQ", ["iraqi-forces"]),
        ("للواء 12", "IQ", ["iraqi-forces"]),
        ("طائرة حربية", "PS", ["israel"]),
        ("الجنود", "LB", ["lebanese-army"]),
        ("المليشيا", "YE", ["houthis"]),
        ("الفرقة السادسة", None, []),
    ],
)
def test_forces_of_the_country(text: str, country: str | None, ids: list[str]) -> None:
    assert list(resolve_party(text, PartyContext(country=country)).party_ids) == ids


def test_the_last_of_its_kind_is_the_one_so_called() -> None:
    story = PartyContext(country="SY", earlier=((1, "ahrar-al-sham"), (9, "faylaq-al-rahman")))
    assert resolve_party("الحركة", story).party_id == "ahrar-al-sham"
    assert resolve_party("الفيلق", story).party_id == "faylaq-al-rahman"


def test_the_data_is_whole() -> None:
    table = parties()
    assert len(table) >= 200
    assert {p.kind for p in table.values()} <= KINDS
    assert all(p.parent in table for p in table.values() if p.parent)
    rules = load_toml("party_references.toml")
    named = {i for row in rules["by_country"].values() for i in row.values()}
    assert named <= set(table)
    assert set(rules["backing"]["fighters"]) | set(rules["backing"]["fighters"].values()) <= set(
        table
    )
    assert {*rules["units"]["state"].values(), *rules["units"]["rebels"].values()} <= set(table)
    for party_id, row in load_toml("parties.toml").items():
        assert party_id in resolve_party(row["name_ar"]).party_ids or row["kind"] == "monitor"


@pytest.mark.parametrize(
    ("text", "country", "ids"),
    [
        ("رجل أمن", "SA", ["police"]),
        ("رجال الأمن", "SA", ["police"]),
        ("رجال الأمن", "SO", ["somali-government"]),
        ("رجال شرطة", "TR", ["police"]),
        ("جنديين ماليين", "ML", ["mali-army"]),
        ("شرطيا تونسيا", "TN", ["tunisian-forces"]),
        ("داعشيا", "IQ", ["islamic-state"]),
        ("الحوثيين", "YE", ["houthis"]),
        # Words of the story, people of no side, two sides at once.
        ("جنود", "IQ", []),
        ("الإرهابيين", "SY", []),
        ("مسلحين", "ML", []),
        ("رضيع فلسطيني", "PS", []),
        ("مواطنا سعوديا", "SA", []),
        ("مدنيين", "SY", []),
        ("داعشيا وحوثيا", "YE", []),
    ],
)
def test_victims_may_name_their_own_side(text: str, country: str, ids: list[str]) -> None:
    assert list(party_of_victims(text, PartyContext(country=country)).party_ids) == ids


@pytest.mark.parametrize(
    ("text", "country", "ids"),
    [
        ("قوات التحالف بقيادة المملكة العربية السعودية", "YE", ["saudi-coalition"]),
        ("طائرات التحالف العربي", None, ["saudi-coalition"]),
        ("طائرات التحالف", "YE", ["saudi-coalition"]),
        ("طائرات التحالف", "IQ", ["us-coalition"]),
        ("ميليشيا الحوثي وصالح", "YE", ["houthis", "saleh-forces"]),
        ("المتمردين", "SA", ["houthis"]),
        ("رجال المقاومة", "YE", ["yemen-government"]),
        ("الشعب الفلسطيني", "PS", []),
        ("متشددين إسلاميين", "ML", []),
        ("قوة حفظ السلام التابعة للأمم المتحدة", "ML", ["un-peacekeepers"]),
    ],
)
def test_sides_of_the_gulf_and_of_africa(text: str, country: str | None, ids: list[str]) -> None:
    assert list(resolve_party(text, PartyContext(country=country)).party_ids) == ids


@pytest.mark.parametrize(
    ("text", "country", "ids"),
    [
        ("طيران «مجهول»", "IQ", []),
        ("طائرات مجهولة الهوية", "LY", []),
        ("مسلحون مجهولون", "IQ", ["unknown-gunmen"]),
        ("المروحي", "SY", ["syrian-government"]),
        ("طيران الاحتلال الروسي", "SY", ["russia"]),
    ],
)
def test_aircraft_by_nickname_or_by_nobody(text: str, country: str, ids: list[str]) -> None:
    assert list(resolve_party(text, PartyContext(country=country)).party_ids) == ids
