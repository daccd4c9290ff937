"""Causes, outcomes and victims: from words to the codes of the contract."""

from __future__ import annotations

import pytest

from pipeline.causes import cause_code, outcome_codes
from pipeline.schema import CAUSE_CODES, OUTCOMES
from pipeline.victims import victim_profile


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("غارة", "airstrike"),
        ("بغارات جوية", "airstrike"),
        ("البراميل المتفجرة", "airstrike"),
        ("قصف جوي", "airstrike"),
        ("قصف مدفعي", "shelling"),
        ("قذائف هاون", "shelling"),
        ("صاروخ أرض أرض", "shelling"),
        ("طائرة مسيّرة", "drone"),
        ("اشتباكات", "clash"),
        ("بكمين", "clash"),
        ("إطلاق نار", "shooting"),
        ("برصاص قناص", "shooting"),
        ("عبوة ناسفة", "ied"),
        ("سيارة ملغمة", "ied"),
        ("تفجير", "ied"),
        ("انفجار لغم أرضي", "landmine"),
        ("مخلفات الحرب", "landmine"),
        ("تفجير انتحاري بسيارة مفخخة", "suicide_bombing"),
        ("إعدام ميداني", "execution"),
        ("تحت التعذيب", "torture"),
        ("طعناً بالسكين", "stabbing"),
        ("بالغازات السامة", "chemical"),
        ("جوعاً", "siege"),
        ("حادث سير", "accident"),
        ("غرقاً", "accident"),
        ("فجر الخميس", None),
        ("الغاز المسيل للدموع", None),
        ("", None),
    ],
)
def test_cause(text: str, code: str | None) -> None:
    assert cause_code(text) == code
    assert code is None or code in CAUSE_CODES


@pytest.mark.parametrize(
    ("text", "sentence", "code"),
    [
        ("قصف", "سقط قتلى في قصف للطيران الحربي على السوق", "airstrike"),
        ("صواريخ", "أطلقت الطائرات صواريخ على الحي", "airstrike"),
        ("قصف", "سقط قتلى في قصف لقوات النظام على السوق", "shelling"),
        ("قصف مدفعي", "قصف مدفعي تزامن مع غارات للطيران", "shelling"),
        ("قصف", "", "shelling"),
    ],
)
def test_shelling_beside_aircraft(text: str, sentence: str, code: str) -> None:
    assert cause_code(text, sentence) == code


@pytest.mark.parametrize(
    ("words", "outcomes"),
    [
        (
            "قُتلوا|استشهدت|ارتقى|قضوا|لقي مصرعه|لقوا حتفهم|فارق الحياة|توفيت|صُفّي|أُعدم|اغتيل",
            ["killed"],
        ),
        ("بمقتل|ومصرع|ضحايا|شهيدين|جثامين|القتلى|سيقتل|فقدوا حياتهم|متأثراً بجراحه", ["killed"]),
        ("توفي متأثراً بجراحه", ["killed"]),
        ("أصيب|جرحوا|جرحى|الجريحة|إصابة|مصابين", ["injured"]),
        ("فُقد|مفقودين|مجهولي المصير|تحت الأنقاض", ["missing"]),
        ("أسر|الأسرى|اعتقال|اختُطف|خطف|محتجزين", ["captured"]),
        ("نزوح|تهجير|نازحين", ["displaced"]),
        ("بين قتيل وجريح|قتل وجرح|قتلى وجرحى|مقتل وإصابة", ["killed_or_injured"]),
        ("إصابتهم واعتقالهم", ["injured", "captured"]),
        ("سقط|ليسقط|سقوط|يقضون|ستقضي|تودي|أودى|أردوه|يغتالون|مقتولين|أجهزوا|حصيلته", ["killed"]),
        ("نعت|الخسائر البشرية|خسرت|قتله|أعدمهم|وافته المنية|غرقى|انتشالهم|تصفيتهما", ["killed"]),
        ("ويصيب|يصابون|جروح|تصاوب|أصابهم|كسور|مجروحين", ["injured"]),
        ("اقتادوه|واقتياد|أُخذ|يعتقلون|اعتقلتهم|سجنوا|تأسر|قُبض|مقتادين", ["captured"]),
        ("فر|وفرّوا|هربت|غادر|إجلاء|أُخليت|ترحيل|لجأوا|بلا مأوى", ["displaced"]),
        ("اختفوا|لا يُعرف مصيرهم|انقطع الاتصال|مختفين|العالقين", ["missing"]),
        ("مصرع وإصابة|قتل أو جرح", ["killed_or_injured"]),
        ("القتال|مقاتلين|نفوق|أسرة|إسرائيل|", []),
    ],
)
def test_outcomes(words: str, outcomes: list[str]) -> None:
    for word in words.split("|"):
        assert list(outcome_codes(word)) == outcomes, word
    assert set(outcomes) <= set(OUTCOMES)


@pytest.mark.parametrize(
    ("text", "behind", "outcome"),
    [
        ("فقد", " خمسة عمال حياتهم في المنجم", "killed"),
        ("وفقدت", " القوات ضابطين من صفوفها", "killed"),
        ("يفقد", " تسعة جنود في كمين", "killed"),
        ("فقدت", " زوجها وابنها في القصف", "killed"),
        ("فُقد", " ثلاثة صيادين. خسر آخرون حياتهم", "missing"),
        ("فُقد", " طفلان في المخيم", "missing"),
    ],
)
def test_lost_lives_or_lost_from_sight(text: str, behind: str, outcome: str) -> None:
    assert outcome_codes(text, behind) == (outcome,)


@pytest.mark.parametrize(
    ("text", "kind", "category", "demographics"),
    [
        ("شاب", None, "civilian", ["man"]),
        ("وطفلة", None, "civilian", ["child"]),
        ("رجل مسن", None, "civilian", ["man", "elderly"]),
        ("مواطنة", None, "civilian", ["woman"]),
        ("للمدنيين", None, "civilian", []),
        ("عناصر الدفاع المدني", "civilian-org", "civilian", ["aid_worker"]),
        ("صحافيين", None, "civilian", ["journalist"]),
        ("يوسف خالد الحمود", None, "civilian", []),
        ("أشخاص", None, "unknown", []),
        ("قتيل", None, "unknown", []),
        ("شهداء", None, "unknown", []),
        ("قتلى النظام", "state-force", "combatant", []),
        ("طفل", "state-force", "civilian", ["child"]),
        ("شرطيان", None, "combatant", ["police"]),
        ("ضابط برتبة عقيد", None, "combatant", ["officer"]),
        ("مقاتلتين", None, "combatant", ["woman"]),
        ("رجل أمن", None, "combatant", ["man"]),
        ("قائد السيارة", None, "civilian", []),
        ("ثلاثة مقاتلين وخمسة مدنيين", None, "mixed", []),
        ("ناطور وهو شرطي", None, "combatant", ["police"]),
        ("المواطن رائد السعيد", None, "civilian", []),
        ("الطفل مجاهد الحسن", None, "civilian", ["child"]),
        ("الرائد خليل", None, "combatant", ["officer"]),
        ("منتسب في الحشد", None, "combatant", []),
        ("صاحب محل حلاقة", None, "civilian", []),
        ("بائع متجول", None, "civilian", []),
        ("وعمتهم", None, "civilian", []),
        ("أبناء البلدة", None, "civilian", []),
        ("الدكتورة سمر", None, "civilian", []),
        ("نقيب المحامين", None, "civilian", []),
        ("منتظري المساعدات", None, "civilian", []),
    ],
)
def test_victims(text: str, kind: str | None, category: str, demographics: list[str]) -> None:
    assert victim_profile(text, kind) == (category, tuple(demographics))


@pytest.mark.parametrize(
    ("text", "context", "codes"),
    [
        ("إصابة", " مواطن بفيروس كورونا في جدة", ()),
        ("وفاة", " الفنان بعد صراع مع مرض عضال", ()),
        ("إصابة", " اللاعب في الركبة", ()),
        ("إصابة", " مواطن برصاص قناص", ("injured",)),
        ("إنقاذ", " ثلاثين شخصاً من الغرق", ()),
    ],
)
def test_illness_sport_and_rescue_are_no_outcome(
    text: str, context: str, codes: tuple[str, ...]
) -> None:
    assert outcome_codes(text, context) == codes
