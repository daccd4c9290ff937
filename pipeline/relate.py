"""The events of a whole run, those that are one event in one group: `hasila relate`.

The way: `relate_claims` (what each event says) -> `relate_pairs` (what may be one, and how much
speaks for it) -> `relate_groups` (the events) -> `relate_figures` (one figure each) ->
`relate_tolls` (running tolls beside the incidents they should hold).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from .data import load_toml
from .relate_claims import Claim, claims
from .relate_figures import RULES, Figure, figures
from .relate_groups import DIFFERENT, SAME, Contradiction, Floats, Ints, group
from .relate_pairs import Weights, contested, load_weights, weigh_pairs
from .relate_tolls import check_tolls
from .schema import Place
from .stored import stored_results
from .write import whole_file

GROUPS, LINKS, TOLLS = "groups.jsonl", "links.parquet", "tolls.jsonl"
DECISIONS = {"same": SAME, "different": DIFFERENT}
DEFAULT_RULE = "latest"


class Group(Struct, frozen=True, kw_only=True):
    """One event as the reports of an archive tell it: a line of groups.jsonl.

    ``group_id`` is the event_id of its first telling; figures are of the tellings that have its
    ``scope``, so that an incident and a running toll are never one figure; ``start`` and ``end``
    (ISO days) are those that most of its tellings have.
    """

    group_id: str
    scope: str
    cause: str | None
    start: str | None
    end: str | None
    place: Place | None
    perpetrators: tuple[str, ...]
    reports: int
    event_ids: tuple[str, ...]
    figures: tuple[Figure, ...]


class Related(Struct, frozen=True):
    """What `relate` counted."""

    events: int
    groups: int
    merged: int  # groups of two events or more
    links: int
    tolls: int


def relate(
    out: str | Path, *, rule: str = DEFAULT_RULE, decisions: str | Path | None = None
) -> Related:
    """Group the events of the run in ``out``; write groups.jsonl, links.parquet, tolls.jsonl there.

    Raises FileNotFoundError where ``out`` is no finished run, ValueError where its files or the
    ``decisions`` can't be read, or for a rule that does not exist.
    """
    if rule not in RULES:
        raise ValueError(f"there is no rule {rule}; choose one of {', '.join(RULES)}")
    out = Path(out)
    places: dict[str, Place] = {}

    def stored() -> Iterator[Any]:
        for result, evidence in stored_results(out):
            places.update({e.event_id: e.places[0] for e in result.events if e.places})
            yield result, evidence

    told = list(claims(stored()))
    decided = read_decisions(decisions, told) if decisions else {}
    pairs = link(told, load_weights(), decided)
    try:
        members = grouped(len(told), pairs)
    except Contradiction as error:
        first, second = told[error.first].event_id, told[error.second].event_id
        raise ValueError(
            f"{decisions}: {first} and {second} are decided to be one event and to be two"
        ) from error
    groups = [_group([told[i] for i in own], rule, places) for own in members]
    tolls = check_tolls(told, groups)
    _write_lines(out / GROUPS, groups)
    _write_lines(out / TOLLS, tolls)
    _write_links(out / LINKS, pairs, told, members)
    merged = sum(len(own) > 1 for own in members)
    return Related(len(told), len(groups), merged, pairs.num_rows, len(tolls))


def link(
    told: Sequence[Claim], weights: Weights, decided: Mapping[tuple[int, int], str]
) -> pa.Table:
    """The pairs of claims that may be one event, in order, all decided ones among them.

    Columns: those of `weigh_pairs`; ``standing``, the bits that grouping goes by (the weight beside
    those of the rivals, or what was decided); ``decision``.
    """
    weighed = weigh_pairs(told, weights, least=load_toml("relate.toml")["grouping"]["unseen"])
    first, second, bits = columns(weighed, "weight")
    reports = np.array([claim.order for claim in told], dtype=np.int64)
    standing = contested(first, second, bits, reports)
    decisions: list[str | None] = [None] * len(first)
    at = {pair: n for n, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True))
          if pair in decided} if decided else {}  # fmt: skip
    for pair, n in at.items():
        decisions[n] = decided[pair]
        standing[n] = DECISIONS[decided[pair]]
    weighed = weighed.append_column("standing", pa.array(standing))
    weighed = weighed.append_column("decision", pa.array(decisions, pa.string()))
    added = [
        {"first": a, "second": b, "standing": DECISIONS[decision], "decision": decision}
        for (a, b), decision in decided.items()
        if (a, b) not in at
    ]
    rows = pa.Table.from_pylist(added, schema=weighed.schema)
    both = pa.concat_tables([weighed, rows])
    return both.sort_by([("first", "ascending"), ("second", "ascending")])


def columns(pairs: pa.Table, name: str) -> tuple[Ints, Ints, Floats]:
    """Both claims of each pair, and the column ``name``."""
    return tuple(pairs[column].to_numpy() for column in ("first", "second", name))


def grouped(count: int, pairs: pa.Table) -> list[list[int]]:
    """The claims ``range(count)`` in groups, as `relate_groups.group` makes them of `link`'s."""
    rules = load_toml("relate.toml")["grouping"]
    return group(
        count, *columns(pairs, "standing"), threshold=rules["threshold"], unseen=rules["unseen"]
    )


def read_decisions(path: str | Path, told: Sequence[Claim]) -> dict[tuple[int, int], str]:
    """What people decided of pairs of events: a CSV with ``first``, ``second`` (event ids) and
    ``decision`` (same or different); other columns are for their own use.

    Raises ValueError naming the line and the remedy, OSError where the file can't be read.
    """
    number = {claim.event_id: i for i, claim in enumerate(told)}
    found: dict[tuple[int, int], str] = {}
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = {"first", "second", "decision"} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"{path} lacks the column {', '.join(sorted(missing))}")
        for line, row in enumerate(rows, start=2):
            where = f"{path}, line {line}"
            for name in ("first", "second"):
                if row[name] not in number:
                    raise ValueError(f"{where}: the run has no event {row[name]!r}")
            if row["decision"] not in DECISIONS:
                raise ValueError(f"{where}: {row['decision']!r} is neither same nor different")
            a, b = sorted((number[row["first"]], number[row["second"]]))
            if a == b:
                raise ValueError(f"{where}: names one event twice")
            if found.get((a, b), row["decision"]) != row["decision"]:
                raise ValueError(f"{where}: an earlier line decides otherwise")
            found[a, b] = row["decision"]
    return found


def _group(own: Sequence[Claim], rule: str, places: Mapping[str, Place]) -> Group:
    start, end = _when(own)
    sites = [places[c.event_id] for c in own if c.event_id in places]
    place = next((p for p in sites if p.lat is not None), sites[0] if sites else None)
    causes = Counter(c.cause for c in own if c.cause)
    scopes = Counter(c.scope for c in own)
    scope = max(scopes, key=lambda s: (scopes[s], s))
    doers = Counter(doer for c in own for doer in c.doers)
    return Group(
        group_id=own[0].event_id,
        scope=scope,
        cause=max(causes, key=lambda c: (causes[c], c)) if causes else None,
        start=start, end=end, place=place,
        perpetrators=tuple(sorted(doers, key=lambda d: (-doers[d], d))),
        reports=len({c.report_id for c in own}),
        event_ids=tuple(c.event_id for c in own),
        figures=figures([c for c in own if c.scope == scope], rule),
    )  # fmt: skip


def _when(own: Sequence[Claim]) -> tuple[str | None, str | None]:
    """The date most tellings have; of several as frequent the shortest, then the earliest."""
    dates = Counter((c.start, c.end) for c in own if c.start and c.end)
    if not dates:
        return None, None

    def rank(when: tuple[date, date]) -> tuple[int, int, date]:
        return -dates[when], (when[1] - when[0]).days, when[0]

    start, end = min(((a, b) for a, b in dates if a and b), key=rank)
    return start.isoformat(), end.isoformat()


def _write_lines(path: Path, rows: Iterable[Struct]) -> None:
    with whole_file(path) as file:
        file.writelines(msgspec.json.encode(row) + b"\n" for row in rows)


def _write_links(
    path: Path, pairs: pa.Table, told: Sequence[Claim], members: Sequence[Sequence[int]]
) -> None:
    """The pairs by event id, the levels by their names, and whether they came into one group."""
    owner = {i: number for number, own in enumerate(members) for i in own}
    ends = {name: pairs[name].to_pylist() for name in ("first", "second")}
    columns: dict[str, Any] = {
        name: [told[i].event_id for i in numbers] for name, numbers in ends.items()
    }
    columns["one_group"] = [owner[a] == owner[b] for a, b in zip(*ends.values(), strict=True)]
    columns |= {name: pairs[name] for name in ("weight", "standing", "decision")}
    for comparison in load_toml("relate.toml")["comparisons"]:
        name = comparison["name"]
        labels = pa.array([level["label"] for level in comparison["levels"]])
        columns[name] = labels.take(pairs[f"level_{name}"].combine_chunks())
        columns[f"{name}_bits"] = pairs[f"bits_{name}"]
    with whole_file(path) as file:
        pq.write_table(pa.table(columns), file, compression="zstd")
