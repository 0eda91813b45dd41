"""Assay: tracing and evaluation of LLM applications in one process.

Names load on first use, so that `import assay` costs a traced program next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay import scorers as scorers
    from assay.evaluation import Limits as Limits
    from assay.evaluation import aevaluate as aevaluate
    from assay.evaluation import align as align
    from assay.evaluation import compare as compare
    from assay.evaluation import compare_pairwise as compare_pairwise
    from assay.evaluation import dataset_from_traces as dataset_from_traces
    from assay.evaluation import dataset_history as dataset_history
    from assay.evaluation import evaluate as evaluate
    from assay.evaluation import judge as judge
    from assay.evaluation import load_dataset as load_dataset
    from assay.evaluation import power as power
    from assay.evaluation import register_dataset as register_dataset
    from assay.evaluation import resume as resume
    from assay.evaluation import scorer as scorer
    from assay.evaluation import search_datasets as search_datasets
    from assay.evaluation import split_dataset as split_dataset
    from assay.evaluation.pytest_plugin.checking import check as check
    from assay.evaluation.pytest_plugin.checking import dataset as dataset
    from assay.prompts import ab_test as ab_test
    from assay.prompts import create_ab_test as create_ab_test
    from assay.prompts import list_ab_tests as list_ab_tests
    from assay.prompts import load_prompt as load_prompt
    from assay.prompts import prefetch_prompts as prefetch_prompts
    from assay.prompts import prompt_alias_at as prompt_alias_at
    from assay.prompts import prompt_alias_moves as prompt_alias_moves
    from assay.prompts import prompt_cache_stats as prompt_cache_stats
    from assay.prompts import prompt_history as prompt_history
    from assay.prompts import protect_prompt_alias as protect_prompt_alias
    from assay.prompts import register_prompt as register_prompt
    from assay.prompts import rollback_prompt_alias as rollback_prompt_alias
    from assay.prompts import search_prompts as search_prompts
    from assay.prompts import set_prompt_alias as set_prompt_alias
    from assay.scores import Score as Score
    from assay.sql_query import sql as sql
    from assay.tracing import anthropic as anthropic
    from assay.tracing import bedrock as bedrock
    from assay.tracing import context as context
    from assay.tracing import crewai as crewai
    from assay.tracing import current_span as current_span
    from assay.tracing import current_trace_id as current_trace_id
    from assay.tracing import dspy as dspy
    from assay.tracing import flush as flush
    from assay.tracing import get_trace as get_trace
    from assay.tracing import google_genai as google_genai
    from assay.tracing import init as init
    from assay.tracing import langchain as langchain
    from assay.tracing import litellm as litellm
    from assay.tracing import llama_index as llama_index
    from assay.tracing import mcp as mcp
    from assay.tracing import observe as observe
    from assay.tracing import openai as openai
    from assay.tracing import openai_agents as openai_agents
    from assay.tracing import pydantic_ai as pydantic_ai
    from assay.tracing import score as score
    from assay.tracing import search_traces as search_traces
    from assay.tracing import shutdown as shutdown
    from assay.tracing import start_span as start_span
    from assay.tracing import trace as trace
    from assay.tracing import update_trace as update_trace
    from assay.tracing.autolog import autolog as autolog
    from assay.tracing.propagation import child_environment as child_environment
    from assay.tracing.propagation import continue_trace as continue_trace
    from assay.tracing.propagation import trace_headers as trace_headers
    from assay.tracing.web import AsgiMiddleware as AsgiMiddleware
    from assay.tracing.web import WsgiMiddleware as WsgiMiddleware
    from assay.tracing.web import propagate as propagate

__version__ = "0.1.0"

# Public name -> module that has it; a module that is itself public maps to None.
_NAMES: dict[str, str | None] = {
    "AsgiMiddleware": "assay.tracing.web",
    "AssayError": "assay.errors",
    "Limits": "assay.evaluation",
    "Score": "assay.scores",
    "WsgiMiddleware": "assay.tracing.web",
    "ab_test": "assay.prompts",
    "aevaluate": "assay.evaluation",
    "align": "assay.evaluation",
    "anthropic": "assay.tracing",
    "autolog": "assay.tracing.autolog",
    "bedrock": "assay.tracing",
    "check": "assay.evaluation.pytest_plugin.checking",
    "child_environment": "assay.tracing.propagation",
    "compare": "assay.evaluation",
    "compare_pairwise": "assay.evaluation",
    "context": "assay.tracing",
    "continue_trace": "assay.tracing.propagation",
    "create_ab_test": "assay.prompts",
    "crewai": "assay.tracing",
    "current_span": "assay.tracing",
    "current_trace_id": "assay.tracing",
    "dataset": "assay.evaluation.pytest_plugin.checking",
    "dataset_from_traces": "assay.evaluation",
    "dataset_history": "assay.evaluation",
    "dspy": "assay.tracing",
    "evaluate": "assay.evaluation",
    "flush": "assay.tracing",
    "get_trace": "assay.tracing",
    "google_genai": "assay.tracing",
    "init": "assay.tracing",
    "judge": "assay.evaluation",
    "langchain": "assay.tracing",
    "list_ab_tests": "assay.prompts",
    "litellm": "assay.tracing",
    "llama_index": "assay.tracing",
    "load_dataset": "assay.evaluation",
    "load_prompt": "assay.prompts",
    "mcp": "assay.tracing",
    "observe": "assay.tracing",
    "openai": "assay.tracing",
    "openai_agents": "assay.tracing",
    "power": "assay.evaluation",
    "prefetch_prompts": "assay.prompts",
    "prompt_alias_at": "assay.prompts",
    "prompt_alias_moves": "assay.prompts",
    "prompt_cache_stats": "assay.prompts",
    "prompt_history": "assay.prompts",
    "propagate": "assay.tracing.web",
    "protect_prompt_alias": "assay.prompts",
    "pydantic_ai": "assay.tracing",
    "register_dataset": "assay.evaluation",
    "register_prompt": "assay.prompts",
    "resume": "assay.evaluation",
    "rollback_prompt_alias": "assay.prompts",
    "score": "assay.tracing",
    "scorer": "assay.evaluation",
    "scorers": None,
    "search_datasets": "assay.evaluation",
    "search_prompts": "assay.prompts",
    "search_traces": "assay.tracing",
    "set_prompt_alias": "assay.prompts",
    "shutdown": "assay.tracing",
    "split_dataset": "assay.evaluation",
    "sql": "assay.sql_query",
    "start_span": "assay.tracing",
    "trace": "assay.tracing",
    "trace_headers": "assay.tracing.propagation",
    "update_trace": "assay.tracing",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    module = _NAMES[name]
    value = (
        importlib.import_module(f"assay.{name}") if module is None else getattr(importlib.import_module(module), name)
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
