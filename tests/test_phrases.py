"""The phrase sets: what is read of a marked phrase, and when that is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.phrases import (
    FOLDER,
    KINDS,
    SPLITS,
    Phrase,
    figures,
    judge,
    library_figures,
    read_phrases,
    same_count,
    same_place,
)
from pipeline.counts import parse_count
from pipeline.schema import Mention, Place, Tagged


class NoTagger:
    """Reads nothing around the phrase; ``anchors`` are spans that it takes for records."""

    def __init__(self, *anchors: tuple[int, int]) -> None:
        self.anchors = anchors

    def tag_batch(self, texts: list[str]) -> list[Tagged]:
        mentions = tuple(
            Mention(label="COUNT", start=a, end=b, text="", anchor="incident")
            for a, b in self.anchors
        )
        return [Tagged(mentions, ()) for _ in texts]


def written(folder: Path, kind: str, *rows: dict[str, Any]) -> None:
    lines = [json.dumps({"id": f"x{n}", **row}) for n, row in enumerate(rows)]
    (folder / f"{kind}-dev.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def exact(value: int, kind: str = "explicit", qualifier: str = "exact") -> dict[str, Any]:
    return {"value": value, "low": value, "high": value, "qualifier": qualifier, "kind": kind}


def test_the_phrase_is_cut_out_and_its_offsets_are_raw(tmp_path: Path) -> None:
    written(tmp_path, "counts", {"text": "قُتل [[12]] شخصاً", "expected": exact(12)})
    (phrase,) = read_phrases("counts", "dev", tmp_path)
    assert phrase.text == "قُتل 12 شخصاً" and phrase.words == "12"
    assert (phrase.published, phrase.country) == (None, None)


@pytest.mark.parametrize("text", ["قُتل 12", "[[قُتل]] [[12]]"])
def test_a_row_without_one_phrase_is_refused(tmp_path: Path, text: str) -> None:
    written(tmp_path, "counts", {"text": text, "expected": exact(12)})
    with pytest.raises(ValueError, match="counts-dev.jsonl:1"):
        read_phrases("counts", "dev", tmp_path)
    (tmp_path / "counts-dev.jsonl").write_text("{}")
    with pytest.raises(ValueError, match="not a phrase"):
        read_phrases("counts", "dev", tmp_path)
    with pytest.raises(FileNotFoundError, match="parties"):
        read_phrases("dates", "dev", tmp_path)


def test_counts_are_read_with_the_bound_that_stands_apart(tmp_path: Path) -> None:
    at_least = {**exact(12, qualifier="at_least"), "high": None}
    written(
        tmp_path, "counts",
        {"text": "قُتل [[12]] شخصاً على الأقل", "expected": at_least},
        {"text": "سقوط [[قتيلين]]", "expected": exact(2, "dual")},
        {"text": "أصيب [[10]] أشخاص", "expected": exact(11)},
        {"text": "عمره [[17]] عاماً", "expected": None},
    )  # fmt: skip
    phrases = read_phrases("counts", "dev", tmp_path)
    assert [o.right for o in judge("counts", phrases, NoTagger())] == [True, True, False, True]
    taken = judge("counts", phrases[3:], NoTagger((phrases[3].start, phrases[3].end)))
    assert [(o.right, o.sure) for o in taken] == [(False, True)]


def test_bounds_count_only_where_the_text_states_them() -> None:
    count = parse_count("نحو 30")
    wanted = {"value": 30, "low": None, "high": None, "qualifier": "approximate"}
    assert same_count(count, {**wanted, "kind": "explicit"})
    assert not same_count(count, {**wanted, "kind": "explicit", "value": 31})
    assert not same_count(None, exact(1))
    assert not same_count(parse_count("12"), exact(12, qualifier="at_least"))


def test_dates_are_right_to_the_day_or_plainly_open(tmp_path: Path) -> None:
    written(
        tmp_path, "dates",
        {"text": "قُتل [[أمس]]", "published": "2019-05-14",
         "expected": {"start": "2019-05-13", "end": "2019-05-13"}},
        {"text": "قُتل [[أمس]]", "published": None, "expected": {"start": None, "end": None}},
        {"text": "قُتل [[أمس]]", "published": "2019-05-14",
         "expected": {"start": "2019-05-12", "end": "2019-05-12"}},
    )  # fmt: skip
    outcomes = judge("dates", read_phrases("dates", "dev", tmp_path), NoTagger())
    assert [(o.right, o.sure) for o in outcomes] == [(True, True), (True, False), (False, True)]
    shares = figures(outcomes)
    assert shares["right"].score.f1 == pytest.approx(2 / 3)
    assert shares["wrong but sure"].score.f1 == pytest.approx(1 / 3)


def test_a_place_is_right_within_reach_or_unresolved_where_none_can_be() -> None:
    wanted = {"name": "x", "country": "SY", "lat": 35.0, "lon": 37.0, "precision": "exact"}
    near = Place(text="", start=0, end=0, lat=35.1, lon=37.0)
    far = Place(text="", start=0, end=0, lat=36.0, lon=37.0)
    nowhere = Place(text="", start=0, end=0)
    assert same_place(near, wanted) and not same_place(far, wanted)
    assert same_place(far, {**wanted, "precision": "admin1"})
    assert not same_place(nowhere, wanted)
    assert same_place(nowhere, {"unresolved": True}) and not same_place(near, {"unresolved": True})


def test_the_country_and_what_stands_behind_tell_namesakes_apart(tmp_path: Path) -> None:
    aleppo = {"lat": 36.2, "lon": 37.16, "precision": "admin1"}
    written(
        tmp_path, "places",
        {"text": "غارة على [[ريف حلب الشمالي]]", "country": "SY", "expected": aleppo},
        {"text": "غارة على [[سوق شعبية]]", "country": "SY", "expected": {"unresolved": True}},
    )  # fmt: skip
    outcomes = judge("places", read_phrases("places", "dev", tmp_path), NoTagger())
    assert [o.right for o in outcomes] == [True, True]


def test_parties_are_right_when_all_and_only_theirs_are_named(tmp_path: Path) -> None:
    both = ["syrian-government", "pro-government-militias"]
    written(
        tmp_path, "parties",
        {"text": "[[قوات النظام والمسلحين الموالين لها]]", "country": "SY",
         "expected": {"ids": both}},
        {"text": "[[قوات النظام والمسلحين الموالين لها]]", "country": "SY",
         "expected": {"ids": both[:1]}},
        {"text": "قصفت [[الطائرات]] البلدة", "country": None, "expected": {"ids": []}},
    )  # fmt: skip
    outcomes = judge("parties", read_phrases("parties", "dev", tmp_path), NoTagger())
    assert [o.right for o in outcomes] == [True, False, True]


def test_other_libraries_are_asked_where_they_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "counts", {"text": "[[12]]", "expected": exact(12)})
    phrases = read_phrases("counts", "dev", tmp_path)
    one: dict[str, Any] = {"value": 12}
    monkeypatch.setattr("eval.phrases.libraries", lambda kind: [("other", lambda p: one)])
    assert library_figures("counts", phrases)["other"].score.f1 == 1.0
    one["value"] = 13
    assert library_figures("counts", phrases)["other"].score.f1 == 0.0


SHIPPED = [(kind, split) for kind in KINDS for split in SPLITS]
SHIPPED = [(k, s) for k, s in SHIPPED if (FOLDER / f"{k}-{s}.jsonl").exists()]


@pytest.mark.parametrize(("kind", "split"), SHIPPED)
def test_the_shipped_sets_read(kind: Any, split: str) -> None:
    phrases = read_phrases(kind, split)
    assert len(phrases) >= 100
    assert len({p.id for p in phrases}) == len(phrases)
    assert all(isinstance(p, Phrase) and p.words.strip() for p in phrases)


def test_the_halves_of_a_set_share_no_sentence() -> None:
    for kind in {k for k, _ in SHIPPED}:
        dev, test = ({p.text for p in read_phrases(kind, split)} for split in SPLITS)
        assert not dev & test
