"""`hasila query`, and the queries of docs/queries.md on a made-up run."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipeline.answers import answer_table, write_csv, write_json
from pipeline.cli import app
from pipeline.database import Answer, query, write_database
from pipeline.schema import Place, Victims

from .test_database import WORDS, event, party, record, stored, told

PAGE = Path(__file__).resolve().parent.parent / "docs" / "queries.md"
QUERIES = re.findall(r"^### (\d+)\. .+?^```sql\n(.+?)^```", PAGE.read_text("utf-8"), re.S | re.M)
EVIDENCE = "كلمة"
CHILDREN = Victims(**WORDS, category="civilian", demographics=("woman", "child"))
ADULTS = Victims(**WORDS, category="civilian", demographics=("children_of_x",))
# What each query of the page comes to on the run `out`.
EXPECTED = {
    1: [("incident", "injured", 4, 4, 0, 1), ("incident", "killed", 22, None, 1, 4),
        ("cumulative", "killed", 700, 700, 0, 1)],
    2: [(date(2018, 3, 1), 22, None, 1)],
    3: [("SY", "Idlib", 20, None, 1), (None, None, 2, 2, 0)],
    4: [("Army", 8, 8, 0, 0)],
    5: [("shelling", 2, 8)],
    6: [("incident", "killed", 1, 2)],
    7: [("r", "killed", 12, None, "Idlib", EVIDENCE), ("r", "killed", 5, 5, "Idlib", EVIDENCE),
        ("r", "injured", 4, 4, "Idlib", EVIDENCE), ("r", "killed", 3, 3, "Idlib", EVIDENCE),
        ("r", "killed", 2, 2, None, EVIDENCE)],
    8: [("e1", "One", "killed", 3, 3, EVIDENCE), ("e1", "Two", "killed", 5, 5, EVIDENCE)],
    9: [("c4", 0.5, 12, "killed", EVIDENCE)],
    10: [("كلمة", 1)],
}  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = stored(
        tmp_path_factory.mktemp("run"),
        event(
            "e1",
            record("c1", 3, 3, according_to=party("one"), victims=ADULTS),
            record("c2", 5, 5, according_to=party("two"), victims=ADULTS),
            record("c3", 2, 2, subset_of="c2", victims=CHILDREN),
            perpetrators=(party("army"),),
        ),
        event("e2", record("c4", 12, None, confidence=0.5), record("c5", 4, 4, outcome="injured")),
        event("e3", record("c6", 2, 2), places=(Place(**WORDS),)),
        event("e4", record("c7", 700, 700), scope="cumulative", date=told("2018-01-01", None)),
    )
    write_database(out)
    return out


def test_the_page_has_ten_queries() -> None:
    assert [int(number) for number, _ in QUERIES] == list(range(1, 11)) == list(EXPECTED)


@pytest.mark.parametrize(("number", "sql"), QUERIES, ids=[n for n, _ in QUERIES])
def test_the_queries_of_the_page(out: Path, number: str, sql: str) -> None:
    assert query(out, sql).rows == EXPECTED[int(number)]


def test_the_page_names_all_tables_and_views(out: Path) -> None:
    names = query(out, "SELECT table_name FROM information_schema.tables").rows
    page = PAGE.read_text("utf-8")
    assert len(names) == 12 and [name for (name,) in names if f"`{name}`" not in page] == []


def called(*arguments: str | Path, stdin: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
    return result.exit_code, result.output


def test_the_command_prints_a_table_csv_or_json(out: Path) -> None:
    sql = "SELECT casualty_id, count_low, DATE '2018-03-01' AS day FROM casualties LIMIT 2"
    code, table = called("query", out, sql)
    assert code == 0 and table.split()[:3] == ["casualty_id", "count_low", "day"]
    assert called("query", out, "-", "--csv", stdin=sql) == (
        0, "casualty_id,count_low,day\nc1,3,2018-03-01\nc2,5,2018-03-01\n",
    )  # fmt: skip
    rows = json.loads(called("query", out, sql, "--json")[1])
    assert rows[1] == {"casualty_id": "c2", "count_low": 5, "day": "2018-03-01"}


def test_what_the_command_refuses(out: Path, tmp_path: Path) -> None:
    assert called("query", out, "DROP TABLE reports")[0] == 2
    code, said = called("query", out, "SELECT 1", "--csv", "--json")
    assert code == 2 and "Choose one" in said
    code, said = called("query", tmp_path, "SELECT 1")
    assert code == 2 and "name the --out of a run" in said
    code, said = called("query", out, "SELECT 1 AS a, 2 AS a", "--json")
    assert code == 2 and "same name" in said


def test_the_command_makes_the_database_anew(out: Path, tmp_path: Path) -> None:
    copy = stored(tmp_path / "o", event("e1", record("c1", 1, 1)))
    code, said = called("database", copy)
    assert code == 0 and "1 reports, 1 events, 1 casualties, 1 places" in said
    assert called("database", tmp_path / "none")[0] == 2


def test_a_cell_runs_nothing_anywhere() -> None:
    answer = Answer(("a", "a"), [("=1+1", "\x1b[31m[red]x")])
    file = io.StringIO()
    write_csv(answer, file)
    assert next(iter(list(csv.reader(io.StringIO(file.getvalue())))[1:]))[0] == "'=1+1"
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    console.print(answer_table(answer))
    assert "\x1b[31m" not in console.file.getvalue()  # type: ignore[attr-defined]
    assert "[red]x" in console.file.getvalue()  # type: ignore[attr-defined]


def test_arabic_stays_unescaped_in_json_and_turns_in_a_terminal() -> None:
    answer = Answer(("a",), [("بت",), (None,)])
    file = io.StringIO()
    write_json(answer, file)
    assert json.loads(file.getvalue()) == [{"a": "بت"}, {"a": None}] and "بت" in file.getvalue()
    console = Console(file=io.StringIO(), width=20)
    console.print(answer_table(answer, bidi=True))
    assert "تب" in console.file.getvalue()  # type: ignore[attr-defined]


def test_no_rows_is_an_answer_too(out: Path) -> None:
    code, said = called("query", out, "SELECT report_id FROM reports WHERE false")
    assert code == 0 and said.strip() == "report_id"
