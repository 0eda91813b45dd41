"""`docs/openai.md` says what is so, and `docs/call_forms.md` is made from the cases that the matrix tests run."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.tracing.autolog.openai_provider import HOSTS
from support.matrix_markdown import matrix_markdown
from support.openai_server import OpenAIServer
from support.snippets import snippets
from support.spans import Caught

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_call_forms_is_current() -> None:
    written = (DOCS / "call_forms.md").read_text(encoding="utf-8")
    assert written == matrix_markdown(), "docs/call_forms.md is out of date: run `make docs`"


def test_the_snippets_of_the_document_run(
    openai_server: OpenAIServer, spans: Caught, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    left: dict[str, object] = {}
    for snippet in snippets("docs/openai.md"):
        left |= snippet.run_here(**left)
    assert "echo: Where is the Louvre?" in capsys.readouterr().out
    chats = [span for span in spans.all() if span.name == "chat gpt-4o-mini"]
    assert len(chats) == 2
    assert [bool(span.parent) for span in chats] == [True, False]


def test_the_document_names_every_provider() -> None:
    text = (DOCS / "openai.md").read_text(encoding="utf-8")
    assert [name for name in {*HOSTS.values(), "aws.bedrock"} if f"`{name}`" not in text] == []
