"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages import formats


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.0421, "0.042 ms"),
        (0.42, "0.42 ms"),
        (9.949, "9.9 ms"),
        (9.96, "10 ms"),
        (640.2, "640 ms"),
        (999.6, "1.0 s"),
        (1234.0, "1.2 s"),
        (42_000, "42 s"),
        (59_700, "1 m 00 s"),
        (125_000, "2 m 05 s"),
        (3_599_800, "1 h 00 m"),
        (4_320_000, "1 h 12 m"),
        (-40, "−40 ms"),
    ],
)
def test_a_duration_is_shown_in_the_unit_that_fits(milliseconds: float | None, shown: str) -> None:
    assert formats.duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        (None, "–"),
        (0, "$0"),
        (0.0000312, "$0.000031"),
        (0.0012, "$0.0012"),
        (0.0124, "$0.012"),
        (0.5, "$0.500"),
        (1.239, "$1.24"),
        (1204.4, "$1,204"),
        (-0.5, "−$0.500"),
    ],
)
def test_a_cost_keeps_the_digits_that_matter(dollars: float | None, shown: str) -> None:
    assert formats.cost(dollars) == shown


@pytest.mark.parametrize(
    ("value", "signed", "shown"),
    [
        (None, False, "–"),
        (float("nan"), False, "–"),
        (0, False, "0"),
        (1.0, False, "1"),
        (0.85, False, "0.85"),
        (0.632, False, "0.632"),
        (0.00002, False, "2.0e-05"),
        (12.5, False, "12.5"),
        (12345.6, False, "12,346"),
        (-0.25, True, "−0.25"),
        (0.125, True, "+0.125"),
        (0, True, "0"),
    ],
)
def test_a_score_has_at_most_four_digits(value: float | None, signed: bool, shown: str) -> None:
    assert formats.figure(value, signed=signed) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "+1.000"), (0.03, "+0.030"), (-0.5, "−0.500"), (0, "0.000"), (0.00002, "+2.0e-05"), (12345.6, "+12,346")],
)
def test_figures_of_a_column_line_up_unless_that_would_hide_them(value: float, shown: str) -> None:
    assert formats.figure(value, signed=True, places=3) == shown


def test_unknown_is_never_zero() -> None:
    shown = {
        formats.duration(None),
        formats.count(None),
        formats.cost(None),
        formats.figure(None),
        formats.p_value(None),
    }
    assert shown == {formats.UNKNOWN}


def test_a_p_value_is_never_shown_as_zero() -> None:
    assert formats.p_value(0.0) == "< 0.001"
    assert formats.p_value(0.03149) == "0.031"


@given(st.integers(min_value=0, max_value=4 * 10**18))
def test_a_time_keeps_its_nanoseconds(nanoseconds: int) -> None:
    seconds, rest = divmod(nanoseconds, 10**9)
    written = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    assert formats.nanoseconds(written) == nanoseconds


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (None, "–"),
        ("2026-11-21T11:59:55Z", "just now"),
        ("2026-11-21T11:59:15Z", "45 s ago"),
        ("2026-11-21T11:55:00.5Z", "4 min ago"),
        ("2026-11-21T09:00:00Z", "3 h ago"),
        ("2026-11-19T12:00:00Z", "2 d ago"),
        ("2026-09-01T12:00:00Z", "2026-09-01"),
        ("2026-11-21T12:05:00Z", "in 5 min"),
    ],
)
def test_a_time_is_told_from_now(moment: str | None, shown: str) -> None:
    assert formats.ago(moment, datetime(2026, 11, 21, 12, tzinfo=UTC)) == shown


def test_the_whole_time_is_there_too() -> None:
    assert formats.utc("2026-11-21T13:22:04.123456789Z") == "2026-11-21 13:22:04.123 UTC"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("plain\n  text", "plain text"),
        ('{"question": "Why?"}', "Why?"),
        ({"question": "Why?", "top_k": 3}, "question: Why? · top_k: 3"),
        ("{not json", "{not json"),
        ('{"a": {"b": [1]}}', '{"b": [1]}'),
        ("x" * 300, "x" * 239 + "…"),
    ],
)
def test_a_value_in_a_list_reads_like_text(value: object, shown: str) -> None:
    assert formats.readable(value) == shown


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.4, "40 %"), (0.034, "3.4 %"), (0.0002, "< 0.1 %"), (0.0, "0 %"), (1.0, "100 %"), (None, "–")],
)
def test_a_small_share_is_never_shown_as_none(share: float | None, text: str) -> None:
    assert formats.share(share) == text
