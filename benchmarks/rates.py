"""Calls against providers with rate limits: how long they take, beside the least that the limits allow, and how many
are lost. Ours are rows of an evaluation; beside them the openai SDK with its own retries, at the same concurrency.

python -m benchmarks.rates [CALLS]
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from assay.evaluation.rates import Pacing, forget_limiters, paced
from support.rated_provider import RatedProvider, RatedServer, Style, bucket_of

CONCURRENCY = 64
LATENCY_S = 0.1
TOKENS = 50
MESSAGES: list[Any] = [
    {"role": "user", "content": "word " * 36}
]  # about 50 tokens, by the characters of the whole request
Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    style: Style
    requests_per_s: float
    capacity: float
    tokens_per_s: float | None = None

    def provider(self) -> RatedProvider:
        tokens = bucket_of(self.tokens_per_s) if self.tokens_per_s else None
        requests = bucket_of(self.requests_per_s, capacity=self.capacity)
        return RatedProvider(requests=requests, tokens=tokens, style=self.style, epoch=time.time() - time.monotonic())


CASES = [
    Case(name="headers, requests", style="openai", requests_per_s=20, capacity=20),
    Case(name="headers, tokens", style="openai", requests_per_s=1000, capacity=1000, tokens_per_s=1000),
    Case(name="anthropic's headers", style="anthropic", requests_per_s=20, capacity=100),
    Case(name="429 with Retry-After", style="retry_after", requests_per_s=20, capacity=20),
    Case(name="429 and nothing else", style="silent", requests_per_s=20, capacity=20),
]


def main(calls: int = 400) -> None:
    measure(CASES[0], 1, ours=True)  # everything is loaded
    print(f"{calls} calls, {CONCURRENCY} at a time, {LATENCY_S:g} s each\n")
    print(f"{'provider':22} {'least':>8} {'ours':>8} {'of it':>6} {'refused':>8} {'lost':>5}", end="")
    print(f" | {'SDK':>8} {'of it':>6} {'refused':>8} {'lost':>5}")
    for case in CASES:
        least = case.provider().optimum_s(calls, TOKENS) + LATENCY_S
        ours, theirs = measure(case, calls, ours=True), measure(case, calls, ours=False)
        columns = [f"{s:7.1f}s {s / least:6.2f} {refused:8} {lost:5}" for s, refused, lost in (ours, theirs)]
        print(f"{case.name:22} {least:7.1f}s {' | '.join(columns)}", flush=True)


def measure(case: Case, calls: int, *, ours: bool) -> tuple[float, int, int]:
    """Seconds until the last call has ended, requests refused, calls lost."""
    forget_limiters()
    client = anthropic_client if case.style == "anthropic" and ours else openai_client
    with RatedServer(case.provider(), tokens=TOKENS, latency_s=LATENCY_S) as server:
        seconds, lost = asyncio.run(run(client(server.url), calls, ours=ours))
        return seconds, server.provider.refused, lost


async def run(client: AbstractAsyncContextManager[Call], calls: int, *, ours: bool) -> tuple[float, int]:
    lost = 0

    async def work(call: Call, pacing: Pacing) -> None:
        nonlocal lost
        for _ in plan:
            try:
                with pacing.row() if ours else nullcontext():
                    await call()
            except (openai.APIError, httpx.HTTPError):
                lost += 1

    plan = iter(range(calls))
    async with client as call:
        started = time.perf_counter()
        with paced() as pacing:
            await asyncio.gather(*(work(call, pacing) for _ in range(CONCURRENCY)))
        return time.perf_counter() - started, lost


@asynccontextmanager
async def openai_client(url: str) -> AsyncIterator[Call]:
    """With the retries that the SDK makes if nobody says otherwise."""
    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
        yield lambda: client.chat.completions.create(model="m", messages=MESSAGES)


@asynccontextmanager
async def anthropic_client(url: str) -> AsyncIterator[Call]:
    """Anthropic's path, by plain httpx."""
    body = {"model": "m", "max_tokens": 1, "messages": MESSAGES}
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def call() -> object:
            return (await client.post("/messages", json=body)).raise_for_status()

        yield call


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
