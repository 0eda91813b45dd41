"""A collector that the tests of a file share, each in a project of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from assay.client import reset_client
from assay.collector.server import Server
from assay.settings import configure


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("shared") / ".assay")
    server.start()
    yield server
    reset_client()
    server.stop()


@pytest.fixture
def collector(own_project: str, shared_server: Server) -> Server:
    """In place of one for every test, which takes longer than most of them."""
    return shared_server


@pytest.fixture
def own_project(shared_server: Server) -> str:
    """The process's settings point to the shared collector and to a project that nobody else uses; its name."""
    project = f"test-{uuid.uuid4().hex[:12]}"
    configure(endpoint=shared_server.url, project=project, timeout_s=60.0)
    return project
