"""What tests of judges share: one collector, which takes longer to start than they take to run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.client import reset_client
from assay.collector.server import Server
from assay.settings import configure


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One collector for all tests of judges; each has a project of its own."""
    started = Server(data_dir=tmp_path_factory.mktemp("judges") / ".assay")
    started.start()
    yield started
    started.stop()


@pytest.fixture
def collector(server: Server, request: pytest.FixtureRequest) -> Iterator[Server]:
    configure(endpoint=server.url, project=request.node.name)
    yield server
    reset_client()
