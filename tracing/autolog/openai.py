"""Spans for the calls of the `openai` SDK: one hook, where every call of every client passes.

`request` of the sync and the async client has had the same shape from openai 1 to 3. Patching the classes covers
clients made before as well, `with_options`, Azure, `parse()` and the stream helpers. One span stands for one call of
the application: the SDK's retries happen inside it. What else is patched only helps to see more of a call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from assay.errors import MissingExtra
from assay.tracing.autolog.model_call import inside_model_call
from assay.tracing.autolog.openai_background import forget
from assay.tracing.autolog.openai_exchange import Exchange, begin, process_hook
from assay.tracing.autolog.openai_raw import adopt
from assay.tracing.autolog.openai_retries import retry_hook
from assay.tracing.autolog.patches import Patches
from assay.tracing.otel_context import suppressed
from assay.tracing.tell import harmless

_patches = Patches()


def autolog(*, disable: bool = False) -> None:
    """Trace the calls of the `openai` SDK: chats, responses, completions, embeddings; plain or streamed, sync or async.

    May be called again; covers clients made before; `disable=True` undoes it.

    Raises:
        MissingExtra: openai is not installed.
    """
    if disable:
        _patches.remove()
        forget()
        return
    try:
        from openai._base_client import AsyncAPIClient, BaseClient, SyncAPIClient
        from openai._streaming import AsyncStream, Stream
    except ImportError as error:
        raise MissingExtra("assay.openai.autolog()", "openai") from error
    _patches.apply(
        (SyncAPIClient, "request", _sync_hook),
        (AsyncAPIClient, "request", _async_hook),
        (SyncAPIClient, "_process_response", process_hook),
        (AsyncAPIClient, "_process_response", process_hook),
        (BaseClient, "_calculate_retry_timeout", retry_hook),
        (Stream, "__init__", _stream_hook),
        (AsyncStream, "__init__", _stream_hook),
    )


def _sync_hook(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = _begin(self, options, kwargs)
        if exchange is None:
            return original(self, cast_to, options, *args, **kwargs)
        tokens = exchange.enter()
        try:
            answer = original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            exchange.failed(error)
            raise
        finally:
            exchange.leave(tokens)
        exchange.answered(answer)
        return answer

    return request


def _async_hook(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = _begin(self, options, kwargs)
        if exchange is None:
            return await original(self, cast_to, options, *args, **kwargs)
        tokens = exchange.enter()
        try:
            answer = await original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            exchange.failed(error)
            raise
        finally:
            exchange.leave(tokens)
        exchange.answered(answer)
        return answer

    return request


@harmless("recording an OpenAI request")
def _begin(client: Any, options: Any, kwargs: dict[str, Any]) -> Exchange | None:
    if not _patches.active or suppressed() or inside_model_call():
        return None
    return begin(client, options, stream=bool(kwargs.get("stream")))


def _stream_hook(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        adopt(self)

    return __init__
