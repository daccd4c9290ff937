"""The database of a run, ``events.duckdb``: made from the run's other files, and asked.

It says nothing that those do not, and can be made again from them at any time. Its bytes are not
promised; its rows and their order are.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from msgspec import Struct

from .journal import RunError
from .stored import check_there, stored_results
from .tables import TABLES, Row, table_rows
from .write import DATABASE, MANIFEST, sync_folder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Rows of one table held before they are handed over.
BATCH = 10_000
# One thread keeps the rows in their order; the limit holds what sorting takes, the rest is on disk.
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "512MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class Answer(Struct, frozen=True):
    """What a query gives: the names of the columns, and the rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def schema_sql() -> str:
    """The tables and views, in SQL that DuckDB and PostgreSQL both read."""
    return files("pipeline.data").joinpath("database.sql").read_text("utf-8")


def write_database(out: str | Path) -> Counter[str]:
    """Make ``events.duckdb`` in the folder ``out`` from the files of its run; gives rows by table.

    Reads in a stream. The file gets its name when it is whole, and replaces an older one. Raises
    FileNotFoundError and ValueError as `pipeline.stored.stored_results`, RunError where it can't be
    written.
    """
    import duckdb

    out = Path(out)
    check_there(out)
    temporary = out / f".{DATABASE}.tmp"
    _remove(temporary)
    try:
        with closing(duckdb.connect(temporary, config=SETTINGS)) as connection:
            connection.execute(schema_sql())
            counts = _fill(connection, out)
            connection.execute("CHECKPOINT")
        os.replace(temporary, out / DATABASE)
        sync_folder(out)
    except (duckdb.Error, OSError) as error:
        raise RunError(
            f"{out / DATABASE} can't be written ({error}). The other files are whole; make room"
            f" and write it by: hasila database {out}"
        ) from error
    finally:
        _remove(temporary)
    return counts


def _remove(temporary: Path) -> None:
    for path in (temporary, temporary.with_name(temporary.name + ".wal")):
        path.unlink(missing_ok=True)


def _fill(connection: DuckDBPyConnection, out: Path) -> Counter[str]:
    schemas = {name: connection.table(name).limit(0).to_arrow_table().schema for name in TABLES}
    counts: Counter[str] = Counter(dict.fromkeys(TABLES, 0))
    held: dict[str, list[Row]] = {name: [] for name in TABLES}
    for stored in stored_results(out):
        for name, row in table_rows(stored):
            held[name].append(row)
            counts[name] += 1
            if len(held[name]) == BATCH:
                _insert(connection, name, held, schemas[name])
    for name in TABLES:
        _insert(connection, name, held, schemas[name])
    return counts


def _insert(
    connection: DuckDBPyConnection, name: str, held: dict[str, list[Row]], schema: pa.Schema
) -> None:
    rows, held[name] = held[name], []
    connection.register("batch", pa.Table.from_pylist(rows, schema))
    connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM batch")
    connection.unregister("batch")


@contextmanager
def opened(out: str | Path) -> Iterator[DuckDBPyConnection]:
    """The database in the folder ``out``, to be read only; a statement reaches no other file.

    Raises FileNotFoundError where there is none, ValueError where it can't be opened.
    """
    import duckdb

    path = Path(out) / DATABASE
    if not path.is_file():
        remedy = (
            f"make it by: hasila database {out}"
            if (Path(out) / MANIFEST).is_file()
            else "name the --out of a run"
        )
        raise FileNotFoundError(f"{out} holds no {DATABASE}; {remedy}")
    config = {**SETTINGS, "enable_external_access": False, "lock_configuration": True}
    try:
        connection = duckdb.connect(path, read_only=True, config=config)
    except duckdb.Error as error:
        raise ValueError(
            f"{path} can't be opened ({error}); make it anew by: hasila database {out}"
        ) from error
    with closing(connection):
        yield connection


def query(out: str | Path, sql: str) -> Answer:
    """What the SQL says of the database in the folder ``out``, which it can't change.

    Raises FileNotFoundError where there is no database, ValueError where it is no query that can
    be answered.
    """
    import duckdb

    with opened(out) as connection:
        try:
            result = connection.execute(sql)
            columns = tuple(column[0] for column in result.description or ())
            return Answer(columns, result.fetchall() if columns else [])
        except (duckdb.Error, RuntimeError) as error:
            raise ValueError(f"The query can't be answered: {error}") from error


def table_counts(out: str | Path) -> Counter[str]:
    """How many rows each table of the database in ``out`` has; raises as `query`."""
    union = " UNION ALL ".join(f"SELECT '{name}', COUNT(*) FROM {name}" for name in TABLES)
    return Counter(dict(query(out, union).rows))
