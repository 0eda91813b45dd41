"""Spans for the calls of the `openai` SDK: one hook, where every call of every client passes.

`SyncAPIClient.request` and `AsyncAPIClient.request` have had the same shape from openai 1 to 3. Patching the classes
covers clients made before as well, `with_options`, Azure, `parse()` and the stream helpers. One span stands for one
call of the application: the SDK's retries happen inside it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from assay import semconv
from assay.errors import MissingExtra
from assay.tracing import runtime
from assay.tracing.autolog import openai_chat, openai_embeddings, openai_responses
from assay.tracing.autolog.model_call import ModelCall, StreamReader, inside_model_call
from assay.tracing.autolog.openai_raw import watch_raw
from assay.tracing.autolog.openai_stream import watch
from assay.tracing.otel_context import suppressed
from assay.tracing.tell import our_fault


class _Reader(Protocol):
    def __call__(self, value: Any, /, *, content: bool) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How calls of one path are recorded. All of it pure: a request's JSON, or an answer, in; attributes out."""

    operation: str
    kind: str
    request: _Reader
    response: _Reader
    stream: Callable[..., StreamReader] | None = None
    error: Callable[[Any], str | None] = lambda response: None


ENDPOINTS = {
    "/chat/completions": Endpoint(
        operation="chat",
        kind="LLM",
        request=openai_chat.request_attributes,
        response=openai_chat.response_attributes,
        stream=openai_chat.ChatStream,
    ),
    "/responses": Endpoint(
        operation="chat",
        kind="LLM",
        request=openai_responses.request_attributes,
        response=openai_responses.response_attributes,
        stream=openai_responses.ResponsesStream,
        error=openai_responses.error_of,
    ),
    "/embeddings": Endpoint(
        operation="embeddings",
        kind="EMBEDDING",
        request=openai_embeddings.request_attributes,
        response=openai_embeddings.response_attributes,
    ),
}

_originals: dict[type, Any] = {}


def autolog(*, disable: bool = False) -> None:
    """Trace the calls of the `openai` SDK: chat completions, responses, embeddings; plain or streamed, sync or async.

    May be called again; covers clients made before; `disable=True` undoes it.

    Raises:
        MissingExtra: openai is not installed.
    """
    try:
        from openai._base_client import AsyncAPIClient, SyncAPIClient
    except ImportError as error:
        if disable:
            return
        raise MissingExtra("assay.openai.autolog()", "openai") from error
    for client, hook in ((SyncAPIClient, _sync_hook), (AsyncAPIClient, _async_hook)):
        if disable:
            _restore(client)
        elif client not in _originals:
            _originals[client] = client.request
            client.request = hook(client.request)  # type: ignore[method-assign]


def _restore(client: Any) -> None:
    original = _originals.pop(client, None)
    if original is None:
        return
    if getattr(client.request, "__wrapped__", None) is original:
        client.request = original
    # Somebody wrapped our hook since. It stays below theirs, and passes calls through: its class is not in _originals.


def _sync_hook(original: Any) -> Any:
    @functools.wraps(original)
    def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        begun = _begin(self, options, kwargs)
        if begun is None:
            return original(self, cast_to, options, *args, **kwargs)
        endpoint, call = begun
        token = call.enter()
        try:
            answer = original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            call.finish(error=error)
            raise
        finally:
            call.leave(token)
        _record(endpoint, call, answer)
        return answer

    return request


def _async_hook(original: Any) -> Any:
    @functools.wraps(original)
    async def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        begun = _begin(self, options, kwargs)
        if begun is None:
            return await original(self, cast_to, options, *args, **kwargs)
        endpoint, call = begun
        token = call.enter()
        try:
            answer = await original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            call.finish(error=error)
            raise
        finally:
            call.leave(token)
        _record(endpoint, call, answer)
        return answer

    return request


def _begin(client: Any, options: Any, kwargs: Mapping[str, Any]) -> tuple[Endpoint, ModelCall] | None:
    """Open the span of a call that we know how to record. None: let it pass. Never raises."""
    try:
        endpoint = ENDPOINTS.get(str(options.url).partition("?")[0].rstrip("/"))
        if endpoint is None or str(options.method).lower() != "post" or not _originals:
            return None
        if suppressed() or inside_model_call():
            return None
        running = runtime.active or runtime.start()
        if not running.enabled:
            return None
        # The SDK has read any iterator in `messages` by now; the application's own objects are not touched.
        body = options.json_data if isinstance(options.json_data, Mapping) else {}
        model = body.get("model")
        attributes = {
            semconv.GEN_AI_OPERATION_NAME: endpoint.operation,
            semconv.OPENINFERENCE_SPAN_KIND: endpoint.kind,
            **_server(client),
            **({semconv.GEN_AI_REQUEST_MODEL: str(model)} if model else {}),
            **({semconv.GEN_AI_REQUEST_STREAM: True} if kwargs.get("stream") else {}),
            **_safely(endpoint.request, body, running.capture_content),
        }
        name = f"{endpoint.operation} {model}" if model else endpoint.operation
        return endpoint, ModelCall(name, attributes, content=running.capture_content)
    except Exception:
        our_fault("recording an OpenAI request")
        return None


def _server(client: Any) -> dict[str, Any]:
    url = client.base_url
    host = str(url.host)
    azure = any("Azure" in cls.__name__ for cls in type(client).__mro__) or host.endswith(".openai.azure.com")
    port = url.port or {"https": 443, "http": 80}.get(str(url.scheme), 0)
    return {
        semconv.GEN_AI_PROVIDER_NAME: "azure.ai.openai" if azure else "openai",
        semconv.SERVER_ADDRESS: host,
        semconv.SERVER_PORT: int(port),
    }


def _safely(read: _Reader, value: Any, content: bool) -> dict[str, Any]:
    try:
        return read(value, content=content)
    except Exception:
        our_fault("reading an OpenAI call")
        return {}


def _record(endpoint: Endpoint, call: ModelCall, answer: Any) -> None:
    """Record an answer of any sort, now or when it has been read. Never raises, never consumes anything."""
    try:
        if hasattr(answer, "_iterator") and hasattr(answer, "response") and endpoint.stream is not None:
            watch(answer, call, endpoint.stream(content=call.content))
        elif hasattr(answer, "parse") and hasattr(answer, "http_response"):
            watch_raw(answer, call, functools.partial(_record, endpoint, call))
        else:
            _finish(endpoint, call, answer)
    except Exception:
        our_fault("recording an OpenAI answer")
        call.finish()


def _finish(endpoint: Endpoint, call: ModelCall, answer: Any) -> None:
    call.finish(_safely(endpoint.response, answer, call.content), endpoint.error(answer))
