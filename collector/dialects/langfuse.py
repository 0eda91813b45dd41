"""Langfuse's SDKs, from version 3 on, and whatever else writes `langfuse.*`.

An observation has one model name: that of the answer, or the one asked for where there is no answer. Usage is written
as the provider sent it, or in Langfuse's own buckets, which stand beside each other: see `token_usage`. From version 5
on every value of metadata is JSON, strings too.

Source: langfuse on PyPI (_client/attributes.py), https://langfuse.com/integrations/native/opentelemetry.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import SCOPE, Attributes, Dialect, needs
from assay.collector.documents import Document, to_documents
from assay.collector.messages import find_messages, to_messages
from assay.collector.recorded import answer_of, recorded_input, recorded_output
from assay.collector.token_usage import TokenUsage, read_usage
from assay.collector.values import as_list, as_number, as_object, as_structure, as_text, parse_json, to_json

TYPE = "langfuse.observation.type"
INPUT = "langfuse.observation.input"
OUTPUT = "langfuse.observation.output"
TRACE_INPUT = "langfuse.trace.input"
TRACE_OUTPUT = "langfuse.trace.output"
MODEL = "langfuse.observation.model.name"
PARAMETERS = "langfuse.observation.model.parameters"
USAGE = "langfuse.observation.usage_details"
COST = "langfuse.observation.cost_details"
LEVEL = "langfuse.observation.level"
METADATA = ("langfuse.trace.metadata", "langfuse.observation.metadata")
OBSERVED = "langfuse.observation.metadata."

KIND_OF_TYPE = {
    "generation": "llm",
    "embedding": "embedding",
    "agent": "agent",
    "tool": "tool",
    "chain": "chain",
    "retriever": "retriever",
    "evaluator": "evaluator",
    "guardrail": "guardrail",
}
MAY_HOLD_MESSAGES = ("chain", "agent", "span", None)
EMPTY_HANDED = '{"role"'

# what the LangChain callback takes for the trace itself
OF_THE_TRACE = ("langfuse_session_id", "langfuse_user_id", "langfuse_tags")


def kind(attributes: Attributes) -> str | None:
    named = str(attributes.get(TYPE)).lower()
    if named in ("span", "none") and MODEL in attributes:
        return "llm"
    return KIND_OF_TYPE.get(named)


# Content -----------------------------------------------------------------------------------------------------------


@needs(INPUT)
def input_messages(attributes: Attributes) -> list[Message] | None:
    return _messages(attributes, INPUT, "user")


@needs(OUTPUT)
def output_messages(attributes: Attributes) -> list[Message] | None:
    return _messages(attributes, OUTPUT, "assistant")


def _messages(attributes: Attributes, name: str, role: str) -> list[Message] | None:
    value = attributes.get(name)
    if kind(attributes) != "llm":
        found = find_messages(value, role=role) if attributes.get(TYPE) in MAY_HOLD_MESSAGES else None
        return answer_of(found) or found if role == "assistant" else found
    structure = as_structure(value)
    if structure is not None:
        found = find_messages(_without_tools(structure), role=role)
        if found or role == "user":  # a function's arguments are no message
            return found
    return to_messages(value, role=role)


def _without_tools(value: Any) -> Any:
    """Messages without the tool definitions that the LangChain callback sends as if tools had said them."""
    return [item for item in value if _smuggled(item) is None] if isinstance(value, list) else value


def _smuggled(item: Any) -> Any:
    content = item.get("content") if isinstance(item, dict) and item.get("role") == "tool" else None
    return content if isinstance(content, dict) and "function" in content else None


@needs(INPUT)
def tools(attributes: Attributes) -> list[Any] | None:
    text = attributes.get(INPUT)
    if isinstance(text, str) and '"tools"' not in text and '"tool"' not in text:
        return None
    structure = as_structure(text)
    if isinstance(structure, dict):
        given = structure.get("tools")
        return given if isinstance(given, list) and given else None
    return [item["content"] for item in structure or () if _smuggled(item)] or None


@needs(INPUT, TRACE_INPUT)
def input_text(attributes: Attributes) -> str | None:
    value = attributes.get(INPUT, attributes.get(TRACE_INPUT))
    return as_text(value) if kind(attributes) == "llm" else recorded_input(value)


@needs(OUTPUT, TRACE_OUTPUT)
def output_text(attributes: Attributes) -> str | None:
    value = attributes.get(OUTPUT, attributes.get(TRACE_OUTPUT))
    if kind(attributes) == "llm":  # a message that says nothing is nothing to read
        return None if isinstance(value, str) and value.startswith(EMPTY_HANDED) else as_text(value)
    return recorded_output(value)


@needs(OUTPUT)
def documents(attributes: Attributes) -> list[Document] | None:
    return to_documents(attributes.get(OUTPUT)) if attributes.get(TYPE) == "retriever" else None


# Models, tokens, cost ----------------------------------------------------------------------------------------------


@needs(MODEL)
def request_model(attributes: Attributes) -> str | None:
    """What was asked for: told by LangChain, else known only where nothing answered."""
    asked = _metadata_value(attributes.get(OBSERVED + "ls_model_name"))
    return as_text(asked) or (None if _answered(attributes) else as_text(attributes.get(MODEL)))


@needs(MODEL)
def response_model(attributes: Attributes) -> str | None:
    return as_text(attributes.get(MODEL)) if _answered(attributes) else None


def _answered(attributes: Attributes) -> bool:
    return OUTPUT in attributes or USAGE in attributes


@needs(OBSERVED)
def provider(attributes: Attributes) -> str | None:
    return as_text(_metadata_value(attributes.get(OBSERVED + "ls_provider")))


@needs(PARAMETERS)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    """Without `max_tokens: Infinity`, which is written where no limit was given."""
    parameters = as_object(attributes.get(PARAMETERS)) or {}
    return {name: value for name, value in parameters.items() if value not in ("Infinity", None)} or None


@needs(OBSERVED)
def finish_reasons(attributes: Attributes) -> list[str] | None:
    return as_list(_metadata_value(attributes.get(OBSERVED + "finish_reason")))


@lru_cache(maxsize=16)
def _read_usage(text: str) -> TokenUsage:
    return read_usage(parse_json(text))


def usage(attributes: Attributes) -> TokenUsage:
    given = attributes.get(USAGE)
    return _read_usage(given) if isinstance(given, str) else read_usage(given)


@needs(COST)
def cost(attributes: Attributes) -> float | None:
    """In dollars. The OpenAI client writes zeros for a call that failed: those say nothing."""
    details = as_object(attributes.get(COST)) or {}
    parts = [number for key, value in details.items() if key != "total" and (number := as_number(value)) is not None]
    total = as_number(details.get("total"))
    found = total if total is not None else sum(parts) if parts else None
    return found if found or USAGE in attributes else None


# The trace ---------------------------------------------------------------------------------------------------------


def _metadata_value(value: Any) -> Any:
    """What a value of metadata says, be it JSON or plain. `3.10` stays text: as a number it would lose its zero."""
    if not isinstance(value, str):
        return value
    try:
        found = orjson.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, (str, list, dict)) or to_json(found) == value else value


@needs(*METADATA)
def metadata(attributes: Attributes) -> dict[str, Any] | None:
    """The trace's and the observation's own, the latter before the former."""
    found: dict[str, Any] = {}
    for whole in METADATA:
        if whole in attributes:
            value = _metadata_value(attributes[whole])
            found.update(value if isinstance(value, dict) else {"metadata": value})
        prefix = whole + "."
        found.update(
            {
                name[len(prefix) :]: _metadata_value(value)
                for name, value in attributes.items()
                if name.startswith(prefix)
            }
        )
    return {name: value for name, value in found.items() if name not in OF_THE_TRACE} or None


def _attached(*names: str) -> Any:
    """What the user put into an observation's metadata: under Langfuse's name, or as LangChain's users do."""

    @needs(*(OBSERVED + name for name in names))
    def told(attributes: Attributes) -> Any:
        values = (_metadata_value(attributes.get(OBSERVED + name)) for name in names)
        return next((value for value in values if value), None)

    return told


@needs(LEVEL)
def status(attributes: Attributes) -> str | None:
    return "error" if str(attributes.get(LEVEL)).upper() == "ERROR" else None


DIALECT = Dialect(
    name="langfuse",
    prefixes=("langfuse.",),
    scopes=("langfuse-sdk",),
    recognises=lambda attributes: (
        str(attributes.get(SCOPE)).startswith("langfuse-sdk")
        or any(name.startswith("langfuse.observation.") for name in attributes)
    ),
    fields={
        "session_id": (semconv.SESSION_ID, "langfuse.session.id"),
        "user_id": (semconv.USER_ID, "langfuse.user.id"),
        "tags": ("langfuse.trace.tags", "langfuse.tags"),
        "trace_name": ("langfuse.trace.name",),
        "environment": ("langfuse.environment",),
        "release": ("langfuse.release",),
        "status_message": ("langfuse.observation.status_message",),
        "prompt_name": ("langfuse.observation.prompt.name", "langfuse.prompt.name"),
        "prompt_version": ("langfuse.observation.prompt.version", "langfuse.prompt.version"),
    },
    functions={
        "kind": kind,
        "provider": provider,
        "request_model": request_model,
        "response_model": response_model,
        "model_parameters": model_parameters,
        "finish_reasons": finish_reasons,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "input": input_text,
        "output": output_text,
        "documents": documents,
        "input_tokens": needs(USAGE)(lambda attributes: usage(attributes).input),
        "output_tokens": needs(USAGE)(lambda attributes: usage(attributes).output),
        "total_tokens": needs(USAGE)(lambda attributes: usage(attributes).total),
        "cache_read_tokens": needs(USAGE)(lambda attributes: usage(attributes).cache_read),
        "cache_write_tokens": needs(USAGE)(lambda attributes: usage(attributes).cache_write),
        "reasoning_tokens": needs(USAGE)(lambda attributes: usage(attributes).reasoning),
        "cost_usd": cost,
        "session_id": _attached("langfuse_session_id", "session_id", "thread_id", "conversation_id"),
        "user_id": _attached("langfuse_user_id", "user_id"),
        "tags": _attached("langfuse_tags"),
        "metadata": metadata,
        "status": status,
    },
)
