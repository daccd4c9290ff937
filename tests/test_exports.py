"""A made-up run in the formats of others, against the column lists that those publish."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.data import load_toml
from pipeline.export_fields import priogrid
from pipeline.exports import FORMATS, columns, export
from pipeline.parties import parties
from pipeline.schema import CAUSE_CODES, Cause, Party, Place, Victims

from .test_database import WORDS, event, record, stored, told

PAGE = Path(__file__).resolve().parent.parent / "docs" / "exports.md"
# The columns of ACLED's API since 2023, as programs that read it name them.
ACLED = """event_id_cnty event_date year time_precision disorder_type event_type sub_event_type
actor1 assoc_actor_1 inter1 actor2 assoc_actor_2 inter2 interaction civilian_targeting iso region
country admin1 admin2 admin3 location latitude longitude geo_precision source source_scale notes
fatalities tags timestamp"""
# The columns of UCDP GED, versions 20.1 to 25.1, as programs that read it name them.
UCDP = """id relid year active_year code_status type_of_violence conflict_dset_id conflict_new_id
conflict_name dyad_dset_id dyad_new_id dyad_name side_a_dset_id side_a_new_id side_a side_b_dset_id
side_b_new_id side_b number_of_sources source_article source_office source_date source_headline
source_original where_prec where_coordinates where_description adm_1 adm_2 latitude longitude
geom_wkt priogrid_gid country country_id region event_clarity date_prec date_start date_end
deaths_a deaths_b deaths_civilians deaths_unknown best high low gwnoa gwnob"""

ARMY, REBELS = "syrian-government", "free-syrian-army"
CIVILIANS = Victims(**WORDS, category="civilian")
SOLDIERS = Victims(**WORDS, category="combatant", party_id=ARMY, name="Syrian government forces")


def side(party_id: str) -> Party:
    return Party(**WORDS, party_id=party_id, name=parties()[party_id].name)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(
        tmp_path_factory.mktemp("run"),
        event(
            "e1",
            record("c1", 5, 5, victims=CIVILIANS),
            record("c2", 2, 2, victims=CIVILIANS, subset_of="c1"),
            record("c3", 7, 9, victims=CIVILIANS, outcome="injured"),
            perpetrators=(side(ARMY), side(REBELS)),
            cause=Cause(code="shooting", **WORDS),
        ),
        event(
            "e2", record("c4", 12, None, victims=SOLDIERS), record("c5", None, 3),
            perpetrators=(side(REBELS),), date=told("2018-01-01", "2018-01-01"),
        ),
        event("e3", record("c6", 4, 4, outcome="injured"), places=(Place(**WORDS),), date=None),
        event("e4", record("c7", 9, 9), cause=Cause(code="accident", **WORDS)),
        event("e5", record("c8", 900, 900), scope="cumulative"),
        event("e6", record("c9", 5, 5, same_as="c1")),
        event("e7", record("c10", 1, 1, outcome="injured"), perpetrators=(
            Party(text="=HYPERLINK()", start=0, end=4),)),
    )  # fmt: skip


def exported(out: Path, to: str, tmp_path: Path) -> list[dict[str, str]]:
    count = export(out, to, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert count == len(rows) - (to == "hxl")
    return rows


def part(row: dict[str, str], *names: str) -> list[str]:
    return [row[name] for name in names]


@pytest.mark.parametrize(("to", "published"), [("acled", ACLED), ("ucdp", UCDP)])
def test_the_columns_are_those_published(
    out: Path, tmp_path: Path, to: str, published: str
) -> None:
    assert list(exported(out, to, tmp_path)[0]) == published.split()


def test_acled(out: Path, tmp_path: Path) -> None:
    rows = {row["event_id_cnty"]: row for row in exported(out, "acled", tmp_path)}
    assert list(rows) == ["e1", "e2", "e3", "e7"]
    assert part(rows["e1"], "event_date", "year", "time_precision") == ["2018-03-13", "2018", "2"]
    assert part(rows["e1"], "event_type", "sub_event_type") == [
        "Violence against civilians", "Attack",
    ]  # fmt: skip
    assert part(rows["e1"], "actor1", "assoc_actor_1", "inter1", "actor2", "inter2") == [
        parties()[ARMY].name, parties()[REBELS].name, "State forces", "Civilians (Syria)",
        "Civilians",
    ]  # fmt: skip
    assert part(rows["e1"], "interaction", "civilian_targeting", "iso", "region", "country") == [
        "State forces-Civilians", "Civilian targeting", "760", "Middle East", "Syria",
    ]  # fmt: skip
    assert part(rows["e1"], "admin1", "location", "latitude", "geo_precision", "fatalities") == [
        "Idlib", "Idlib", "35.9", "1", "5",
    ]  # fmt: skip
    assert "injured: 7 to 9" in rows["e1"]["notes"] and "كلمة" in rows["e1"]["notes"]
    assert part(rows["e2"], "inter1", "inter2", "interaction", "fatalities") == [
        "Rebel group", "State forces", "State forces-Rebel group", "15",
    ]  # fmt: skip
    assert "killed: 12 to ?" in rows["e2"]["notes"]
    assert part(rows["e3"], "event_date", "latitude", "geo_precision", "fatalities") == [
        "", "", "", "0",
    ]  # fmt: skip
    assert rows["e7"]["actor1"] == "'=HYPERLINK()"


def test_ucdp(out: Path, tmp_path: Path) -> None:
    one, two = exported(out, "ucdp", tmp_path)
    assert part(one, "id", "relid", "type_of_violence", "side_b") == ["1", "e1", "3", "civilians"]
    assert part(one, "low", "best", "high", "deaths_civilians") == ["5", "5", "5", "5"]
    assert part(one, "where_prec", "date_prec", "country_id", "gwnoa", "gwnob") == [
        "1", "2", "652", "652", "",
    ]  # fmt: skip
    assert part(one, "geom_wkt", "region") == ["POINT (36.6 35.9)", "Middle East"]
    # No upper bound: high is best. No lower one: low is 0, best the upper.
    assert part(two, "id", "low", "best", "high") == ["2", "12", "15", "15"]
    assert part(two, "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown") == [
        "0", "12", "0", "3",
    ]  # fmt: skip
    assert part(two, "type_of_violence", "gwnoa", "gwnob", "date_prec") == ["1", "", "652", "1"]


def test_a_number_of_several_sides_says_of_none_how_many_were_its_own(tmp_path: Path) -> None:
    both = Victims(**WORDS, category="combatant", party_id=f"{ARMY};{REBELS}", name="both")
    out = stored(
        tmp_path / "run", event("e", record("c", 9, 9, victims=both), perpetrators=(side(ARMY),))
    )
    (row,) = exported(out, "ucdp", tmp_path)
    assert part(row, "deaths_a", "deaths_b", "deaths_unknown") == ["0", "0", "9"]


def test_hxl_has_its_tags_below_the_names(out: Path, tmp_path: Path) -> None:
    tags, *rows = exported(out, "hxl", tmp_path)
    assert all(tag.startswith("#") for tag in tags.values()) and len(set(tags.values())) == len(
        tags
    )
    assert [row["event_id"] for row in rows] == ["e1", "e2", "e3", "e4", "e7"]
    assert part(rows[0], "killed_low", "killed_high", "injured_high") == ["5", "5", "9"]
    assert part(rows[1], "killed_low", "killed_high", "injured_low") == ["12", "", ""]


def test_geojson(out: Path, tmp_path: Path) -> None:
    assert export(out, "geojson", tmp_path / "x.geojson") == 5
    found: dict[str, Any] = json.loads((tmp_path / "x.geojson").read_text("utf-8"))
    assert found["type"] == "FeatureCollection" and len(found["features"]) == 5
    first, unknown = found["features"][0], found["features"][2]
    assert first["geometry"] == {"type": "Point", "coordinates": [36.6, 35.9]}
    assert first["properties"]["injured_low"] == 7 and unknown["geometry"] is None


@pytest.mark.parametrize("to", FORMATS)
def test_of_nothing_comes_an_empty_table(tmp_path: Path, to: str) -> None:
    out = stored(tmp_path / "o")
    assert export(out, to, tmp_path / "x") == 0
    text = (tmp_path / "x").read_text("utf-8")
    assert json.loads(text)["features"] == [] if to == "geojson" else text


def test_the_file_appears_whole_or_not_at_all(out: Path, tmp_path: Path) -> None:
    copy = stored(tmp_path / "o", event("e1", record("c1", 1, 1)))
    with (copy / "reports.jsonl").open("ab") as file:
        file.write(b"{\n")
    with pytest.raises(ValueError, match="line 2"):
        export(copy, "acled", tmp_path / "x.csv")
    assert list(tmp_path.glob("*x.csv*")) == []


def test_the_command(out: Path, tmp_path: Path) -> None:
    for to, code in (("hxl", 0), ("xls", 2)):
        done = CliRunner().invoke(
            app, ["export", str(out), "--to", to, "--out", str(tmp_path / to)]
        )
        assert done.exit_code == code
    assert "choose one of acled" in done.output and not (tmp_path / "xls").exists()


@pytest.mark.parametrize(
    ("lat", "lon", "gid"), [(-90, -180, 1), (-89.9, -179.4, 2), (90, 180, 259200), (0, 0, 129961)]
)
def test_priogrid(lat: float, lon: float, gid: int) -> None:
    assert priogrid(lat, lon) == gid


def test_the_rules_name_what_there_is() -> None:
    rules = load_toml("exports.toml")
    assert set(rules["cause"]) <= set(CAUSE_CODES)
    kinds = {entry.kind for entry in parties().values()} - {"monitor", "civilian-org", "unknown"}
    assert kinds <= set(rules["inter"]) and ARMY in parties() and REBELS in parties()


@pytest.mark.parametrize("to", ["acled", "ucdp", "hxl"])
def test_the_page_has_every_column_and_every_loss(to: str) -> None:
    page = PAGE.read_text("utf-8")
    for column in columns(to):
        lines = [line for line in page.splitlines() if line.startswith(f"| `{column['name']}` ")]
        assert lines, column["name"]
        if "from" not in column:
            assert any(f"**empty**: {column['why']}" in line for line in lines), column["name"]
