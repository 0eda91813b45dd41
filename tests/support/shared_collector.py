"""One collector for a folder of tests, each in a project of its own: starting one for every test costs far more.

In a conftest.py: ``from support.shared_collector import running_collector, project`` and list both in `__all__`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from assay.client import reset_client
from assay.collector.server import Server
from assay.settings import configure


@pytest.fixture(scope="module")
def running_collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("collector") / ".assay")
    server.start()
    yield server
    reset_client()
    server.stop()


@pytest.fixture
def project(running_collector: Server) -> str:
    """The settings of this process point to the collector, and to a project that nothing else uses."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    configure(endpoint=running_collector.url, project=name, timeout_s=60.0)
    return name
