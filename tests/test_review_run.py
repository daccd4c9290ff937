"""A run's reports queued, their texts found again, reviewed, exported, and learned from."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import duckdb
import msgspec
import pytest
from typer.testing import CliRunner

from annotations.check import check_report
from annotations.form import read_reports, write_reports
from pipeline import DEFAULT_MODEL, cli
from pipeline.review import ReviewError
from pipeline.review_queue import country_of, make_queue, priority, toll
from pipeline.review_run import export_reviews, prepare
from pipeline.review_store import DATABASE, Store
from pipeline.run import make_analyser, run
from pipeline.schema import Count, Report, ReportResult
from pipeline.tag import Tagger

from .conftest import ARABIC, fake_result
from .reviews import KILLED, REPORT, TEXT, result_of, review_of
from .tiny import save_tiny_config, tiny_reports


def doubtful(result: ReportResult, confidence: float, value: int | None) -> ReportResult:
    """``result`` with its one record of that confidence and number."""
    replace = msgspec.structs.replace
    event = result.events[0]
    count = Count(value=value, low=None, high=None, qualifier="exact", kind="explicit")
    record = replace(event.casualties[0], confidence=confidence, count=count)
    return replace(result, events=(replace(event, casualties=(record,)),))


class TestQueue:
    def test_doubt_times_toll_comes_first(self, tmp_path: Path) -> None:
        results = [
            doubtful(fake_result(Report(report_id=name, text=ARABIC)), sure, people)
            for name, sure, people in (
                ("a", 0.9, 5),
                ("b", 0.5, 40),
                ("c", 0.99, 400),
                ("d", 0.2, 1),
            )
        ]
        (tmp_path / "reports.jsonl").write_bytes(
            b"".join(msgspec.json.encode(r) + b"\n" for r in results)
        )
        queue = make_queue(tmp_path, 3)
        assert [row.report_id for row in queue] == ["b", "c", "d"]
        assert [row.priority for row in queue] == [20.0, 4.0, 0.8]

    def test_parts_and_repeats_weigh_as_one_person(self) -> None:
        result = result_of(REPORT)
        part = result.events[0].casualties[1]
        assert part.subset_of and toll(part) == 2
        doubts = [1 - c.confidence for c in result.events[0].casualties]
        assert priority(result) == pytest.approx(5 * doubts[0] + doubts[1] + 12 * doubts[2])
        assert country_of(result) == "SY"

    def test_no_run_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(ReviewError, match="holds no run"):
            make_queue(tmp_path, 3)
        (tmp_path / "reports.jsonl").write_text("{}\n")
        with pytest.raises(ReviewError, match=r"reports\.jsonl:1"):
            make_queue(tmp_path, 3)


class TestStore:
    def test_the_machines_reading_stays(self, tmp_path: Path) -> None:
        review = review_of(tmp_path)
        review.store.add("r-1", "Rana", "reject", {"record": KILLED})
        before = review.store.get("r-1")
        review.store.keep(msgspec.structs.replace(before, model="other"))
        assert review.store.get("r-1") == before
        review.store.close()
        again = Store(tmp_path / DATABASE)
        assert len(again.reading("r-1", "Rana").records) == 2
        assert len(again.reading("r-1", "Sami").records) == 3
        again.close()

    def test_undo_adds_a_row(self, tmp_path: Path) -> None:
        store = review_of(tmp_path).store
        store.add("r-1", "Rana", "done", {})
        store.add("r-1", "Rana", "undo", {})
        assert store.statuses() == {} and store.finishers() == {}
        store.close()
        with duckdb.connect(str(tmp_path / DATABASE), read_only=True) as database:
            rows = database.execute(
                "SELECT seq, who, action FROM decisions ORDER BY seq"
            ).fetchall()
        assert rows == [(1, "Rana", "done"), (2, "Rana", "undo")]

    def test_a_file_that_is_no_database_is_named(self, tmp_path: Path) -> None:
        (tmp_path / DATABASE).write_text("no database" * 1000)
        with pytest.raises(ReviewError, match=r"review\.duckdb can't be opened"):
            Store(tmp_path / DATABASE)


class TestExport:
    def test_finished_reports_alone_and_the_last_to_finish(self, tmp_path: Path) -> None:
        others = [msgspec.structs.replace(REPORT, report_id=f"r-{n}") for n in (2, 3)]
        store = review_of(tmp_path, (REPORT, *others)).store
        for who, report_id in (("Sami", "r-1"), ("Rana", "r-1"), ("Sami", "r-2")):
            if who == "Rana":
                store.add(report_id, who, "reject", {"record": KILLED})
            store.add(report_id, who, "done", {})
        store.add("r-3", "Rana", "accept", {"record": KILLED})
        store.close()
        path = tmp_path / "mine.jsonl"
        assert export_reviews(tmp_path, path) == [f"2 reports written to {path}"]
        reports = list(read_reports(path))
        assert [(r.id, len(r.records)) for r in reports] == [("r-1", 2), ("r-2", 3)]
        assert [finding for r in reports for finding in check_report(r)] == []
        export_reviews(tmp_path, path, "Sami")
        assert [len(r.records) for r in read_reports(path)] == [3, 3]
        with pytest.raises(ReviewError, match="by Nobody"):
            export_reviews(tmp_path, path, "Nobody")

    def test_what_is_unsound_is_said(self, tmp_path: Path) -> None:
        store = review_of(tmp_path).store
        values = {"date_start": "2020-01-01"}
        store.add("r-1", "Rana", "set", {"record": KILLED, "values": values})
        date = next(m.id for m in store.reading("r-1", "Rana").mentions if m.label == "DATE")
        store.add("r-1", "Rana", "unlink", {"record": KILLED, "mention": date})
        store.add("r-1", "Rana", "done", {})
        store.close()
        said = export_reviews(tmp_path, tmp_path / "mine.jsonl")
        assert said[0] == "r-1: no word for the date is linked"

    def test_from_the_command_line(self, tmp_path: Path) -> None:
        missing = CliRunner().invoke(cli.app, ["review", str(tmp_path), "--export", "x.jsonl"])
        assert missing.exit_code == 2 and "holds no review yet" in missing.output
        store = review_of(tmp_path).store
        store.add("r-1", "Rana", "done", {})
        store.close()
        path = tmp_path / "mine.jsonl"
        done = CliRunner().invoke(cli.app, ["review", str(tmp_path), "--export", str(path)])
        assert done.exit_code == 0 and "1 reports written" in done.output
        assert json.loads(path.read_text("utf-8"))["text"] == TEXT


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "holds no run"),
        (["."], "holds no run"),
        (["done", "--who", " "], "--who needs a name"),
        (["done", "--port", "{port}"], "leave out --port"),
        (["done", "--export", "no/folder.jsonl"], "no/folder.jsonl"),
    ],
)
def test_what_cannot_be_reviewed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("done").mkdir()
    store = review_of(tmp_path / "done").store
    store.add("r-1", "Rana", "done", {})
    store.close()
    Path("done/reports.jsonl").write_bytes(msgspec.json.encode(result_of(REPORT)) + b"\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [a.format(port=port) for a in arguments]
        result = CliRunner().invoke(cli.app, ["review", *given])
    assert result.exit_code == 2 and says in result.output
    assert not Path("review.duckdb").exists()


def test_without_the_extra_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pipeline.review_run")
    monkeypatch.delitem(sys.modules, "pipeline.review_store")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = CliRunner().invoke(cli.app, ["review", str(tmp_path)])
    assert result.exit_code == 2 and "pip install -e '.[review]'" in result.output


def test_the_command_serves_the_page_until_interrupted(tmp_path: Path) -> None:
    review_of(tmp_path).store.close()
    (tmp_path / "reports.jsonl").write_bytes(msgspec.json.encode(result_of(REPORT)) + b"\n")
    command = [sys.executable, "-m", "pipeline.cli", "review", str(tmp_path), "--who", "Rana"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = next(line.strip() for line in process.stderr if line.startswith("http"))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}/", url)
        with urlopen(f"{url}api/queue") as answer:
            assert json.load(answer)["who"] == "Rana"
        with pytest.raises(HTTPError, match="403"):
            urlopen(url.replace(url[-5:], "XXXX/"))
        other = CliRunner().invoke(cli.app, ["review", str(tmp_path), "--export", "x.jsonl"])
        assert other.exit_code == 2 and "end the other `hasila review`" in other.output
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def name(casualty_id: str | None) -> str | None:
    """The id of the record without that of its report."""
    return casualty_id and casualty_id.partition("#")[2]


@pytest.mark.skipif(not (DEFAULT_MODEL / "model.onnx").exists(), reason="no model here")
class TestPrepare:
    def test_the_reading_is_the_runs(self, tmp_path: Path) -> None:
        archive, out = tmp_path / "archive", tmp_path / "out"
        archive.mkdir()
        (archive / "a.txt").write_text(TEXT, "utf-8")
        (archive / "b.txt").write_text(ARABIC.replace("\r\n", "\n"), "utf-8")
        run([str(archive)], out)
        store = Store(out / DATABASE)
        review = prepare(out, (), store, who="Rana", limit=9, model=None, say=print)
        assert {row.report_id for row in review.queue} == {"a.txt", "b.txt"}
        for line in (out / "reports.jsonl").read_bytes().splitlines():
            result = msgspec.json.decode(line, type=ReportResult)
            reading = store.get(result.report_id).reading
            told = {
                (name(c.casualty_id), c.outcome, name(c.subset_of), name(c.same_as))
                for event in result.events
                for c in event.casualties
            }
            assert told == {(r.id, r.outcome, r.subset_of, r.same_as) for r in reading.records}
            assert told
        # A text that changed since is left out; the readings that are kept need no text.
        (archive / "b.txt").write_text("نص آخر", "utf-8")
        assert len(prepare(out, (), store, who="R", limit=9, model=None, say=print).queue) == 2
        store.close()
        (out / DATABASE).unlink()
        said: list[str] = []
        store = Store(out / DATABASE)
        review = prepare(out, [str(archive)], store, who="R", limit=9, model=None, say=said.append)
        assert [row.report_id for row in review.queue] == ["a.txt"]
        assert "1 of 2 reports are left out" in said[-1]
        store.close()

    def test_lost_texts_are_said(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text(TEXT, "utf-8")
        run([str(tmp_path / "a.txt")], tmp_path / "out")
        (tmp_path / "a.txt").unlink()
        store = Store(tmp_path / "out" / DATABASE)
        with pytest.raises(ReviewError, match="--texts"):
            prepare(tmp_path / "out", (), store, who="R", limit=9, model=None, say=print)
        store.close()


# What the tiny model needs to learn a report by heart.
LEARN = {"epochs": 20, "batch": 2, "encoder_rate": 2e-3, "head_rate": 4e-3}
MISSED = "كتيبة المشاة"


def test_the_model_learns_from_what_was_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run, correct in the review, export, train on, tag again: the correction is found."""
    from training.add import add_reports
    from training.export import export
    from training.train import train

    monkeypatch.setattr("training.add.STAGE", LEARN)
    config = save_tiny_config(tmp_path / "tiny", 40)
    model = export(train(config, tmp_path / "run", 1), tmp_path / "model")
    text = f"دخلت {MISSED} إلى بلدة الزهراء أمس، {MISSED} تنتشر في محيطها."
    (tmp_path / "a.txt").write_text(text, "utf-8")
    out, mine, old = tmp_path / "out", tmp_path / "mine.jsonl", tmp_path / "old.jsonl"
    run([str(tmp_path / "a.txt")], out, model=model, make=make_analyser, gate=False)
    spans = {(m.start(), m.end()) for m in re.finditer(MISSED, text)}

    store = Store(out / DATABASE)
    prepare(out, (), store, who="Rana", limit=9, model=model, say=print)
    machine = store.get("a.txt").reading
    for record in machine.records:
        store.add("a.txt", "Rana", "reject", {"record": record.id})
    for mention in store.reading("a.txt", "Rana").mentions:
        store.add("a.txt", "Rana", "unmark", {"mention": mention.id})
    for start, end in sorted(spans):
        store.add("a.txt", "Rana", "mark", {"label": "PARTY", "start": start, "end": end})
    store.add("a.txt", "Rana", "done", {})
    store.close()
    export_reviews(out, mine)
    (reviewed,) = read_reports(mine)
    assert list(check_report(reviewed)) == []
    assert {(m.start, m.end) for m in reviewed.mentions} == spans

    write_reports(tiny_reports(), old)
    added = add_reports(model, [mine], [old], tmp_path / "after", tmp_path / "work", 1)
    assert added.holds
    assert added.new_after["mentions_f1"] > added.new_before["mentions_f1"]
    before, after = (parties(folder, text) for folder in (model, tmp_path / "after"))
    assert not before & spans and after & spans


def parties(model: Path, text: str) -> set[tuple[int, int]]:
    found = Tagger.load(model).tag(text).mentions
    return {(m.start, m.end) for m in found if m.label == "PARTY"}
