"""Decisions folded over the machine's reading, and what comes out as annotation."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.check import check_report
from annotations.form import AnnotatedReport
from pipeline.review import (
    Reading,
    ReviewCount,
    ReviewError,
    faults,
    settled_count,
    standing,
    whole_tokens,
)
from pipeline.review_agreement import agreements
from pipeline.review_export import annotation_form
from pipeline.review_view import events_of

from .reviews import (
    CHILDREN,
    GOLD,
    INJURED,
    KILLED,
    MACHINE,
    REPORT,
    TEXT,
    at,
    folded,
    mention_of,
    step,
)


def record(reading: Reading, record_id: str = KILLED) -> Any:
    return next(r for r in reading.records if r.id == record_id)


def exported(reading: Reading) -> AnnotatedReport:
    return msgspec.convert(annotation_form(REPORT, "SY", reading), AnnotatedReport)


class TestMachine:
    def test_it_is_what_the_rules_make_of_the_marks(self) -> None:
        told = [(r.outcome, r.count.value, r.subset_of) for r in MACHINE.records]
        assert told == [("killed", 5, None), ("killed", 2, KILLED), ("injured", 12, None)]
        assert record(MACHINE).perpetrators == ("russia",)
        assert record(MACHINE).date_start == "2020-01-01"

    def test_unchanged_it_is_the_annotation_again(self) -> None:
        ours = exported(MACHINE)
        assert [(m.label, m.start, m.end, m.anchor) for m in ours.mentions] == [
            (m.label, m.start, m.end, m.anchor) for m in GOLD.mentions
        ]
        spans = {m.id: m.start for m in ours.mentions}, {m.id: m.start for m in GOLD.mentions}
        links = [
            {(x.type, names[x.head], names[x.tail]) for x in r.links}
            for r, names in zip((ours, GOLD), spans, strict=True)
        ]
        assert links[0] == links[1]
        assert list(check_report(ours)) == [] and faults(MACHINE) == {}

    def test_what_is_inherited_is_linked(self) -> None:
        place = mention_of(MACHINE, "بلدة سرمين")
        heads = {x.head for x in MACHINE.links if x.tail == place}
        assert heads == {r.anchor for r in MACHINE.records}


class TestFold:
    def test_accepting_changes_the_status_alone(self) -> None:
        reading = folded(("accept", {"record": KILLED}))
        assert record(reading).status == "accepted"
        assert exported(reading) == exported(MACHINE)

    def test_values_are_set_and_bounds_follow(self) -> None:
        count = {"value": 6, "low": None, "high": None, "qualifier": "at_least", "kind": "explicit"}
        values = {"count": count, "outcome": "missing", "perpetrators": ["syrian-government"]}
        reading = folded(("set", {"record": KILLED, "values": values}))
        found = record(reading)
        assert (found.count.low, found.count.high, found.outcome) == (6, None, "missing")
        assert found.perpetrators == ("syrian-government",) and found.status == "corrected"

    @pytest.mark.parametrize(
        "values",
        [
            {"outcome": "sad"},
            {"id": "c9"},
            {"perpetrators": ["nobody-knows"]},
            {"date_start": "14 May"},
            {"date_start": "2020-02-01", "date_end": "2020-01-01"},
            {"subset_of": CHILDREN},  # it is a part of this one
            {"same_as": KILLED},
            {"subset_of": "c77"},
            {"count": {"value": -1, "low": 0, "high": 0, "qualifier": "exact", "kind": "dual"}},
        ],
    )
    def test_values_that_cannot_be_are_refused(self, values: dict[str, Any]) -> None:
        with pytest.raises(ReviewError):
            folded(("set", {"record": KILLED, "values": values}))

    def test_the_scope_is_that_of_all_records_of_an_anchor(self) -> None:
        reading = folded(
            ("split", {"record": KILLED, "outcome": "captured"}),
            ("set", {"record": KILLED, "values": {"scope": "cumulative"}}),
        )
        assert {r.scope for r in reading.records if r.anchor == record(MACHINE).anchor} == {
            "cumulative"
        }

    def test_a_rejected_record_takes_its_number_along(self) -> None:
        reading = folded(("reject", {"record": KILLED}))
        assert record(reading, CHILDREN).subset_of is None
        assert "خمسة" not in [TEXT[m.start : m.end] for m in reading.mentions]
        assert list(check_report(exported(reading))) == []
        # A victim stays marked, but nothing hangs on it any more.
        reading = folded(("reject", {"record": CHILDREN}))
        assert exported(reading).mentions[3].anchor is None
        assert list(check_report(exported(reading))) == []

    def test_marking_and_moving_keep_spans_flat_and_whole(self) -> None:
        reading = folded(("mark", {"label": "PLACE", **at("لقرى المجاور")}))
        assert mention_of(reading, "القرى المجاورة") == "m+1"
        with pytest.raises(ReviewError, match="overlaps PLACE"):
            folded(("mark", {"label": "PLACE", **at("سرمين")}))
        place = mention_of(MACHINE, "بلدة سرمين")
        reading = folded(("move", {"mention": place, **at("سرمين")}))
        assert mention_of(reading, "سرمين") == place
        assert any(x.tail == place for x in reading.links)

    def test_another_label_drops_links_that_it_may_not_have(self) -> None:
        place = mention_of(MACHINE, "بلدة سرمين")
        reading = folded(("move", {"mention": place, "label": "DATE"}))
        assert not any(x.tail == place for x in reading.links)
        with pytest.raises(ReviewError, match="hangs on"):
            folded(("move", {"mention": record(MACHINE).anchor, "label": "DATE"}))
        with pytest.raises(ReviewError, match="hangs on"):
            folded(("unmark", {"mention": record(MACHINE).anchor}))

    def test_links_are_made_changed_and_cut(self) -> None:
        party = mention_of(MACHINE, "طائرات روسية")
        body = {"record": INJURED, "mention": party}
        reading = folded(("link", {**body, "type": "victims"}))
        anchor = record(MACHINE, INJURED).anchor
        assert [x.type for x in reading.links if (x.head, x.tail) == (anchor, party)] == ["victims"]
        assert faults(reading) == {INJURED: ["no word for the doer is linked"]}
        with pytest.raises(ReviewError, match="may not point"):
            folded(("link", {**body, "type": "date"}))
        reading = folded(("unlink", body))
        assert not [x for x in reading.links if (x.head, x.tail) == (anchor, party)]

    def test_a_missed_record_is_added(self) -> None:
        values = {"outcome": "displaced", "category": "civilian",
                  "count": {"value": None, "low": None, "high": None,
                            "qualifier": "vague", "kind": "vague"}}  # fmt: skip
        reading = folded(
            ("mark", {"label": "VICTIM", **at("عائلات")}),
            ("mark", {"label": "OUTCOME", **at("ونزحت")}),
            ("add", {"mention": "m+1", "values": values}),
            ("link", {"record": "r+3", "mention": "m+2", "type": "outcome"}),
        )
        assert record(reading, "r+3").outcome == "displaced"
        report = exported(reading)
        assert list(check_report(report)) == [] and len(report.records) == 4
        with pytest.raises(ReviewError, match="hangs on"):
            folded(("add", {"mention": mention_of(MACHINE, "أمس")}))

    def test_merged_records_are_one(self) -> None:
        reading = folded(("merge", {"record": CHILDREN, "into": KILLED}))
        assert [r.id for r in reading.records] == [KILLED, INJURED]
        assert record(reading).subset_of is None
        # The other way round: what referred to the one that went refers to the one that stays.
        reading = folded(
            ("set", {"record": INJURED, "values": {"same_as": CHILDREN}}),
            ("merge", {"record": CHILDREN, "into": KILLED}),
        )
        assert record(reading, INJURED).same_as == KILLED
        assert list(check_report(exported(reading))) == []

    def test_a_split_record_has_two_outcomes(self) -> None:
        reading = folded(("split", {"record": INJURED, "outcome": "captured"}))
        twins = [r for r in reading.records if r.anchor == record(MACHINE, INJURED).anchor]
        assert [r.outcome for r in twins] == ["captured", "injured"]
        assert list(check_report(exported(reading))) == []
        with pytest.raises(ReviewError, match="already have a record"):
            folded(("split", {"record": INJURED, "outcome": "injured"}))

    def test_a_split_off_anchor_gets_the_links(self) -> None:
        reading = folded(
            ("mark", {"label": "VICTIM", **at("آخرون")}),
            ("split", {"record": INJURED, "mention": "m+1"}),
        )
        own = {x.tail for x in reading.links if x.head == "m+1"}
        assert mention_of(reading, "بلدة سرمين") in own
        assert list(check_report(exported(reading))) == []

    @pytest.mark.parametrize("action", ["delete", "", "__class__"])
    def test_unknown_actions_are_refused(self, action: str) -> None:
        with pytest.raises(ReviewError, match="no action"):
            folded((action, {}))

    def test_what_is_missing_or_gone_is_said(self) -> None:
        with pytest.raises(ReviewError, match="needs 'record'"):
            folded("accept")
        with pytest.raises(ReviewError, match="no record"):
            folded(("reject", {"record": KILLED}), ("accept", {"record": KILLED}))


class TestUndo:
    def test_it_takes_back_the_last_that_stands(self) -> None:
        rows = [step(a, seq=n) for n, a in enumerate(("a", "b", "undo", "c", "undo", "undo"))]
        assert standing(rows) == []
        assert [d.action for d in standing(rows[:4])] == ["a", "c"]

    def test_all_undone_is_the_machines_reading(self) -> None:
        steps = [
            ("reject", {"record": KILLED}),
            ("mark", {"label": "PLACE", **at("القرى")}),
            "done",
        ]
        assert folded(*steps).done
        assert folded(*steps, "undo", "undo", "undo") == MACHINE

    @given(st.lists(st.sampled_from(["accept", "undo"]), max_size=12))
    def test_undo_never_fails(self, actions: list[str]) -> None:
        reading = folded(*[(a, {"record": KILLED}) for a in actions])
        assert record(reading).status in ("machine", "accepted")


class TestCount:
    @pytest.mark.parametrize(
        ("qualifier", "bounds"),
        [("exact", (7, 7)), ("at_least", (7, None)), ("at_most", (None, 7)),
         ("approximate", (None, None))],
    )  # fmt: skip
    def test_bounds_follow_the_qualifier(self, qualifier: Any, bounds: tuple[Any, Any]) -> None:
        count = ReviewCount(value=7, low=1, high=9, qualifier=qualifier, kind="explicit")
        assert (settled_count(count).low, settled_count(count).high) == bounds

    def test_ranges_and_vague_numbers_have_no_value(self) -> None:
        between = ReviewCount(value=3, low=5, high=7, qualifier="range", kind="explicit")
        assert settled_count(between).value is None
        vague = msgspec.structs.replace(between, qualifier="vague")
        assert settled_count(vague).low is None
        with pytest.raises(ReviewError, match="range"):
            settled_count(msgspec.structs.replace(between, high=4))
        with pytest.raises(ReviewError, match="needs a number"):
            settled_count(msgspec.structs.replace(between, value=None, qualifier="exact"))


class TestTokens:
    def test_spans_grow_to_whole_tokens(self) -> None:
        assert whole_tokens(TEXT, at("تل خم")["start"], at("تل خم")["end"]) == (2, 11)
        assert TEXT[2:11] == "قُتل خمسة"

    @pytest.mark.parametrize(
        ("start", "end"), [(3, 3), (5, 2), (-1, 4), (0, 10**6), (1, 2), ("a", 2)]
    )
    def test_spans_of_nothing_are_refused(self, start: Any, end: Any) -> None:
        with pytest.raises(ReviewError):
            whole_tokens(TEXT, start, end)


class TestAgreement:
    def test_the_same_decisions_agree_wholly(self) -> None:
        (found,) = agreements({"b": {"r": MACHINE}, "a": {"r": MACHINE}})
        assert (found.first, found.second, found.reports) == ("a", "b", 1)
        assert (found.mentions, found.records, found.values) == (1.0, 1.0, 1.0)

    def test_ids_do_not_matter_and_values_do(self) -> None:
        cause = folded(("set", {"record": KILLED, "values": {"cause": "drone"}}))
        (found,) = agreements({"a": {"r": cause}, "b": {"r": MACHINE}})
        # The two children are a part of the same toll still.
        assert (found.mentions, found.records, found.values) == (1.0, 1.0, round(2 / 3, 3))
        gone = folded(("reject", {"record": INJURED}))
        (found,) = agreements({"a": {"r": gone}, "b": {"r": MACHINE}})
        assert found.records == round(4 / 5, 3)

    def test_people_who_share_no_report_have_none(self) -> None:
        assert agreements({"a": {"r": MACHINE}, "b": {"s": MACHINE}}) == []


def test_events_are_records_of_one_day_place_and_doer() -> None:
    assert events_of(MACHINE) == [[KILLED, CHILDREN, INJURED]]
    other = folded(("set", {"record": INJURED, "values": {"date_start": "2019-12-31"}}))
    assert events_of(other) == [[KILLED, CHILDREN], [INJURED]]
