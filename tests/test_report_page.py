"""The report page: sums with their bounds, evidence, the map, and the page in a real browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.data import load_toml
from pipeline.relate import relate
from pipeline.report_items import apart, read_archive
from pipeline.report_map import Site, View, draw, outlines
from pipeline.report_page import Figures, bounds, render, write_page
from pipeline.schema import CAUSE_CODES, OUTCOMES

from .test_database import party, record, told
from .test_relate import HARIM, HOUSE, MARKET, archive, at_market
from .test_review_page import ATTACKS, CHROMIUM

HOSTILE = "قُتل مدني 😢 " + " ".join(ATTACKS) + " ]]> <!-- </script>"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One event told twice, one without an upper bound, one of no month; hostile text and names."""
    return archive(
        tmp_path_factory.mktemp("run") / "out",
        ("2019-05-14", MARKET, [at_market("a", 12)]),
        ("2019-05-15", f"ارتفع عدد ضحايا السوق: {MARKET}", [at_market("b", 14)]),
        ("2019-09-02", HOSTILE, [
            at_market("c", 0, places=(HARIM,), perpetrators=(party(None, ATTACKS[0]),),
                      date=told("2019-09-01", "2019-09-01"), cause=None)]),
        ("2020-01-02", HOUSE, [
            at_market("d", 3, date=told("2019-01-01", "2019-12-31"), perpetrators=())]),
    )  # fmt: skip


def embedded(page: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def tile(page: str, scope: int, outcome: str) -> str:
    """The words of a total's button."""
    tiles = page.split('<dl class="tiles">')[1 + scope]
    found = re.search(rf">{outcome}</span>.*?<dd><button[^>]*>(.*?)</button>", tiles, re.DOTALL)
    assert found
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def test_before_relating_every_report_counts_and_afterwards_every_event(
    out: Path, tmp_path: Path
) -> None:
    page = render(read_archive(out))
    assert tile(page, 0, "killed") == "29" and "counted several times" in page
    relate(out)
    page = render(read_archive(out))
    assert tile(page, 0, "killed") == "17 15–17" and "Each event is counted once" in page
    (out / "groups.jsonl").write_text((out / "groups.jsonl").read_text().replace('"a"', '"z"'))
    with pytest.raises(ValueError, match="is not of this run; make it anew by: hasila relate"):
        read_archive(out)
    (out / "groups.jsonl").unlink()


def test_every_figure_opens_the_evidence_it_is_made_of(out: Path) -> None:
    page = render(read_archive(out))
    data = embedded(page)
    keys = {int(key) for key in re.findall(r'data-figure="(\d+)"', page)}
    assert keys <= set(range(len(data["figures"]))) and len(keys) > 10
    total = re.search(r'<dd><button class="figure" data-figure="(\d+)"', page)
    assert total
    opened = [data["evidence"][n] for n in data["figures"][int(total[1])]]
    assert [e["text"] for e in opened][0].endswith(MARKET) and len(opened) == 4
    assert all(data["figures"][key] for key in keys)


def test_texts_of_reports_are_escaped(out: Path) -> None:
    page = render(read_archive(out), title="<b>عنوان</b>")
    assert page.count("<script") == 2 and page.count("</script>") == 2
    assert not any(attack in page for attack in ATTACKS[:3])
    assert "&lt;b&gt;عنوان" in page
    assert any(e["text"] == HOSTILE for e in embedded(page)["evidence"])


def test_months_and_silence_and_what_is_of_no_month(out: Path) -> None:
    page = render(read_archive(out))
    months = page.split('id="months"')[1].split("</section>")[0]
    names = re.findall(r'<span class="name"><span lang="en">(.*?)</span>', months)
    assert names == ["2019-05", "2019-06 … 2019-08", "2019-09", "no single month"]


def test_bounds_that_are_not_known(tmp_path: Path) -> None:
    out = archive(
        tmp_path / "out",
        ("2019-05-14", MARKET, [at_market("a", 5)]),
        ("2019-05-14", HOUSE, [_at_least("b", 7)]),
    )
    assert tile(render(read_archive(out)), 0, "killed") == "12+"
    figures = Figures([])
    assert bounds(figures.of([])) == "0"


def _at_least(name: str, low: int) -> Any:
    return replace(at_market(name, low), casualties=(record(f"{name}c", low, None),))


def test_a_run_without_events(tmp_path: Path) -> None:
    out = archive(tmp_path / "out", ("2019-05-14", "هدوء", []))
    page = render(read_archive(out))
    assert "Nothing was found" in page and "<circle" not in page


def test_the_command(out: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(out), "--out", str(tmp_path / "page.html")])
    assert done.exit_code == 0 and "4 events" in done.output
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")
    missing = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert missing.exit_code == 2 and "holds no reports.jsonl" in missing.output
    write_page(out, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "page.html").read_bytes()


def test_spans_that_would_overlap_or_lie_outside_are_left_out() -> None:
    spans = [(4, 6, "COUNT"), (5, 9, "PLACE"), (0, 2, "DATE"), (-1, 3, "PARTY"), (8, 30, "CAUSE")]
    assert list(apart(spans, 10)) == [(0, 2, "DATE"), (4, 6, "COUNT")]


def test_all_words_are_there_in_both_languages() -> None:
    labels = load_toml("report/labels.toml")
    assert set(labels["outcomes"]) == set(OUTCOMES) and set(labels["causes"]) == set(CAUSE_CODES)
    for section in labels.values():
        assert all(len(both) == 2 and all(both) for both in section.values())


# The map


def site(lat: float, lon: float, size: int = 1) -> Site:
    return Site(
        lat=lat, lon=lon, name="n", name_ar="ن", country="SY", size=size, label="", figure=0
    )


def test_north_is_up_and_circles_are_as_large_as_what_they_tell() -> None:
    sites = [site(36.8, 36.5, 1), site(33.5, 36.3, 100)]
    drawn = draw(sites)
    assert drawn
    large, small = drawn["circles"]
    assert large["r"] == 26.0 and large["y"] > small["y"] and 3 < small["r"] < 6
    for circle in drawn["circles"]:
        assert 0 < circle["x"] < drawn["width"] and 0 < circle["y"] < drawn["height"]
    # A degree of longitude is shorter than one of latitude by the cosine of the latitude.
    view = View(sites)
    (x0, y0), (x1, y1) = view.point(35.15, 36), view.point(36.15, 37)
    assert (x1 - x0) / (y0 - y1) == pytest.approx(0.8176, abs=0.01)
    assert draw([]) is None


def test_outlines_hold_the_places_of_their_country() -> None:
    assert {"SY", "IQ", "YE", "PS", "LY", "SD"} <= outlines().keys()
    assert "Idlib" in outlines()["SY"]["governorates"]
    for country in outlines().values():
        for ring in country["outline"]:
            assert all(-20 < lon < 80 and -5 < lat < 45 for lon, lat in ring)


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with playwright.sync_playwright() as play:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, out: Path, tmp_path: Path) -> Iterator[tuple[Any, list[str]]]:
    """The page in a browser, and what went wrong in it or was asked for by it."""
    file = tmp_path / "report.html"
    write_page(out, file)
    page, wrong = browser.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url))
    page.goto(file.as_uri())
    assert wrong.pop(0) == file.as_uri()
    yield page, wrong
    page.close()


def test_a_figure_opens_its_sentences_right_to_left(opened: tuple[Any, list[str]]) -> None:
    page, wrong = opened
    page.locator(".tiles .figure").first.click()
    shown = page.locator("#sentences p")
    assert shown.count() == 4 and shown.last.inner_text() == HOSTILE
    assert shown.first.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert page.locator("#sentences mark.COUNT").first.inner_text() == shown.first.inner_text()[:4]
    page.keyboard.press("Escape")
    assert not page.locator("#evidence").is_visible()
    assert page.title() == "Casualties reported" and wrong == []


def test_the_map_opens_by_key_and_the_page_turns_arabic(opened: tuple[Any, list[str]]) -> None:
    page, wrong = opened
    page.locator("circle.site").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#evidence").is_visible()
    page.locator("#close").click()
    page.locator("#language").click()
    assert page.evaluate("document.documentElement.dir") == "rtl"
    assert page.locator("h1").inner_text() == "حصيلة الضحايا كما وردت في التقارير"
    assert "روسيا" in page.locator("#doers + table").inner_text()
    page.locator("#language").click()
    assert page.locator("h1").inner_text() == "Casualties reported" and wrong == []


def test_on_a_phone_nothing_is_wider_than_the_screen(opened: tuple[Any, list[str]]) -> None:
    page, _ = opened
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
