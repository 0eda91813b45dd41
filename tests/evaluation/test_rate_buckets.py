"""The arithmetic below a limiter: buckets that headers correct, the window of calls under way, the spacing of calls."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation.rates.backoff import LONGEST_PAUSE_S, jitter_s
from assay.evaluation.rates.bucket import Bucket
from assay.evaluation.rates.headers import Reading, read_headers
from assay.evaluation.rates.spacing import GROWTH_PER_S, Spacing
from assay.evaluation.rates.window import COOLDOWN_S, LARGEST, START, Window
from support.rated_provider import RatedProvider, TokenBucket, bucket_of


def test_a_bucket_gains_with_time_up_to_what_it_holds() -> None:
    bucket = Bucket(capacity=10, rate=2, level=0, at=0)
    assert bucket.ready_at(4, 0) == 2
    bucket.take(4, 2)
    assert bucket.ready_at(4, 2) == 4
    assert bucket.ready_at(10, 1000) == 1000
    bucket.refill(2000)
    assert bucket.level == 10


def test_what_is_more_than_a_bucket_ever_holds_takes_a_full_one() -> None:
    bucket = Bucket(capacity=10, rate=2, level=10, at=0)
    assert bucket.ready_at(500, 0) == 0
    bucket.take(500, 0)
    assert bucket.ready_at(500, 0) == 5


def test_the_first_reading_makes_a_bucket_by_the_minute() -> None:
    bucket = Bucket.first(Reading(limit=60, remaining=59), now=0, untold=9)
    assert bucket is not None
    assert (bucket.capacity, bucket.rate, bucket.level) == (60, 1, 50)
    assert Bucket.first(Reading(reset_s=3), now=0, untold=0) is None
    assert Bucket.first(Reading(limit=0, remaining=0), now=0, untold=0) is None


def test_a_first_reading_of_nothing_left_is_not_owed_what_is_on_its_way() -> None:
    bucket = Bucket.first(Reading(limit=60, remaining=0), now=0, untold=40)
    assert bucket is not None
    assert bucket.level == 0


def test_a_precise_reset_says_another_rate_than_the_minutes() -> None:
    daily = Bucket.first(Reading(limit=200, remaining=190, reset_s=4320, reset_error_s=1), now=0, untold=0)
    assert daily is not None
    assert daily.rate == pytest.approx(200 / 86400, rel=0.15)


def test_one_call_is_enough_where_the_reset_is_precise() -> None:
    bucket = Bucket.first(Reading(limit=500, remaining=499, reset_s=0.12, reset_error_s=0.001), now=0, untold=0)
    assert bucket is not None
    assert bucket.rate == pytest.approx(500 / 60)


def test_a_reset_in_whole_seconds_does_not_upset_a_rate_that_it_fits() -> None:
    bucket = Bucket.first(Reading(limit=4000, remaining=3999, reset_s=1, reset_error_s=1), now=0, untold=0)
    assert bucket is not None
    assert bucket.rate == 4000 / 60


def test_a_reading_moves_the_level_only_into_what_it_allows() -> None:
    bucket = Bucket(capacity=100, rate=1, level=50, at=0)
    bucket.correct(Reading(limit=100, remaining=52), now=0, age_s=1, untold=5)
    assert bucket.level == 50  # between 47 and 53
    bucket.correct(Reading(limit=100, remaining=30), now=0, age_s=2, untold=5)
    assert bucket.level == 32  # others use the same limit
    bucket.correct(Reading(limit=100, remaining=90), now=0, age_s=0, untold=10)
    assert bucket.level == 80


def test_a_changed_limit_changes_the_rate_with_it() -> None:
    bucket = Bucket(capacity=100, rate=2, level=50, at=0)
    bucket.correct(Reading(limit=50), now=0, age_s=0, untold=0)
    assert (bucket.capacity, bucket.rate) == (50, 1)


calls = st.lists(st.tuples(st.floats(0, 2), st.integers(1, 30), st.booleans()), max_size=40)


@settings(max_examples=25)
@given(calls, st.floats(0.5, 50), st.integers(10, 200))
def test_a_bucket_that_is_told_after_every_call_never_lets_through_what_is_refused(
    made: list[tuple[float, int, bool]], rate: float, capacity: int
) -> None:
    """Whoever waits until the bucket says so is let through, with other people's calls in between or not."""
    provider = RatedProvider(requests=bucket_of(1e9), tokens=TokenBucket(capacity, rate))
    truth = provider.buckets["tokens"]
    now, bucket = 0.0, None
    for pause, tokens, by_another in made:
        now += pause
        if by_another:
            provider.decide(now, min(tokens, capacity))
            told = read_headers(provider.decide(now, 0)[1], now=now).readings["tokens"]
            if bucket is None:
                bucket = Bucket.first(told, now=now, untold=0)
            else:
                bucket.correct(told, now=now, age_s=0, untold=0)
            continue
        if bucket is not None:
            # headers round what remains down, and the reset: the rate is known to within that
            bucket.rate = min(bucket.rate, rate)
            now = bucket.ready_at(tokens, now)
            bucket.take(tokens, now)
        status, headers = provider.decide(now, min(tokens, capacity))
        assert status == 200 or bucket is None
        told = read_headers(headers, now=now).readings["tokens"]
        if bucket is None:
            bucket = Bucket.first(told, now=now, untold=0)
            assert bucket is not None
        else:
            bucket.correct(told, now=now, age_s=0, untold=0)
        assert bucket.level <= truth.level + 1e-6


@settings(max_examples=25)
@given(
    st.floats(0.01, 1e4), st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 3600), st.floats(0, 60), st.floats(0, 1e4)
)
def test_no_reading_makes_a_bucket_absurd(
    limit: float, remaining: float, untold: float, reset_s: float, age_s: float, taken: float
) -> None:
    reading = Reading(limit, remaining, reset_s, 1.0)
    bucket = Bucket.first(reading, now=0, untold=untold)
    assert bucket is not None
    bucket.take(taken, 1)
    bucket.correct(reading, now=2, age_s=age_s, untold=untold)
    assert bucket.level <= bucket.capacity
    assert 0 < bucket.rate < math.inf
    assert math.isfinite(bucket.ready_at(taken, 3))


# The window -----------------------------------------------------------------------------------------------------


def test_a_window_grows_by_a_twentieth_for_every_round_of_successes() -> None:
    window = Window()
    for _ in range(int(START)):
        window.succeeded(0, under_way=21)
    assert window.size == 21


def test_a_window_that_is_not_used_does_not_grow() -> None:
    window = Window()
    for _ in range(1000):
        window.succeeded(0, under_way=19)
    assert window.size == START


def test_a_refusal_cuts_once_and_then_nothing_changes_for_a_while() -> None:
    window = Window()
    for _ in range(40):
        window.refused(100)
    assert window.size == 16
    for _ in range(100):
        window.succeeded(100 + COOLDOWN_S - 1, under_way=16)
    assert window.size == 16
    window.refused(100 + COOLDOWN_S)
    assert window.size == 12


def test_a_window_never_closes_and_never_gets_out_of_hand() -> None:
    window = Window()
    for minute in range(100):
        window.refused(60.0 * minute)
    assert window.size == 1
    for _ in range(10_000):
        window.succeeded(1e6, under_way=1000)
    assert window.size == LARGEST


# Spacing --------------------------------------------------------------------------------------------------------


def test_nothing_is_spaced_before_the_first_refusal() -> None:
    spacing = Spacing()
    for _ in range(100):
        spacing.sent(1.0)
    assert spacing.ready_at(1.0) == 1.0


def test_calls_go_on_as_fast_as_they_got_through() -> None:
    spacing = Spacing()
    for _ in range(30):
        spacing.sent(0.0)
    spacing.refused(2.0, news=True)
    for _ in range(9):
        spacing.refused(2.0, news=False)  # 20 of 30 got through, and 2 s were to be waited
    assert spacing.ready_at(0.5) == 2.0
    spacing.sent(2.0)
    assert spacing.ready_at(2.0) == pytest.approx(2.1)
    spacing.sent(22.0)
    assert spacing.ready_at(22.0) == pytest.approx(22.0 + 0.1 / (1 + GROWTH_PER_S) ** 20)


def test_a_pause_that_was_too_short_makes_the_cycle_longer() -> None:
    spacing = Spacing()
    for _ in range(60):
        spacing.sent(0.0)
    spacing.refused(1.0, news=True)
    spacing.sent(1.0)
    spacing.refused(59.0, news=True)  # nothing got through in the cycle that began at 1 s
    spacing.sent(59.0)
    assert spacing.ready_at(59.0) == pytest.approx(60.0)


@settings(max_examples=25)
@given(st.integers(1, 10**6), st.floats(0, 1))
def test_pauses_are_full_jitter_up_to_half_a_minute(failures: int, drawn: float) -> None:
    pause = jitter_s(failures, lambda low, high: low + (high - low) * drawn)
    assert pause == pytest.approx(drawn * min(LONGEST_PAUSE_S, 0.5 * 2.0 ** min(failures, 10)))
