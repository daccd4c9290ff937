"""Which claims of an archive may be one event, and how much speaks for it: Splink on DuckDB.

The model is that of Fellegi and Sunter (1969) as Splink computes it: each comparison falls into a
level, each level has a weight in bits, and the sum is the log-odds that both claims are one event.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .data import load_toml, read_rows
from .relate_claims import Claim, claim_table
from .relate_groups import Floats, Ints

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Weights = Mapping[tuple[str, str], float]
PRIOR = ("prior", "")
MEMORY = "2GB"  # of the database, for archives of any size
# Great-circle distance by the haversine formula, on a sphere of 6371 km.
_KM = """CREATE OR REPLACE MACRO km(a, b, c, d) AS
12742 * asin(sqrt(sin(radians(c - a) / 2) ** 2
    + cos(radians(a)) * cos(radians(c)) * sin(radians(d - b) / 2) ** 2))"""
# What the words of a list weigh together; of two lists, what they share of the lighter one.
_WEIGHT = """CREATE OR REPLACE MACRO weight(a) AS
coalesce(list_sum(list_transform(a, lambda x: CAST(split_part(x, '|', 2) AS DOUBLE))), 0)"""
_LIKE = """CREATE OR REPLACE MACRO alike(a, b) AS
weight(list_intersect(a, b)) / greatest(sqrt(weight(a) * weight(b)), 1)"""


def load_weights() -> dict[tuple[str, str], float]:
    """The shipped weights: bits by comparison and level, and the prior."""
    return {(name, level): float(w) for name, level, w in read_rows("relate_weights.tsv")}


def weigh_pairs(claims: Sequence[Claim], weights: Weights, *, least: float) -> pa.Table:
    """The pairs whose weight is ``least`` bits or more, and what each comparison gave.

    Columns: ``first`` and ``second`` (indices into ``claims``), ``weight`` (bits), and by
    comparison its level (``level_NAME``, from 0 for the first in relate.toml) and ``bits_NAME``.
    """
    import duckdb
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    # What does not fit into memory is kept in a folder that goes with it.
    with TemporaryDirectory(prefix="hasila-") as folder, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute("SET temp_directory = ?", [folder])
        for macro in (_KM, _WEIGHT, _LIKE):
            connection.execute(macro)
        api = DuckDBAPI(connection)
        linker = Linker(api.register(claim_table(claims)), settings(weights), log_level="ERROR")
        predicted = linker.inference.predict(threshold_match_weight=least)
        return _pairs(connection, predicted.physical_name)


def _pairs(connection: DuckDBPyConnection, table: str) -> pa.Table:
    names = {c["name"]: c for c in load_toml("relate.toml")["comparisons"]}
    # Splink counts levels from the last one.
    columns = ", ".join(
        f"{len(c['levels']) - 1} - gamma_{n} AS level_{n}, mw_{n} AS bits_{n}"
        for n, c in names.items()
    )
    return connection.sql(
        f"""SELECT least(number_l, number_r) AS first, greatest(number_l, number_r) AS second,
        match_weight AS weight, {columns} FROM {table} ORDER BY first, second"""
    ).to_arrow_table()


def contested(first: Ints, second: Ints, weights: Floats, reports: Ints) -> Floats:
    """The bits of each pair beside those of its rivals: a report seldom tells one event as two.

    Where an event of one report fits another event of the second report better, the pair loses
    `rival` times the difference; two events of one report lose `one_report`. ``first``, ``second``
    and ``weights`` are (pairs,), ``reports`` (claims,) numbers the report of each claim.
    """
    rules = load_toml("relate.toml")["grouping"]
    one = reports[first] == reports[second]
    own, other = np.concatenate([first, second]), np.concatenate([second, first])
    bits = np.concatenate([weights, weights])
    # By claim and the other's report, the best first: its rival is the next, that of all others it.
    order = np.lexsort((-bits, reports[other], own))
    keys = np.stack([own[order], reports[other][order]])
    begins = np.concatenate([[True], (keys[:, 1:] != keys[:, :-1]).any(axis=0)])[: len(order)]
    start = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    ordered = bits[order]
    rival = ordered[start]
    following = np.append(ordered[1:], -np.inf)
    alone = np.append(begins[1:], True)[: len(order)]
    rival = np.where(begins, np.where(alone, -np.inf, following), rival)
    best = np.empty_like(rival)
    best[order] = rival
    better = np.maximum(best[: len(first)], best[len(first) :]) - weights
    lost = np.where(one, rules["one_report"], rules["rival"] * np.maximum(0.0, better))
    return np.asarray(weights - lost)


def settings(weights: Weights) -> dict[str, Any]:
    """Splink's settings for ``weights``."""
    rules = load_toml("relate.toml")
    bits = weights[PRIOR]
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "number",
        "probability_two_random_records_match": 2**bits / (1 + 2**bits),
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": rule["when"], "sql_dialect": "duckdb",
             **({"arrays_to_explode": rule["explode"]} if rule["explode"] else {})}
            for rule in rules["blocking"]["rules"]
        ],
        "comparisons": [_comparison(c, weights) for c in rules["comparisons"]],
        "retain_intermediate_calculation_columns": True,
        "retain_matching_columns": True,
    }  # fmt: skip


def _comparison(comparison: Mapping[str, Any], weights: Weights) -> dict[str, Any]:
    levels = []
    for level in comparison["levels"]:
        odds = 2 ** weights.get((comparison["name"], level["label"]), 0.0)
        levels.append({
            "sql_condition": "ELSE" if level["when"] == "else" else level["when"],
            "label_for_charts": level["label"],
            # Splink wants two probabilities; only what one is to the other counts.
            "m_probability": odds / (1 + odds), "u_probability": 1 / (1 + odds),
        })  # fmt: skip
    return {"output_column_name": comparison["name"], "comparison_levels": levels}
