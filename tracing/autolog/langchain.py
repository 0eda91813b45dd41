"""Spans for LangChain and LangGraph: models, chains, agents, tools, retrievers, graphs and their nodes.

A callback handler, registered where LangChain looks for handlers whenever something runs (`register_configure_hook`),
so that nothing has to be passed along, and a handler of the program's own or LangSmith's goes on beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import MissingExtra
from assay.tracing import runtime
from assay.tracing.autolog import langchain_context
from assay.tracing.autolog.langchain_runs import Runs
from assay.tracing.otel_context import suppressed
from assay.tracing.tell import harmless

if TYPE_CHECKING:
    from assay.tracing.autolog.langchain_handler import Handler


class _Hook:
    """What LangChain asks, as it would a context variable: is there a handler here? In every thread the same one."""

    def __init__(self) -> None:
        self.handler: Handler | None = None

    @harmless("recording LangChain")
    def get(self) -> Handler | None:
        handler = self.handler
        if handler is None or not handler.enabled:
            return None
        running = runtime.active or runtime.start()
        return handler if running.enabled and not suppressed() else None


_hook = _Hook()
_runs = Runs()


def autolog(*, disable: bool = False) -> None:
    """Trace LangChain and LangGraph: chat and text models, chains, agents, tools, retrievers, graphs; sync and async.

    May be called again; covers what was made before; `disable=True` undoes it.

    Raises:
        MissingExtra: langchain-core is not installed.
    """
    if disable:
        if _hook.handler is not None:
            _hook.handler.enabled = False
            langchain_context.unpatch()
        return
    if _hook.handler is None:
        _hook.handler = _registered()
    _hook.handler.enabled = True
    langchain_context.patch(_runs)


def _registered() -> Any:
    try:
        from langchain_core.tracers.context import register_configure_hook

        from assay.tracing.autolog.langchain_handler import Handler
    except ImportError as error:
        raise MissingExtra("assay.langchain.autolog()", "langchain") from error
    register_configure_hook(_hook, inheritable=True)  # type: ignore[arg-type]
    return Handler(_runs)
