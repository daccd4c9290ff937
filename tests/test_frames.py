from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

import pipeline
from pipeline.flat import SCHEMA
from pipeline.schema import Report

from .conftest import ARABIC, fake_result
from .test_database import event, record, stored

pd = pytest.importorskip("pandas")


def doc(report_id: str = "doc", text: str = ARABIC) -> Any:
    """Stands for an analysed doc."""
    result = fake_result(Report(report_id=report_id, text=text))
    return SimpleNamespace(text=text, _=SimpleNamespace(result=result))


def test_a_run_as_a_frame(tmp_path: Path) -> None:
    out = stored(tmp_path / "o", event("e1", record("c1", 5, None), record("c2", None, None)))
    frame = pipeline.to_pandas(out)
    assert list(frame.columns) == SCHEMA.names and list(frame.casualty_id) == ["c1", "c2"]
    assert frame.count_low.dtype == "Int64" and frame.count_low[0] == 5
    assert frame.count_low.isna().tolist() == [False, True] and frame.count_low.sum() == 5
    assert len(frame) == pq.read_table(out / "casualties.parquet").num_rows


def test_one_doc_and_several(tmp_path: Path) -> None:
    one = pipeline.to_pandas(doc())
    assert list(one.casualty_id) == ["doc#c1"] and one.evidence_text[0] == ARABIC.split()[0]
    several = pipeline.to_pandas(doc(name) for name in ("doc", "a", "doc"))
    assert list(several.casualty_id) == ["doc#c1", "a#c1", "doc-2#c1"]
    assert list(several.event_id) == ["doc#e1", "a#e1", "doc-2#e1"]
    assert list(pipeline.to_pandas([]).columns) == SCHEMA.names


def test_what_can_not_be_a_frame(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="finished run"):
        pipeline.to_pandas(tmp_path)
    with pytest.raises(ValueError, match="not analysed"):
        pipeline.to_pandas(SimpleNamespace(text="", _=SimpleNamespace(result=None)))  # type: ignore[arg-type]


def test_without_pandas_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pandas"):
        pipeline.to_pandas([])


def test_the_real_pipeline_s_docs() -> None:
    if not (pipeline.DEFAULT_MODEL / "model.onnx").exists():
        pytest.skip("no model here")
    nlp = pipeline.load()
    text = "مقتل ثلاثة مدنيين بقصف مدفعي على بلدة سرمين بريف إدلب"
    frame = pipeline.to_pandas(nlp.pipe([text, text]))
    assert list(frame.count_value) == [3, 3] and list(frame.report_id) == ["doc", "doc-2"]
