"""Every command of the pages for readers is run, or, where it takes minutes, taken apart."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("analyst.md", "data-scientist.md", "engineer.md")
MINE = """@@ mine-001
country: SY | style: local | published: 2019-05-14 | points: 1
@text
[[قُتل|o1]] [[12|n1]] [[مدنياً|v1]] [[بغارة|x1]] على [[سرمين|l1]] [[اليوم|d1]]
@records
n1: killed 12 | civilian | incident | o1 v1 l1 d1 x1 | date=2019-05-14 cause=airstrike
@end
"""


def commands(page: str) -> list[str]:
    """The lines of the page's console blocks, in order."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder as a reader of the pages has it."""
    copytree(ROOT / "annotations" / "samples", tmp_path / "archive")
    (tmp_path / "mine.txt").write_text(MINE, "utf-8")
    for name in ("annotations", "models", "training"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page(page: str, desk: Path) -> None:
    lines = commands(page)
    assert lines
    for line in lines:
        command, _, comment = line.partition("    #")
        program, *words = shlex.split(command)
        assert program == "hasila"
        if comment:
            taken_apart(words)
        else:
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, f"{line}\n{done.output}"
    if page == "analyst.md":
        kept = {path.name for path in (desk / "results").iterdir()}
        assert {"groups.jsonl", "report.html", "events.duckdb", "casualties.csv"} <= kept
        assert (desk / "acled.csv").stat().st_size > 1000


def taken_apart(words: list[str]) -> None:
    """Raises where the command or one of its options does not exist."""
    command = get_command(app)
    context = command.make_context("hasila", list(words), resilient_parsing=False)
    name, found, rest = command.resolve_command(context, list(words))  # type: ignore[attr-defined]
    assert found is not None and name
    found.make_context(name, rest, parent=context)


def test_links_of_the_documents_lead_somewhere() -> None:
    for page in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_tour_runs() -> None:
    tour = json.loads((ROOT / "docs" / "tour.ipynb").read_text("utf-8"))
    names: dict[str, object] = {}
    for cell in tour["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)  # our own notebook
    docs = names["docs"]
    assert isinstance(docs, list) and [bool(doc._.events) for doc in docs] == [True, False, True]
