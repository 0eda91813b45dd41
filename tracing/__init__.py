"""What runs in the traced program: spans, context, autologgers, export. See README.md for the decisions behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.tracing.decorator import observe, trace
from assay.tracing.inherited import context
from assay.tracing.runtime import flush, init, shutdown
from assay.tracing.scoring import score
from assay.tracing.search import get_trace, search_traces
from assay.tracing.span import Span, current_span, current_trace_id, start_span, update_trace

if TYPE_CHECKING:
    import assay.tracing.autolog.langchain as langchain
    import assay.tracing.autolog.litellm as litellm
    import assay.tracing.autolog.openai as openai
    from assay.tracing.autolog.library import Library

    anthropic: Library

__all__ = [
    "Span",
    "anthropic",
    "context",
    "current_span",
    "current_trace_id",
    "flush",
    "get_trace",
    "init",
    "langchain",
    "litellm",
    "observe",
    "openai",
    "score",
    "search_traces",
    "shutdown",
    "start_span",
    "trace",
    "update_trace",
]


def __getattr__(name: str) -> Any:
    # The autologgers load with the first use, and the libraries they are for only when they are switched on.
    from assay.tracing.autolog import LIBRARIES

    if library := LIBRARIES.get(name):
        import importlib

        return importlib.import_module(library.module) if library.module else library
    raise AttributeError(f"module 'assay.tracing' has no attribute {name!r}")
