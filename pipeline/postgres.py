"""A run's database, copied into PostgreSQL: the same tables, the same views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .database import opened, schema_sql
from .tables import TABLES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from psycopg import Connection

SCHEMA = "hasila"
BATCH = 1000


def load(out: str | Path, url: str, *, schema: str = SCHEMA, replace: bool = False) -> Counter[str]:
    """Copy all tables of the run in the folder ``out``, and its views, into ``schema`` of the
    PostgreSQL database at ``url``; gives rows by table.

    In one transaction: all of it is there in the end, or nothing has changed. With ``replace`` the
    tables that an earlier load left are dropped first, and what rests on them. The character of
    number 0, which PostgreSQL can't hold, becomes U+FFFD. Raises ModuleNotFoundError where psycopg
    is missing, FileNotFoundError and ValueError as `pipeline.database.opened`, ValueError where
    ``url`` is none of PostgreSQL, the tables are there already, or the server refuses.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("The address must begin with postgresql://, as postgresql://host/database")
    try:
        import psycopg
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "hasila load needs psycopg, which is not installed; run in the clone:"
            " pip install -e '.[postgres]'",
            name="psycopg",
        ) from error
    with opened(out) as source:
        try:
            with psycopg.connect(url, connect_timeout=10) as target:
                _prepare(target, schema, replace)
                return Counter({name: _copy(source, target, name) for name in TABLES})
        except psycopg.Error as error:
            # Its words name the host and the user, never the password.
            raise ValueError(f"PostgreSQL: {str(error).strip()}") from error


def _prepare(target: Connection, schema: str, replace: bool) -> None:
    from psycopg.sql import SQL, Identifier

    name = Identifier(schema)
    target.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    target.execute(SQL("SET LOCAL search_path TO {}").format(name))
    for table in TABLES:
        if replace:
            target.execute(SQL("DROP TABLE IF EXISTS {} CASCADE").format(Identifier(table)))
        elif _is_there(target, schema, table):
            raise ValueError(
                f"The schema {schema} has a table {table} already; --replace drops what an earlier"
                " load left there, --schema names another"
            )
    target.execute(schema_sql().encode())


def _is_there(target: Connection, schema: str, table: str) -> bool:
    sql = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = %s"
    return target.execute(sql, (schema, table)).fetchone() is not None


def _copy(source: DuckDBPyConnection, target: Connection, name: str) -> int:
    from psycopg.sql import SQL, Identifier

    count = 0
    with target.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(name))) as copy:
        for row in _rows(source, name):
            copy.write_row(row)
            count += 1
    return count


def _rows(source: DuckDBPyConnection, name: str) -> Iterator[list[Any]]:
    result = source.execute(f"SELECT * FROM {name}")
    while rows := result.fetchmany(BATCH):
        for row in rows:
            yield [v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row]
