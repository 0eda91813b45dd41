"""Axes: what they span, and that what is written beside them can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.charts.scale import NS, nice_step, time_ticks, value_axis
from assay.collector.pages.charts.units import COUNT, MONEY, SHARE, TIME, short

VALUES = st.lists(st.none() | st.floats(-1e15, 1e15, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-12))


@given(VALUES, st.booleans(), st.booleans())
def test_an_axis_holds_everything_and_has_few_ticks(values: list[float | None], log: bool, whole: bool) -> None:
    axis = value_axis(values, log=log, whole=whole)
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks) <= 8
    assert all(0 <= axis.share(value) <= 1 for value in values if value is not None)
    assert axis.share(axis.high) == 1
    if not axis.is_log:
        assert axis.low <= min([0, *(value for value in values if value is not None)])


def test_larger_values_stand_higher() -> None:
    for log in (False, True):
        axis = value_axis([1, 10, 250], log=log)
        assert axis.share(1) < axis.share(10) < axis.share(250)


def test_a_logarithmic_axis_ends_at_powers_of_ten_and_needs_something_above_zero() -> None:
    assert value_axis([3, 450], log=True).ticks == (1, 10, 100, 1000)
    assert not value_axis([0, None], log=True).is_log
    assert value_axis([0, 20], log=True).share(0) == 0


def test_counts_have_no_ticks_between_whole_numbers() -> None:
    assert value_axis([1], whole=True).ticks == (0, 1)
    assert value_axis([1]).ticks == (0, 0.25, 0.5, 0.75, 1)


@pytest.mark.parametrize(("span", "step"), [(4, 1), (7, 2), (90, 25), (0.03, 0.01), (1000, 250)])
def test_steps_are_round(span: float, step: float) -> None:
    assert nice_step(span, about=4) == pytest.approx(step)


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**60))
def test_ticks_of_time_lie_within_it_and_are_few(start: int, length: int) -> None:
    ticks = time_ticks(start, start + length)
    assert len(ticks) <= 13
    assert all(start <= time <= start + length for time, _ in ticks)


def test_a_day_is_named_where_it_begins() -> None:
    start = 20_000 * 86_400 * NS - 6 * 3600 * NS
    assert [label for _, label in time_ticks(start, start + 24 * 3600 * NS)] == [
        "18:00",
        "4 Oct",
        "06:00",
        "12:00",
        "18:00",
    ]


@pytest.mark.parametrize(
    ("unit", "value", "written"),
    [
        (COUNT, 12_000, "12k"),
        (MONEY, 2500, "$2.5k"),
        (MONEY, 0.002, "$0.002"),
        (TIME, 1500, "1.5 s"),
        (SHARE, 1, "100 %"),
    ],
)
def test_what_stands_at_an_axis_is_brief(unit: object, value: float, written: str) -> None:
    assert unit.tick(value) == written  # type: ignore[attr-defined]
    assert short(-3_200_000) == "−3.2M"
