"""One collector for the tests of a file, reached over every transport."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assay.collector.server import Server
from support.otlp_transports import ALLOWED_ORIGIN, MAX_BODY_BYTES, TRANSPORTS, Transport, api_items

_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A collector with both of its ports, a limit that is quickly reached, and a page that may send.

    Tests keep apart by their `service`.
    """
    server = Server(
        data_dir=tmp_path_factory.mktemp("otlp") / "data",
        grpc_port=0,
        max_body_bytes=MAX_BODY_BYTES,
        cors_origins=[ALLOWED_ORIGIN],
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def service() -> str:
    """A service's name that no other test uses: its spans are filed under it."""
    return f"service-{next(_numbers)}"


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest, server: Server) -> Iterator[Transport]:
    """Each way into the collector in turn."""
    transport = TRANSPORTS[request.param](server)
    yield transport
    transport.close()


@pytest.fixture
def stored(server: Server) -> Callable[[str], list[dict[str, Any]]]:
    """What the API answers of a project's spans."""
    return lambda project: api_items(server, "spans", project)
