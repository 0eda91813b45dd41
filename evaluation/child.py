"""A program that the collector starts beside itself and asks over JSON lines: model calls, evaluations, scorers.

Requests come on standard input, one a line: `{"id", "method", "params"}`, and `{"cancel": id}`. Each is answered on
standard output by any number of `{"id", "event"}`, and by `{"id", "result"}` or `{"id", "error"}` at last. Many run at
once. The program ends when its input does, on SIGTERM, and when the process that started it is gone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any

from assay.errors import AssayError, InvalidRequest

logger = logging.getLogger("assay.evaluation")

END_WITHIN_S = 3.0  # what was asked for is given up and spans are sent; then the process ends, whatever still runs
LOOK_FOR_PARENT_EVERY_S = 1.0

Tell = Callable[[Any], None]  # sends an event; from any thread
Handler = Callable[[dict[str, Any], Tell], Awaitable[Any]]


def run_child(handlers: Mapping[str, Handler]) -> None:
    """Answer requests until there is nobody left to ask; then end the process.

    A handler is called in one event loop with the request's `params`; what it returns, and tells, has to be JSON. An
    AssayError that it raises is answered as such, anything else as a fault of ours. It is cancelled when the asker is.
    """
    parent = os.getppid()
    answers = _own_output()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(handlers, sys.stdin.buffer, answers, parent))
    _leave()


def _own_output() -> IO[bytes]:
    """Standard output, which from now on is only ours: what libraries print goes to standard error."""
    ours = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return ours


async def _serve(handlers: Mapping[str, Handler], requests: IO[bytes], answers: IO[bytes], parent: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    asked = _Asked(handlers, answers)

    def read() -> None:
        for line in requests:
            loop.call_soon_threadsafe(asked.take, line)
        loop.call_soon_threadsafe(ended.set)

    async def look_for_parent() -> None:
        while os.getppid() == parent:  # a process forked from it may hold our input open
            await asyncio.sleep(LOOK_FOR_PARENT_EVERY_S)
        ended.set()

    threading.Thread(target=read, name="assay-requests", daemon=True).start()
    looking = asyncio.create_task(look_for_parent())
    await ended.wait()
    looking.cancel()
    last = threading.Timer(END_WITHIN_S, os._exit, (1,))
    last.daemon = True
    last.start()
    await asked.give_up()


def _leave() -> None:
    """End now: threads of tasks and scorers that cannot be stopped must not hold the process."""
    if tracing := sys.modules.get("assay.tracing.runtime"):
        tracing.shutdown(END_WITHIN_S / 2)
    sys.stderr.flush()
    os._exit(0)


class _Asked:
    """The requests under way. All but `_send` runs in the event loop."""

    def __init__(self, handlers: Mapping[str, Handler], answers: IO[bytes]) -> None:
        self._handlers = handlers
        self._answers = answers
        self._sending = threading.Lock()
        self._running: dict[int, asyncio.Task[None]] = {}

    def take(self, line: bytes) -> None:
        request = json.loads(line)
        if "cancel" in request:
            if task := self._running.get(request["cancel"]):
                task.cancel()
            return
        number = request["id"]
        task = asyncio.get_running_loop().create_task(self._answer(number, request["method"], request["params"]))
        self._running[number] = task
        task.add_done_callback(lambda _: self._running.pop(number, None))

    async def give_up(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, number: int, method: str, params: dict[str, Any]) -> None:
        try:
            if method not in self._handlers:
                raise InvalidRequest(f"There is no method {method!r}.", hint=f"There are: {', '.join(self._handlers)}.")
            answer = {"result": await self._handlers[method](params, lambda event: self._send(number, event=event))}
        except AssayError as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            answer = {"error": {"kinds": kinds, "message": error.message, "hint": error.hint}}
        except Exception as error:
            logger.exception("%s failed", method)
            answer = {"error": {"kinds": [], "message": f"{type(error).__name__}: {error}", "hint": None}}
        self._send(number, **answer)

    def _send(self, number: int, **answer: Any) -> None:
        line = json.dumps({"id": number, **answer}, ensure_ascii=True, default=str).encode() + b"\n"
        with self._sending:
            try:
                view = memoryview(line)
                while view:  # a raw pipe may take less than all
                    view = view[self._answers.write(view) :]
            except BrokenPipeError:
                logger.debug("nobody reads answers any more")  # the input ends just now too
