from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages import time_range
from assay.errors import InvalidRequest

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR_NS = 3600 * 10**9
NOON_NS = int(NOW.timestamp()) * 10**9


def parsed(start: str = "", end: str = "") -> time_range.TimeRange:
    return time_range.parse(start, end, lambda: NOW)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        pytest.param("-24h", NOON_NS - 24 * HOUR_NS, id="hours"),
        pytest.param("30m", NOON_NS - HOUR_NS // 2, id="without-a-sign"),
        pytest.param("-2w", NOON_NS - 14 * 24 * HOUR_NS, id="weeks"),
        pytest.param("now", NOON_NS, id="now"),
        pytest.param("2026-11-22", NOON_NS - 12 * HOUR_NS, id="a-day-is-its-start"),
        pytest.param("2026-11-22T12:00:00+02:00", NOON_NS - 2 * HOUR_NS, id="with-a-zone"),
        pytest.param("2026-11-22 11:00", NOON_NS - HOUR_NS, id="utc-without-a-zone"),
        pytest.param("2026-11-22T12:00:00.000000001Z", NOON_NS + 1, id="nanoseconds"),
        pytest.param("9999-12-31", time_range.FARTHEST_NS, id="as-far-as-the-clock-goes"),
        pytest.param("", None, id="no-bound"),
    ],
)
def test_a_start_is_read(text: str, nanoseconds: int | None) -> None:
    assert parsed(text).start_ns == nanoseconds


def test_a_day_as_the_end_is_the_end_of_that_day() -> None:
    assert parsed("2026-11-22", "2026-11-22").end_ns == NOON_NS + 12 * HOUR_NS


@pytest.mark.parametrize(
    "text", ["yesterday", "-24", "24x", "2026-13-01", "'; drop", "-1h;", "\N{ARABIC-INDIC DIGIT ONE}h "]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a time") as raised:
        parsed(text)
    assert "-24h" in (raised.value.hint or "")


def test_a_time_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not later"):
        parsed("-1h", "-2h")


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        ("", "", "All time"),
        ("-24h", "", "Last 24 hours"),
        ("-45m", "now", "Last 45 minutes"),
        ("-1d", "", "Last day"),
        ("2026-11-21T10:00:00Z", "", "Since 2026-11-21 10:00"),
        ("", "2026-11-21", "Until 2026-11-21"),
        ("2026-11-21", "2026-11-22", "2026-11-21 – 2026-11-22"),
    ],
)
def test_a_range_is_said_in_words(start: str, end: str, label: str) -> None:
    assert parsed(start, end).label == label


def test_the_filter_holds_both_bounds() -> None:
    chosen = parsed("2026-11-22T11:00:00Z", "now")
    assert chosen.filter == "start_time >= '2026-11-22T11:00:00Z' and start_time < '2026-11-22T12:00:00Z'"
    assert parsed().filter is None


@given(st.integers(-(2**62), 2**62))
def test_times_survive_the_address(nanoseconds: int) -> None:
    assert parsed(time_range.iso(nanoseconds)).start_ns == nanoseconds


def test_wider_is_twice_as_much_around_the_same_middle() -> None:
    assert time_range.wider(parsed("-2h", "now")) == {"from": "2026-11-22T09:00:00Z", "to": "2026-11-22T13:00:00Z"}
    assert time_range.wider(parsed("-2h")) is None


def test_the_picker_keeps_the_rest_of_the_address() -> None:
    picker = time_range.picker(parsed("-24h"), "/p/shop/traces", {"q": "a=b", "sort": ""})
    assert picker.kept == [("q", "a=b")]
    assert [choice.url for choice in picker.choices if choice.is_current] == ["/p/shop/traces?q=a%3Db&from=-24h"]
