"""LiteLLM's OpenTelemetry callback, in process and in its proxy.

It mixes: GenAI names, OpenLLMetry's (`gen_ai.prompt.0.role`, `llm.request.type`), and what stands only here: prices,
tool calls numbered by call rather than by answer (`gen_ai.completion.1.function_call.name` is the second call of the
first answer), metadata as Python writes it. Its child span `raw_gen_ai_request` is the same call as it went over the
wire: no call of its own, so it has no kind.

Source: litellm on PyPI (integrations/opentelemetry.py).
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import SCOPE, Attributes, Dialect, needs
from assay.collector.dialects.flattened import below, numbered
from assay.collector.message_parts import tool_call
from assay.collector.messages import to_messages
from assay.collector.values import as_count, as_list, as_number, as_object, as_text

REQUEST_TYPE = "llm.request.type"
COMPLETION = "gen_ai.completion"
USAGE = "metadata.usage_object"
HIDDEN = "hidden_params"
MODEL = "litellm.provider.model"
METADATA = "metadata."
REQUESTER = "metadata.requester_metadata"

KIND_OF_TYPE = {
    "completion": "llm",
    "acompletion": "llm",
    "text_completion": "llm",
    "atext_completion": "llm",
    "responses": "llm",
    "aresponses": "llm",
    "anthropic_messages": "llm",
    "embedding": "embedding",
    "aembedding": "embedding",
    "rerank": "reranker",
    "arerank": "reranker",
}

# Metadata that says nothing of the request itself, or has a column of its own
NO_METADATA = ("usage_object", "requester_metadata", "user_api_key_user_id", "user_api_key_end_user_id")
MAX_LITERAL = 20_000  # characters of Python that are read
COUNT = re.compile(r"""['"](\w{1,64})['"]: (\d{1,15})\b""")


def kind(attributes: Attributes) -> str | None:
    if "guardrail_name" in attributes:
        return "guardrail"
    return KIND_OF_TYPE.get(str(attributes.get(REQUEST_TYPE)))


# Content -----------------------------------------------------------------------------------------------------------


@needs(COMPLETION + ".")
def output_messages(attributes: Attributes) -> list[Message] | None:
    """The answers, with the tool calls in the first one."""
    items = numbered(attributes, COMPLETION)
    calls = [tool_call(item["function_call"]) for item in items if isinstance(item.get("function_call"), dict)]
    messages = to_messages(attributes.get(semconv.GEN_AI_OUTPUT_MESSAGES), role="assistant")
    if messages is None:
        messages = [
            message
            for item in items
            if "role" in item or "content" in item
            for message in to_messages([{"role": "assistant", **_said(item)}], role="assistant") or ()
        ]
    if not calls:
        return messages or None
    first, *others = messages or [{"role": "assistant", "parts": []}]
    if any(part["type"] == "tool_call" for part in first["parts"]):
        return [first, *others]
    said = [part for part in first["parts"] if part.get("content") != ""]
    return [{**first, "parts": [*said, *calls]}, *others]


def _said(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "function_call"}


# Models, tokens, cost ----------------------------------------------------------------------------------------------


@needs(REQUEST_TYPE, MODEL, "error.llm_provider", HIDDEN)
def provider(attributes: Attributes) -> str | None:
    """What stands before the slash in `openai/gpt-4o-mini`, where the span names no provider."""
    for name in (semconv.GEN_AI_PROVIDER_NAME, "gen_ai.system", "error.llm_provider"):
        if named := as_text(attributes.get(name)):
            return named
    hidden = as_object(attributes.get(HIDDEN)) or {}
    for model in (attributes.get(MODEL), hidden.get("litellm_model_name")):
        if isinstance(model, str) and "/" in model:
            return model.partition("/")[0]
    return None


@needs(semconv.GEN_AI_REQUEST_MODEL)
def request_model(attributes: Attributes) -> str | None:
    model, named = as_text(attributes.get(semconv.GEN_AI_REQUEST_MODEL)), provider(attributes)
    return model.removeprefix(f"{named}/") if model else None


@needs("gen_ai.response.finish_reasons", COMPLETION + ".")
def finish_reasons(attributes: Attributes) -> list[str] | None:
    if told := as_list(attributes.get(semconv.GEN_AI_RESPONSE_FINISH_REASONS)):
        return told
    return [
        str(item["finish_reason"]) for item in numbered(attributes, COMPLETION) if item.get("finish_reason")
    ] or None


@lru_cache(maxsize=4)
def _counts(text: str) -> dict[str, str]:
    return dict(COUNT.findall(text))


def _count(*names: str) -> Any:
    """A count that stands only in the usage object, which is written as Python writes a dict."""

    @needs(USAGE)
    def count(attributes: Attributes) -> int | None:
        text = attributes.get(USAGE)
        found = _counts(text) if isinstance(text, str) and len(text) <= MAX_LITERAL else {}
        return next((as_count(found[name]) for name in names if name in found), None)

    return count


@needs("gen_ai.cost.total_cost", HIDDEN)
def cost(attributes: Attributes) -> float | None:
    """What LiteLLM reckoned; where only the hidden parameters tell, 0 is what they say of a call that failed."""
    told = as_number(attributes.get("gen_ai.cost.total_cost"))
    if told is not None:
        return told
    return as_number((as_object(attributes.get(HIDDEN)) or {}).get("response_cost")) or None


# Who asked ---------------------------------------------------------------------------------------------------------


def _requester(attributes: Attributes) -> dict[str, Any]:
    """Metadata of the request that a proxy received."""
    text = attributes.get(REQUESTER)
    found = as_object(text)
    return _literal(text) if found is None else found


def _literal(text: Any) -> dict[str, Any]:
    """A dict as Python writes it."""
    if not isinstance(text, str) or not text.startswith("{") or len(text) > MAX_LITERAL:
        return {}
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return found if isinstance(found, dict) else {}


@needs(REQUESTER, "metadata.session_id", "litellm.session_id")
def session_id(attributes: Attributes) -> str | None:
    told = attributes.get("metadata.session_id") or attributes.get("litellm.session_id")
    requester = _requester(attributes)
    return as_text(told or requester.get("session_id") or requester.get("litellm_session_id"))


@needs("llm.user", METADATA)
def user_id(attributes: Attributes) -> str | None:
    """The end user of the request; the owner of the key only where nobody else is named."""
    requester = _requester(attributes)
    candidates = (
        attributes.get("llm.user"),
        attributes.get("metadata.user_api_key_end_user_id"),
        requester.get("user_id") or requester.get("trace_user_id"),
        attributes.get("metadata.user_api_key_user_id"),
    )
    return next((text for candidate in candidates if (text := as_text(candidate))), None)


@needs(REQUESTER, "metadata.tags")
def tags(attributes: Attributes) -> list[str] | None:
    return as_list(attributes.get("metadata.tags") or _requester(attributes).get("tags"))


@needs(METADATA)
def metadata(attributes: Attributes) -> dict[str, Any] | None:
    """What the caller and the proxy attached, without the many names that have no value."""
    told = below(attributes, METADATA)
    kept = {name: value for name, value in told.items() if value not in ("", "[]", "{}") and name not in NO_METADATA}
    return {**kept, **_requester(attributes)} or None


DIALECT = Dialect(
    name="litellm",
    prefixes=("litellm.", "gen_ai.cost.", "hidden_params"),
    scopes=("litellm",),
    recognises=lambda attributes: (
        str(attributes.get(SCOPE)).startswith("litellm")
        or HIDDEN in attributes
        or any(name.startswith("litellm.") for name in attributes)
    ),
    fields={
        "status_message": ("error.message",),
    },
    functions={
        "kind": kind,
        "provider": provider,
        "request_model": request_model,
        "finish_reasons": finish_reasons,
        "output_messages": output_messages,
        "cache_read_tokens": _count("cached_tokens", "cache_read_input_tokens"),
        "cache_write_tokens": _count("cache_creation_input_tokens", "cache_creation_tokens", "cache_write_tokens"),
        "reasoning_tokens": _count("reasoning_tokens"),
        "cost_usd": cost,
        "session_id": session_id,
        "user_id": user_id,
        "tags": tags,
        "metadata": metadata,
    },
)
