"""A port that answers OTLP over real sockets: well, badly, slowly or never. Remembers the spans it took."""

from __future__ import annotations

import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.export import names_in


def free_port() -> int:
    """A loopback port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OtlpPort:
    """Listens from `open` until `close`, at the same port each time."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.taken: Counter[str] = Counter()  # names of spans, and how often each was taken
        self.requests = 0
        self.answer: Callable[[Handler], None] = take
        self._server: Server | None = None

    def open(self) -> OtlpPort:
        handler = type("Bound", (Handler,), {"owner": self})
        self._server = Server(("127.0.0.1", self.port), handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> OtlpPort:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # else the program has ended while it was sending
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: OtlpPort
    body = b""

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.body = self.rfile.read(length)
        if len(self.body) < length:
            raise ConnectionAbortedError("half a request")
        self.owner.requests += 1
        self.owner.answer(self)

    def reply(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


def take(request: Handler) -> None:
    request.owner.taken.update(names_in(request.body))
    request.reply(200)


def busy(request: Handler) -> None:
    request.reply(503, retry_after="1")


def hang(request: Handler) -> None:
    """Until the client goes away."""
    request.connection.settimeout(300)
    request.rfile.read(1)


def garbage(request: Handler) -> None:
    request.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    request.close_connection = True


def drip(request: Handler) -> None:
    """A byte now and then, for ever: no single read takes long."""
    stop = threading.Event()
    for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"z" * 10_000:
        try:
            request.wfile.write(bytes([byte]))
        except OSError:
            return
        stop.wait(0.02)
