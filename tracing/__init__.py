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
    import assay.tracing.autolog.pydantic_ai as pydantic_ai
    from assay.tracing.autolog.library import Library

    anthropic: Library
    bedrock: Library
    crewai: Library
    dspy: Library
    google_genai: Library
    llama_index: Library
    mcp: Library
    openai_agents: Library

__all__ = [
    "Span",
    "anthropic",
    "bedrock",
    "context",
    "crewai",
    "current_span",
    "current_trace_id",
    "dspy",
    "flush",
    "get_trace",
    "google_genai",
    "init",
    "langchain",
    "litellm",
    "llama_index",
    "mcp",
    "observe",
    "openai",
    "openai_agents",
    "pydantic_ai",
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
