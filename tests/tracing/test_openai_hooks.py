"""The OpenAI autologger beside what else a program does: other patches, layers, forks of control, its own objects."""

from __future__ import annotations

import copy
import functools
import gc
import gzip
import inspect
import json
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai._base_client import AsyncAPIClient, BaseClient, SyncAPIClient
from openai._streaming import AsyncStream, Stream

import assay
from assay.tracing.autolog import openai_chat
from assay.tracing.autolog.model_call import ModelCall
from assay.tracing.autolog.openai_background import counts_now
from assay.tracing.autolog.openai_endpoints import endpoint_of
from assay.tracing.autolog.openai_provider import provider_of
from assay.tracing.autolog.openai_raw import body_json, events
from assay.tracing.autolog.patches import Patches
from assay.tracing.otel_context import attach, detach, without_instrumentation
from support.openai_server import OpenAIServer, usage
from support.spans import Caught, catch_spans

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
PLACES: list[tuple[type, str]] = [
    (SyncAPIClient, "request"),
    (AsyncAPIClient, "request"),
    (SyncAPIClient, "_process_response"),
    (AsyncAPIClient, "_process_response"),
    (BaseClient, "_calculate_retry_timeout"),
    (Stream, "__init__"),
    (AsyncStream, "__init__"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    server = OpenAIServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def chat(server: OpenAIServer) -> Iterator[Callable[..., Any]]:
    """`chat.completions.create` of a client that was made before anything is traced."""
    with openai.OpenAI(base_url=server.url, api_key="sk-secret-key", max_retries=0) as client:
        yield functools.partial(client.chat.completions.create, model="gpt-x", messages=HELLO)


@pytest.fixture
def _autolog() -> Iterator[None]:
    assay.openai.autolog()
    yield
    assay.openai.autolog(disable=True)


def test_disabling_puts_every_method_back() -> None:
    assay.openai.autolog(disable=True)
    before = [owner.__dict__[name] for owner, name in PLACES]
    assay.openai.autolog()
    assert all(owner.__dict__[name] is not method for (owner, name), method in zip(PLACES, before, strict=True))
    assay.openai.autolog()
    assay.openai.autolog(disable=True)
    assert [owner.__dict__[name] for owner, name in PLACES] == before
    assay.openai.autolog(disable=True)
    assert [owner.__dict__[name] for owner, name in PLACES] == before


def test_what_is_patched_looks_as_it_did() -> None:
    looks = [(inspect.signature(owner.__dict__[name]), owner.__dict__[name].__doc__) for owner, name in PLACES]
    assay.openai.autolog()
    try:
        assert [
            (inspect.signature(owner.__dict__[name]), owner.__dict__[name].__doc__) for owner, name in PLACES
        ] == looks
        assert inspect.iscoroutinefunction(AsyncAPIClient.request)
        assert not inspect.iscoroutinefunction(SyncAPIClient.request)
    finally:
        assay.openai.autolog(disable=True)


@pytest.mark.parametrize("wraps", [True, False])
def test_beside_anothers_patch_there_is_one_span_or_none(
    wraps: bool, chat: Callable[..., Any], spans: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    assay.openai.autolog()
    ours = SyncAPIClient.request

    def theirs(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ours(self, *args, **kwargs)

    monkeypatch.setattr(SyncAPIClient, "request", functools.wraps(ours)(theirs) if wraps else theirs)
    chat()
    assay.openai.autolog(disable=True)
    chat()
    assert len(spans.all()) == 1
    assay.openai.autolog()
    chat()
    assert len(spans.all()) == 2
    assay.openai.autolog(disable=True)
    chat()
    assert len(spans.all()) == 2
    monkeypatch.undo()
    SyncAPIClient.request = inspect.unwrap(SyncAPIClient.request)  # type: ignore[method-assign]


def test_a_copy_of_the_method_that_somebody_left_on_a_class_below_is_patched_too() -> None:
    class Owner:
        def method(self) -> str:
            return "original"

    class Below(Owner):
        method = Owner.method  # as instrumentations leave it that put back what they found by looking it up here

    def hook(original: Any) -> Any:
        return functools.wraps(original)(lambda self: f"ours, {original(self)}")

    patches = Patches()
    for _ in range(2):
        patches.apply((Owner, "method", hook))
        assert Below().method() == Owner().method() == "ours, original"
    patches.remove()
    assert Below().method() == Owner().method() == "original"


def test_a_patch_that_somebody_took_out_is_put_in_again() -> None:
    class Owner:
        def method(self) -> str:
            return "original"

    def hook(original: Any) -> Any:
        return functools.wraps(original)(lambda self: f"ours, {original(self)}")

    original, patches = Owner.method, Patches()
    patches.apply((Owner, "method", hook))
    Owner.method = original  # type: ignore[method-assign]
    patches.apply((Owner, "method", hook))
    patches.apply((Owner, "method", hook))
    assert Owner().method() == "ours, original"


@pytest.mark.usefixtures("_autolog")
def test_below_another_layers_span_of_the_same_call_there_is_no_second_one(
    server: OpenAIServer, chat: Callable[..., Any], spans: Caught
) -> None:
    outer = ModelCall("chat outer", {}, content=True)
    token = outer.enter()
    server.reply(status=500, headers={"retry-after-ms": "1"})
    with openai.OpenAI(base_url=server.url, api_key="k", max_retries=1) as client:
        client.chat.completions.create(model="gpt-x", messages=HELLO)
    outer.leave(token)
    outer.finish()
    (event,) = spans.one().events
    assert (event.name, (event.attributes or {})["http.response.status_code"]) == ("assay.retry", 500)


@pytest.mark.usefixtures("_autolog")
def test_where_instrumentation_is_switched_off_nothing_is_recorded(chat: Callable[..., Any], spans: Caught) -> None:
    token = attach(without_instrumentation())
    chat()
    detach(token)
    assert spans.all() == []


@pytest.mark.usefixtures("_autolog")
def test_objects_of_the_sdk_can_be_copied_and_pickled_as_ever(chat: Callable[..., Any], spans: Caught) -> None:
    answer = chat()
    assert pickle.loads(pickle.dumps(answer)) == copy.deepcopy(answer) == answer
    stream = chat(stream=True)
    assay.openai.autolog(disable=True)
    with chat(stream=True) as untraced:
        assert (type(stream), vars(stream).keys()) == (type(untraced), vars(untraced).keys())
    assert set(vars(stream.response)).isdisjoint({"close", "aclose", "read"})
    assert stream.response.http_version == "HTTP/1.1"
    stream.close()
    assert stream.response.elapsed.total_seconds() > 0


@pytest.mark.usefixtures("_autolog")
def test_a_stream_that_is_dropped_ended_with_its_last_chunk(chat: Callable[..., Any], spans: Caught) -> None:
    stream = chat(stream=True)
    next(stream)
    after = time.time_ns()
    time.sleep(0.02)
    del stream
    gc.collect()
    span = spans.one()
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time < span.end_time <= after


def test_a_stream_left_open_when_the_program_ends_is_recorded(server: OpenAIServer, tmp_path: Path) -> None:
    program = """
import assay, openai, sys
assay.init(endpoint="file:" + sys.argv[2])
assay.openai.autolog()
stream = openai.OpenAI(base_url=sys.argv[1], api_key="k").chat.completions.create(
    model="gpt-x", messages=[{"role": "user", "content": "one two"}], stream=True
)
next(stream), next(stream)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, server.url, str(tmp_path / "spans")],
        capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    written = b"".join(path.read_bytes() for path in (tmp_path / "spans").rglob("*") if path.is_file())
    assert b"chat gpt-x" in written


@pytest.mark.usefixtures("_autolog")
def test_first_chunk_of_a_response_is_the_first_that_says_something(server: OpenAIServer, spans: Caught) -> None:
    release = server.reply(text="hi", hold=threading.Event(), hold_after=2).hold
    with openai.OpenAI(base_url=server.url, api_key="k") as client:
        stream = client.responses.create(model="gpt-x", input="hello", stream=True)
        assert [next(stream).type, next(stream).type] == ["response.created", "response.in_progress"]
        time.sleep(0.05)
        assert release is not None
        release.set()
        list(stream)
    assert spans.attributes()["gen_ai.response.time_to_first_chunk"] >= 0.05


@pytest.mark.usefixtures("_autolog")
def test_what_extra_body_puts_over_a_request_is_what_was_asked(chat: Callable[..., Any], spans: Caught) -> None:
    chat(extra_body={"model": "other", "temperature": 0.25, "top_k": 3})
    assert spans.one().name == "chat other"
    assert spans.attributes()["gen_ai.request.temperature"] == 0.25


@pytest.mark.usefixtures("_autolog")
def test_no_key_nor_header_is_recorded(server: OpenAIServer, chat: Callable[..., Any], spans: Caught) -> None:
    chat(extra_headers={"x-own": "hidden-value"}, user="a-person")
    mcp = {"type": "mcp", "server_label": "docs", "server_url": "https://example.com", "authorization": "hidden-value"}
    with openai.OpenAI(base_url=server.url, api_key="sk-secret-key") as client:
        client.responses.create(model="m", input="hi", tools=[{**mcp, "headers": {"k": "hidden-value"}}])
    seen = str([dict(span.attributes or {}) for span in spans.all()])
    assert [word for word in ("sk-secret-key", "hidden-value", "a-person") if word in seen] == []
    assert "https://example.com" in seen


@pytest.mark.usefixtures("_autolog")
def test_without_content_nothing_of_a_tool_is_told_but_its_name(chat: Callable[..., Any]) -> None:
    tool = {"type": "function", "function": {"name": "search", "description": "hidden", "parameters": {}}}
    told = openai_chat.request_attributes({"tools": [tool]}, content=False)["gen_ai.tool.definitions"]
    assert json.loads(told) == [{"type": "function", "name": "search"}]
    with catch_spans(capture_content=False) as spans:
        chat(tools=[tool])
        assert "hidden" not in str(spans.attributes())


@pytest.mark.usefixtures("_autolog")
def test_a_packed_body_that_the_application_reads_itself_is_recorded(server: OpenAIServer, spans: Caught) -> None:
    with openai.OpenAI(base_url=server.url, api_key="k") as client:
        server.reply(text="hi", usage=usage(input=10, output=7))
        create = client.chat.completions.with_streaming_response.create
        with create(model="gpt-x", messages=HELLO, extra_headers={"x-test-gzip": "1"}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert json.loads(answer.read())["model"]
    assert spans.attributes()["gen_ai.usage.output_tokens"] == 7


def test_the_numbers_of_embeddings_are_not_parsed() -> None:
    body = b'{"data": [{"embedding": [0.1, 1e-5], "index": 0}, {"embedding" : [2]}], "usage": {"prompt_tokens": 3}}'
    assert body_json(body) == {
        "data": [{"embedding": None, "index": 0}, {"embedding": None}],
        "usage": {"prompt_tokens": 3},
    }
    assert body_json(gzip.compress(body)) is None


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_events_are_read_as_far_as_they_came(line_end: str) -> None:
    lines = ["event: x", 'data: {"a": 1}', "", ": comment", "", 'data: {"error": {"message": "m"}}', "", 'data: {"ha']
    error = {"type": "error", "code": None, "message": "m"}
    assert list(events(line_end.join(lines).encode())) == [{"a": 1}, error]


def test_tokens_of_a_background_response_are_counted_once() -> None:
    assert [counts_now(f"resp_{number}") for number in (1, 2, 1)] == [True, True, False]


@pytest.mark.parametrize(
    ("host", "path", "provider"),
    [
        ("api.openai.com", "/v1/", "openai"),
        ("eu.api.openai.com", "/v1/", "openai"),
        ("127.0.0.1", "/v1/", "openai"),
        ("Mine.OpenAI.Azure.com", "/openai/", "azure.ai.openai"),
        ("mine.services.ai.azure.com", "/openai/v1/", "azure.ai.openai"),
        ("mine.services.ai.azure.com", "/models", "azure.ai.inference"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "/openai/v1/", "aws.bedrock"),
        ("bedrock-mantle.eu-west-1.api.aws", "/openai/v1/", "aws.bedrock"),
        ("europe-west1-aiplatform.googleapis.com", "/v1/", "gcp.vertex_ai"),
        ("generativelanguage.googleapis.com", "/v1beta/openai/", "gcp.gemini"),
        ("api.groq.com", "/openai/v1/", "groq"),
        ("notapi.groq.com.example", "/v1/", "openai"),
    ],
)
def test_the_provider_is_the_one_that_the_base_url_says(host: str, path: str, provider: str) -> None:
    assert provider_of(host, path) == provider


@pytest.mark.parametrize(
    ("url", "operation"),
    [
        ("/chat/completions", "chat"),
        ("chat/completions/", "chat"),
        ("https://host/v1/chat/completions?api-version=1", "chat"),
        ("/openai/deployments/d/embeddings", "embeddings"),
        ("/completions", "text_completion"),
        ("/responses?beta=true", "chat"),
        ("/responses/compact", "chat"),
        ("/responses/resp_1/cancel", None),
        ("/responses/input_tokens", None),
        ("/chat/completions/chatcmpl-1", None),
        ("/batches", None),
        ("/files", None),
    ],
)
def test_a_request_is_known_by_its_path(url: str, operation: str | None) -> None:
    endpoint = endpoint_of(url)
    assert (endpoint and endpoint.operation) == operation
