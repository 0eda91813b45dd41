"""Spans for the calls of LiteLLM: its public functions are wrapped, and its router's.

One span stands for one call of the application, whoever the provider is. Where a call is made of attempts (a router, a
list of fallbacks, retries), each attempt is a span below it; tokens and cost are on the attempt that they belong to.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace

from assay import semconv
from assay.errors import MissingExtra
from assay.tracing import runtime
from assay.tracing.autolog import litellm_call
from assay.tracing.autolog.litellm_call import CHAT, EMBEDDINGS, RESPONSES, TEXT, USAGE, Endpoint
from assay.tracing.autolog.litellm_stream import watch
from assay.tracing.autolog.model_call import ModelCall, inside_model_call, model_call_context
from assay.tracing.otel_context import attach, detach, suppressed
from assay.tracing.tell import our_fault

FUNCTIONS = {
    "completion": CHAT,
    "acompletion": CHAT,
    "text_completion": TEXT,
    "atext_completion": TEXT,
    "responses": RESPONSES,
    "aresponses": RESPONSES,
    "embedding": EMBEDDINGS,
    "aembedding": EMBEDDINGS,
}
ROUTER = {
    "completion": CHAT,
    "acompletion": CHAT,
    "text_completion": TEXT,
    "atext_completion": TEXT,
    "embedding": EMBEDDINGS,
    "aembedding": EMBEDDINGS,
}
# What LiteLLM makes further attempts with, inside a call
RETRIES = ("completion_with_retries", "acompletion_with_retries", "responses_with_retries", "aresponses_with_retries")
FALLBACKS = ("completion_with_fallbacks", "async_completion_with_fallbacks")
IN_MODULES = {
    "litellm": RETRIES,
    "litellm.litellm_core_utils.fallback_utils": FALLBACKS,
}

_CALL = otel.create_key("assay-litellm-call")
_hooks: dict[Any, Any] = {}  # original -> hook
_router: tuple[Any, dict[str, tuple[Any, Any]]] | None = None  # the class, and of each method original and hook


def autolog(*, disable: bool = False) -> None:
    """Trace the calls of LiteLLM: completions, text completions, responses, embeddings, its router; plain or streamed.

    May be called again; covers functions imported before; `disable=True` undoes it. The `responses` of a router made
    before are not covered: it holds them itself.

    Raises:
        MissingExtra: litellm is not installed.
    """
    if disable:
        _remove()
        return
    try:
        import litellm
    except ImportError as error:
        raise MissingExtra("assay.litellm.autolog()", "eval") from error
    if _hooks:
        return
    for name, endpoint in FUNCTIONS.items():
        if (original := getattr(litellm, name, None)) is not None:
            _hooks[original] = _hook(original, endpoint, group=False)
    for place, names in IN_MODULES.items():
        module = importlib.import_module(place)
        for name in names:
            if (original := getattr(module, name, None)) is not None:
                _hooks[original] = _attempts(original)
    _replace(_hooks)
    _hook_router(litellm.Router)  # type: ignore[attr-defined]


def _hook_router(router: Any) -> None:
    global _router
    owner = getattr(router, "_core_class", router)  # newer releases keep the methods in a class of their own
    hooked = {}
    for name, endpoint in ROUTER.items():
        if (original := getattr(owner, name, None)) is not None:
            hooked[name] = (original, _hook(original, endpoint, group=True))
            setattr(owner, name, hooked[name][1])
    _router = (owner, hooked)


def _remove() -> None:
    global _router
    _replace({hook: original for original, hook in _hooks.items()})
    _hooks.clear()
    if _router is not None:
        owner, hooked = _router
        for name, (original, hook) in hooked.items():
            if getattr(owner, name, None) is hook:
                setattr(owner, name, original)
        _router = None


def _replace(new: Mapping[Any, Any]) -> None:
    """Put functions in the place of others, in every module that has them: `from litellm import completion` included.

    What has got a hook elsewhere keeps it; it passes calls through once it is disabled.
    """
    by_id = {id(old): (old, value) for old, value in new.items()}
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and not module.__name__.startswith("assay.tracing."):  # type: ignore[redundant-expr]
            names = vars(module)
            for name, value in list(names.items()):
                if id(value) in by_id:
                    names[name] = by_id[id(value)][1]


def _hook(original: Any, endpoint: Endpoint, *, group: bool) -> Any:
    """What stands in the place of `original`. Nothing of ours may fail in there: it is told where it fails.

    Args:
        group: a call that is made of attempts, each with a span of its own.
    """
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def call_and_record(*args: Any, **kwargs: Any) -> Any:
            call = token = None
            with suppress(Exception):
                call = _begin(endpoint, args, kwargs, group)
                token = call.enter() if call is not None else None
            if call is None:
                return await original(*args, **kwargs)
            try:
                answer = await original(*args, **kwargs)
            except BaseException as error:
                with suppress(Exception):
                    call.finish(error=error)
                raise
            finally:
                with suppress(Exception):
                    call.leave(token)
            with suppress(Exception):
                _record(endpoint, call, answer)
            return answer

    else:

        @functools.wraps(original)
        def call_and_record(*args: Any, **kwargs: Any) -> Any:
            call = token = None
            with suppress(Exception):
                call = _begin(endpoint, args, kwargs, group)
                token = call.enter() if call is not None else None
            if call is None:
                return original(*args, **kwargs)
            try:
                answer = original(*args, **kwargs)
            except BaseException as error:
                with suppress(Exception):
                    call.finish(error=error)
                raise
            finally:
                with suppress(Exception):
                    call.leave(token)
            if inspect.iscoroutine(answer):  # `completion(..., acompletion=True)`
                return _recorded_later(endpoint, call, answer)
            with suppress(Exception):
                _record(endpoint, call, answer)
            return answer

    return call_and_record


class LiteLLMCall(ModelCall):
    """`attempted`: the call is made of attempts, and tokens and cost are on their spans."""

    def __init__(self, name: str, attributes: Mapping[str, Any], *, content: bool, attempted: bool) -> None:
        super().__init__(name, attributes, content=content)
        self.attempted = attempted

    def enter(self) -> Any:
        """A call that is made of attempts does not count as the call of a model for what is below it."""
        context = otel_trace.set_span_in_context(self.span) if self.attempted else model_call_context(self.span)
        return attach(otel.set_value(_CALL, self, context))

    def leave(self, token: Any) -> None:
        if token is not None:
            super().leave(token)

    def own(self, attributes: dict[str, Any]) -> dict[str, Any]:
        if not self.attempted:
            return attributes
        return {name: value for name, value in attributes.items() if name not in USAGE}


def _begin(endpoint: Endpoint, args: tuple[Any, ...], kwargs: Mapping[str, Any], group: bool) -> LiteLLMCall | None:
    """Open the span of a call. None: let it pass. Never raises."""
    try:
        if not _hooks or suppressed() or inside_model_call():
            return None
        running = runtime.active or runtime.start()
        if not running.enabled:
            return None
        body = endpoint.arguments(args[1:] if group else args, kwargs)
        model, provider = (body.get("model"), None) if group else _resolved(body)
        attributes = {
            semconv.GEN_AI_OPERATION_NAME: endpoint.operation,
            semconv.OPENINFERENCE_SPAN_KIND: endpoint.kind,
            **litellm_call.named_provider(provider),
            **litellm_call.server(body),
            **litellm_call.caller(body, content=running.capture_content),
            **({semconv.GEN_AI_REQUEST_MODEL: str(model)} if model else {}),
            **({semconv.GEN_AI_REQUEST_STREAM: True} if body.get("stream") else {}),
            **endpoint.request(body, content=running.capture_content),
        }
        name = f"{endpoint.operation} {model}" if model else endpoint.operation
        return LiteLLMCall(name, attributes, content=running.capture_content, attempted=group)
    except Exception:
        our_fault("recording a call of LiteLLM")
        return None


def _resolved(body: Mapping[str, Any]) -> tuple[Any, str | None]:
    """Model and provider, as LiteLLM reads them from `openai/gpt-4o-mini`; what it refuses is kept as it was given."""
    model = body.get("model") or body.get("deployment_id")
    base = body.get("api_base") or body.get("base_url")
    try:
        import litellm

        found, provider, _, _ = litellm.get_llm_provider(
            model=str(model),
            custom_llm_provider=body.get("custom_llm_provider"),
            api_base=base if isinstance(base, str) else None,
            api_key="none",  # it is only asked who the provider is
        )
    except Exception:  # the call itself will say so, to whom it concerns
        return model, None
    return found, provider


def _record(endpoint: Endpoint, call: LiteLLMCall, answer: Any) -> None:
    """Record an answer of any sort, now or when it has been read. Never raises, never consumes anything."""
    try:
        if hasattr(answer, "__next__") or hasattr(answer, "__anext__"):
            reader = endpoint.stream(content=call.content)
            watch(answer, call, reader, facts=litellm_call.facts, keep=call.own)
        else:
            call.finish(call.own(endpoint.response(answer, content=call.content)), endpoint.error(answer))
    except Exception:
        our_fault("recording an answer of LiteLLM")
        call.finish()


async def _recorded_later(endpoint: Endpoint, call: LiteLLMCall, answer: Any) -> Any:
    token = None
    with suppress(Exception):
        token = call.enter()
    try:
        found = await answer
    except BaseException as error:
        with suppress(Exception):
            call.finish(error=error)
        raise
    finally:
        with suppress(Exception):
            call.leave(token)
    with suppress(Exception):
        _record(endpoint, call, found)
    return found


def _attempts(original: Any) -> Any:
    """What is called in there are attempts: each gets a span below that of the call."""
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def attempt(*args: Any, **kwargs: Any) -> Any:
            token = None
            with suppress(Exception):
                token = _enter_attempts()
            try:
                return await original(*args, **kwargs)
            finally:
                with suppress(Exception):
                    if token is not None:
                        detach(token)

    else:

        @functools.wraps(original)
        def attempt(*args: Any, **kwargs: Any) -> Any:
            token = None
            with suppress(Exception):
                token = _enter_attempts()
            try:
                return original(*args, **kwargs)
            finally:
                with suppress(Exception):
                    if token is not None:
                        detach(token)

    return attempt


def _enter_attempts() -> Any:
    call = otel.get_value(_CALL)
    if not isinstance(call, LiteLLMCall) or not inside_model_call():
        return None
    call.attempted = True
    return attach(otel_trace.set_span_in_context(call.span, model_call_context(otel_trace.INVALID_SPAN)))
