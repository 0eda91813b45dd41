"""Limiters against providers with limits, in virtual time: what gets through, when, in which order, what is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from assay.evaluation.rates import Answered, Limiter, limit_key, limiter_for, with_retries
from assay.evaluation.rates.limiter import HOPELESS_S
from support.rated_provider import RatedProvider, bucket_of
from support.virtual_time import VirtualLoop, run_virtually

ATTEMPTS = 5


class Refused(Exception):
    def __init__(self, status: int = 429, **headers: str) -> None:
        self.status_code = status
        self.response = SimpleNamespace(headers={name.replace("_", "-"): value for name, value in headers.items()})


def limiter_on(loop: VirtualLoop, seed: int = 1) -> Limiter:
    return Limiter(clock=loop.time, wall_clock=loop.time, alarm=loop, uniform=random.Random(seed).uniform)


@dataclass
class Ended:
    last_s: float = 0.0  # when the last call was let through
    order: list[int] = field(default_factory=list)  # in which calls were let through
    lost: int = 0


async def demand(
    loop: VirtualLoop,
    provider: RatedProvider,
    *,
    calls: int,
    concurrency: int,
    latency_s: float = 0.3,
    tokens: int = 10,
    expected: int = 10,
    ended: Ended | None = None,
) -> Ended:
    """Make so many calls, `concurrency` at a time, of latencies that differ by a half."""
    ended = ended or Ended()
    draw, limiter = random.Random(2), limiter_on(loop)

    async def call(number: int) -> dict[str, str]:
        latency = latency_s * draw.uniform(0.5, 1.5)
        await asyncio.sleep(latency / 10)
        status, headers = provider.decide(loop.time(), tokens)
        if status != 200:
            raise Refused(**headers)
        ended.last_s = loop.time()
        ended.order.append(number)
        await asyncio.sleep(latency * 0.9)
        return headers

    async def work() -> None:
        for number in plan:
            try:
                await with_retries(
                    lambda number=number: call(number),  # type: ignore[misc]
                    attempts=ATTEMPTS,
                    limiter=limiter,
                    tokens=expected,
                    answered=lambda headers: Answered(headers=headers, tokens=tokens),
                )
            except Refused:
                ended.lost += 1

    plan = iter(range(calls))
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return ended


@pytest.mark.parametrize("style", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        pytest.param({"requests": bucket_of(20)}, {"calls": 200, "concurrency": 64}, id="requests"),
        pytest.param({"requests": bucket_of(1, capacity=60)}, {"calls": 150, "concurrency": 32}, id="by-the-minute"),
        pytest.param(
            {"requests": bucket_of(500), "tokens": bucket_of(2000)},
            {"calls": 200, "concurrency": 64, "tokens": 100, "expected": 100},
            id="tokens",
        ),
        pytest.param(
            {"requests": bucket_of(500), "tokens": bucket_of(2000)},
            {"calls": 200, "concurrency": 64, "tokens": 100, "expected": 20},
            id="tokens-underestimated",
        ),
        pytest.param(
            {"requests": bucket_of(500), "tokens": bucket_of(1000, capacity=6000)},
            {"calls": 200, "concurrency": 16, "tokens": 100, "expected": 250, "latency_s": 1.0},
            id="tokens-overestimated",
        ),
    ],
)
def test_with_headers_all_get_through_in_close_to_the_least_time(style: Any, limits: Any, asked: Any) -> None:
    provider = RatedProvider(
        **{name: bucket_of(b.rate, capacity=b.capacity) for name, b in limits.items()}, style=style
    )
    ended = run_virtually(lambda loop: demand(loop, provider, **asked))
    assert (ended.lost, provider.let_through) == (0, asked["calls"])
    assert ended.last_s <= 1.15 * provider.optimum_s(asked["calls"], asked.get("tokens", 10))
    assert provider.refused <= 2 * asked["concurrency"]  # what was under way before anything was known, and little more


@pytest.mark.parametrize(("style", "slower"), [("retry_after", 1.15), ("silent", 2.0)])
@pytest.mark.parametrize(("per_s", "capacity"), [(20, 20), (1, 60), (10, 100)])
def test_without_headers_nothing_is_lost_and_few_are_refused(
    style: Any, slower: float, per_s: float, capacity: float
) -> None:
    provider = RatedProvider(requests=bucket_of(per_s, capacity=capacity), style=style)
    ended = run_virtually(lambda loop: demand(loop, provider, calls=300, concurrency=32))
    assert (ended.lost, provider.let_through) == (0, 300)
    assert ended.last_s <= slower * provider.optimum_s(300, 10)
    assert provider.refused <= 80


def test_one_key_used_by_two_programs_loses_nobodys_calls() -> None:
    provider = RatedProvider(requests=bucket_of(10, capacity=30))

    async def both(loop: VirtualLoop) -> list[Ended]:
        return await asyncio.gather(*(demand(loop, provider, calls=100, concurrency=24) for _ in range(2)))

    assert [ended.lost for ended in run_virtually(both)] == [0, 0]
    assert provider.let_through == 200


def test_calls_are_let_through_in_the_order_in_which_they_came() -> None:
    provider = RatedProvider(requests=bucket_of(5))

    async def main(loop: VirtualLoop) -> list[int]:
        limiter, order = limiter_on(loop), list[int]()
        first = await limiter.acquire()
        first.answered(200, provider.decide(loop.time(), 0)[1])
        first.release()

        async def one(number: int) -> None:
            permit = await limiter.acquire()
            order.append(number)
            await asyncio.sleep(random.Random(number).random())
            permit.answered(*provider.decide(loop.time(), 0))
            permit.release()

        await asyncio.gather(*(one(number) for number in range(40)))
        return order

    assert run_virtually(main) == list(range(40))


def test_a_refused_call_keeps_its_place_in_the_line() -> None:
    async def main(loop: VirtualLoop) -> list[str]:
        limiter, got = limiter_on(loop), list[str]()

        async def one(name: str, refusals: int) -> None:
            async def call() -> None:
                nonlocal refusals
                await asyncio.sleep(0.1)
                refusals -= 1
                if refusals >= 0:
                    raise Refused(retry_after="2")
                got.append(name)

            await with_retries(call, attempts=3, limiter=limiter)

        first = asyncio.create_task(one("refused", 1))
        await asyncio.sleep(0.5)  # it was refused, and waits
        await asyncio.gather(first, *(one(name, 0) for name in ("later", "last")))
        assert loop.time() >= 2.1
        return got

    assert run_virtually(main)[0] == "refused"


async def let_through_at(loop: VirtualLoop, limiter: Limiter, calls: int) -> list[float]:
    """When each of so many calls, made at once, is let through."""
    times: list[float] = []

    async def one() -> None:
        permit = await limiter.acquire()
        times.append(loop.time())
        await asyncio.sleep(0.05)
        permit.answered(200, {})
        permit.release()

    await asyncio.gather(*(one() for _ in range(calls)))
    return times


def test_after_a_pause_those_who_waited_do_not_come_all_at_once() -> None:
    async def main(loop: VirtualLoop) -> list[float]:
        limiter = limiter_on(loop)
        permits = [await limiter.acquire() for _ in range(40)]
        for number, permit in enumerate(permits):
            permit.answered(200 if number < 10 else 429, {} if number < 10 else {"retry-after": "2"})
            permit.release()
        return await let_through_at(loop, limiter, 40)

    times = run_virtually(main)
    assert times[0] == pytest.approx(2.0)
    for second in range(2, 10):  # ten got through in two seconds: about five a second from now on, and slowly more
        assert sum(second <= time < second + 1 for time in times) <= 9


def test_a_retry_after_holds_everybody_back_once() -> None:
    async def main(loop: VirtualLoop) -> tuple[float, float]:
        limiter = limiter_on(loop)
        permits = [await limiter.acquire() for _ in range(8)]
        for permit in permits:  # all of the same burst: one pause, not eight
            permit.answered(429, {"retry-after": "3"})
            permit.release()
        (await limiter.acquire()).release()
        held = loop.time()
        (await limiter.acquire()).release()
        return held, loop.time() - held

    held, between = run_virtually(main)
    assert held == pytest.approx(3.0)
    assert between <= 3.0


def test_one_who_stops_waiting_gives_the_place_back() -> None:
    async def main(loop: VirtualLoop) -> None:
        limiter = limiter_on(loop)
        permit = await limiter.acquire()
        permit.answered(200, {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"})
        permit.release()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(5)]
        await asyncio.sleep(0.5)
        for task in waiting[:4]:
            task.cancel()
        (await waiting[4]).release()
        assert loop.time() == pytest.approx(1.0)  # the first to come, and no seconds for those who have gone
        assert limiter._waiting == []
        assert not limiter._under_way

    run_virtually(main)


def test_a_permit_that_came_too_late_is_given_back() -> None:
    async def main(loop: VirtualLoop) -> None:
        limiter = limiter_on(loop)
        permit = await limiter.acquire()
        permit.answered(200, {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"})
        permit.release()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        loop.at(1.0, waiting.cancel)  # in the moment in which it is let through
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not limiter._under_way
        (await limiter.acquire()).release()
        assert loop.time() == pytest.approx(1.0)

    run_virtually(main)


def test_who_cannot_be_let_through_in_time_is_told() -> None:
    async def main(loop: VirtualLoop) -> None:
        limiter = limiter_on(loop)
        permit = await limiter.acquire()
        permit.answered(429, {"retry-after": "60"})
        permit.release()
        with pytest.raises(TimeoutError):
            await limiter.acquire(timeout_s=5)
        assert (loop.time(), limiter._waiting) == (5.0, [])

    run_virtually(main)


def told(name: str, limit: int, remaining: int, **more: str) -> dict[str, str]:
    return {f"x-ratelimit-limit-{name}": str(limit), f"x-ratelimit-remaining-{name}": str(remaining), **more}


def test_refused_calls_are_not_among_those_that_a_late_reading_may_have_missed() -> None:
    async def main(loop: VirtualLoop) -> None:
        limiter = limiter_on(loop)
        permits = [await limiter.acquire() for _ in range(10)]
        for permit in permits[:5]:
            permit.answered(429, told("requests", 60, 0))
            permit.release()
        permits[5].answered(200, told("requests", 60, 20))
        assert limiter._buckets["requests"].level == 20 - 4  # the four that were sent after it

    run_virtually(main)


def test_a_refusal_tells_that_calls_take_more_than_was_expected() -> None:
    async def main(loop: VirtualLoop) -> None:
        limiter = limiter_on(loop)
        for status, remaining in ((200, 1000), (429, 90)):
            permit = await limiter.acquire(20)
            permit.answered(status, told("tokens", 2000, remaining))
            permit.release()
        assert (await limiter.acquire(20)).costs["tokens"] == 91  # more than there was
        assert loop.time() > 0

    run_virtually(main)


async def attempts_until_failure(
    loop: VirtualLoop, error: Callable[[], Exception], *, attempts: int = ATTEMPTS, limiter: Limiter | None = None
) -> int:
    made = 0

    async def call() -> Awaitable[None]:
        nonlocal made
        made += 1
        await asyncio.sleep(0.1)
        raise error()

    with pytest.raises(type(error())):
        await with_retries(call, attempts=attempts, limiter=limiter)
    return made


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (lambda: Refused(503), ATTEMPTS),
        (lambda: Refused(500), ATTEMPTS),
        (lambda: Refused(529, retry_after="2"), ATTEMPTS),
        (lambda: Refused(408), ATTEMPTS),
        (ConnectionResetError, ATTEMPTS),
        (TimeoutError, ATTEMPTS),
        (lambda: Refused(400), 1),
        (lambda: Refused(401), 1),
        (lambda: Refused(403), 1),
        (lambda: Refused(404), 1),
        (lambda: Refused(429, retry_after="3600"), 1),
        (ValueError, 1),
    ],
)
def test_what_is_sent_again_and_how_often(error: Callable[[], Exception], attempts: int) -> None:
    assert run_virtually(lambda loop: attempts_until_failure(loop, error, limiter=limiter_on(loop))) == attempts


def test_refusals_are_no_attempts_until_nobody_has_got_through_for_a_minute() -> None:
    async def main(loop: VirtualLoop) -> None:
        limiter = limiter_on(loop)
        made = await attempts_until_failure(loop, Refused, attempts=2, limiter=limiter)
        assert loop.time() >= HOPELESS_S
        assert made > 2
        began = loop.time()
        assert await attempts_until_failure(loop, Refused, attempts=2, limiter=limiter) == 2  # the next ones fail soon
        assert loop.time() - began < 5

    run_virtually(main)


def test_who_wants_nothing_sent_again_gets_that() -> None:
    async def main(loop: VirtualLoop) -> None:
        assert await attempts_until_failure(loop, Refused, attempts=1, limiter=limiter_on(loop)) == 1

    run_virtually(main)


def test_without_a_limiter_refusals_are_attempts_and_pauses_are_as_asked() -> None:
    async def main(loop: VirtualLoop) -> None:
        assert await attempts_until_failure(loop, lambda: Refused(retry_after="7"), attempts=3) == 3
        assert loop.time() == pytest.approx(14.3)

    run_virtually(main)


def test_calls_of_one_model_share_a_limiter() -> None:
    assert limiter_for(("https://api.openai.com/v1", "gpt-x")) is limiter_for(("openai", "openai/gpt-x"))
    assert limiter_for(("openai", "gpt-x")) is not limiter_for(("openai", "gpt-y"))


@pytest.mark.parametrize(
    ("where", "model", "key"),
    [
        ("https://api.openai.com/v1", "gpt-x", ("openai", "gpt-x")),
        ("https://api.openai.com:443", "gpt-x", ("openai", "gpt-x")),
        ("http://user:secret@127.0.0.1:4000/v1/", "m", ("127.0.0.1:4000", "m")),
        ("anthropic", "anthropic/claude", ("anthropic", "claude")),
        ("https://generativelanguage.googleapis.com", "models/gemini-x", ("gemini", "gemini-x")),
        ("https://proxy.example", "openai/gpt-x", ("proxy.example", "openai/gpt-x")),
    ],
)
def test_an_address_and_a_providers_name_come_to_the_same(where: str, model: str, key: tuple[str, str]) -> None:
    assert limit_key(where, model) == key
