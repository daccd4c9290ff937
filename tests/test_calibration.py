"""The calibration error on cases whose answer is known."""

from __future__ import annotations

import pytest

from eval.calibration import calibration_error, judged
from eval.evaluate import gold_tagged
from pipeline.analyse import analyse
from pipeline.schema import Report

from .marked import marked


def test_right_as_often_as_said_is_no_error() -> None:
    assert calibration_error([(0.75, k % 4 > 0) for k in range(400)], bins=1) == 0
    assert calibration_error([]) == 0


def test_too_sure_and_too_shy_do_not_cancel_out() -> None:
    pairs = [(0.9, k % 10 < 5) for k in range(100)] + [(0.1, k % 10 < 5) for k in range(100)]
    assert calibration_error(pairs, bins=2) == pytest.approx(0.4)
    assert calibration_error(pairs, bins=1) == pytest.approx(0)


def test_what_is_said_is_judged_against_gold() -> None:
    report = marked(
        "[[قُتل|o1]] [[5|n1]] في [[إدلب|l1]]", "n1: killed 5 | unknown | incident | o1 l1 |"
    )
    tagged = gold_tagged(report)
    result = analyse(Report(report_id="t", text=report.text), tagged, gold=True)
    of = judged([report], [tagged], [result])
    assert [right for _, right in of["mentions"] + of["links"] + of["records"]] == [True] * 6
    other = marked("[[قُتل|o1]] 5 في [[إدلب|l1]]")
    assert [right for _, right in judged([other], [tagged], [result])["mentions"]] == [
        True, False, True,
    ]  # fmt: skip
