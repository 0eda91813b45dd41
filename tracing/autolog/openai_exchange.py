"""One request of the application to OpenAI's API, from its begin to the end of its answer, and the span it makes."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any

from assay import semconv
from assay.tracing import runtime
from assay.tracing.autolog.model_call import ModelCall
from assay.tracing.autolog.openai_background import counts_now, is_over
from assay.tracing.autolog.openai_endpoints import RESPONSES, Endpoint, Reader, endpoint_of, response_asked_for
from assay.tracing.autolog.openai_provider import server_attributes
from assay.tracing.autolog.openai_raw import body_json, record_raw
from assay.tracing.autolog.openai_stream import watch
from assay.tracing.autolog.values import get
from assay.tracing.tell import harmless, our_fault

_current: ContextVar[Exchange | None] = ContextVar("assay-openai-exchange", default=None)


Entered = tuple[Token[Any] | None, Token["Exchange | None"]]  # of the span, and of the exchange


class Exchange:
    """A request whose span is open. Its methods never raise, and consume nothing of the application's."""

    def __init__(self, endpoint: Endpoint, call: ModelCall, *, named: bool) -> None:
        self.endpoint = endpoint
        self.call = call
        self.response: Any = None  # of HTTP, once there is one that is no error
        self._named = named

    @harmless("entering an OpenAI call")
    def enter(self) -> Entered:
        """Make the span current; what is returned leads back."""
        return self.call.enter(), _current.set(self)

    @harmless("leaving an OpenAI call")
    def leave(self, entered: Entered | None) -> None:
        if entered is not None:
            token, exchange_token = entered
            if token is not None:
                self.call.leave(token)
            _current.reset(exchange_token)

    @harmless("ending an OpenAI call")
    def failed(self, error: BaseException) -> None:
        """The call raised; perhaps over an answer that arrived, and that could not be made what was asked for."""
        try:
            response = self.response if self.response is not None else getattr(error, "response", None)
            self._note_request_id(response)
            body = getattr(self.response, "_content", None)
            answer = body_json(body) if isinstance(body, bytes) else None
            self.call.finish(self._read(answer) if isinstance(answer, Mapping) else None, error)
        except Exception:
            our_fault("recording an OpenAI error")
            self.call.finish(error=error)

    @harmless("ending an OpenAI call")
    def answered(self, answer: Any) -> None:
        """Record an answer of any sort, now or when it has been read."""
        try:
            self._note_request_id(self.response)
            if hasattr(answer, "_iterator") and hasattr(answer, "response"):
                self._watch(answer)
            elif hasattr(answer, "parse") and hasattr(answer, "http_response"):
                record_raw(answer.http_response, self.call, self.endpoint, self._finish)
            elif answer is not None and answer is self.response:  # the application asked for the HTTP response itself
                record_raw(answer, self.call, self.endpoint, self._finish)
            else:
                self._finish(answer)
        except Exception:
            our_fault("recording an OpenAI answer")
            self.call.finish()

    def _watch(self, stream: Any) -> None:
        if self.endpoint.stream is None:
            self.call.finish()
        else:
            reader = self.endpoint.stream(content=self.call.content)
            watch(stream, self.call, reader, self.endpoint.early_events)

    def _finish(self, answer: Any) -> None:
        if is_over(answer):
            counts_now(str(get(answer, "id")))
        self.call.finish(self._read(answer), self.endpoint.error(answer))

    def _read(self, answer: Any) -> dict[str, Any]:
        found = safely(self.endpoint.response, answer, self.call.content)
        if not self._named and (model := found.get(semconv.GEN_AI_RESPONSE_MODEL)):
            self.call.span.update_name(f"{self.endpoint.operation} {model}")
        return found

    def _note_request_id(self, response: Any) -> None:
        request_id = get(response, "headers") and response.headers.get("x-request-id")
        if request_id:
            self.call.span.set_attribute(semconv.HTTP_RESPONSE_HEADER_REQUEST_ID, [str(request_id)])


class Asking(Exchange):
    """A request for a response that exists. A span is made when the answer is one that the server had made in the
    background, and whose tokens nobody saw yet: for the time of this request, with the model's answer.
    """

    def __init__(self, client: Any) -> None:
        self.response = None
        self._client = client
        self._started = time.time_ns()

    @harmless("entering an OpenAI call")
    def enter(self) -> Entered:
        return None, _current.set(self)

    @harmless("leaving an OpenAI call")
    def leave(self, entered: Entered | None) -> None:
        if entered is not None:
            _current.reset(entered[1])

    def failed(self, error: BaseException) -> None:
        pass  # no model was called

    @harmless("recording a response made in the background")
    def answered(self, answer: Any) -> None:
        if is_over(answer) and counts_now(str(get(answer, "id"))):
            exchange = begun(RESPONSES, self._client, {}, model=get(answer, "model"), start_time=self._started)
            exchange.response = self.response
            exchange.answered(answer)


def begin(client: Any, options: Any, *, stream: bool) -> Exchange | None:
    """Begin to record a request. None: it is not ours to record."""
    url, method = str(options.url), str(options.method).lower()
    endpoint = endpoint_of(url) if method == "post" else None
    asked_for = response_asked_for(url) if method == "get" else None
    if (endpoint is None and asked_for is None) or not (runtime.active or runtime.start()).enabled:
        return None
    if endpoint is not None:
        # The SDK has read any iterator in `messages` by now; the application's own objects are not touched.
        return begun(endpoint, client, _body(options), stream=stream)
    if stream and counts_now(str(asked_for)):
        return begun(RESPONSES, client, {}, stream=True)
    return Asking(client)


def begun(
    endpoint: Endpoint,
    client: Any,
    body: Mapping[str, Any],
    *,
    model: Any = None,
    stream: bool = False,
    start_time: int | None = None,
) -> Exchange:
    content = runtime.start().capture_content
    model = model or body.get("model")
    attributes = {
        semconv.GEN_AI_OPERATION_NAME: endpoint.operation,
        semconv.OPENINFERENCE_SPAN_KIND: endpoint.kind,
        **server_attributes(client),
        **({semconv.GEN_AI_REQUEST_MODEL: str(model)} if model else {}),
        **({semconv.GEN_AI_REQUEST_STREAM: True} if stream else {}),
        **safely(endpoint.request, body, content),
    }
    name = f"{endpoint.operation} {model}" if model else endpoint.operation
    return Exchange(endpoint, ModelCall(name, attributes, content=content, start_time=start_time), named=bool(model))


def _body(options: Any) -> Mapping[str, Any]:
    """The JSON of a request with what `extra_body` puts over it."""
    body, extra = options.json_data, getattr(options, "extra_json", None)
    given = body if isinstance(body, Mapping) else {}
    return {**given, **extra} if isinstance(extra, Mapping) else given


def safely(read: Reader, value: Any, content: bool) -> dict[str, Any]:
    try:
        return read(value, content=content)
    except Exception:
        our_fault("reading an OpenAI call")
        return {}


@harmless("noting an OpenAI answer")
def note_response(response: Any) -> None:
    """Of the request under way here: this is its HTTP answer."""
    if (exchange := _current.get()) is not None:
        exchange.response = response


def process_hook(original: Any) -> Any:
    """Around `_process_response`, sync or async: it makes what the application gets of the HTTP answer it is handed."""

    @functools.wraps(original)
    def _process_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        note_response(kwargs.get("response"))
        return original(self, *args, **kwargs)

    return _process_response
