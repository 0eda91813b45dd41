"""The page on LangChain does what it says."""

from __future__ import annotations

import pytest

import assay
from support.matrix_langchain import drawn
from support.openai_server import OpenAIServer
from support.snippets import snippets
from support.spans import Caught


def test_the_example_runs_and_is_traced(
    openai_server: OpenAIServer, spans: Caught, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    openai_server.reply(tool_calls=[("c1", "order_status", {"order": 17})])
    openai_server.reply(text="It is on its way.")
    (example,) = snippets("docs/langchain.md")
    try:
        left = example.run_here()
        left["agent"].get_graph()
    finally:
        assay.langchain.autolog(disable=True)
    assert capsys.readouterr().out == "It is on its way.\n"
    assert drawn(spans.all()) == [
        "support agent",
        "  model chain",
        "    ChatOpenAI llm",
        "  tools chain",
        "    order_status tool",
        "      ask the warehouse",
        "  model chain",
        "    ChatOpenAI llm",
    ]
    assert {(span.attributes or {})["session.id"] for span in spans.all()} == {"s1"}
