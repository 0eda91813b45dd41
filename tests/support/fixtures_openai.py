"""The fixture `openai_server`, for `tests/conftest.py` to import."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.openai_server import OpenAIServer


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    """A scriptable OpenAI-compatible server on a loopback port."""
    server = OpenAIServer().start()
    yield server
    server.stop()
