"""Intervals, groups, misses, floors, scores of others' output, and the page, on known cases."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from annotations.linked import HALVES
from eval import floors
from eval.bootstrap import draws, f1_interval, interval_by_report
from eval.calibration import calibration_bins
from eval.errors import by_kind, misses_of
from eval.evaluate import Evaluation, Measured, Reading, evaluate, gold_tagged
from eval.groups import groups_of, length_of, members
from eval.history import Release, draw_plot, read_history
from eval.outputs import read_gold, read_outputs, score_outputs
from eval.page import charts, render_page
from eval.reference import compare
from eval.scores import Score
from eval.spans import confusion, overlapping, score_overlapping
from pipeline import DEFAULT_MODEL as MODEL
from pipeline.analyse import analyse
from pipeline.schema import Mention, Report, Tagged

from .marked import marked

FIRST = marked(
    "[[قُتل|o1]] [[12|n1]] [[مدنياً|v1]] بينهم [[3|n2]] [[أطفال|v2]] في [[مدينة إدلب|l1]]",
    "n1: killed 12 | civilian | incident | o1 v1 l1 |",
    "n2: killed 3 | civilian | incident | o1 v2 l1 | demo=child part=n1",
)
SECOND = replace(
    marked("[[أصيب|o1]] [[5|n1]] في [[حلب|l1]]", "n1: injured 5 | unknown | incident | o1 l1 |"),
    id="second",
)


def read_from(*tagged: Tagged) -> Reading:
    gold = [FIRST, SECOND][: len(tagged)]
    reports = [Report(report_id=g.id, text=g.text, published=g.published) for g in gold]
    results = [analyse(r, t) for r, t in zip(reports, tagged, strict=True)]
    return Reading("dev", "m", "1", gold, list(tagged), results, 1.0)


@pytest.fixture(scope="module")
def reading() -> Reading:
    first = gold_tagged(FIRST)
    outcome, *others = first.mentions
    shorter = replace(others[-1], start=others[-1].start + 6, text=others[-1].text[6:])
    return read_from(
        Tagged((outcome, *others[:-1], shorter), first.links[:-1]), gold_tagged(SECOND)
    )


@pytest.fixture(scope="module")
def result(reading: Reading) -> Evaluation:
    return evaluate(reading, {"pairs F1": Measured(0.625, (0.5, 0.75), 8)})


def test_draws_are_reports_with_replacement_and_the_same_each_time() -> None:
    drawn = draws(20, rounds=50)
    assert drawn.shape == (50, 20)
    assert (drawn.sum(axis=1) == 20).all() and (drawn > 1).any() and (drawn == 0).any()
    assert (drawn == draws(20, rounds=50)).all()


def test_the_interval_holds_the_figure_and_narrows_with_more_reports() -> None:
    rows = [Score(8, 10, 10), Score(2, 10, 10)] * 10
    low, high = f1_interval(rows, draws(len(rows)))
    assert low < 0.5 < high
    wide = f1_interval(rows[:4], draws(4))
    assert high - low < wide[1] - wide[0]


def test_an_interval_of_reports_that_are_all_alike_is_a_point() -> None:
    assert f1_interval([Score(1, 2, 2)] * 5, draws(5)) == (0.5, 0.5)
    assert f1_interval([Score(0, 0, 0)] * 5, draws(5)) == (1.0, 1.0)
    assert f1_interval([], draws(1)) == (0.0, 1.0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(100):
        found = random.binomial(10, 0.7, size=40).tolist()
        low, high = f1_interval([Score(f, 10, 10) for f in found], draws(40, 200))
        inside += low <= 0.7 <= high
    assert 88 <= inside <= 100


def test_an_interval_of_any_figure_of_the_items() -> None:
    items = [[1.0] * 3, [0.0]]
    low, high = interval_by_report(items, lambda x: sum(x) / max(len(x), 1), draws(2, 400))
    assert (low, high) == (0.0, 1.0)


def test_bins_hold_all_and_rise() -> None:
    bins = calibration_bins([(k / 100, k % 2 == 0) for k in range(100)])
    assert sum(b.size for b in bins) == 100
    assert [b.said for b in bins] == sorted(b.said for b in bins)
    assert calibration_bins([]) == []


def test_a_report_knows_its_groups() -> None:
    report = replace(SECOND, country="", style="wire", points=("20a", "20i", "1a"))
    assert list(groups_of(report)) == [
        ("country", "unknown"), ("style", "wire"), ("length", "under 60 words"),
        ("noise", "spelling"), ("noise", "page"),
    ]  # fmt: skip
    assert length_of("كلمة " * 60) == "60 to 119 words"
    assert length_of("كلمة " * 240) == "240 words and more"
    assert members([report, SECOND])["noise"] == {"none": [1], "page": [0], "spelling": [0]}


def test_overlapping_mentions_pair_one_to_one_and_the_most_alike_first() -> None:
    wide, narrow = (Mention(label="PLACE", start=0, end=e, text="") for e in (10, 4))
    assert overlapping([narrow], [wide, narrow], same_label=True) == [(0, 0)]
    assert overlapping([wide, narrow], [wide], same_label=True) == [(0, 0)]
    other = Mention(label="PARTY", start=0, end=10, text="")
    assert overlapping([wide], [other], same_label=True) == []
    assert overlapping([wide], [other], same_label=False) == [(0, 0)]
    assert score_overlapping([[wide]], [[narrow]])["micro"] == Score(1, 1, 1)
    assert score_overlapping([[wide]], [[other]])["micro"] == Score(0, 1, 1)
    assert confusion([wide], [other, narrow]) == {("PLACE", "PARTY"): 1, (None, "PLACE"): 1}
    assert confusion([wide], []) == {("PLACE", None): 1}


def test_sums_over_reports_are_the_split_scored_as_a_whole(result: Evaluation) -> None:
    mentions = result.tables["mentions"]
    assert mentions["micro"].score == Score(8, 9, 9)
    assert mentions["PLACE"].score == Score(1, 2, 2)
    assert result.tables["mentions, overlapping"]["micro"].score == Score(9, 9, 9)
    assert list(mentions)[0] == "micro"
    low, high = mentions["micro"].interval
    assert low <= mentions["micro"].score.f1 <= high
    assert result.tables["values from gold mentions"]["number"].score == Score(3, 3, 3)
    assert result.group_sizes["length"] == {"under 60 words": 2}
    assert result.confusion["PLACE"] == {"PLACE": 2}


def test_each_miss_says_what_gold_has_and_what_was_read(reading: Reading) -> None:
    found = [
        miss for g, t, r in zip(reading.gold, reading.tagged, reading.results, strict=True)
        for miss in misses_of(g, t, r)
    ]  # fmt: skip
    (border,) = (m for m in found if m.kind == "mention PLACE: border")
    assert (border.gold, border.read) == ("مدينة إدلب (PLACE)", "إدلب (PLACE)")
    assert border.snippet(FIRST.text)[1] == "مدينة إدلب"
    assert FIRST.text[border.start : border.end] == "مدينة إدلب"
    assert sum(n for _, n in by_kind(found)) == len(found)
    assert {m.report_id for m in found} == {FIRST.id}


def test_a_report_read_in_full_has_no_miss_and_an_empty_one_misses_all() -> None:
    perfect = read_from(gold_tagged(FIRST))
    assert list(misses_of(FIRST, perfect.tagged[0], perfect.results[0])) == []
    empty = read_from(Tagged((), ()))
    kinds = dict(by_kind(list(misses_of(FIRST, empty.tagged[0], empty.results[0]))))
    assert kinds["record: missed"] == 2 and kinds["mention COUNT: missed"] == 2


def test_a_record_with_a_wrong_field_is_named() -> None:
    tagged = gold_tagged(FIRST)
    fewer = Tagged(tagged.mentions, tuple(k for k in tagged.links if k.type != "part_of"))
    result = analyse(Report(report_id="r", text=FIRST.text), fewer, gold=True)
    found = [m for m in misses_of(FIRST, fewer, result) if m.kind.startswith("link part_of")]
    assert [(m.gold, m.read) for m in found] == [("3 → 12", "")]


FLOORS = {"dev": {"mentions, micro": 0.9, "links, micro": 0.5}}


def figures(mentions: float) -> dict[str, object]:
    tables: dict[str, dict[str, dict[str, float]]] = {}
    for table, row in floors.HELD:
        tables.setdefault(table, {})[row] = {"f1": 0.7}
    tables["mentions"]["micro"] = {"f1": mentions}
    return {"split": "dev", **tables}


def test_a_figure_under_its_floor_is_a_sentence_that_names_all() -> None:
    (sentence,) = floors.below(figures(0.88), FLOORS)
    for word in ("mentions, micro", "0.8800", "0.9000", "hasila eval --split dev"):
        assert word in sentence
    assert list(floors.below(figures(0.9), FLOORS)) == []
    assert list(floors.below({**figures(0.1), "split": "other"}, FLOORS)) == []
    (gone,) = floors.below(figures(0.95), {"dev": {"no such figure": 0.1}})
    assert "not measured" in gone


def test_events_across_reports_have_floors_too(result: Evaluation) -> None:
    held = floors.held_figures(result.as_dict())
    assert held["across reports, pairs F1"] == 0.625
    assert "across reports, b-cubed F1" not in held


def test_floors_are_raised_and_never_lowered(tmp_path: Path) -> None:
    new = floors.raised(figures(0.95), FLOORS)
    assert new["dev"]["mentions, micro"] == 0.94 and new["dev"]["links, micro"] == 0.69
    assert floors.raised(figures(0.5), FLOORS)["dev"]["mentions, micro"] == 0.9
    floors.write_floors(new, tmp_path / "e.json")
    assert floors.read_floors(tmp_path / "e.json") == new
    (tmp_path / "e.json").write_text("[1]")
    with pytest.raises(ValueError, match="floors"):
        floors.read_floors(tmp_path / "e.json")


def test_the_shipped_floors_hold_figures_that_exist() -> None:
    known = {f"{table}, {row}" for table, row in floors.HELD}
    across = {f"across reports, {row}" for row in floors.ACROSS}
    shipped = floors.read_floors()
    speed = shipped.pop(floors.SPEED)
    assert set(shipped) == {"dev", "test", "test-unseen"}
    for split, rows in shipped.items():
        assert set(rows) == known | (across if split in HALVES else set())
    assert list(floors.slower({name: 9.0 for name in speed}, {floors.SPEED: speed})) == []
    assert len(list(floors.slower({}, {floors.SPEED: speed}))) == len(speed) == 2


def written(folder: Path, reading: Reading) -> tuple[Path, Path]:
    gold, said = folder / "gold.jsonl", folder / "reports.jsonl"
    gold.write_bytes(b"".join(msgspec.json.encode(g) + b"\n" for g in reading.gold))
    said.write_bytes(b"".join(msgspec.json.encode(r) + b"\n" for r in reading.results))
    return gold, said


def test_outputs_of_the_contract_score_as_in_an_evaluation(
    tmp_path: Path, reading: Reading, result: Evaluation
) -> None:
    gold, said = written(tmp_path, reading)
    scores = score_outputs(read_gold(gold), read_outputs(said))
    assert {k: f.score for k, f in scores.items()} == {
        k: f.score for k, f in result.tables["records"].items()
    }
    assert read_outputs(tmp_path) == read_outputs(said)


def test_reports_left_out_are_missed_and_strange_ones_refused(
    tmp_path: Path, reading: Reading
) -> None:
    gold, said = written(tmp_path, reading)
    outputs = read_outputs(said)
    del outputs["second"]
    assert score_outputs(read_gold(gold), outputs)["records"].score == Score(2, 2, 3)
    with pytest.raises(ValueError, match="no report other"):
        score_outputs(read_gold(gold), {"other": reading.results[0]})
    with pytest.raises(ValueError, match="no gold report"):
        score_outputs({}, {})
    said.write_bytes(said.read_bytes() * 2)
    with pytest.raises(ValueError, match="twice"):
        read_outputs(said)
    said.write_text("\n{}\n")
    with pytest.raises(ValueError, match="reports.jsonl:2"):
        read_outputs(said)
    with pytest.raises(FileNotFoundError, match="reports.jsonl"):
        read_outputs(tmp_path / "no")


RELEASES = [
    Release(version="1", day="2026-01-01", train_reports=10, data="a",
            splits={"dev": {"mentions": 0.5, "links": 0.25}}),
    Release(version="2", day="2026-02-01", train_reports=20, data="b",
            splits={"dev": {"mentions": 0.75, "links": 0.5}, "test": {"mentions": 0.1}}),
]  # fmt: skip


def test_releases_are_charted_where_they_were_measured() -> None:
    (chart,) = charts(RELEASES, "dev")
    assert [len(series["points"]) for series in chart["series"]] == [2, 2]
    first, second = chart["series"][0]["points"]
    assert first[0] < second[0] and first[1] > second[1]
    assert draw_plot(RELEASES).count("<circle") == 4
    assert "0.75" in draw_plot(RELEASES)


def test_the_shipped_history_reads(tmp_path: Path) -> None:
    releases = read_history()
    assert releases and [r.day for r in releases] == sorted(r.day for r in releases)
    assert read_history(tmp_path / "none") == []
    (tmp_path / "h").write_text("{}\n")
    with pytest.raises(ValueError, match="h:1"):
        read_history(tmp_path / "h")


def page_of(reading: Reading, result: Evaluation) -> str:
    return render_page(reading, result, RELEASES)


def test_the_page_stands_alone_and_holds_every_miss(reading: Reading, result: Evaluation) -> None:
    page = page_of(reading, result)
    assert not re.search(r"(?:src|href)\s*=|url\(|@import|https?://", page)
    data = json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', page, re.S)[1])
    assert {miss["kind"] for miss in data["misses"]} >= {"mention PLACE: border"}
    assert data["reports"][FIRST.id]["text"] == FIRST.text
    for label in ("mention", "Calibration", "95 %", "PLACE"):
        assert label in page


@given(st.text(alphabet='<>/&"script!-', max_size=30))
def test_no_text_of_a_report_gets_out_of_its_place(text: str) -> None:
    from eval.page import _embedded

    embedded = _embedded({"text": text})
    assert "<" not in embedded and json.loads(embedded) == {"text": text}


def test_the_other_side_of_the_race_tags_with_the_same_weights() -> None:
    from eval.speed import cpu_flags, measure, token_classification

    tags = token_classification(MODEL)("قتل 12 مدنيا في مدينة إدلب")
    assert {row["entity_group"] for row in tags} >= {"COUNT", "VICTIM", "PLACE"}
    speed = measure(MODEL, [FIRST.text, "قتل " * 600])
    assert speed.texts == 1 and speed.words == len(FIRST.text.split())
    assert set(speed.ratios()) == {"batch 1", "best batch"} and min(speed.ratios().values()) > 0
    with pytest.raises(ValueError, match="no text fits"):
        measure(MODEL, ["قتل " * 600])
    assert cpu_flags(Path("no such file")) == []


def test_8_bits_and_32_of_the_shipped_model_are_told_apart() -> None:
    comparison = compare(MODEL, [FIRST, SECOND])
    assert set(comparison.reference) == {"mentions", "anchors", "links"}
    assert comparison.losses() == []
    (sentence,) = replace(comparison, shipped={**comparison.shipped, "links": 0.0}).losses()
    assert sentence.startswith("links") and "hasila eval --reference" in sentence


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
def test_the_page_runs_without_an_error_and_draws_the_misses(
    tmp_path: Path, reading: Reading, result: Evaluation
) -> None:
    page = tmp_path / "page.html"
    page.write_text(page_of(reading, result), "utf-8")
    done = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         "--v=0", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.count('class="miss"') == len(
        list(m for g, t, r in zip(reading.gold, reading.tagged, reading.results, strict=True)
             for m in misses_of(g, t, r))
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, done.stderr
