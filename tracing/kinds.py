"""What a span of each kind carries, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay import semconv
from assay.errors import ConfigurationError
from assay.tracing.documents import as_documents
from assay.tracing.serialise import arguments_to_json, to_json, to_text


@dataclass(frozen=True, slots=True)
class Kind:
    """Names of the conventions for one kind of span.

    `attributes` go on every span of it; `name` is the attribute that repeats the span's name; `inputs` and `outputs`
    give attributes beside `input.value` and `output.value`, from the value and the text that it was recorded as.
    """

    attributes: Mapping[str, str]
    name: str | None = None
    inputs: Callable[[Any, str], dict[str, Any]] | None = None
    outputs: Callable[[Any, str], dict[str, Any]] | None = None


def _kind(openinference: str, operation: str | None = None, **extra: Any) -> Kind:
    attributes = {semconv.OPENINFERENCE_SPAN_KIND: openinference, **extra.pop("attributes", {})}
    if operation:
        attributes[semconv.GEN_AI_OPERATION_NAME] = operation
    return Kind(attributes=attributes, **extra)


def _tool_arguments(value: Any, text: str) -> dict[str, Any]:
    return {semconv.GEN_AI_TOOL_CALL_ARGUMENTS: to_json(value) if type(value) is str else text}


def _tool_result(value: Any, text: str) -> dict[str, Any]:
    return {semconv.GEN_AI_TOOL_CALL_RESULT: text}


def _query(value: Any, text: str) -> dict[str, Any]:
    if type(value) is str:
        return {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: text}
    if type(value) is dict:  # a function's arguments: the first that is text
        texts = [item for item in value.values() if type(item) is str]
        return {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: to_text(texts[0])[0]} if texts else {}
    return {}


def _documents(value: Any, text: str) -> dict[str, Any]:
    documents = as_documents(value)
    return {} if documents is None else {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: to_json(documents)}


KINDS: Mapping[str, Kind] = {
    "llm": _kind("LLM", "chat"),
    "agent": _kind("AGENT", "invoke_agent", name=semconv.GEN_AI_AGENT_NAME),
    "tool": _kind("TOOL", "execute_tool", name=semconv.GEN_AI_TOOL_NAME, inputs=_tool_arguments, outputs=_tool_result),
    "retriever": _kind("RETRIEVER", "retrieval", inputs=_query, outputs=_documents),
    "reranker": _kind("RERANKER", outputs=_documents),
    "embedding": _kind("EMBEDDING", "embeddings"),
    "chain": _kind("CHAIN"),
    "guardrail": _kind("GUARDRAIL"),
    "evaluator": _kind("EVALUATOR"),
    "prompt": _kind("PROMPT"),
    "task": _kind("CHAIN", attributes={semconv.ASSAY_SPAN_KIND: "task"}),
}

_SYNONYMS = {
    "function": "chain",
    "general": "chain",
    "workflow": "chain",
    "retrieval": "retriever",
    "chat_model": "llm",
}


def known_kind(kind: str | None) -> str | None:
    """The kind as the table spells it; other cases and other products' words are understood.

    Raises:
        ConfigurationError: no such kind.
    """
    if kind is None:
        return None
    lowered = str(kind).lower()
    lowered = _SYNONYMS.get(lowered, lowered)
    if lowered not in KINDS:
        raise ConfigurationError(f"There is no span kind {kind!r}.", hint=f"It is one of: {', '.join(KINDS)}.")
    return lowered


def start_attributes(kind: str | None, name: str, attributes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Attributes of a new span; those the caller gave win."""
    if kind is None:
        return dict(attributes) if attributes else {}
    rule = KINDS[kind]
    named = {rule.name: name} if rule.name else {}
    return {**rule.attributes, **named, **(attributes or {})}


def input_attributes(kind: str | None, value: Any) -> dict[str, Any]:
    text, mime_type = to_text(value)
    found: dict[str, Any] = {semconv.INPUT_VALUE: text, semconv.INPUT_MIME_TYPE: mime_type}
    if kind is not None and (more := KINDS[kind].inputs) is not None:
        found.update(more(value, text))
    return found


def argument_attributes(kind: str | None, bound: dict[str, Any]) -> dict[str, Any]:
    """`input_attributes` of a call's arguments by name."""
    text = arguments_to_json(bound)
    found: dict[str, Any] = {semconv.INPUT_VALUE: text, semconv.INPUT_MIME_TYPE: "application/json"}
    if kind is not None and (more := KINDS[kind].inputs) is not None:
        found.update(more(bound, text))
    return found


def output_attributes(kind: str | None, value: Any) -> dict[str, Any]:
    text, mime_type = to_text(value)
    found: dict[str, Any] = {semconv.OUTPUT_VALUE: text, semconv.OUTPUT_MIME_TYPE: mime_type}
    if kind is not None and (more := KINDS[kind].outputs) is not None:
        found.update(more(value, text))
    return found


def attribute_value(value: Any) -> Any:
    """A value as a span takes it: scalars and lists of one scalar type as they are, anything else as JSON text."""
    if type(value) in (bool, int, float):
        return value
    if type(value) is str:
        return to_text(value)[0]
    if type(value) in (list, tuple) and value and type(value[0]) in (str, bool, int, float):
        first = type(value[0])
        if all(type(item) is first for item in value):
            return tuple(to_text(item)[0] for item in value) if first is str else tuple(value)
    return to_text(value)[0]
