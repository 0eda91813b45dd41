"""Judges over HTTP against a scripted model on loopback, and docs/judges.md, whose snippets run against one."""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assay.collector.server import Server
from assay.errors import ScorerError
from assay.evaluation.gateway import answering
from assay.evaluation.judges.injection_corpus import ATTACKS
from assay.evaluation.judges.own import judge
from assay.evaluation.scorers import SCORERS
from assay.evaluation.statistics import proportion_interval
from assay.settings import configure
from support.openai_server import OpenAIServer, Reply, _Handler
from support.scripted_judge import says
from support.snippets import ROOT, snippets

DOCUMENT = "docs/judges.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")


class Obliging(OpenAIServer):
    """Answers every request by a rule."""

    def __init__(self, rule: Callable[[dict[str, Any]], Reply]) -> None:
        super().__init__()

        def reply(handler: Any, body: dict[str, Any]) -> None:
            handler._answer(handler.path.partition("?")[0], body, rule(body))

        self._http.RequestHandlerClass = type("Handler", (_Handler,), {"owner": self, "_reply": reply})


def filled(schema: dict[str, Any]) -> Any:
    """The least that fits a schema of a judge: of verdicts the last, of lists one entry."""
    if "enum" in schema:
        return schema["enum"][-1]
    if schema["type"] == "object":
        return {name: filled(each) for name, each in schema["properties"].items()}
    if schema["type"] == "array":
        return [filled(schema["items"])]
    return 1 if schema["type"] == "integer" else "a reason"


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    def rule(body: dict[str, Any]) -> Reply:
        return Reply(text=json.dumps(filled(body["response_format"]["json_schema"]["schema"])))

    server = Obliging(rule).start()
    yield server.url
    server.stop()


async def test_a_model_on_loopback_judges_and_is_recorded(openai_server: OpenAIServer) -> None:
    configure(tracing=False, gateway="openai", gateway_url=openai_server.url)
    openai_server.reply(text=says("pass", "kind"), more={"system_fingerprint": "fp-1"})
    score = await judge("tone", "Friendly?", model="openai/gpt-x")("q", "a")
    assert score is not None
    assert (score.value, score.explanation) == (True, "kind")
    told = {name: score.metadata[name] for name in ("model", "response_model", "system_fingerprint", "calls", "cached")}
    assert told == {
        "model": "openai/gpt-x",
        "response_model": "echo-2026-01-01",
        "system_fingerprint": "fp-1",
        "calls": 1,
        "cached": False,
    }
    [request] = openai_server.requests
    assert request.body["temperature"] == 0
    assert request.body["response_format"]["json_schema"]["schema"]["required"] == ["explanation", "verdict"]


async def test_a_model_without_temperature_and_texts_too_long(openai_server: OpenAIServer) -> None:
    configure(tracing=False, gateway="openai", gateway_url=openai_server.url)
    openai_server.reply(status=400, error="Unsupported value: 'temperature' does not support 0 with this model.")
    openai_server.reply(text=says("pass"))
    asked = judge("tone", "Friendly?", model="openai/o-test")
    score = await asked("q", "a")
    assert score is not None
    assert score.metadata["left_out"] == ["temperature"]
    assert ["temperature" in request.body for request in openai_server.requests] == [True, False]
    openai_server.reply(status=400, error="This model's maximum context length is 10 tokens.", error_code="context")
    with pytest.raises(ScorerError, match="never cut"):
        await asked("q", "a" * 1000)


async def test_votes_are_kept_answers_each_of_their_own(openai_server: OpenAIServer) -> None:
    configure(tracing=False, gateway="openai", gateway_url=openai_server.url)
    for verdict in ("pass", "fail", "pass"):
        openai_server.reply(text=says(verdict))
    asked = judge("tone", "Friendly?", votes=3)
    with answering("reuse"):
        first, second = await asked("q", "a"), await asked("q", "a")
    assert first is not None
    assert second is not None
    assert first.metadata["votes"] == second.metadata["votes"] == {"pass": 2, "fail": 1}
    assert (first.metadata["cached"], second.metadata["cached"]) == (False, True)
    assert len(openai_server.requests) == 3


def test_every_snippet_runs(collector: Server, model: str) -> None:
    configure(endpoint=collector.url, project="judges-document", gateway="openai", gateway_url=model)
    found = snippets(DOCUMENT)
    assert len(found) >= 7
    for snippet in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            snippet.run_here()
        assert printed.getvalue().strip(), str(snippet)
        assert "no verdict in" not in printed.getvalue(), str(snippet)


def test_what_the_document_says_of_the_corpus_is_so() -> None:
    high = proportion_interval([0.0] * len(ATTACKS)).high
    assert high is not None
    assert f"0 of {len(ATTACKS)} still allows for {math.ceil(high * 1000) / 10:g} %" in " ".join(TEXT.split())
    judges = [name for name, module in SCORERS.items() if ".judges." in module]
    assert {name for name in judges if name in TEXT} >= {"Groundedness", "Faithfulness", "GoalCompletion", "Custom"}
