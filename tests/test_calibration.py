"""The calibration error on cases whose answer is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.calibration import calibration_error, judged
from eval.evaluate import gold_tagged
from pipeline.analyse import analyse
from pipeline.schema import SAME_SCALE, Report, scaled
from training.scale import fit_scale

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


def test_a_scale_is_fitted_to_how_often_things_are_right() -> None:
    shares = ((0.5, 2), (0.9, 5), (0.99, 8))
    pairs = [(score, k % 10 < share) for score, share in shares for k in range(100)]
    scale = fit_scale(pairs)
    said = [(scaled(score, scale), right) for score, right in pairs]
    assert calibration_error(pairs, bins=3) > 0.25
    assert calibration_error(said, bins=3) < 0.05
    assert [scaled(s, scale) for s, _ in pairs] == sorted(scaled(s, scale) for s, _ in pairs)


def test_a_scale_needs_both_right_and_wrong_ones() -> None:
    assert fit_scale([(0.9, True)] * 500) == SAME_SCALE
    assert fit_scale([]) == SAME_SCALE


@given(st.floats(0, 1), st.tuples(st.floats(0.1, 3), st.floats(-3, 3)))
def test_what_is_scaled_stays_a_probability(score: float, scale: tuple[float, float]) -> None:
    assert 0 <= scaled(score, scale) <= 1
    assert scaled(score, SAME_SCALE) == score
