"""Answers that are used again: from the cache, or from the same request that is just under way.

Runs on the loop of model calls only, so that what is under way needs no lock.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from typing import Any

from assay.evaluation.gateway.answering import Answering
from assay.evaluation.gateway.cache import AnswerCache
from assay.evaluation.gateway.protocol import Answer, Completion, Embeddings

# An answer is whole when the provider says so, in one of these ways. Cut off (`length`) and filtered ones are none of
# them, nor is what nobody has heard of yet.
WHOLE = frozenset({"stop", "tool_calls", "function_call", "end_turn", "stop_sequence", "tool_use", "eos", "complete"})
OF_THE_CALL = frozenset({"attempts", "cached", "cache_key", "original_cost_usd"})  # not of the answer


async def answered(
    ask: Callable[[], Awaitable[Answer]], *, kind: type[Answer], key: str, how: Answering, cache: AnswerCache
) -> Answer:
    """What was kept under `key`, what is under way under it, or what `ask` gets."""
    place = (how.policy, key)
    joining = place in _under_way
    if not joining:
        # The look into the cache is part of what others join: between it and the call nobody slips through.
        _Flight(asyncio.ensure_future(_found_or_asked(ask, kind, key, how, cache)), place)
    answer: Answer = await _under_way[place].joined()
    if joining or answer.cached:
        how.tally.hits += 1
        return _for_free(answer, key)
    how.tally.misses += 1
    return replace(answer, cache_key=key)


async def _found_or_asked(
    ask: Callable[[], Awaitable[Answer]], kind: type[Answer], key: str, how: Answering, cache: AnswerCache
) -> Answer:
    if how.policy == "reuse" and (found := await asyncio.to_thread(cache.get, key)) is not None:
        kept = _restored(kind, found, key)
        if kept is not None:
            return kept
    answer = await ask()
    if is_whole(answer):
        await asyncio.to_thread(cache.put, key, _stored(answer))
    return answer


def is_whole(answer: Completion | Embeddings) -> bool:
    """May it stand for later calls? Never what was cut off, filtered or refused."""
    if isinstance(answer, Embeddings):
        return True
    reason = (answer.finish_reason or "").lower()
    return reason in WHOLE and answer.refusal is None and (answer.text is not None or bool(answer.tool_calls))


class _Flight:
    """A call that several wait for. It is given up when all of them have gone."""

    def __init__(self, task: asyncio.Future[Any], place: tuple[str, str]) -> None:
        self._task = task
        self._place = place
        self._waiting = 0
        _under_way[place] = self
        task.add_done_callback(lambda _: self._end())

    async def joined(self) -> Any:
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting and not self._task.done():
                self._end()
                self._task.cancel()

    def _end(self) -> None:
        """Nobody joins any more."""
        if _under_way.get(self._place) is self:
            del _under_way[self._place]


_under_way: dict[tuple[str, str], _Flight] = {}  # by policy and key

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_under_way.clear)  # the calls are the parent's


def _stored(answer: Completion | Embeddings) -> dict[str, Any]:
    return {field.name: getattr(answer, field.name) for field in fields(answer) if field.name not in OF_THE_CALL}


def _restored(kind: type[Answer], found: dict[str, Any], key: str) -> Answer | None:
    """None: what was kept is not of this form."""
    lists = {name: tuple(found[name]) for name in ("tool_calls", "logprobs") if found.get(name) is not None}
    try:
        return _for_free(kind(**{**found, **lists}), key)
    except TypeError:
        return None


def _for_free(answer: Answer, key: str) -> Answer:
    cost = answer.original_cost_usd if answer.cached else answer.cost_usd
    return replace(answer, cached=True, cache_key=key, attempts=0, cost_usd=0.0, original_cost_usd=cost)
