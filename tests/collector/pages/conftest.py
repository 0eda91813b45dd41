"""The pages over made-up data: one app for all files, one client for a file, fresh data for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assay.collector.pages.web import get_source
from support.page_data import FakeSource
from support.pages_app import pages_app, put_behind


@pytest.fixture(scope="session")
def mounted() -> FastAPI:
    """FastAPI works out the parameters of every route again in each application that is made."""
    return pages_app(FakeSource())


@pytest.fixture(scope="module")
def app(mounted: FastAPI) -> FastAPI:
    put_behind(mounted, FakeSource())
    return mounted


@pytest.fixture(scope="module")
def module_client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False, headers={"accept": "text/html"}) as client:
        yield client


@pytest.fixture
def source(app: FastAPI) -> FakeSource:
    """Fresh data for this test, behind the app that all tests share."""
    source = FakeSource()
    app.dependency_overrides[get_source] = lambda: source
    return source


@pytest.fixture
def client(module_client: TestClient, source: FakeSource) -> TestClient:
    module_client.cookies.clear()
    return module_client
