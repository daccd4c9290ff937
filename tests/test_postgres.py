"""`hasila load` into a real server, started here from Debian's packages where they are."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.database import TABLES, query, write_database
from pipeline.postgres import load
from pipeline.schema import Party

from .test_database import event, party, record, stored

VIEWS = ("net_records", "net_toll", "by_month", "by_governorate", "by_party", "claims")


def programs() -> Path | None:
    """The folder with PostgreSQL's own programs."""
    found = shutil.which("pg_ctl")
    paths = [Path(found).resolve()] if found else []
    paths += sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return paths[0].parent if paths else None


def account() -> str | None:
    """Whom to start the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("the tests run as root, and there is no user postgres to start a server as")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of our own, that listens on this machine alone."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra postgres)")
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("there is no pg_ctl; install PostgreSQL's server")
    user = account()
    home = Path(tempfile.mkdtemp(prefix="pg"))
    if user:
        shutil.chown(home, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(home / "data")

    def call(program: str, *arguments: str) -> None:
        command = [str(bin_folder / program), "-D", data, *arguments]
        log = (home / "log").open("ab")
        subprocess.run(command, check=True, user=user, cwd=home, stdout=log, stderr=log)

    try:
        call("initdb", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        call("pg_ctl", "-w", "-o", f"-p {port} -h 127.0.0.1 -k {home} -F", "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    nul = Party(text="أ\0\t\\ب", start=0, end=4)
    out = stored(
        tmp_path / "o",
        event(
            "e1", record("c1", 3, 3, according_to=party("one")),
            record("c2", 5, None, according_to=party("two")), record("c3", 1, 1, subset_of="c2"),
            perpetrators=(party("x"), nul),
        ),
        event("e2", record("c4", 40, 50, outcome="injured"), scope="cumulative", date=None),
    )  # fmt: skip
    write_database(out)
    return out


def asked(server: str, sql: str) -> list[tuple[object, ...]]:
    import psycopg

    with psycopg.connect(server) as connection:
        return connection.execute(sql).fetchall()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*TABLES, *VIEWS])
def test_all_tables_and_views_are_the_same_there(server: str, out: Path, name: str) -> None:
    load(out, server, replace=True)
    expected = [
        tuple(v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row)
        for row in query(out, f"SELECT * FROM {name}").rows
    ]
    found = asked(server, f"SELECT * FROM hasila.{name}")
    assert sorted(found, key=str) == sorted(expected, key=str) and expected


def test_all_or_nothing(server: str, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(out, server, schema="other")
    with pytest.raises(ValueError, match="has a table reports already; --replace"):
        load(out, server, schema="other")
    monkeypatch.setattr("pipeline.postgres._rows", lambda source, name: iter([["too few"]]))
    with pytest.raises(ValueError, match="PostgreSQL: "):
        load(out, server, schema="other", replace=True)
    assert asked(server, "SELECT COUNT(*) FROM other.casualties") == [(4,)]


def test_the_command(server: str, out: Path) -> None:
    arguments = ["load", str(out), server, "--schema", "of one; DROP"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0 and "1 reports, 2 events, 4 casualties" in done.output
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_no_server_and_no_address(out: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ValueError, match="PostgreSQL: ") as said:
        load(out, "postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(said.value)
    with pytest.raises(ValueError, match="must begin with postgresql://"):
        load(out, "mysql://x")


def test_without_psycopg_it_says_so(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ModuleNotFoundError, match=r"'\.\[postgres\]'"):
        load(out, "postgresql://x/y")
