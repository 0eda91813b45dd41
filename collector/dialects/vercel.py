"""The Vercel AI SDK, versions 3 to 6, and version 7 with its `LegacyOpenTelemetry`.

One call makes two spans: `ai.generateText` is the function that was called, `ai.generateText.doGenerate` the request to
the model. Both carry usage, so the outer one is a chain, whose usage is a sum. Version 7 writes GenAI names of its
own accord; of ours it has only `ai.settings.context.*` and details of usage.

Tokens: up to version 5 counts are the provider's own, and Anthropic and Bedrock count cached tokens beside the
others. From version 6 on (`ai.usage.inputTokenDetails.*`) input includes them everywhere.

Source: ai and @ai-sdk/otel as published on npm, https://ai-sdk.dev/docs/ai-sdk-core/telemetry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from assay import semconv
from assay.collector.dialects.dialect import SCOPE, Attributes, Dialect, needs
from assay.collector.message_parts import text_part, to_part, tool_call
from assay.collector.messages import Message, to_messages
from assay.collector.values import as_count, as_list, as_object, as_structure, as_text, parse_json

KIND_OF_REQUEST = {
    "doGenerate": "llm",
    "doStream": "llm",
    "doEmbed": "embedding",
    "doRerank": "reranker",
    "toolCall": "tool",
}

PARAMETERS = {
    "ai.settings.temperature": "temperature",
    "ai.settings.topP": "top_p",
    "ai.settings.topK": "top_k",
    "ai.settings.maxTokens": "max_tokens",
    "ai.settings.maxOutputTokens": "max_tokens",
    "ai.settings.frequencyPenalty": "frequency_penalty",
    "ai.settings.presencePenalty": "presence_penalty",
    "ai.settings.stopSequences": "stop_sequences",
    "ai.settings.seed": "seed",
}

# What the user attached to a call: any names. These are the usual ones, in lower case and without punctuation.
ATTACHED = ("ai.telemetry.metadata.", "ai.settings.context.")
SESSIONS = ("sessionid", "langfusesessionid", "threadid", "conversationid", "chatid")
USERS = ("userid", "langfuseuserid", "enduserid")
TAGS = ("tags", "langfusetags")

CACHE_IS_EXTRA = ("anthropic", "amazon-bedrock", "bedrock", "vertex.anthropic", "google.vertex.anthropic")


def operation(attributes: Attributes) -> str | None:
    """`ai.generateText.doGenerate`; before version 3.1 only with the function's id behind it."""
    named = as_text(attributes.get("ai.operationId"))
    if named is None:
        named = (as_text(attributes.get("operation.name")) or "").partition(" ")[0]
    return named if named.startswith("ai.") else None


def kind(attributes: Attributes) -> str | None:
    named = operation(attributes)
    return KIND_OF_REQUEST.get(named.rpartition(".")[2], "chain") if named else None


def provider(attributes: Attributes) -> str | None:
    named = _provider(attributes)
    return "azure" if named.startswith("azure.") and not named.startswith("azure.ai.") else named or None


def _provider(attributes: Attributes) -> str:
    return str(attributes.get("ai.model.provider") or attributes.get("gen_ai.system") or "").lower()


@needs("ai.settings.")
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    return {name: attributes[key] for key, name in PARAMETERS.items() if key in attributes} or None


# Content -----------------------------------------------------------------------------------------------------------


@needs("ai.prompt")
def input_messages(attributes: Attributes) -> list[Message] | None:
    if messages := to_messages(attributes.get("ai.prompt.messages"), role="user"):
        return messages
    given = attributes.get("ai.prompt")
    prompt = as_object(given)
    if prompt is None:
        return to_messages(given, role="user")
    system = prompt.get("system") or prompt.get("instructions")
    return [*_said(system, "system"), *_said(prompt.get("messages") or prompt.get("prompt"), "user")] or None


def _said(value: Any, role: str) -> list[Message]:
    if isinstance(value, str):  # what a person wrote is text, even where it looks like JSON
        return [{"role": role, "parts": [text_part(value)]}] if value else []
    return to_messages(value, role=role) or []


@needs("ai.response.", "ai.result.")
def output_messages(attributes: Attributes) -> list[Message] | None:
    parts = list(_answer(attributes))
    if not parts:
        return None
    reason = as_text(attributes.get("ai.response.finishReason") or attributes.get("ai.finishReason"))
    return [{"role": "assistant", **({"finish_reason": reason} if reason else {}), "parts": parts}]


def _answer(attributes: Attributes) -> Iterator[dict[str, Any]]:
    if reasoning := as_text(attributes.get("ai.response.reasoning")):
        yield {"type": "reasoning", "content": reasoning}
    for name in ("ai.response.text", "ai.result.text", "ai.response.object", "ai.result.object"):
        if text := as_text(attributes.get(name)):
            yield text_part(text)
    calls = as_structure(attributes.get("ai.response.toolCalls") or attributes.get("ai.result.toolCalls"))
    yield from (tool_call(call) for call in (calls if isinstance(calls, list) else []) if isinstance(call, Mapping))
    files = as_structure(attributes.get("ai.response.files"))
    for file in files if isinstance(files, list) else []:
        if isinstance(file, Mapping):
            yield to_part({"type": "file", **file})


@needs("ai.prompt.tools")
def tools(attributes: Attributes) -> list[Any] | None:
    return _each(attributes.get("ai.prompt.tools"))


def _each(value: Any) -> list[Any] | None:
    """The values of an array whose items are JSON text, one by one."""
    if not isinstance(value, list):
        return None
    return [_value(item) for item in value] or None


def _value(text: Any) -> Any:
    """What JSON text says, if only a string; other text stays text."""
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except ValueError:
        return text


@needs("ai.value", "ai.request.text")
def given(attributes: Attributes) -> str | None:
    """What was to be embedded, or spoken."""
    if values := _each(attributes.get("ai.values")):
        return as_text(values[0] if len(values) == 1 else values)
    return as_text(_value(attributes.get("ai.value"))) or as_text(attributes.get("ai.request.text"))


@needs("ai.documents")
def documents(attributes: Attributes) -> list[dict[str, Any]] | None:
    """Reranked documents, best first; before there is a ranking, as they were given."""
    texts = _each(attributes.get("ai.documents")) or []
    ranking = [place for place in _each(attributes.get("ai.ranking")) or [] if isinstance(place, dict)]
    if not ranking:
        return [{"content": as_text(text)} for text in texts] or None
    found = []
    for place in ranking:
        index = as_count(place.get("index"))
        text = texts[index] if index is not None and index < len(texts) else None
        found.append({"id": as_text(index), "content": as_text(text), "score": place.get("relevanceScore")})
    return found


# Tokens ------------------------------------------------------------------------------------------------------------

READ = ("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens")
WRITTEN = ("ai.usage.inputTokenDetails.cacheWriteTokens",)
THOUGHT = ("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens")
GIVEN = ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens", "gen_ai.usage.input_tokens")
ANSWERED = ("ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens")

# Where providers keep what the SDK's own counts left out up to version 5, inside their metadata
READ_BESIDE = ("cachedPromptTokens", "cacheReadInputTokens", "cache_read_input_tokens", "cachedContentTokenCount")
WRITTEN_BESIDE = ("cacheCreationInputTokens", "cacheWriteInputTokens", "cache_creation_input_tokens")
THOUGHT_BESIDE = ("reasoningTokens", "thoughtsTokenCount")


@needs("ai.usage.", "ai.response.providerMetadata")
def cache_read_tokens(attributes: Attributes) -> int | None:
    found = _count(attributes, READ)
    return _beside(attributes, READ_BESIDE) if found is None else found


@needs("ai.usage.", "ai.response.providerMetadata")
def cache_write_tokens(attributes: Attributes) -> int | None:
    found = _count(attributes, WRITTEN)
    return _beside(attributes, WRITTEN_BESIDE) if found is None else found


@needs("ai.usage.", "ai.response.providerMetadata")
def reasoning_tokens(attributes: Attributes) -> int | None:
    found = _count(attributes, THOUGHT)
    return _beside(attributes, THOUGHT_BESIDE) if found is None else found


@needs("ai.usage.")
def input_tokens(attributes: Attributes) -> int | None:
    found = _count(attributes, GIVEN)
    if found is None or _is_inclusive(attributes) or not _provider(attributes).startswith(CACHE_IS_EXTRA):
        return found
    return found + (cache_read_tokens(attributes) or 0) + (cache_write_tokens(attributes) or 0)


@needs("ai.usage.")
def output_tokens(attributes: Attributes) -> int | None:
    found = _count(attributes, ANSWERED)
    if found is None or _is_inclusive(attributes) or not _provider(attributes).startswith(("google", "vertex")):
        return found
    return found + (reasoning_tokens(attributes) or 0)  # Gemini counts thoughts beside the answer


def _is_inclusive(attributes: Attributes) -> bool:
    return any(
        name in attributes
        for name in (
            "ai.usage.inputTokenDetails.noCacheTokens",
            "ai.usage.inputTokenDetails.cacheReadTokens",
            "ai.usage.outputTokenDetails.textTokens",
        )
    )


def _count(attributes: Attributes, names: tuple[str, ...]) -> int | None:
    return next((count for name in names if (count := as_count(attributes.get(name))) is not None), None)


@lru_cache(maxsize=4)  # read for several counts of one span, then never again
def _parsed(text: str) -> Any:
    return parse_json(text)


def _beside(attributes: Attributes, names: tuple[str, ...]) -> int | None:
    """A count from the provider's metadata: `{"anthropic": {"cacheCreationInputTokens": 10, "usage": {...}}}`."""
    given = attributes.get("ai.response.providerMetadata")
    told = _parsed(given) if isinstance(given, str) else given
    for metadata in told.values() if isinstance(told, dict) else ():
        if not isinstance(metadata, dict):
            continue
        for place in (metadata, metadata.get("usage"), metadata.get("usageMetadata")):
            if isinstance(place, dict) and (found := _count(place, names)) is not None:
                return found
    return None


# What the user attached --------------------------------------------------------------------------------------------


def _attached(attributes: Attributes) -> dict[str, Any]:
    found = {}
    for name, value in attributes.items():
        if name.startswith(ATTACHED):
            prefix = ATTACHED[0] if name.startswith(ATTACHED[0]) else ATTACHED[1]
            found[name[len(prefix) :]] = value
    return found


@lru_cache(maxsize=1024)
def _usual(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _named(attributes: Attributes, usual: tuple[str, ...]) -> Any:
    by_name = {_usual(name): value for name, value in _attached(attributes).items()}
    return next((by_name[name] for name in usual if by_name.get(name)), None)


@needs(*ATTACHED)
def session_id(attributes: Attributes) -> str | None:
    return as_text(_named(attributes, SESSIONS))


@needs(*ATTACHED)
def user_id(attributes: Attributes) -> str | None:
    return as_text(_named(attributes, USERS))


@needs(*ATTACHED)
def tags(attributes: Attributes) -> list[str] | None:
    return as_list(_named(attributes, TAGS))


@needs(*ATTACHED, "ai.telemetry.functionId")
def metadata(attributes: Attributes) -> dict[str, Any] | None:
    """All that was attached but what has a column of its own, and the function's id."""
    columns = {*SESSIONS, *USERS, *TAGS}
    attached = {name: value for name, value in _attached(attributes).items() if _usual(name) not in columns}
    if function := attributes.get("ai.telemetry.functionId"):
        attached["functionId"] = function
    return attached or None


DIALECT = Dialect(
    name="vercel",
    prefixes=("ai.",),
    recognises=lambda attributes: (
        "ai.operationId" in attributes
        or attributes.get(SCOPE) == "ai"
        or ("operation.name" in attributes and "ai.model.id" in attributes)
    ),
    fields={
        "request_model": (semconv.GEN_AI_REQUEST_MODEL, "ai.model.id"),
        "response_model": (semconv.GEN_AI_RESPONSE_MODEL, "ai.response.model"),
        "finish_reasons": (semconv.GEN_AI_RESPONSE_FINISH_REASONS, "ai.response.finishReason", "ai.finishReason"),
        "tool_name": ("ai.toolCall.name",),
        "input": ("ai.toolCall.args",),
        "output": ("ai.toolCall.result",),
    },
    functions={
        "kind": kind,
        "operation": operation,
        "provider": provider,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "input": given,
        "documents": documents,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_read_tokens": cache_read_tokens,
        "cache_write_tokens": cache_write_tokens,
        "reasoning_tokens": reasoning_tokens,
        "session_id": session_id,
        "user_id": user_id,
        "tags": tags,
        "metadata": metadata,
    },
)
