"""uvicorn that ends as soon as it is told to: its own looks for that ten times a second, and then waits once more.

Whoever ends a traced program with a collector inside waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn

logger = logging.getLogger("assay.collector")

DATE_EVERY_S = 1.0  # of the header that each response carries
LOOK_EVERY_S = 0.005  # while requests under way come to their end


class HttpServer(uvicorn.Server):
    """`stop` may be called from any thread, and from the handler of a signal."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None  # while something waits for the event

    def stop(self) -> None:
        """Take no more requests, answer those under way, and return from `serve`."""
        self.should_exit = True
        if loop := self._loop:
            loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_ready()
        while not await self.on_tick(0):  # which renews the date
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), DATE_EVERY_S)
        self._loop = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:
                    await asyncio.sleep(LOOK_EVERY_S)
                for server in self.servers:
                    await server.wait_closed()
        except TimeoutError:
            logger.warning("%d requests under way were not waited for any longer", len(self.server_state.tasks))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does without: uvicorn's raises the signal once more when it is done, before the store is closed."""
        yield
