"""How the HTTP server ends: as soon as it is told to, with what is under way answered, or given up after a while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assay.collector import http_server
from assay.collector.server import Server
from assay.destination import http_client
from assay.tracing.deadline import DeadlineTransport
from support.export import until
from support.otlp import PROTOBUF, one_span


def stopping(server: Server) -> threading.Thread:
    thread = threading.Thread(target=server.stop, daemon=True)
    thread.start()
    return thread


class Sending:
    """A request that waits for its commit, since the writer has something else to do until `go_on` is set."""

    def __init__(self, server: Server) -> None:
        self.answer: httpx.Response | None = None
        self.go_on = threading.Event()
        server.service.writer.between(self.go_on.wait)
        self.thread = threading.Thread(target=self._send, args=(f"{server.url}/v1/traces",), daemon=True)
        self.thread.start()
        until(lambda: server.service.writer.waiting_bytes)

    def _send(self, url: str) -> None:
        self.answer = httpx.post(url, content=one_span(), headers=PROTOBUF, trust_env=False, timeout=60)


@pytest.fixture
def sending(collector: Server) -> Iterator[Sending]:
    sending = Sending(collector)
    yield sending
    sending.go_on.set()


def test_it_ends_when_it_is_told_to_and_not_at_its_next_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(http_server, "DATE_EVERY_S", 3600.0)
    server = Server(data_dir=tmp_path / "data")
    server.start()
    httpx.get(f"{server.url}/health", trust_env=False, timeout=60).raise_for_status()
    end = stopping(server)
    until(lambda: not end.is_alive())
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/health", trust_env=False, timeout=60)


def test_a_request_under_way_is_answered(collector: Server, sending: Sending) -> None:
    end = stopping(collector)
    until(lambda: collector.service.live.stopped)
    sending.go_on.set()
    end.join()
    sending.thread.join()
    assert sending.answer is not None
    assert sending.answer.status_code == 200


def test_a_request_that_does_not_end_is_given_up(
    collector: Server, sending: Sending, caplog: pytest.LogCaptureFixture
) -> None:
    assert collector._http is not None
    collector._http.config.timeout_graceful_shutdown = 0
    end = stopping(collector)
    until(lambda: sending.answer)
    sending.go_on.set()
    end.join()
    assert sending.answer is not None
    assert sending.answer.is_server_error
    assert "1 requests under way were not waited for" in caplog.text


def test_a_connection_that_idles_is_ended_by_the_client_and_not_under_its_next_request(collector: Server) -> None:
    assert collector._http is not None
    with http_client(collector.url, timeout_s=60) as client, DeadlineTransport(timeout_s=60, verify=False) as sending:
        assert isinstance(client._transport, httpx.HTTPTransport)
        for pool in (client._transport._pool, sending._pool):
            kept_s = pool._keepalive_expiry
            assert kept_s is not None
            assert kept_s * 10 < collector._http.config.timeout_keep_alive
