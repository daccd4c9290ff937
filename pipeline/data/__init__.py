"""Lexicons and rules, as data files; each file's header says what it holds and its source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load_toml(name: str) -> dict[str, Any]:
    """The parsed data file ``name``; treat it as read-only."""
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def read_rows(name: str) -> Iterator[list[str]]:
    """The cells of each row of the tab-separated data file ``name``, comments left out."""
    for line in files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")
