"""An HTTP transport whose requests end: however slowly an answer drips in, and however long it is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

MAX_ANSWER_BYTES = 1024**2  # of what a collector has to say, the beginning is enough
IDLE_S = 5.0  # a connection is not used again after that: the collector may be ending it just then
WRITE_BYTES = 256 * 1024  # written at once, between two looks at the clock

_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


class DeadlineTransport(httpx.BaseTransport):
    """One connection to one collector, for one thread. The time-outs of httpx are for each read; this is for all."""

    def __init__(self, *, timeout_s: float, verify: bool) -> None:
        self._timeout_s = timeout_s
        self._backend = _Backend()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False) if verify else None,
            max_connections=1,
            keepalive_expiry=IDLE_S,
            network_backend=self._backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._backend.deadline = time.monotonic() + self._timeout_s
        url = request.url
        try:
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
            try:
                body = b"".join(_beginning(answer.iter_stream()))
            finally:
                answer.close()
        except _FAILURES as error:
            raise httpx.TransportError(f"{type(error).__name__}: {error}") from error
        return httpx.Response(answer.status, headers=answer.headers, content=body)

    def close(self) -> None:
        self._pool.close()


def _beginning(chunks: Iterable[bytes]) -> Iterable[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise httpcore.RemoteProtocolError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        yield chunk


class _Backend(httpcore.NetworkBackend):
    """Gives out streams that know the deadline of the request under way."""

    def __init__(self) -> None:
        self.deadline = 0.0
        self._backend = httpcore.SyncBackend()

    def left_s(self, timeout: float | None, late: type[Exception]) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise late("the answer took too long")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = self.left_s(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options), self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, backend: _Backend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left_s(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for begin in range(0, len(buffer), WRITE_BYTES):
            left_s = self._backend.left_s(timeout, httpcore.WriteTimeout)
            self._stream.write(buffer[begin : begin + WRITE_BYTES], left_s)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = self._backend.left_s(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
