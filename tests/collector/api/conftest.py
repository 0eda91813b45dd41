"""The API over a real registry, with neither a span store nor a socket: these routes need none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from assay.collector.app import create_app
from assay.collector.registry import Registry
from support.registries import open_new


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = open_new(tmp_path / "registry.db")
    yield opened
    opened.close()


@pytest.fixture
def http(registry: Registry) -> Iterator[TestClient]:
    """Requests below /api/v1, in project `p` unless they say another; no key is needed."""
    with _client(registry, keys_required=False) as client:
        client.params = {"project": "p"}
        yield client


@pytest.fixture
def guarded(registry: Registry) -> Iterator[TestClient]:
    """Requests below /api/v1 of a collector that other machines can reach."""
    with _client(registry, keys_required=True) as client:
        yield client


def _client(registry: Registry, *, keys_required: bool) -> TestClient:
    service: Any = SimpleNamespace(registry=registry, register_projects=lambda: None)
    app = create_app(service, allowed_hosts=frozenset(), keys_required=keys_required)
    return TestClient(app, base_url="http://testserver/api/v1", raise_server_exceptions=False)
