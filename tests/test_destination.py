"""Which collector a program talks to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from assay.client import Client
from assay.collector.server import Server
from assay.destination import find_destination, running_collector
from assay.embedded import stop_embedded
from assay.errors import CollectorUnavailable
from assay.settings import load_settings
from assay.tracing.post import Later, Poster


def test_a_configured_endpoint_is_taken_as_it_is() -> None:
    assert find_destination(load_settings(endpoint="http://there:1/")).traces_url == "http://there:1/v1/traces"


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("127.0.0.1:9", "as http://127.0.0.1:4318"),
        ("localhost:9", "as http://127.0.0.1:4318"),
        ("http://127.0.0.1:4317", "Assay speaks HTTP, and 4317 is the port of gRPC"),
        ("http://127.0.0.1:9", "Is it running?"),
        ("http://[", "It is no address"),
        ("http://a:port", "It is no address"),
    ],
)
def test_what_may_be_wrong_with_an_address_is_told_by_readers_and_senders_alike(endpoint: str, says: str) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody is there", request=request)

    settings, transport = load_settings(endpoint=endpoint), httpx.MockTransport(nobody)
    with pytest.raises(CollectorUnavailable, match=says):
        Client(settings, transport=transport).get("/projects")
    later = Poster(settings, transport=transport)(b"")
    assert isinstance(later, Later)
    assert says in later.reason


def test_the_collector_that_serves_the_directory_is_found(tmp_path: Path) -> None:
    server = Server(data_dir=tmp_path / "data")
    server.start()
    try:
        code = "from assay.destination import *; import sys; print(running_collector(Path(sys.argv[1])))"
        found = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "data")], capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == server.url
    finally:
        server.stop()
    assert running_collector(tmp_path / "data") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "http://127.0.0.1:9", "pid": 1}', '{"url": 1}'])
def test_a_stale_file_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / "collector.json").write_text(text)
    assert running_collector(tmp_path) is None


def test_a_file_of_this_process_without_a_collector_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "collector.json").write_text(json.dumps({"url": "http://127.0.0.1:9", "pid": os.getpid()}))
    assert running_collector(tmp_path) is None


def test_else_one_is_started_here_once_and_stops_with_everything_on_disk(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    first = find_destination(settings)
    try:
        assert first.embedded
        assert find_destination(settings).url == first.url
    finally:
        stop_embedded()
    assert not (tmp_path / "data" / "collector.json").exists()
    assert not (tmp_path / "data" / "assay.duckdb.wal").exists()


def test_none_is_started_where_that_is_not_wanted(tmp_path: Path) -> None:
    with pytest.raises(CollectorUnavailable, match="assay serve"):
        find_destination(load_settings(data_dir=tmp_path), start=False)
