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
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from assay.collector.access import Access
from assay.collector.app import create_app
from assay.collector.http_server import HttpServer
from assay.collector.life import KEEP_EVERYTHING, LifeRules
from assay.collector.limits import limits_of
from assay.collector.own_process import settle
from assay.collector.receive_http import MAX_BODY_BYTES
from assay.collector.redact import redactor_of
from assay.collector.service import Service
from assay.collector.sql import TIMEOUT_S as SQL_TIMEOUT_S
from assay.errors import ConfigurationError, MissingExtra
from assay.settings import COLLECTOR_FILE, Settings, current_settings

if TYPE_CHECKING:
    from assay.collector.receive_grpc import GrpcServer

logger = logging.getLogger("assay.collector")

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
IDLE_CONNECTION_S = 75  # longer than clients and proxies keep one: who ends it must be who sends the next request
STOP_WITHIN_S = 5  # for requests under way
STOP_AT_LAST_S = 9.0  # for everything: whoever stops services kills after ten


class Server:
    """One data directory on one port. `start` and `stop` for a background thread, `run` for the foreground."""

    def __init__(
        self,
        *,
        data_dir: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        grpc_port: int | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        cors_origins: Collection[str] = (),
        settings: Settings | None = None,
        rules: LifeRules = KEEP_EVERYTHING,
        sql_timeout_s: float = SQL_TIMEOUT_S,
        dev: bool = False,
    ) -> None:
        """Nothing happens yet.

        Args:
            port: 0 takes a free one.
            grpc_port: of OTLP/gRPC; 0 takes a free one, None serves none, and grpcio is not even loaded.
            max_body_bytes: of an OTLP request, after decompression.
            cors_origins: of web pages that may send OTLP from a browser.
            settings: of limits, names and redaction; those of the process when absent.
            rules: what is kept, and how long.
            sql_timeout_s: how long one statement of somebody's SQL may take.
            dev: serve the pages for people who work on the pages, too: /dev/components.
        """
        self.data_dir = data_dir
        self.host = host
        self._port = port
        self._grpc_port = grpc_port
        self._max_body_bytes = max_body_bytes
        self._cors_origins = cors_origins
        self._settings = settings or current_settings()
        self._rules = rules
        self._sql_timeout_s = sql_timeout_s
        self._dev = dev
        self._service: Service | None = None
        self._http: HttpServer | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._grpc: GrpcServer | None = None
        self.url = ""
        self.grpc_url: str | None = None

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
        self._thread = threading.Thread(target=self._serve, name="assay-collector", daemon=True)
        self._thread.start()
        self._ready.wait()
        self._announce()

    def stop(self) -> None:
        """Answer what is under way, write everything to disk, let go of the directory. Asking again does nothing."""
        if self._thread is not None and self._http is not None:
            self.service.live.stop()
            self.service.workers.hurry()
            self._http.stop()
            self._thread.join()
            self._thread = None
        self._close()

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises:
            StoreError: the data directory is in use or damaged.
            ConfigurationError: the port is taken, or the address is open to others and there is no admin key.
        """
        umask = os.umask(0o077)  # what people ask their models is nobody else's to read
        self._open()
        settle()
        before = {number: signal.signal(number, self._stop_on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            threading.Thread(target=self._say_when_ready, daemon=True).start()
            self._serve()
        finally:
            self._close()
            os.umask(umask)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop_on_signal(self, number: int, frame: FrameType | None) -> None:
        assert self._http is not None
        self.service.live.stop()
        self.service.workers.hurry()
        self._http.stop()
        last = threading.Timer(STOP_AT_LAST_S, _end_now)
        last.daemon = True
        last.start()

    # Steps --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._socket = _bind(self.host, self._port)
        try:
            self._service = Service(
                self.data_dir,
                rules=self._rules,
                sql_timeout_s=self._sql_timeout_s,
                redactor=redactor_of(self._settings),
                settings=self._settings,
            )
            keys_required = self._service.is_public = not _is_loopback(self.host)
            if keys_required and not self._service.registry.has_admin_key():
                raise ConfigurationError(
                    f"{self.host} is reachable from other machines, and there is no admin key yet.",
                    hint="Make one with: assay keys create NAME --scope admin",
                )
            access = Access(self._service.registry if keys_required else None, required=keys_required)
            access.limit(limits_of(self._settings, keys_required=keys_required))
            self._service.settings.on_change(
                lambda settings, _: access.limit(limits_of(settings, keys_required=keys_required))
            )
            if self._grpc_port is not None:
                self._open_grpc(self._service, access, self._grpc_port)
        except BaseException:
            self._socket.close()
            self._close()
            raise
        self.url = self._url(self._socket.getsockname()[1])
        self._service.workers.serve_at(self.url, access.own_token)
        self._service.watch()
        names = frozenset(name.lower() for name in self._settings.allowed_hosts)
        if names or _is_loopback(self.host):
            names |= LOOPBACK_NAMES | {self.host.lower()}
        config = uvicorn.Config(
            create_app(
                self._service,
                allowed_hosts=names,
                access=access,
                max_body_bytes=self._max_body_bytes,
                cors_origins=self._cors_origins,
                dev=self._dev,
            ),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",  # there are no web sockets here
            timeout_keep_alive=IDLE_CONNECTION_S,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        self._ready.clear()
        self._http = HttpServer(config, on_ready=self._ready.set)

    def _open_grpc(self, service: Service, access: Access, port: int) -> None:
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its library writes to stderr what we raise
        try:
            from assay.collector.receive_grpc import GrpcServer
        except ImportError as error:
            raise MissingExtra("OTLP over gRPC", "server") from error
        self._grpc = GrpcServer(service, access, host=self.host, port=port, max_body_bytes=self._max_body_bytes)
        self._grpc.start()
        self.grpc_url = self._url(self._grpc.port)

    def _url(self, port: int) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _serve(self) -> None:
        assert self._http is not None
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._http.serve(sockets=[self._socket]))
        finally:
            self._ready.set()  # whoever waits must not wait for ever when the server could not start

    def _say_when_ready(self) -> None:
        self._ready.wait()
        self._announce()
        grpc = f" (gRPC on port {self._grpc.port})" if self._grpc else ""
        print(f"Assay serves {self.data_dir}{grpc} at {self.url}", flush=True)

    def _announce(self) -> None:
        described = {"url": self.url, "grpc_url": self.grpc_url, "pid": os.getpid()}
        temporary = self.data_dir / f"{COLLECTOR_FILE}.{os.getpid()}"
        temporary.write_text(json.dumps(described), encoding="utf-8")
        temporary.replace(self.data_dir / COLLECTOR_FILE)

    def _close(self) -> None:
        if self._grpc is not None:
            self._grpc.stop()
            self._grpc = self.grpc_url = None
        if self._service is not None:
            (self.data_dir / COLLECTOR_FILE).unlink(missing_ok=True)
            self._service.close()
            self._service = None


def _end_now() -> None:
    """End the process although something still runs: whatever was acknowledged is in the write-ahead log."""
    logger.warning("stopping took longer than %g s; the write-ahead log is replayed at the next start", STOP_AT_LAST_S)
    logging.shutdown()
    os._exit(0)


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
