"""The collector as a running server: in the foreground of `assay serve`, or in a background thread of a traced
program.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from assay.collector.app import create_app
from assay.collector.service import Service
from assay.destination import COLLECTOR_FILE
from assay.errors import ConfigurationError

logger = logging.getLogger("assay.collector")

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
STOP_WITHIN_S = 5


class Server:
    """One data directory on one port. `start` and `stop` for a background thread, `run` for the foreground."""

    def __init__(self, *, data_dir: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        """Nothing happens yet.

        Args:
            port: 0 takes a free one.
        """
        self.data_dir = data_dir
        self.host = host
        self._port = port
        self._service: Service | None = None
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    @property
    def service(self) -> Service:
        assert self._service is not None, "the server was not started"
        return self._service

    def start(self) -> None:
        """Serve from a daemon thread; returns when requests are answered.

        Raises:
            StoreError, ConfigurationError: as `run`.
        """
        self._open()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="assay-collector", daemon=True)
        self._thread.start()
        ready.wait()
        self._announce()

    def stop(self) -> None:
        """Answer what is under way, write everything to disk, let go of the directory. Asking again does nothing."""
        if self._thread is not None and self._uvicorn is not None:
            self._uvicorn.should_exit = True
            self._thread.join()
            self._thread = None
        self._close()

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises:
            StoreError: the data directory is in use or damaged.
            ConfigurationError: the port is taken, or the address is open to others and there is no admin key.
        """
        self._open()
        before = {number: signal.signal(number, self._stop_on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            ready = threading.Event()
            threading.Thread(target=self._say_when_ready, args=(ready,), daemon=True).start()
            self._serve(ready)
        finally:
            self._close()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop_on_signal(self, number: int, frame: FrameType | None) -> None:
        assert self._uvicorn is not None
        self._uvicorn.should_exit = True

    # Steps --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._socket = _bind(self.host, self._port)
        try:
            self._service = Service(self.data_dir)
            if not _is_loopback(self.host) and not self._service.registry.has_admin_key():
                raise ConfigurationError(
                    f"{self.host} is reachable from other machines, and there is no admin key yet.",
                    hint="Make one with: assay keys create NAME --scope admin",
                )
        except BaseException:
            self._socket.close()
            self._close()
            raise
        port = self._socket.getsockname()[1]
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        names = LOOPBACK_NAMES | {self.host.lower()} if _is_loopback(self.host) else frozenset()
        config = uvicorn.Config(
            create_app(self._service, allowed_hosts=names, keys_required=not _is_loopback(self.host)),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        self._uvicorn = _Uvicorn(config)

    def _serve(self, ready: threading.Event) -> None:
        assert self._uvicorn is not None
        server = self._uvicorn

        async def serve() -> None:
            task = asyncio.create_task(server.serve(sockets=[self._socket]))
            while not server.started and not task.done():
                await asyncio.sleep(0.005)
            ready.set()
            await task

        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(serve())
        finally:
            ready.set()  # whoever waits must not wait for ever when the server could not start

    def _say_when_ready(self, ready: threading.Event) -> None:
        ready.wait()
        self._announce()
        print(f"Assay serves {self.data_dir} at {self.url}", flush=True)

    def _announce(self) -> None:
        described = {"url": self.url, "grpc_url": None, "pid": os.getpid()}
        temporary = self.data_dir / f"{COLLECTOR_FILE}.{os.getpid()}"
        temporary.write_text(json.dumps(described), encoding="utf-8")
        temporary.replace(self.data_dir / COLLECTOR_FILE)

    def _close(self) -> None:
        if self._service is not None:
            (self.data_dir / COLLECTOR_FILE).unlink(missing_ok=True)
            self._service.close()
            self._service = None


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handling: it raises the signal once more when it is done, before we have closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            hint="Is another collector running? Choose another port with --port, or --port 0 for a free one.",
        ) from error
    listener.setblocking(False)
    return listener


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
