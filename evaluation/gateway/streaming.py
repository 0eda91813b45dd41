"""Answers told while they are made: from the loop of model calls to whoever asks, piece by piece."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from assay.errors import AssayError
from assay.evaluation.gateway.answers import Reply
from assay.evaluation.gateway.event_loop import on_gateway_loop
from assay.evaluation.gateway.protocol import Completion

Tell = Callable[[str], None]  # never with an empty text
_END = None


async def pieces(
    answer: Callable[[Tell], Awaitable[Completion]], explained: Callable[[Exception], AssayError]
) -> AsyncIterator[str | Completion]:
    """What `answer` tells on the loop of model calls, and then what it returns, with how long it took.

    Args:
        explained: what is raised in place of an error that is none of ours.
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[str | None] = asyncio.Queue()
    started = time.perf_counter()
    first_text_ms: float | None = None

    async def on_its_loop() -> Completion:
        try:
            return await answer(lambda text: _call_soon(loop, told.put_nowait, text))
        finally:
            _call_soon(loop, told.put_nowait, _END)

    call = asyncio.ensure_future(on_gateway_loop(on_its_loop()))
    try:
        while (piece := await told.get()) is not _END:
            first_text_ms = first_text_ms or _since(started)
            yield piece
        whole = await call
    except AssayError:
        raise
    except Exception as error:
        # Not `from error`: what libraries say may hold keys, and tracebacks show it.
        raise explained(error) from None
    finally:
        call.cancel()
        await asyncio.wait([call])
    yield replace(whole, duration_ms=_since(started), first_text_ms=first_text_ms)


def once_told(
    send: Callable[[Mapping[str, Any], Tell], Awaitable[Reply]], tell: Tell
) -> Callable[[Mapping[str, Any]], Awaitable[Reply]]:
    """`send`, whose failures are for good once something was told: sent again, the answer would begin anew."""
    begun = False

    def heard(text: str) -> None:
        nonlocal begun
        begun = True
        tell(text)

    async def sent(body: Mapping[str, Any]) -> Reply:
        try:
            return await send(body, heard)
        except Exception as error:
            if begun:
                raise BrokenOff(error) from error
            raise

    return sent


class BrokenOff(Exception):
    """A call that failed after its first pieces. Nothing about it says that trying again may help."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{error} (the answer had begun)")


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[Any], None], value: Any) -> None:
    try:
        loop.call_soon_threadsafe(function, value)
    except RuntimeError:  # the asker's loop is closed: nobody listens
        return


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
