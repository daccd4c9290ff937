from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import DEFAULT_MODEL

from .conftest import ARABIC

# The bounds are three times what an idle machine takes: they hold off what is grossly slow.
# Not `ru_maxrss`: a process takes over that of the one that started it.
PEAK_MB = "int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024"
HELP_SECONDS, SHOW_SECONDS, SHOW_MB = 0.9, 6.0, 450


def timed(code: str, *arguments: str) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - began, done.stdout


def test_help_comes_at_once() -> None:
    code = "import sys; sys.argv[1:] = ['--help']; from pipeline.cli import main; main()"
    assert min(timed(code)[0] for _ in range(2)) < HELP_SECONDS


@pytest.mark.skipif(not (DEFAULT_MODEL / "model.onnx").exists(), reason="no model here")
def test_show_starts_without_torch_and_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(ARABIC, "utf-8")
    code = (
        "import re, sys; from pipeline.cli import app;"
        "app(['show', sys.argv[1]], standalone_mode=False);"
        "print('torch' in sys.modules)\n"
        f"print({PEAK_MB} if sys.platform == 'linux' else 0)"
    )
    seconds, printed = min(timed(code, str(path)) for _ in range(2))
    torch, memory = printed.split()[-2:]
    assert seconds < SHOW_SECONDS and torch == "False"
    assert int(memory) < SHOW_MB


def test_torch_can_be_imported_after_spacy() -> None:
    code = (
        "from pipeline.startup import import_spacy_alone as alone; import sys; alone();"
        "assert 'spacy' in sys.modules and 'torch' not in sys.modules; alone();"
        "from pipeline.startup import do_without_torch; do_without_torch()\n"
        "try:\n import torch\nexcept ImportError: print('none')"
    )
    assert timed(code)[1] == "none\n"
