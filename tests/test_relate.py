"""Events across reports: claims, pairs, groups, figures, running tolls, and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.data import load_toml
from pipeline.flat import SCHEMA, flat_rows
from pipeline.relate import relate
from pipeline.relate_claims import Claim, Toll, claims, stems, tolls_of
from pipeline.relate_figures import figures
from pipeline.relate_groups import DIFFERENT, SAME, Contradiction, group
from pipeline.relate_pairs import PRIOR, contested, load_weights
from pipeline.schema import Cause, Event, Place, ReportResult

from .test_database import WORDS, event, party, record, told

SARMIN = Place(
    text="سرمين", start=0, end=4, name="Sarmin", name_ar="سرمين", lat=35.9, lon=36.72,
    admin1="Idlib", country="SY", precision="exact",
)  # fmt: skip
HARIM = Place(
    text="حارم", start=0, end=4, name="Harim", name_ar="حارم", lat=36.2, lon=36.52,
    admin1="Idlib", country="SY", precision="exact",
)  # fmt: skip
AIRSTRIKE = Cause(code="airstrike", **WORDS)


def at_market(name: str, killed: int, **more: Any) -> Event:
    """An air strike on a market in Sarmin on one day."""
    fields = {
        "places": (SARMIN,),
        "cause": AIRSTRIKE,
        "date": told("2019-05-14", "2019-05-14"),
        "perpetrators": (party("russia"),),
    }
    return event(name, record(f"{name}c", killed, killed), **{**fields, **more})


def archive(out: Path, *reports: tuple[str, str, list[Event]]) -> Path:
    """A finished run of reports: day of publication, text (the evidence of all), events."""
    out.mkdir(exist_ok=True)
    lines, rows = [], []
    for number, (published, text, events) in enumerate(reports):
        result = ReportResult(
            report_id=f"r{number}", source="a.txt", title=None, published=published, language="ar",
            sha256="0", events=tuple(events), warnings=(),
        )  # fmt: skip
        lines.append(msgspec.json.encode(result) + b"\n")
        rows += [row | {"evidence_text": text} for row in flat_rows(result, text)]
    (out / "reports.jsonl").write_bytes(b"".join(lines))
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), out / "casualties.parquet")
    return out


MARKET = "قُتل مدنيون في غارات روسية على سوق شعبي وسط سرمين صباح الثلاثاء"
HOUSE = "قُتلت عائلة في قصف طال منزلا على أطراف حارم"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two reports of one strike, one of another place, one of the same place months later."""
    return archive(
        tmp_path / "out",
        ("2019-05-14", MARKET, [at_market("a", 12)]),
        ("2019-05-15", f"ارتفع عدد ضحايا السوق: {MARKET}", [at_market("b", 14)]),
        ("2019-05-14", HOUSE, [at_market("c", 3, places=(HARIM,), perpetrators=())]),
        ("2019-09-02", HOUSE, [at_market("d", 5, date=told("2019-09-02", "2019-09-02"))]),
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def grouped(out: Path) -> list[list[str]]:
    return [row["event_ids"] for row in lines(out / "groups.jsonl")]


# The whole way


def test_tellings_of_one_event_come_into_one_group_and_others_do_not(out: Path) -> None:
    related = relate(out)
    assert grouped(out) == [["a", "b"], ["c"], ["d"]]
    assert (related.events, related.groups, related.merged) == (4, 3, 1)
    first = lines(out / "groups.jsonl")[0]
    assert (first["start"], first["end"], first["cause"]) == (
        "2019-05-14",
        "2019-05-14",
        "airstrike",
    )
    assert first["place"]["name"] == "Sarmin" and first["perpetrators"] == ["russia"]
    (killed,) = first["figures"]
    assert (killed["best"], killed["low"], killed["high"], killed["agree"]) == (14, 12, 14, False)
    assert [c["event_id"] for c in killed["claims"]] == ["a", "b"]


def test_every_link_says_what_speaks_for_it(out: Path) -> None:
    relate(out)
    links = {
        (row["first"], row["second"]): row
        for row in pq.read_table(out / "links.parquet").to_pylist()
    }
    link = links["a", "b"]
    assert link["one_group"] and link["place"] == "the most specific place shared"
    assert link["date"] == "the same day" and link["killed"] == "grown by a third"
    names = [c["name"] for c in load_toml("relate.toml")["comparisons"]]
    prior = load_weights()[PRIOR]
    assert link["weight"] == pytest.approx(prior + sum(link[f"{n}_bits"] for n in names), abs=0.01)


def test_what_people_decide_holds_and_can_be_undone(out: Path, tmp_path: Path) -> None:
    relate(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    decisions = tmp_path / "mine.csv"
    decisions.write_text("first,second,decision,note\na,b,different,two markets\nd,c,same,\n")
    relate(out, decisions=decisions)
    assert grouped(out) == [["a"], ["b"], ["c", "d"]]
    rows = pq.read_table(out / "links.parquet").to_pylist()
    decided = {(r["first"], r["second"]): r["decision"] for r in rows if r["decision"]}
    assert decided == {("a", "b"): "different", ("c", "d"): "same"}
    decisions.write_text("first,second,decision\n")
    relate(out, decisions=decisions)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("first,decision\na,same\n", "lacks the column second"),
        ("first,second,decision\na,x,same\n", "line 2: the run has no event 'x'"),
        ("first,second,decision\na,b,maybe\n", "line 2: 'maybe' is neither"),
        ("first,second,decision\na,a,same\n", "names one event twice"),
        ("first,second,decision\na,b,same\nb,a,different\n", "line 3: an earlier line"),
        (
            "first,second,decision\na,b,same\nb,c,same\na,c,different\n",
            "c are decided to be one event and to be two",
        ),
    ],
)
def test_decisions_that_cannot_hold_are_told(
    out: Path, tmp_path: Path, written: str, complaint: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(written)
    with pytest.raises(ValueError, match=complaint):
        relate(out, decisions=path)


def test_the_command(out: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["relate", str(out), "--rule", "conservative"])
    assert done.exit_code == 0 and "4 events in 3 groups, 1 of them" in done.output
    assert lines(out / "groups.jsonl")[0]["figures"][0]["best"] == 12
    wrong = CliRunner().invoke(app, ["relate", str(out), "--rule", "mean"])
    assert wrong.exit_code == 2 and "there is no rule mean" in wrong.output
    missing = CliRunner().invoke(app, ["relate", str(tmp_path)])
    assert missing.exit_code == 2 and "holds no reports.jsonl" in missing.output


def test_a_run_without_events(tmp_path: Path) -> None:
    out = archive(tmp_path / "out", ("2019-05-14", "هدوء", []))
    assert relate(out).groups == 0
    assert (out / "groups.jsonl").read_bytes() == b""


def test_one_event(tmp_path: Path) -> None:
    out = archive(tmp_path / "out", ("2019-05-14", MARKET, [at_market("a", 12)]))
    assert relate(out).groups == 1


def test_an_event_without_day_or_place_or_number_is_kept(tmp_path: Path) -> None:
    bare = event("a", record("c", None, None), places=(), date=None, cause=None)
    out = archive(
        tmp_path / "out", ("", MARKET, [bare]), ("2019-05-14", MARKET, [at_market("b", 2)])
    )
    relate(out)
    assert sorted(name for own in grouped(out) for name in own) == ["a", "b"]


# Claims


def claim(name: str, **more: Any) -> Claim:
    fields: dict[str, Any] = {
        "event_id": name, "report_id": f"of-{name}", "order": 0, "scope": "incident", "cause": None,
        "published": None, "start": None, "end": None, "lat": None, "lon": None, "tolls": {},
        "confidence": 1.0,
    }  # fmt: skip
    empty = [f for f in Claim.__struct_fields__ if f not in fields]
    return Claim(**{**fields, **dict.fromkeys(empty, ()), **more})


def test_tolls_add_up_kinds_and_keep_rivals_side_by_side() -> None:
    civilian = {"victims": None}
    sohr, army = party("sohr", "المرصد"), party("syrian-government", "الجيش")
    tolls = tolls_of(
        event(
            "e",
            record("1", 5, 5, according_to=sohr, **civilian),
            record("2", 9, None, according_to=army, **civilian),
            record("3", 2, 2, subset_of="1"),
            record("4", 5, 5, same_as="1"),
            record("5", 3, 3, outcome="injured"),
            record("6", 4, 6, outcome="injured"),
        )
    )
    assert tolls["killed"] == Toll(low=5, best=5, high=None)
    assert tolls["injured"] == Toll(low=7, best=7, high=9)


def test_words_are_alike_whatever_is_written_on_to_them() -> None:
    assert set(stems("بالسوق والمدرسة")) == set(stems("السوق المدرسه"))


def test_an_undated_claim_is_sought_before_its_publication() -> None:
    result = ReportResult(
        report_id="r", source="", title=None, published="2019-05-14T10:00", language="ar",
        sha256="", events=(at_market("a", 1, date=None),), warnings=(),
    )  # fmt: skip
    (found,) = claims([(result, ["نص"])])
    last = date(2019, 5, 15).toordinal()
    assert found.days == tuple(range(last - 5, last + 1)) and found.start is None


def test_a_long_period_is_looked_up_by_its_first_days() -> None:
    result = ReportResult(
        report_id="r", source="", title=None, published=None, language="ar", sha256="",
        events=(at_market("a", 1, date=told("2011-03-15", "2020-01-01")),), warnings=(),
    )  # fmt: skip
    (found,) = claims([(result, ["نص"])])
    assert len(found.days) == load_toml("relate.toml")["blocking"]["longest_days"] + 2


# Weights


def test_every_level_has_a_weight() -> None:
    weights = load_weights()
    levels = {
        (comparison["name"], level["label"])
        for comparison in load_toml("relate.toml")["comparisons"]
        for level in comparison["levels"]
    }
    assert set(weights) == levels | {PRIOR}


def test_a_rival_of_the_same_report_takes_weight_away() -> None:
    rules = load_toml("relate.toml")["grouping"]
    first, second, weights = np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([4.0, 1.0, 2.0])
    standing = contested(first, second, weights, np.array([0, 1, 1]))
    assert standing.tolist() == [4.0, 1.0 - 3.0 * rules["rival"], 2.0 - rules["one_report"]]
    nothing = contested(first[:0], second[:0], weights[:0], np.array([0]))
    assert nothing.tolist() == []


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=8),
    st.lists(st.floats(-5, 5, width=16), min_size=28, max_size=28),
)
def test_rivals_are_those_of_the_plain_reading(reports: list[int], bits: list[float]) -> None:
    pairs = list(combinations(range(len(reports)), 2))
    weights = dict(zip(pairs, bits, strict=False))
    rules = load_toml("relate.toml")["grouping"]

    def rival(own: int, other: int) -> float:
        others = [n for n in range(len(reports)) if n not in (own, other)]
        told = [weights[min(own, n), max(own, n)] for n in others if reports[n] == reports[other]]
        return max(told, default=float("-inf"))

    expected = [
        w - rules["one_report"]
        if reports[a] == reports[b]
        else w - rules["rival"] * max(0.0, max(rival(a, b), rival(b, a)) - w)
        for (a, b), w in weights.items()
    ]
    ends = np.array(pairs)
    found = contested(ends[:, 0], ends[:, 1], np.array(list(weights.values())), np.array(reports))
    assert found.tolist() == pytest.approx(expected)


# Groups


def grouped_by(
    count: int, pairs: list[tuple[int, int, float]], threshold: float
) -> list[list[int]]:
    first, second, bits = (np.array(column) for column in zip(*pairs, strict=True))
    return group(count, first, second, bits.astype(float), threshold=threshold, unseen=-6.0)


def test_a_chain_does_not_join_its_ends() -> None:
    chain = [(0, 1, 3.0), (1, 2, 2.0)]
    assert grouped_by(3, chain, 0.0) == [[0, 1], [2]]
    assert grouped_by(3, [*chain, (0, 2, 1.0)], 0.0) == [[0, 1, 2]]


def test_decisions_hold_before_weights() -> None:
    assert grouped_by(2, [(0, 1, SAME)], 0.0) == [[0, 1]]
    apart = [(0, 1, 9.0), (1, 2, 9.0), (0, 2, DIFFERENT)]
    assert grouped_by(3, apart, 0.0) in ([[0, 1], [2]], [[0], [1, 2]])
    with pytest.raises(Contradiction, match="0 and 2"):
        grouped_by(3, [(0, 1, SAME), (1, 2, SAME), (0, 2, DIFFERENT)], 0.0)


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] < p[1]),
        st.floats(-8, 8),
        min_size=1,
        max_size=30,
    )
)
def test_groups_part_all_claims_and_each_holds_together(
    weights: dict[tuple[int, int], float],
) -> None:
    made = grouped_by(10, [(a, b, w) for (a, b), w in weights.items()], 0.5)
    assert sorted(i for own in made for i in own) == list(range(10))
    # No two groups are left whose pairs weigh enough on average.
    for one, other in combinations(made, 2):
        bits = [weights.get((min(i, j), max(i, j)), -6.0) for i in one for j in other]
        assert sum(bits) / len(bits) < 0.5 + 1e-9


# Figures


def telling(name: str, day: str, low: int, best: int, high: int | None) -> Claim:
    toll = Toll(low=low, best=best, high=high)
    return claim(name, published=date.fromisoformat(day), tolls={"killed": toll})


TOLD = [
    telling("a", "2019-05-14", 5, 5, 5),
    telling("b", "2019-05-16", 9, 9, None),
    telling("c", "2019-05-15", 7, 7, 7),
    telling("d", "2019-05-15", 7, 7, 7),
]


@pytest.mark.parametrize(
    ("rule", "best"), [("conservative", 5), ("latest", 9), ("majority", 7), ("highest", 9)]
)
def test_rules(rule: str, best: int) -> None:
    (figure,) = figures(TOLD, rule)
    assert (figure.best, figure.low, figure.high, figure.agree) == (best, 5, None, False)
    assert [t.event_id for t in figure.claims] == ["a", "c", "d", "b"]


def test_claims_agree_where_one_number_fits_all() -> None:
    (figure,) = figures([TOLD[2], telling("e", "2019-05-15", 6, 6, 8)], "latest")
    assert figure.agree
    with pytest.raises(KeyError):
        figures(TOLD, "mean")


def test_a_report_counts_once() -> None:
    one = [msgspec.structs.replace(c, report_id="r") for c in TOLD[:2]]
    (figure,) = figures(one, "majority")
    assert figure.best == 9 and len(figure.claims) == 1


# Running tolls


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    toll = at_market("t", 20, scope="cumulative", date=told("2019-05-01", "2019-06-30"))
    yield archive(
        tmp_path / "out",
        ("2019-05-14", MARKET, [at_market("a", 12)]),
        ("2019-05-15", f"ارتفع عدد ضحايا السوق: {MARKET}", [at_market("b", 14)]),
        ("2019-07-02", HOUSE, [at_market("c", 3, date=told("2019-07-01", "2019-07-01"))]),
        ("2019-05-20", HOUSE, [at_market("d", 4, date=told("2019-05-20", "2019-05-20"),
                                         perpetrators=(party("israel"),))]),
        ("2019-07-01", "حصيلة شهرين من الغارات الروسية", [toll]),
    )  # fmt: skip


def test_a_running_toll_beside_its_incidents(running: Path) -> None:
    assert relate(running).tolls == 1
    (check,) = lines(running / "tolls.jsonl")
    assert (check["event_id"], check["best"], check["incidents"]) == ("t", 20, 1)
    assert (check["sum_low"], check["sum_best"], check["sum_high"]) == (12, 14, 14)
    assert check["ratio"] == 0.7
    assert check["gaps"] == [["2019-05-15", "2019-06-30"]]
