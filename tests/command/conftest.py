"""One collector for the tests of commands, with traces of one project that they only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.client import reset_client
from assay.collector.server import Server
from assay.settings import configure
from support.otlp import recorded

HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202eevil 東京のトレース 👩‍💻 [bold]x"
PROJECT = "look"


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A trace that fails with hostile names, one that is well, and one of 1,001 spans."""
    server = Server(data_dir=tmp_path_factory.mktemp("commands") / ".assay")
    server.start()
    for body in (_failing(), _well(), _wide()):
        server.service.ingest(body).result()
    yield server
    reset_client()
    server.stop()


@pytest.fixture
def asked(filled: Server) -> Server:
    """The settings of this process point to the filled collector."""
    configure(endpoint=filled.url, project=PROJECT)
    return filled


def _failing() -> bytes:
    with recorded(service__name=PROJECT) as recorder:
        asked = {"session.id": "s-1", "input.value": "Why?\tq"}
        with (
            recorder.tracer.start_as_current_span("question", attributes=asked),
            pytest.raises(ValueError, match="boom"),
            recorder.tracer.start_as_current_span(HOSTILE, attributes={"openinference.span.kind": "TOOL"}),
        ):
            raise ValueError("boom \x1b[2J " + "very " * 200 + "long")
    return recorder.body()


def _well() -> bytes:
    with recorded(service__name=PROJECT) as recorder:
        attributes = {"session.id": "s-1", "input.value": "Is it well?", "output.value": "It is."}
        with recorder.tracer.start_as_current_span("greeting", attributes=attributes):
            pass
    return recorder.body()


def _wide() -> bytes:
    with recorded(service__name=PROJECT) as recorder, recorder.tracer.start_as_current_span("wide"):
        for _ in range(1000):
            with recorder.tracer.start_as_current_span("step"):
                pass
    return recorder.body()
