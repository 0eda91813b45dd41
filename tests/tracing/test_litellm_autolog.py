from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

import assay
from assay.collector.canonical import span_row
from assay.collector.columns import COLUMN_NAMES
from assay.collector.decode import decode_request
from assay.tracing.autolog import litellm as autologger
from assay.tracing.autolog import litellm_stream
from assay.tracing.autolog.litellm_call import CHAT, cost
from support.matrix import Case, case_span, check_rows, check_spans
from support.matrix_litellm import CASES, GPT, HELLO, achat, chat, read, router
from support.openai_server import OpenAIServer
from support.recordings import JSON_COLUMNS
from support.snippets import snippets
from support.spans import Caught

# LiteLLM's own: models it builds while it is imported and used, and a worker that no event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def litellm() -> Iterator[Any]:
    """LiteLLM, and afterwards nothing of the event loops and coroutines that it leaves behind."""
    import litellm

    litellm.suppress_debug_info = True
    yield litellm
    assay.litellm.autolog(disable=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asyncio.set_event_loop(None)
        gc.collect()


@pytest.fixture(autouse=True)
def _autolog(litellm: Any) -> None:
    assay.litellm.autolog()  # which goes through all modules, but not where a test has left it on


def check(case: Case, caught: Caught) -> None:
    spans = caught.all()
    check_spans(case, spans)
    check_rows(case, rows(spans))


def rows(spans: list[Any]) -> list[dict[str, Any]]:
    """What the collector makes of them."""
    decoded = decode_request(encode_spans(spans).SerializeToString())
    found = [dict(zip(COLUMN_NAMES, span_row(span, received_at=1), strict=True)) for span in decoded.spans]
    return [{**row, **{name: json.loads(row[name]) for name in JSON_COLUMNS if row[name]}} for row in found]


def ids(case: Case) -> str:
    return f"{case.group}: {case.form}"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_call_form_is_recorded(case: Case, openai_server: OpenAIServer, spans: Caught) -> None:
    for reply in case.replies:
        openai_server.reply(**reply)
    with case_span(case):
        run_as_told(case, openai_server.url)
    check(case, spans)


def run_as_told(case: Case, url: str) -> None:
    if case.raises is None:
        if asyncio.iscoroutine(pending := case.run(url)):
            asyncio.run(pending)
        return
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its name is what the case tells
        case.run(url)
    assert type(caught.value).__name__ == case.raises


def named(spans: Caught, name: str) -> list[Any]:
    return [span for span in spans.all() if span.name == name]


def test_the_openai_client_below_makes_no_second_span(openai_server: OpenAIServer, spans: Caught) -> None:
    assay.openai.autolog()
    try:
        chat(openai_server.url)
        asyncio.run(achat(openai_server.url))
    finally:
        assay.openai.autolog(disable=True)
    assert [span.name for span in spans.all()] == ["chat gpt-4o-mini", "chat gpt-4o-mini"]


def test_a_function_imported_before_is_covered_and_given_back(
    openai_server: OpenAIServer, spans: Caught, litellm: Any
) -> None:
    wrapped = litellm.completion
    assay.litellm.autolog()
    assert litellm.completion is wrapped
    assay.litellm.autolog(disable=True)
    early = litellm.completion
    assert wrapped.__wrapped__ is early
    wrapped(model=GPT, messages=HELLO, api_base=openai_server.url, api_key="none")
    assert spans.all() == []


def test_attempts_of_a_synchronous_router_stay_in_the_trace_within_an_event_loop(
    openai_server: OpenAIServer, spans: Caught
) -> None:
    async def main() -> None:
        with assay.start_span("request"):
            router(openai_server.url).completion(model="fast", messages=HELLO)

    asyncio.run(main())
    assert spans.tree() == {"chat gpt-4o-mini": "chat fast", "chat fast": "request", "request": None}


def test_a_stream_stays_an_object_of_its_class(openai_server: OpenAIServer, spans: Caught, litellm: Any) -> None:
    stream = chat(openai_server.url, stream=True)
    assert isinstance(stream, litellm.CustomStreamWrapper)
    assert type(stream).__name__ == "CustomStreamWrapper"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "echo: hello"
    assert named(spans, "chat gpt-4o-mini")


def test_without_content_no_message_leaves(openai_server: OpenAIServer) -> None:
    from support.spans import catch_spans

    with catch_spans(capture_content=False) as caught:
        chat(openai_server.url, metadata={"session_id": "s1", "note": "secret"}, tools=None)
        found = caught.attributes()
    assert found["session.id"] == "s1"
    assert not {"gen_ai.input.messages", "gen_ai.output.messages", "metadata"} & set(found)
    assert found["gen_ai.usage.input_tokens"] == 1


def test_a_model_that_litellm_does_not_know_fails_as_without_us(spans: Caught, litellm: Any) -> None:
    with pytest.raises(litellm.BadRequestError, match="LLM Provider NOT provided"):
        litellm.completion(model="nope", messages=HELLO)
    found = spans.attributes()
    assert found["error.type"] == "litellm.exceptions.BadRequestError"
    assert found["gen_ai.request.model"] == "nope"
    assert "gen_ai.provider.name" not in found


def test_an_answer_of_litellms_cache_is_marked_and_costs_nothing(litellm: Any) -> None:
    answer = litellm.ModelResponse(model="m", choices=[{"message": {"role": "assistant", "content": "hi"}}])
    answer._hidden_params = {"cache_hit": True, "response_cost": 0.0, "custom_llm_provider": "cached_response"}
    found = CHAT.response(answer, content=True)
    assert (found["assay.cache_hit"], found["llm.cost.total"]) == (True, 0.0)
    assert "gen_ai.provider.name" not in found


@pytest.mark.parametrize(
    ("hidden", "expected"), [({"response_cost": 0.0}, None), ({"response_cost": 0.5}, 0.5), ({}, None)]
)
def test_a_price_that_litellm_does_not_know_is_not_told_as_zero(hidden: dict[str, Any], expected: float | None) -> None:
    assert cost(SimpleNamespace(_hidden_params=hidden)).get("llm.cost.total") == expected


def test_the_document_shows_what_is_recorded(
    openai_server: OpenAIServer, spans: Caught, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("OPENAI_API_BASE", openai_server.url)
    [snippet] = snippets("docs/litellm.md")
    openai_server.reply(text="Paris.")
    snippet.run_here()
    assert capsys.readouterr().out == "Paris.\n"
    found = spans.attributes()
    assert (found["user.id"], found["session.id"], found["tag.tags"]) == ("u7", "s1", ["docs"])


def test_calls_that_litellm_makes_in_threads_stay_in_the_trace(
    openai_server: OpenAIServer, spans: Caught, litellm: Any
) -> None:
    with assay.start_span("request"):
        litellm.batch_completion(model=GPT, messages=[HELLO, HELLO], api_base=openai_server.url, api_key="none")
    request = spans.one("request")
    parents = [span.parent.span_id for span in named(spans, "chat gpt-4o-mini")]
    assert request.context is not None
    assert parents == [request.context.span_id] * 2


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (autologger, "_begin"),
        (autologger, "_record"),
        (autologger, "watch"),
        (autologger, "_enter_attempts"),
        (autologger.LiteLLMCall, "enter"),
        (autologger.LiteLLMCall, "leave"),
        (autologger.LiteLLMCall, "finish"),
        (autologger.LiteLLMCall, "own"),
        (litellm_stream._Watched, "chunk"),
        (litellm_stream._Watched, "end"),
        (litellm_stream, "_closed"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_whatever_fails_of_ours_the_call_goes_on(
    owner: Any, name: str, openai_server: OpenAIServer, spans: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError(name)

    def main() -> None:
        assert chat(openai_server.url).choices[0].message.content == "echo: hello"
        assert "".join(chunk.choices[0].delta.content or "" for chunk in read(openai_server.url)) == "echo: hello"
        openai_server.reply(status=500, error="broken")
        assert chat(openai_server.url, fallbacks=["openai/gpt-4o"]).choices[0].message.content == "echo: hello"

    monkeypatch.setattr(owner, name, fail)
    contextvars.copy_context().run(main)  # where the context cannot be left, that of the other tests is not concerned
