"""Limits, the budget that keeps them, and the breaker."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, GatewayError
from assay.evaluation.breaker import SAME_FAILURES, Breaker, is_infrastructure, signature
from assay.evaluation.budget import NOTHING, Budget, Reservation, Use, spending, spending_on
from assay.evaluation.limits import Limits


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_cost_usd": 0}, r"Limits\(max_cost_usd=\) must be a number above 0, not 0"),
        ({"max_tokens": -5}, r"max_tokens"),
        ({"max_calls": "many"}, r"max_calls=\) must be a number above 0, not 'many'"),
        ({"max_duration_s": float("nan")}, r"max_duration_s"),
        ({"row_timeout_s": True}, r"row_timeout_s"),
        ({"retries": -1}, r"retries=\) is a whole number of 0 or more"),
        ({"retries": 1.5}, r"retries"),
        ({"unknown_price": "ignore"}, r"'refuse' or 'allow', not 'ignore'"),
    ],
)
def test_limits_that_make_no_sense_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Limits(**given)


def test_no_limits_let_everything_through() -> None:
    budget = Budget(Limits())
    held = [budget.reserve(Use(cost_usd=None, tokens=10**9, calls=10**6)) for _ in range(100)]
    assert None not in held
    assert budget.stopped is None


def test_what_is_set_aside_keeps_others_out_until_less_was_used() -> None:
    budget = Budget(Limits(max_cost_usd=1.0))
    first = budget.reserve(Use(cost_usd=0.6))
    assert first is not None
    assert budget.reserve(Use(cost_usd=0.6)) is None
    assert budget.stopped is None  # it may fit once the first has ended
    first.settle(Use(cost_usd=0.3))
    assert budget.reserve(Use(cost_usd=0.6)) is not None


def test_what_does_not_fit_though_nothing_is_under_way_never_will() -> None:
    budget = Budget(Limits(max_tokens=100))
    assert budget.reserve(Use(tokens=101)) is None
    assert budget.stopped == "what is left of max_tokens=100 is less than one more row is expected to use"


@pytest.mark.parametrize(
    ("limits", "used", "why"),
    [
        (Limits(max_cost_usd=0.5), Use(cost_usd=0.75), "$0.7500 of $0.5 were spent"),
        (Limits(max_tokens=1000), Use(tokens=1000), "1,000 of 1,000 tokens were used"),
        (Limits(max_calls=3), Use(calls=4), "4 of 3 model calls were made"),
    ],
)
def test_a_spent_budget_says_what_was_spent(limits: Limits, used: Use, why: str) -> None:
    budget = Budget(limits)
    held = budget.reserve(NOTHING)
    assert held is not None
    held.settle(used)
    assert budget.stopped == why
    assert budget.reserve(NOTHING) is None


def test_time_is_spent_by_passing() -> None:
    now = 100.0
    budget = Budget(Limits(max_duration_s=5), clock=lambda: now)
    assert (budget.stopped, budget.until) == (None, 105.0)
    now = 105.0
    assert budget.stopped == "the limit of 5 s was reached"


def test_an_unknown_price_is_an_error_unless_allowed() -> None:
    unknown = Use(cost_usd=None, tokens=5, calls=1)
    strict = Budget(Limits(max_cost_usd=1.0))
    with pytest.raises(ConfigurationError, match=r"price is not known.*unknown_price=\"allow\""):
        strict.reserve(unknown)
    held = strict.reserve(Use(cost_usd=0.1))
    assert held is not None
    held.settle(unknown)
    assert "price is not known" in str(strict.stopped)
    lenient = Budget(Limits(max_cost_usd=1.0, unknown_price="allow"))
    held = lenient.reserve(unknown)
    assert held is not None
    held.settle(unknown)
    assert (lenient.stopped, lenient.spent) == (None, Use(cost_usd=0.0, tokens=5, calls=1))


def test_a_reservation_is_settled_once() -> None:
    budget = Budget(Limits(max_calls=10))
    held = budget.reserve(Use(calls=2))
    assert held is not None
    held.settle(Use(calls=2))
    held.settle(Use(calls=2))
    held.release()
    assert budget.spent == Use(calls=2)


def test_calls_inside_of_a_row_draw_on_its_part_first() -> None:
    budget = Budget(Limits(max_calls=10))
    row = budget.reserve(Use(calls=6))
    other = budget.reserve(Use(calls=4))
    assert row is not None
    assert other is not None
    judge = row.reserve(Use(calls=6))
    assert judge is not None  # of the row's own
    assert row.reserve(Use(calls=1)) is None  # beyond it, and nothing is left
    judge.settle(Use(calls=2))
    again = row.reserve(Use(calls=4))  # what the judge left
    assert again is not None
    again.release()
    row.settle(Use(calls=1))
    assert budget.spent == Use(calls=3)
    assert row.booked == Use(calls=2)
    assert budget.reserve(Use(calls=3)) is not None  # 10 - 3 spent - 4 held


def test_calls_know_the_row_that_they_belong_to() -> None:
    held = Budget(Limits()).reserve(NOTHING)
    assert spending_on() is None
    with spending(held):
        assert spending_on() is held
    assert spending_on() is None


steps = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(0, 40)),
        st.tuples(st.just("inner"), st.integers(0, 20)),
        st.tuples(st.just("settle"), st.integers(0, 60)),
    ),
    max_size=60,
)


@settings(max_examples=25)
@given(steps, st.integers(1, 200))
def test_more_than_the_limit_is_only_spent_by_what_is_used_above_the_estimates(
    made: list[tuple[str, int]], limit: int
) -> None:
    budget = Budget(Limits(max_tokens=limit))
    out: list[Reservation] = []
    above = 0
    for what, tokens in made:
        if what == "settle" and out:
            held = out.pop()
            above += max(0, tokens - held.left.tokens)  # what calls of its own drew is theirs
            held.settle(Use(tokens=tokens))
        elif what == "inner" and out:
            inner = out[-1].reserve(Use(tokens=tokens))
            out += [inner] if inner else []
        elif what == "reserve" and (row := budget.reserve(Use(tokens=tokens))):
            out.append(row)
        assert budget.spent.tokens <= limit + above
        assert budget._held.tokens >= 0
    for held in reversed(out):
        held.release()
    assert budget._held == NOTHING  # nothing stays set aside


# The breaker ----------------------------------------------------------------------------------------------------


def test_the_same_failure_more_than_twenty_times_trips() -> None:
    breaker = Breaker()
    for number in range(SAME_FAILURES):
        breaker.record(f"401 wrong key (request req_{number:08x})")
        assert breaker.tripped is None
    breaker.record("401 wrong key (request req_5f2a11c0)")
    assert breaker.tripped == "21 failures after each other were alike: 401 wrong key (request req_5f2a11c0)"
    breaker.record(None)
    assert breaker.tripped is not None  # once said it stays said


@pytest.mark.parametrize("between", [None, "another failure"])
def test_anything_else_in_between_begins_the_count_anew(between: str | None) -> None:
    breaker = Breaker(most=2)
    for failure in ("a", "a", between, "a", "a"):
        breaker.record(failure)
    assert breaker.tripped is None


def test_numbers_and_ids_do_not_make_failures_differ() -> None:
    assert signature("timeout after 31.5 s at 0x7f3a") == signature("timeout after 8.25 s at 0x1234")
    assert signature("wrong key") != signature("no such model")


class StatusError(Exception):
    def __init__(self, status: int) -> None:
        self.status_code = status


@pytest.mark.parametrize(
    ("error", "infrastructure"),
    [
        (StatusError(401), True),
        (StatusError(429), True),
        (StatusError(503), True),
        (StatusError(400), False),
        (StatusError(422), False),
        (GatewayError("refused", status=400), False),
        (GatewayError("busy", status=503), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (httpx.ConnectError("no"), True),
        (httpx.ReadTimeout("slow"), True),
        (ValueError("wrong"), False),
        (KeyError("answer"), False),
    ],
    ids=repr,
)
def test_what_is_the_infrastructures_fault(error: Exception, infrastructure: bool) -> None:
    assert is_infrastructure(error) is infrastructure
