from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from bidi.algorithm import get_display
from rich.console import Console
from typer.testing import CliRunner

from pipeline import cli, show
from pipeline.bidi import visual_order
from pipeline.rows import FIELDS
from pipeline.run import run
from pipeline.schema import Count, Mention, Report
from pipeline.show import events_table, how_many, report_text, terminal_orders_text, wrapped

from .conftest import ARABIC, fake_result

RUNNER = CliRunner()


def call(*arguments: str | Path, stdin: str | None = None) -> tuple[int, str]:
    result = RUNNER.invoke(cli.app, [str(a) for a in arguments], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def fake_run(monkeypatch: pytest.MonkeyPatch, model: Path) -> Path:
    """`hasila run` with a made-up analysis in the place of the model's."""
    from .conftest import make_fake

    monkeypatch.setitem(run.__kwdefaults__, "make", make_fake)
    return model


# Help


def test_help_names_every_command_without_loading_any() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from pipeline.cli import app;"
        "print(CliRunner().invoke(app, ['--help']).output);"
        "heavy = {'spacy', 'torch', 'numpy', 'pyarrow', 'onnxruntime', 'training', 'eval'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("run", "show", *cli.PLUGINS):
        assert f" {name} " in done.stdout


@pytest.mark.parametrize("command", ["run", "show"])
def test_help_shows_an_example(command: str) -> None:
    code, output = call(command, "--help")
    assert code == 0 and "Examples" in output and f"hasila {command} " in output


def test_every_column_can_be_named() -> None:
    _, output = call("run", "--help")
    assert all(f"--{field}-column" in output for field in FIELDS)


def test_version() -> None:
    code, output = call("--version")
    assert code == 0 and output == f"hasila {metadata.version('hasila')}"


# run


def test_run(tmp_path: Path, fake_run: Path) -> None:
    (tmp_path / "a.csv").write_text("nr,post,text\n7,نص,\n8,,\n", "utf-8")
    out = tmp_path / "out"
    code, output = call(
        "run", tmp_path / "a.csv", "--out", out, "--model", fake_run, "--table",
        "--text-column", "post", "--id-column", "nr",
    )  # fmt: skip
    assert code == 0
    assert json.loads((out / "reports.jsonl").read_text("utf-8"))["report_id"] == "7"
    assert "reports 1" in output and "rejects 1" in output and "≥ 3 killed" in output
    assert "rejects.jsonl says why" in output and "run.json" in output


def test_run_reads_standard_input(tmp_path: Path, fake_run: Path) -> None:
    code, _ = call("run", "-", "-o", tmp_path / "out", "--model", fake_run, stdin=ARABIC)
    assert code == 0
    row = json.loads((tmp_path / "out" / "reports.jsonl").read_text("utf-8"))
    assert row["report_id"] == "stdin"


def test_unknown_input_is_an_error_of_usage(tmp_path: Path) -> None:
    code, output = call("run", tmp_path / "nowhere.txt", "--out", tmp_path / "out")
    assert code == 2 and "nowhere.txt" in output
    assert not (tmp_path / "out").exists()
    code, output = call("show", tmp_path / "nowhere.txt")
    assert code == 2 and "nowhere.txt" in output
    code, output = call("show", "نص " * 2000)  # The text itself in the place of its file.
    assert code == 2 and "no file" in output


def test_out_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("نص", "utf-8")
    code, output = call("run", tmp_path / "a.txt", "--out", tmp_path / "a.txt")
    assert code == 2 and "name a folder" in output


def test_missing_model_is_an_error_of_usage(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("نص", "utf-8")
    for command in (["run", "--out", str(tmp_path / "out")], ["show"]):
        code, output = call(*command, tmp_path / "a.txt", "--model", tmp_path)
        assert code == 2 and "config.cfg" in output, command


def test_broken_off_and_resumed(
    tmp_path: Path, fake_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: object, keys: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.txt").write_text(ARABIC, "utf-8")
    command = ("run", tmp_path / "a.txt", "-o", tmp_path / "out", "--model", fake_run)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.journal.Journal.unused", interrupted)
        code, output = call(*command)
    assert code == 130 and "kept: run again with --resume" in output
    code, output = call(*command)
    assert code == 2 and "go on with it (--resume)" in output
    code, output = call(*command, "--resume")
    assert code == 0 and "Going on with the run that broke off" in output


def test_verify(tmp_path: Path, fake_run: Path) -> None:
    out = tmp_path / "out"
    code, output = call("verify", out)
    assert code == 2 and "holds no run.json" in output
    (tmp_path / "a.txt").write_text(ARABIC, "utf-8")
    call("run", tmp_path / "a.txt", "-o", out, "--model", fake_run)
    code, output = call("verify", out)
    assert code == 0 and "1 reports, 0 rejects, 1 casualty records" in output
    (out / "reports.jsonl").write_text("")
    code, output = call("verify", out)
    assert code == 1 and "reports.jsonl: it has changed since the run" in output


# show


@pytest.fixture
def fake_show(monkeypatch: pytest.MonkeyPatch) -> None:
    def analyse(nlp: object, report: Report) -> tuple[Sequence[Mention], object]:
        return (Mention(label="OUTCOME", start=0, end=4, text="قُتل"),), fake_result(report)

    monkeypatch.setattr("pipeline.load", lambda model: None)
    monkeypatch.setattr(show, "analyse_report", analyse)


@pytest.mark.usefixtures("fake_show")
def test_show(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": ""}) + "\n" + json.dumps({"id": "x", "text": ARABIC}))
    code, output = call("show", path, "--no-bidi")
    assert code == 0
    assert "OUTCOME 1" in output and "≥ 3 killed" in output and "قُتل ثلاثة مدنيين" in output
    assert call("show", path, "--report", "x", "--no-bidi") == (code, output)
    code, output = call("show", path, "--bidi")
    assert "قُتل ثلاثة" not in output and "نييندم" in output
    code, output = call("show", path, "--report", "y")
    assert code == 2 and "the id y" in output and "Its ids: x." in output


@pytest.mark.usefixtures("fake_show")
def test_show_reads_a_text_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ARABIC, "utf-8")
    code, output = call("show", tmp_path / "a.txt", "--no-bidi")
    assert code == 0 and "a.txt" in output and "قُتل ثلاثة مدنيين" in output


@pytest.mark.usefixtures("fake_show")
def test_show_says_why_a_file_holds_no_report(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    code, output = call("show", tmp_path / "a.txt")
    assert code == 2 and "no text" in output


@pytest.mark.parametrize("width", [7, 20, 80])
def test_wrapping_keeps_every_word(width: int) -> None:
    text = ARABIC + "\n" + "ك" * 90
    lines = [text[start:end] for start, end in wrapped(text, width)]
    assert all(len(line) <= width + 2 for line in lines)  # Two vowel signs take no room.
    assert "".join("".join(lines).split()) == "".join(text.split())
    if width == 20:
        words = ARABIC.split()
        assert [word for line in lines for word in line.split()][: len(words)] == words


@pytest.mark.parametrize(
    "line",
    ["قتل 12 شخصاً في (إدلب)", "قال BBC News إن 3,500 شخص", "Hello شخص", "12", "", "داعـ ـش «x»"],
)
def test_visual_order_is_that_of_the_bidi_package(line: str) -> None:
    plain = line.replace("ً", "")  # Its vowel signs come before their letter.
    assert "".join(char for char, _ in visual_order(plain)) == get_display(plain)
    assert all(line[index] == char or char in "()«»" for char, index in visual_order(line))


def test_vowel_signs_stay_behind_their_letter() -> None:
    assert "".join(char for char, _ in visual_order("قُتل")) == "لتقُ"


def test_colours_follow_the_letters() -> None:
    text = "مقتل 12 مدنياً"
    mention = Mention(label="COUNT", start=5, end=7, text="12")
    for bidi in (True, False):
        shown = report_text(text, [mention], 40, bidi=bidi)
        (span,) = [s for s in shown.spans if s.style == show.STYLES["COUNT"]]
        assert shown.plain[span.start : span.end] == "12"


def test_report_stands_at_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(report_id="r", text="مقتل شاب")
    for bidi in (True, False):
        show.show_report(Console(width=40), report, [], fake_result(report), bidi=bidi)
        line = capsys.readouterr().out.splitlines()[2]
        assert len(line) == 40 and line.startswith(" " * 32) and line[-1] in "مب"


def test_report_can_not_steer_the_terminal() -> None:
    assert "\x1b" not in report_text("أ\x1b[2Jب", [], 40, bidi=True).plain
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(
        events_table([fake_result(Report(report_id="\x1b[2Jr", text="\x1b[0m"))], bidi=True)
    )
    assert "\x1b" not in console.export_text()


def test_terminals_that_order_text_themselves() -> None:
    assert terminal_orders_text({"VTE_VERSION": "7000"})
    assert not terminal_orders_text({"TERM": "xterm"})


@pytest.mark.parametrize(
    ("value", "low", "high", "qualifier", "shown"),
    [
        (1200, 1200, 1200, "exact", "1,200"),
        (5, 5, None, "at_least", "≥ 5"),
        (5, None, 5, "at_most", "≤ 5"),
        (40, 36, 44, "approximate", "~ 40"),
        (None, 5, 7, "range", "5–7"),
        (None, 20, None, "vague", "? (20–…)"),
    ],
)
def test_how_many(
    value: int | None, low: int | None, high: int | None, qualifier: str, shown: str
) -> None:
    count = Count(value=value, low=low, high=high, qualifier=qualifier, kind="explicit")
    assert how_many(count) == shown


# Commands of other packages


def fake_entry_points(monkeypatch: pytest.MonkeyPatch, load: object) -> None:
    def entry_points(group: str, name: str) -> tuple[object, ...]:
        return (SimpleNamespace(load=load),) if group == "hasila.commands" else ()

    monkeypatch.setattr(metadata, "entry_points", entry_points)


def test_entry_points_match_the_table() -> None:
    installed = metadata.entry_points(group=cli.PLUGIN_GROUP)
    assert {point.name for point in installed} == set(cli.PLUGINS)


def test_plugin_function_gets_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(config: str = "x") -> None:
        """Help of the real command."""
        typer.echo(f"config={config}")

    fake_entry_points(monkeypatch, lambda: command)
    assert call("train", "--config", "a.toml") == (0, "config=a.toml")
    code, output = call("train", "--help")
    assert code == 0 and "Help of the real command" in output and "hasila train" in output


def test_plugin_group_gets_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    group = typer.Typer()
    group.command("check")(lambda: typer.echo("checked"))
    group.command("other")(lambda: None)
    fake_entry_points(monkeypatch, lambda: group)
    assert call("annotations", "check") == (0, "checked")


def test_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    fake_entry_points(monkeypatch, load)
    code, output = call("train")
    assert code == 2 and "torch" in output and ".[train]" in output


def test_package_missing_inside_a_command_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        raise ModuleNotFoundError("No module named 'seqeval'", name="seqeval")

    fake_entry_points(monkeypatch, lambda: command)
    code, output = call("eval")
    assert code == 2 and "seqeval" in output and ".[train]" in output


def test_command_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "entry_points", lambda **_: ())
    code, output = call("eval")
    assert code == 2 and "not installed" in output
