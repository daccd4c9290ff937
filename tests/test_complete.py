"""What is mended in the model's output before events are built."""

from __future__ import annotations

from msgspec.structs import replace

from eval.evaluate import gold_tagged
from pipeline.complete import GUESSED, add_links, complete
from pipeline.schema import Link, Mention, MentionLabel, Scope, Tagged

from .marked import marked

REPORT = marked(
    "[[مقتل|o1]] [[5|n1]] [[مدنيين|v1]] وسقوط [[9|n2]] [[جرحى|o2]]. [[وأصيب|o3]] [[شاب|v2]]",
    "n1: killed 5 | civilian | incident | o1 v1 |",
    "n2: injured 9 | unknown | incident | o2 |",
    "v2: injured 1 single | civilian | incident | o3 |",
)


def tag(text: str, *parts: tuple[str, MentionLabel, Scope | None], links: str = "") -> Tagged:
    """Mentions on the words of ``parts`` in order; links as '0>1 0.9' pairs of outcomes."""
    mentions, at = [], 0
    for words, label, anchor in parts:
        start = text.index(words, at)
        at = start + len(words)
        mentions.append(Mention(label=label, start=start, end=at, text=words, anchor=anchor))
    rows = (row.replace(">", " ").split() for row in links.split(",") if row)
    return Tagged(
        tuple(mentions),
        tuple(Link(type="outcome", head=int(a), tail=int(b), score=float(s)) for a, b, s in rows),
    )


def named(tagged: Tagged) -> set[tuple[str, str, str]]:
    """(type, head's text, tail's text) of every link."""
    texts = [m.text for m in tagged.mentions]
    return {(x.type, texts[x.head], texts[x.tail]) for x in tagged.links}


def test_the_outcome_noun_behind_a_number_else_the_word_before_it() -> None:
    bare = Tagged(gold_tagged(REPORT).mentions, ())
    added = add_links(REPORT.text, bare)
    assert named(added) == {
        ("outcome", "5", "مقتل"),
        ("victims", "5", "مدنيين"),
        ("outcome", "9", "جرحى"),
        ("outcome", "شاب", "وأصيب"),
    }
    assert all(x.score == GUESSED for x in added.links)


def test_what_is_whole_stays_as_it_is() -> None:
    tagged = gold_tagged(REPORT)
    assert named(complete(REPORT.text, tagged)) == named(tagged)
    assert complete(REPORT.text, tagged).mentions == tagged.mentions


def test_a_number_in_a_list_takes_the_outcome_above_and_a_name_does_not() -> None:
    text = "عدد القتلى:\nإدلب: 7\nقال محمد"
    tagged = tag(
        text, ("القتلى", "OUTCOME", None), ("7", "COUNT", "incident"),
        ("محمد", "VICTIM", "incident"),
    )  # fmt: skip
    assert named(complete(text, tagged)) == {("outcome", "7", "القتلى")}


def test_a_number_of_one_group_has_one_outcome() -> None:
    text = "قتل 14 شخصا واصيب 40"
    tagged = tag(
        text, ("قتل", "OUTCOME", None), ("14", "COUNT", "incident"), ("واصيب", "OUTCOME", None),
        ("40", "COUNT", "incident"), links="1>0 0.9,1>2 0.6,3>2 0.8",
    )  # fmt: skip
    assert named(complete(text, tagged)) == {("outcome", "14", "قتل"), ("outcome", "40", "واصيب")}


def test_two_outcomes_of_one_group_stay() -> None:
    text = "إصابة شخصين واعتقالهما"
    tagged = tag(
        text, ("إصابة", "OUTCOME", None), ("شخصين", "VICTIM", "incident"),
        ("واعتقالهما", "OUTCOME", None), links="1>0 0.9,1>2 0.6",
    )  # fmt: skip
    assert len(complete(text, tagged).links) == 2


def test_the_noun_behind_a_number_wins_over_a_surer_link() -> None:
    text = "ثلاثة شهداء و10 جرحى"
    tagged = tag(
        text, ("شهداء", "OUTCOME", None), ("10", "COUNT", "incident"), ("جرحى", "OUTCOME", None),
        links="1>0 0.9",
    )  # fmt: skip
    assert named(complete(text, tagged)) == {("outcome", "10", "جرحى")}


def test_fragments_are_joined_or_dropped() -> None:
    text = "مقتل رجل وزوجته وسقوط 90 بين قتيل وجريح نحو"
    tagged = tag(
        text, ("مقتل", "OUTCOME", None), ("رجل", "VICTIM", "incident"),
        ("وزوجته", "VICTIM", "incident"), ("90", "COUNT", "incident"),
        ("قتيل", "OUTCOME", "incident"), ("وجريح", "OUTCOME", "incident"),
        ("نحو", "COUNT", "incident"), links="1>0 0.9,2>0 0.9,3>4 0.9",
    )  # fmt: skip
    done = complete(text, tagged)
    assert [(m.text, m.anchor) for m in done.mentions] == [
        ("مقتل", None), ("رجل وزوجته", "incident"), ("90", "incident"), ("قتيل وجريح", None),
    ]  # fmt: skip
    assert named(done) == {("outcome", "رجل وزوجته", "مقتل"), ("outcome", "90", "قتيل وجريح")}


def test_second_references_anchor_nothing() -> None:
    text = "ونقل الجرحى إلى المشفى"
    tagged = tag(text, ("الجرحى", "OUTCOME", "incident"))
    (mention,) = complete(text, tagged).mentions
    assert mention == replace(tagged.mentions[0], anchor=None)


def test_the_party_right_behind_people_is_their_side_and_a_row_of_them_too() -> None:
    text = "قتل 7 من قوات النظام وحزب الله"
    tagged = tag(
        text, ("قتل", "OUTCOME", None), ("7", "COUNT", "incident"),
        ("قوات النظام", "PARTY", None), ("وحزب الله", "PARTY", None), links="1>0 0.9",
    )  # fmt: skip
    wrong = Link(type="perpetrator", head=1, tail=2, score=0.9)
    done = complete(text, Tagged(tagged.mentions, (*tagged.links, wrong)))
    assert named(done) == {
        ("outcome", "7", "قتل"),
        ("victims", "7", "قوات النظام"),
        ("victims", "7", "وحزب الله"),
    }


def test_the_subject_of_a_verb_of_killing_is_no_side() -> None:
    text = "قتلت قوات النظام 7"
    tagged = tag(
        text, ("قتلت", "OUTCOME", None), ("قوات النظام", "PARTY", None),
        ("7", "COUNT", "incident"), links="2>0 0.9",
    )  # fmt: skip
    doer = Link(type="perpetrator", head=2, tail=1, score=0.9)
    done = complete(text, Tagged(tagged.mentions, (*tagged.links, doer)))
    assert ("perpetrator", "7", "قوات النظام") in named(done)


def test_an_undated_toll_beside_dated_cumulative_ones_is_cumulative() -> None:
    text = "قتل 40 منذ آذار وأصيب 9"
    tagged = tag(
        text, ("قتل", "OUTCOME", None), ("40", "COUNT", "cumulative"), ("منذ آذار", "DATE", None),
        ("وأصيب", "OUTCOME", None), ("9", "COUNT", "incident"), links="1>0 0.9,4>3 0.9",
    )  # fmt: skip
    date = Link(type="date", head=1, tail=2, score=0.9)
    done = complete(text, Tagged(tagged.mentions, (*tagged.links, date)))
    assert [m.anchor for m in done.mentions if m.anchor] == ["cumulative", "cumulative"]
    assert complete(text, tagged).mentions[4].anchor == "incident"


def test_dead_and_wounded_that_two_numbers_count_stay_apart() -> None:
    text = "ان 2 من المقاومة قتلا وجرح 19"
    tagged = tag(
        text, ("2", "COUNT", "incident"), ("قتلا", "OUTCOME", None), ("وجرح", "OUTCOME", None),
        ("19", "COUNT", "incident"), links="0>1 0.9,3>2 0.9",
    )  # fmt: skip
    assert named(complete(text, tagged)) == {("outcome", "2", "قتلا"), ("outcome", "19", "وجرح")}


def test_what_was_dated_and_placed_once_holds_for_what_follows() -> None:
    report = marked(
        "[[أمس|d1]] [[قُتل|o1]] [[5|n1]] في [[إدلب|l1]]. [[وأصيب|o2]] [[9|n2]]. "
        "[[وقُتل|o3]] [[منذ مطلع العام|d2]] [[90|n3]].",
        "n1: killed 5 | unknown | incident | o1 d1 l1 |",
        "n2: injured 9 | unknown | incident | o2 |",
        "n3: killed 90 | unknown | cumulative | o3 d2 |",
    )
    done = named(complete(report.text, gold_tagged(report)))
    assert {("date", "9", "أمس"), ("place", "9", "إدلب")} <= done
    assert ("date", "90", "أمس") not in done and ("place", "90", "إدلب") not in done


def test_a_year_is_no_toll_unless_it_counts_people() -> None:
    text = "اعتقل في 1987. وقتل في 2014 مدنياً"
    years = tag(text, ("اعتقل", "OUTCOME", None), ("1987", "COUNT", "incident"),
                ("قتل", "OUTCOME", None), ("2014", "COUNT", "incident"),
                ("مدنياً", "VICTIM", None), links="1>0 0.9,3>2 0.9")  # fmt: skip
    assert [m.text for m in complete(text, years).mentions if m.label == "COUNT"] == ["2014"]


def test_verbs_between_two_subjects_are_told_apart() -> None:
    text = "مواطن استشهد وأصيب 6"
    tagged = tag(
        text, ("مواطن", "VICTIM", "incident"), ("استشهد", "OUTCOME", None),
        ("وأصيب", "OUTCOME", None), ("6", "COUNT", "incident"), links="0>1 0.9,0>2 0.8,3>2 0.9",
    )  # fmt: skip
    assert [m.text for m in complete(text, tagged).mentions] == ["مواطن", "استشهد", "وأصيب", "6"]


def test_a_verb_with_a_number_of_its_own_lends_itself_to_no_number_before_it() -> None:
    text = "قضى 480 في المعارك\nمنهم 310 من الفصائل، في حين أسرت الفصائل 30 عنصراً"
    parts = [("قضى", "OUTCOME", None), ("480", "COUNT", "incident"), ("310", "COUNT", "incident")]
    rest = [("أسرت", "OUTCOME", None), ("30", "COUNT", "incident")]
    tagged = tag(text, *parts, *rest, links="1>0 0.9,4>3 0.9")  # type: ignore[arg-type]
    assert ("outcome", "310", "قضى") in named(add_links(text, tagged))


def test_witnesses_and_people_set_free_are_no_toll() -> None:
    for text, number in (
        ("قتل رجل بحسب أربعة شهود", "أربعة"),
        ("أُطلق سراح 412 معتقلاً", "412"),
        ("والإفراج عن نحو 50 أسيراً", "50"),
    ):
        assert not complete(text, tag(text, (number, "COUNT", "incident"))).mentions
    text = "قُتل 4 من الشهود"
    assert complete(text, tag(text, ("4", "COUNT", "incident"))).mentions
