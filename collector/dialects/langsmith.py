"""LangSmith's OpenTelemetry export: runs of LangChain, LangGraph and `@traceable` under GenAI names.

Inputs and outputs of every run stand as JSON text in `gen_ai.prompt` and `gen_ai.completion`. The operation's name
cannot be trusted ("chat" on prompts, "embeddings" on retrievers): the run's own kind can. Environment variables and
internals of LangChain come as metadata; they are left out here, and stay in the attributes.

Source: langsmith on PyPI (langsmith/_internal/otel/_otel_exporter.py).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import Attributes, Dialect, needs
from assay.collector.dialects.flattened import below
from assay.collector.documents import Document, to_documents
from assay.collector.messages import find_messages, to_messages
from assay.collector.recorded import recorded_input, recorded_output
from assay.collector.token_usage import TokenUsage, read_usage
from assay.collector.values import as_object, as_text, parse_json

KIND = "langsmith.span.kind"
METADATA = "langsmith.metadata."
TAGS = "langsmith.span.tags"
USAGE = "langsmith.metadata.usage_metadata"
PROMPT = "gen_ai.prompt"
COMPLETION = "gen_ai.completion"

KIND_OF_RUN = {
    "llm": "llm",
    "chain": "chain",
    "tool": "tool",
    "retriever": "retriever",
    "embedding": "embedding",
    "prompt": "prompt",
    "parser": "chain",
}

# What LangChain and LangSmith add by themselves
INTERNAL_METADATA = ("LANGSMITH_", "LANGCHAIN_", "ls_", "lc_", "langgraph_", "checkpoint_", "__")
NO_METADATA = (
    "session_id",
    "thread_id",
    "conversation_id",
    "user_id",
    "usage_metadata",
    "_type",
    "model",
    "model_name",
    "stream",
    "temperature",
)
INTERNAL_TAGS = ("seq:step:", "graph:step:", "map:key:", "langsmith:")

# parameter of a request -> how readers see it
PARAMETERS = {
    "langsmith.metadata.ls_temperature": "temperature",
    "langsmith.metadata.ls_max_tokens": "max_tokens",
    "langsmith.metadata.ls_stop": "stop_sequences",
}


@lru_cache(maxsize=4)  # a run's inputs and outputs are read for several columns of one span, then never again
def _parsed(text: str) -> Any:
    return parse_json(text)


def _given(attributes: Attributes, name: str) -> Any:
    """What an attribute spells; the text itself where it spells no list or object."""
    value = attributes.get(name)
    structure = _parsed(value) if isinstance(value, str) else value
    return value if structure is None else structure


def kind(attributes: Attributes) -> str | None:
    return KIND_OF_RUN.get(str(attributes.get(KIND)))


# Content -----------------------------------------------------------------------------------------------------------


@needs(PROMPT)
def input_messages(attributes: Attributes) -> list[Message] | None:
    return _messages(attributes, PROMPT, "user")


@needs(COMPLETION)
def output_messages(attributes: Attributes) -> list[Message] | None:
    return _messages(attributes, COMPLETION, "assistant")


def _messages(attributes: Attributes, name: str, role: str) -> list[Message]:
    """Messages of a model call; other runs take and give values, which may hold messages among other things."""
    if kind(attributes) != "llm":
        return []
    given = _given(attributes, name)
    found = find_messages(given, role=role) or to_messages(_alone(given), role=role) or []
    return [message for message in found if message["parts"]]  # a call that failed has an empty answer


def _alone(value: Any) -> Any:
    """The only value of an object."""
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value


@needs(PROMPT)
def run_input(attributes: Attributes) -> str | None:
    given = _given(attributes, PROMPT)
    if kind(attributes) == "llm" or given in ({}, None):
        return None
    if isinstance(given, dict) and given.keys() == {"input"}:
        given = given["input"]  # put around whatever is no object
    return recorded_input(given if find_messages(given, role="user") else attributes[PROMPT])


@needs(COMPLETION)
def run_output(attributes: Attributes) -> str | None:
    given = _given(attributes, COMPLETION)
    return None if kind(attributes) == "llm" or given in ({}, {"output": None}, None) else recorded_output(given)


@needs(COMPLETION)
def documents(attributes: Attributes) -> list[Document] | None:
    if kind(attributes) != "retriever":
        return None
    given = _given(attributes, COMPLETION)
    return to_documents(given.get("output", given) if isinstance(given, dict) else given)


@needs(COMPLETION)
def response_model(attributes: Attributes) -> str | None:
    """Where LangChain keeps it: on the message, deep in the result."""
    if kind(attributes) != "llm":
        return None
    message = _message(_given(attributes, COMPLETION))
    metadata = as_object(message.get("response_metadata")) or {}
    return as_text(metadata.get("model_name") or metadata.get("model"))


def _message(result: Any) -> dict[str, Any]:
    """The first message of a LangChain result, without its wrapping."""
    for step in ("generations", 0, 0, "message", "kwargs"):
        if isinstance(step, int):
            result = result[0] if isinstance(result, list) and result else None
        else:
            result = result.get(step) if isinstance(result, dict) else None
    return result if isinstance(result, dict) else {}


@needs(*PARAMETERS)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    return {ours: attributes[name] for name, ours in PARAMETERS.items() if name in attributes} or None


# Tokens ------------------------------------------------------------------------------------------------------------


def _usage(attributes: Attributes) -> TokenUsage:
    return read_usage(_given(attributes, USAGE))


@needs(USAGE)
def cache_read_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).cache_read


@needs(USAGE)
def cache_write_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).cache_write


@needs(USAGE)
def reasoning_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).reasoning


@needs(USAGE)
def input_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).input


@needs(USAGE)
def output_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).output


# What the user attached --------------------------------------------------------------------------------------------


@needs(METADATA)
def metadata(attributes: Attributes) -> dict[str, Any] | None:
    attached = below(attributes, METADATA)
    return {
        name: value
        for name, value in attached.items()
        if name not in NO_METADATA and not name.startswith(INTERNAL_METADATA)
    } or None


@needs(TAGS)
def tags(attributes: Attributes) -> list[str] | None:
    """Tags of the user; those that number the steps of a chain are not."""
    given = (as_text(attributes.get(TAGS)) or "").split(",")
    return [tag for text in given if (tag := text.strip()) and not tag.startswith(INTERNAL_TAGS)] or None


DIALECT = Dialect(
    name="otel-genai",
    prefixes=("langsmith.",),
    recognises=lambda attributes: KIND in attributes,
    fields={
        # only a model's run names one; `langsmith.trace.session_name` is the project
        "provider": ("langsmith.metadata.ls_provider", "gen_ai.system"),
        "request_model": (semconv.GEN_AI_REQUEST_MODEL, "langsmith.metadata.ls_model_name"),
        "response_model": (semconv.GEN_AI_RESPONSE_MODEL,),
        "session_id": (
            "langsmith.metadata.session_id",
            "langsmith.metadata.thread_id",
            "langsmith.metadata.conversation_id",
        ),
        "user_id": ("langsmith.metadata.user_id",),
    },
    functions={
        "kind": kind,
        "response_model": response_model,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "input": run_input,
        "output": run_output,
        "documents": documents,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_read_tokens": cache_read_tokens,
        "cache_write_tokens": cache_write_tokens,
        "reasoning_tokens": reasoning_tokens,
        "tags": tags,
        "metadata": metadata,
    },
)
