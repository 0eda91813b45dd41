"""Starts the collector inside this process. The one module, beside the command line, that knows the collector."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import MissingExtra

if TYPE_CHECKING:
    from assay.collector.server import Server

_lock = threading.Lock()
_servers: dict[Path, Server] = {}
_owner_pid = os.getpid()
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
    try:
        from assay.collector.server import Server
    except ImportError as error:
        raise MissingExtra("Keeping traces without a collector (no ASSAY_ENDPOINT is set)", "server") from error
    from assay.destination import running_collector
    from assay.errors import StoreLocked

    with _lock:
        _forget_after_fork()
        if server := _servers.get(data_dir):
            return server.url
        server = Server(data_dir=data_dir, host="127.0.0.1", port=port)
        try:
            server.start()
        except StoreLocked:
            if url := running_collector(data_dir):
                return url
            raise
        _servers[data_dir] = server
        atexit.unregister(stop_embedded)
        atexit.register(stop_embedded)
        return server.url


def embedded_url(data_dir: Path) -> str | None:
    """Address of the collector embedded here for `data_dir`, None when there is none."""
    with _lock:
        _forget_after_fork()
        server = _servers.get(data_dir)
        return server.url if server else None


def stop_embedded() -> None:
    """Stop every collector embedded in this process, with everything received on disk.

    Does nothing when there is none.
    """
    for callback in _before_stop:
        callback()
    with _lock:
        _forget_after_fork()
        servers = list(_servers.values())
        _servers.clear()
    for server in servers:
        server.stop()


def _forget_after_fork() -> None:
    # A forked child inherits the dictionary but none of the threads: the parent's collector is not the child's to use.
    global _owner_pid
    if os.getpid() != _owner_pid:
        _servers.clear()
        _owner_pid = os.getpid()
