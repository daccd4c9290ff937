from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import database
from pipeline.database import TABLES, opened, query, table_counts, write_database
from pipeline.flat import SCHEMA, flat_rows
from pipeline.journal import RunError
from pipeline.run import run
from pipeline.schema import (
    Casualty,
    Cause,
    Count,
    Date,
    Event,
    Party,
    Place,
    ReportResult,
    Victims,
)
from pipeline.verify import verify

from .conftest import ARABIC, make_fake

WORDS: dict[str, Any] = {"text": "كلمة", "start": 0, "end": 4}


def count(low: int | None, high: int | None) -> Count:
    value = low if low == high else None
    return Count(value=value, low=low, high=high, qualifier="exact", kind="explicit", **WORDS)


def record(name: str, low: int | None, high: int | None, **more: Any) -> Casualty:
    more = {"outcome": "killed", **more}
    return Casualty(casualty_id=name, count=count(low, high), evidence=(0, 4), **more)


def event(name: str, *casualties: Casualty, **more: Any) -> Event:
    idlib: dict[str, Any] = {
        "name": "Idlib",
        "lat": 35.9,
        "lon": 36.6,
        "admin1": "Idlib",
        "country": "SY",
    }
    places = (Place(**WORDS, **idlib, precision="exact"),)
    fields: dict[str, Any] = {
        "scope": "incident",
        "cause": Cause(code="shelling", **WORDS),
        "date": told("2018-03-13", "2018-03-14"),
        "places": places,
        "perpetrators": (),
        "confidence": 0.5,
    }
    return Event(event_id=name, casualties=casualties, **{**fields, **more})


def told(start: str | None, end: str | None) -> Date:
    return Date(start=start, end=end, precision="day", basis="stated", **{"text": "أمس"})


def party(party_id: str | None, text: str = "قوات") -> Party:
    name = party_id and party_id.title()
    return Party(text=text, start=0, end=4, party_id=party_id, name=name)


def stored(out: Path, *events: Event, text: str = "كلمة وأخرى") -> Path:
    """A finished run's files of one report with these events, as far as the database reads them."""
    out.mkdir(exist_ok=True)
    result = ReportResult(
        report_id="r", source="a.txt", title=None, published=None, language="ar",
        sha256="0", events=events, warnings=(),
    )  # fmt: skip
    (out / "reports.jsonl").write_bytes(msgspec.json.encode(result) + b"\n")
    rows = list(flat_rows(result, text))
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), out / "casualties.parquet")
    return out


def asked(out: Path, sql: str) -> list[tuple[Any, ...]]:
    write_database(out)
    return query(out, sql).rows


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    rows = [{"id": f"r{n}", "text": f"قُتل {n} {ARABIC}"} for n in range(5)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def out(tmp_path: Path, archive: Path, model: Path) -> Path:
    run([archive], tmp_path / "out", model=model, make=make_fake)
    return tmp_path / "out"


# Made by a run


def test_a_run_writes_the_same_rows_as_its_other_files(out: Path) -> None:
    expected = {"places": 10, "parties": 10} | dict.fromkeys(TABLES[:3], 5) | {"sources": 5}
    assert table_counts(out) == Counter(expected)
    same = ", ".join(["casualty_id", "count_low", "victims_demographics", "evidence_text"])
    flat = pq.read_table(out / "casualties.parquet").select(same.split(", ")).to_pylist()
    found = query(out, f"SELECT {same} FROM casualties")
    assert [dict(zip(found.columns, row, strict=True)) for row in found.rows] == flat
    assert verify(out).faults == ()
    assert not list(out.glob(".*"))


def test_a_run_without_database_takes_an_older_one_away(
    out: Path, archive: Path, model: Path
) -> None:
    run([archive], out, model=model, make=make_fake, database=False)
    assert not (out / "events.duckdb").exists() and verify(out).faults == ()
    assert json.loads((out / "run.json").read_text())["options"]["database"] is False


def test_verify_finds_a_database_gone_damaged_or_other(out: Path) -> None:
    path = out / "events.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("DELETE FROM places WHERE rank = 2")
    assert verify(out).faults == (
        "events.duckdb: its table places has 5 rows, 10 by the other files; make it anew by:"
        f" hasila database {out}",
    )
    path.write_bytes(b"nothing" * 1000)
    assert "can't be opened" in verify(out).faults[0]
    path.unlink()
    assert "it is missing" in verify(out).faults[0]
    write_database(out)
    assert verify(out).faults == ()


def test_it_appears_whole_or_not_at_all(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (out / "events.duckdb").read_bytes()
    monkeypatch.setattr(database, "BATCH", 1)

    def broken(*arguments: object) -> None:
        raise duckdb.IOException("no space left")

    monkeypatch.setattr(database, "_insert", broken)
    with pytest.raises(RunError, match="no space left.*hasila database"):
        write_database(out)
    assert (out / "events.duckdb").read_bytes() == before and not list(out.glob(".*"))


def test_batches_change_nothing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT * FROM parties"
    before = query(out, sql)
    monkeypatch.setattr(database, "BATCH", 2)
    assert asked(out, sql) == before.rows and len(before.rows) == 10


def test_files_that_do_not_belong_together(out: Path) -> None:
    table = pq.read_table(out / "casualties.parquet")
    pq.write_table(table.slice(1), out / "casualties.parquet")
    with pytest.raises(ValueError, match="does not hold the records of r0"):
        write_database(out)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no reports\.jsonl"):
        write_database(tmp_path)
    with pytest.raises(FileNotFoundError, match="name the --out of a run"):
        query(tmp_path, "SELECT 1")


# Asked


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM reports",
        "CREATE TABLE t (a INT)",
        "COPY reports TO 'x.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELEC",
    ],
)
def test_a_query_only_reads_the_database(out: Path, sql: str) -> None:
    before = (out / "events.duckdb").read_bytes()
    with pytest.raises(ValueError, match="The query can't be answered"):
        query(out, sql)
    assert (out / "events.duckdb").read_bytes() == before


def test_two_can_read_at_a_time(out: Path) -> None:
    with opened(out), opened(out) as second:
        assert second.execute("SELECT COUNT(*) FROM reports").fetchall() == [(5,)]


# The views


def test_net_toll_leaves_out_parts_and_repeats_and_keeps_scopes_apart(tmp_path: Path) -> None:
    one = event(
        "e1", record("c1", 5, 5), record("c2", 2, 2, subset_of="c1"),
        record("c3", 5, 5, same_as="c1"), record("c4", 3, 4, outcome="injured"),
    )  # fmt: skip
    out = stored(
        tmp_path / "o", one, event("e2", record("c5", 7, None)),
        event("e3", record("c6", 900, 900), scope="cumulative"),
    )  # fmt: skip
    assert asked(out, "SELECT * FROM net_toll") == [
        ("incident", "injured", 1, 3, 4, 0),
        ("incident", "killed", 2, 12, None, 1),
        ("cumulative", "killed", 1, 900, 900, 0),
    ]


def test_no_lower_bound_adds_nothing(tmp_path: Path) -> None:
    out = stored(tmp_path / "o", event("e1", record("c1", None, 9), record("c2", 1, 1)))
    assert asked(out, "SELECT low, high, unbounded FROM net_toll") == [(1, 10, 0)]


def test_a_month_only_for_what_lies_in_it(tmp_path: Path) -> None:
    dates = [told("2018-03-01", "2018-03-31"), told("2018-03-31", "2018-04-01"), None]
    dates += [told(None, None), told("2018-03-05", None), told("2017-03-05", "2018-03-05")]
    events = [event(f"e{n}", record(f"c{n}", 1, 1), date=date) for n, date in enumerate(dates)]
    out = stored(tmp_path / "o", *events)
    rows = asked(out, "SELECT CAST(month AS TEXT), records, low FROM by_month")
    assert rows == [("2018-03-01", 1, 1), (None, 5, 5)]


def test_by_governorate_goes_by_the_first_place(tmp_path: Path) -> None:
    places = (
        Place(**WORDS, admin1="Hama", country="SY"),
        Place(**WORDS, admin1="Idlib", country="SY"),
    )
    out = stored(
        tmp_path / "o", event("e1", record("c1", 2, 2), places=places),
        event("e2", record("c2", 3, 3), places=()), event("e3", record("c3", 4, 4)),
    )  # fmt: skip
    rows = asked(out, "SELECT country, admin1, low FROM by_governorate")
    assert rows == [("SY", "Hama", 2), ("SY", "Idlib", 4), (None, None, 3)]


def test_a_record_of_several_parties_is_shared(tmp_path: Path) -> None:
    sides = Victims(**WORDS, party_id="army;rebels", name="Both", category="combatant")
    own = Victims(**WORDS, party_id="army", name="The army", category="combatant")
    out = stored(
        tmp_path / "o",
        event("e1", record("c1", 6, 6, victims=sides), perpetrators=(party("x"), party("x"))),
        event("e2", record("c2", 1, 1, victims=own), perpetrators=(party(None, "مسلحون"),)),
    )
    rows = asked(out, "SELECT role, party_id, party, records, low, shared FROM by_party")
    assert sorted(rows, key=str) == sorted(
        [
            ("perpetrator", "x", "X", 1, 6, 0),
            ("perpetrator", None, "مسلحون", 1, 1, 0),
            ("victim", "army", "The army", 2, 7, 1),
            ("victim", "rebels", "rebels", 1, 6, 1),
        ],
        key=str,
    )


def test_claims_that_can_not_both_be_are_disputed(tmp_path: Path) -> None:
    one, two = party("one"), party("two")
    out = stored(
        tmp_path / "o",
        event(
            "e1",
            record("c1", 3, 3, according_to=one),
            record("c2", 5, None, according_to=two),
            record("c3", 9, 9, according_to=two, outcome="injured"),
        ),
        event("e2", record("c4", 4, 4, according_to=one), record("c5", 2, 6, according_to=two)),
        event("e3", record("c6", 4, 4, according_to=one), record("c7", 8, 8, according_to=one)),
        event("e4", record("c8", 4, 4)),
    )
    rows = asked(out, "SELECT casualty_id, disputed FROM claims ORDER BY casualty_id")
    assert rows == [(f"c{n}", n < 3) for n in range(1, 8)]
