"""Figures on their axes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.charts.means import axis_of_means, difference_shape, mean_shape

numbers = st.floats(-1e6, 1e6)


def test_shares_are_drawn_from_zero_to_one() -> None:
    rows = [{"mean": 0.5, "ci_low": 0.25, "ci_high": 0.75}]
    axis = axis_of_means(rows)
    shape = mean_shape(rows[0], axis)
    assert shape.mean == 50
    assert axis.low < 0 < 1 < axis.high
    assert len(shape.marks) == 3


def test_nothing_known_is_not_drawn() -> None:
    row = {"mean": None, "ci_low": None, "ci_high": None}
    shape = mean_shape(row, axis_of_means([row]))
    assert (shape.mean, shape.left, shape.width) == (None, None, None)


def test_a_mean_without_an_interval_is_drawn_alone() -> None:
    row = {"mean": 0.5, "ci_low": None, "ci_high": None}
    shape = mean_shape(row, axis_of_means([row]))
    assert (shape.mean, shape.width) == (50, None)


@pytest.mark.parametrize(
    ("outcome", "tone"), [("improved", "good"), ("regressed", "bad"), ("unclear", "plain"), (None, "plain")]
)
def test_a_difference_has_the_colour_of_its_verdict(outcome: str | None, tone: str) -> None:
    row = {"difference": 0.1, "ci_low": -0.1, "ci_high": 0.3, "outcome": outcome}
    shape = difference_shape(row)
    assert (shape.zero, shape.tone) == (50, tone)


@given(st.lists(st.tuples(numbers, numbers, numbers).map(sorted), min_size=1, max_size=5))
def test_everything_stays_on_the_axis(triples: list[list[float]]) -> None:
    rows = [{"ci_low": low, "mean": mean, "ci_high": high} for low, mean, high in triples]
    axis = axis_of_means(rows)
    for row in rows:
        shape = mean_shape(row, axis)
        assert shape.mean is not None
        assert shape.left is not None
        assert shape.width is not None
        assert 0 <= shape.left <= 100
        assert 0 <= shape.width <= 100.001 - shape.left
        assert shape.left - 0.01 <= shape.mean <= shape.left + shape.width + 0.01
