"""Starts the collector inside this process. The one module, beside the command line, that knows the collector."""

from __future__ import annotations

import _imp
import atexit
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import MissingExtra
from assay.fork_guard import no_fork

if TYPE_CHECKING:
    from assay.collector.server import Server

RIVAL_READY_WITHIN_S = 15.0

_lock = threading.RLock()
_servers: dict[Path, Server] = {}
_before_stop: list[Callable[[], object]] = []


def before_stop(callback: Callable[[], object]) -> None:
    """Call `callback` before the embedded collectors stop: what is still to be sent to them goes now."""
    _before_stop.append(callback)


def start_embedded(data_dir: Path, *, port: int = 0) -> str:
    """Serve `data_dir` from a background thread on a free loopback port; its address. Asking again answers the same.

    When another process won the race for the directory, that one's address is returned.

    Raises:
        MissingExtra: the `server` extra is not installed.
        StoreError: the data directory cannot be used.
    """
    with no_fork(), _lock:
        try:
            from assay.collector.life import LifeRules
            from assay.collector.server import Server
        except ImportError as error:
            raise MissingExtra("Keeping traces without a collector (no ASSAY_ENDPOINT is set)", "server") from error
        from assay.destination import running_collector
        from assay.errors import StoreLocked
        from assay.settings import current_settings

        settings = current_settings()
        if server := _servers.get(data_dir):
            return server.url
        deadline = time.monotonic() + RIVAL_READY_WITHIN_S
        while True:
            server = Server(
                data_dir=data_dir,
                host="127.0.0.1",
                port=port,
                rules=LifeRules.of(settings),
                sql_timeout_s=settings.sql_timeout_s,
            )
            try:
                server.start()
                break
            except StoreLocked:
                if url := running_collector(data_dir):
                    return url
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)  # the other process owns the directory already, but does not answer yet
        _servers[data_dir] = server
        atexit.unregister(stop_embedded)
        atexit.register(stop_embedded)
        return server.url


def load_api() -> None:
    """Load what the embedded collector answers the API with, which takes a second: whoever asks for something waits
    for it here, and not in a request that is given up after some time.
    """
    import assay.collector.api.application  # noqa: F401


def embedded_url(data_dir: Path) -> str | None:
    """Address of the collector embedded here for `data_dir`, None when there is none."""
    with _lock:
        server = _servers.get(data_dir)
        return server.url if server else None


def serves_here(url: str) -> bool:
    """Whether a collector embedded in this process answers at this address."""
    return any(server.url == url for server in list(_servers.values()))


def stop_embedded() -> None:
    """Stop every collector embedded in this process, with everything received on disk.

    Does nothing when there is none.
    """
    _open_import_lock()
    for callback in _before_stop:
        callback()
    with _lock:
        servers = list(_servers.values())
        _servers.clear()
    for server in servers:
        server.stop()


def _open_import_lock() -> None:
    """Give back Python's lock of imports where Ctrl-C has left this thread with it.

    An interrupt between the lock's taking and the `try` behind it (`importlib._bootstrap._get_module_lock`) leaves it
    shut, and each thread that imports something waits for ever: the collector's too, which are waited for here. No
    code of a module runs under this lock, so that whoever gets here has it for no good reason.
    """
    while _imp.lock_held():
        try:
            _imp.release_lock()
        except RuntimeError:  # it is another thread's, which will give it back
            return


def _after_fork() -> None:
    """The child inherits the dictionary but none of the threads: the parent's collector is not the child's to stop."""
    global _lock
    _lock = threading.RLock()
    _servers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
