"""Logfire and Pydantic AI: GenAI names, and older names of their own for what those did not have yet.

- up to version 4 the OpenAI and Anthropic integrations write the request and the answer as `request_data` and
  `response_data`, Pydantic AI writes messages as a list of events in the attribute `events`;
- a streamed call is two spans: the request, and when the stream has ended a log with the answer and the usage;
- the span of an agent holds the whole conversation, and the sum of what its model calls used;
- a function under `@logfire.instrument` has its arguments as attributes of their own.

Source: logfire and pydantic-ai-slim on PyPI.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import EVENTS, NAME, SCOPE, Attributes, Dialect, needs
from assay.collector.dialects.genai_events import event_inputs, event_outputs
from assay.collector.messages import find_messages, to_messages
from assay.collector.recorded import answer_of
from assay.collector.request_parameters import parameters_of
from assay.collector.token_usage import TokenUsage, read_usage
from assay.collector.values import as_count, as_object, as_structure, as_text, parse_json

REQUEST = "request_data"
RESPONSE = "response_data"
RAW_USAGE = "gen_ai.usage.raw"
CONVERSATIONS = ("pydantic_ai.all_messages", "all_messages_events")
MESSAGE_EVENTS = "events"
SUMS = "gen_ai.aggregated_usage."
SCHEMA = "logfire.json_schema"
LLM_TAG = "LLM"  # Logfire's own mark on model calls

SCOPES = ("logfire", "pydantic-ai")
PROVIDER_OF_SCOPE = {"logfire.openai": "openai", "logfire.anthropic": "anthropic"}


@lru_cache(maxsize=4)  # a request is read for several columns of one span, then never again
def _parsed(text: str) -> Any:
    return parse_json(text)


def _object(attributes: Attributes, name: str) -> dict[str, Any]:
    given = attributes.get(name)
    found = _parsed(given) if isinstance(given, str) else given
    return found if isinstance(found, dict) else {}


def kind(attributes: Attributes) -> str | None:
    """Where no operation tells it: an agent's run, or a call of the client that an integration wraps."""
    if semconv.GEN_AI_OPERATION_NAME in attributes:
        return None
    if "agent_name" in attributes or any(name in attributes for name in CONVERSATIONS):
        return "agent"
    if attributes.get(SCOPE) not in PROVIDER_OF_SCOPE:
        return None
    return "embedding" if "embed" in str(attributes.get(NAME)).lower() else "llm"


# Content -----------------------------------------------------------------------------------------------------------


@needs(REQUEST, MESSAGE_EVENTS, *CONVERSATIONS)
def input_messages(attributes: Attributes) -> list[Message] | None:
    if semconv.GEN_AI_INPUT_MESSAGES in attributes:
        return None
    if conversation := _conversation(attributes):
        system = to_messages(attributes.get(semconv.GEN_AI_SYSTEM_INSTRUCTIONS), role="system")
        return [*(system or []), *conversation[: len(conversation) - len(answer_of(conversation))]] or None
    if said := _events(attributes.get(MESSAGE_EVENTS)):
        messages = event_inputs(said)
        return messages[: len(messages) - len(answer_of(messages))] or None
    return find_messages(_object(attributes, REQUEST), role="user")


@needs(RESPONSE, MESSAGE_EVENTS, *CONVERSATIONS)
def output_messages(attributes: Attributes) -> list[Message] | None:
    if semconv.GEN_AI_OUTPUT_MESSAGES in attributes:
        return None
    if conversation := _conversation(attributes):
        return answer_of(conversation) or None
    if said := _events(attributes.get(MESSAGE_EVENTS)):
        return event_outputs(said) or answer_of(event_inputs(said)) or None
    return _answer(_object(attributes, RESPONSE))


def _answer(answer: dict[str, Any]) -> list[Message] | None:
    """A message; or text, put together from the chunks of a stream or of a plain completion."""
    text = answer.get("combined_chunk_content", answer.get("text"))
    if text is not None:
        return to_messages([{"role": "assistant", "content": text}], role="assistant")
    messages = find_messages(answer, role="assistant") or []
    return [{**message, "parts": [_plain_call(part) for part in message["parts"]]} for message in messages] or None


def _plain_call(part: dict[str, Any]) -> dict[str, Any]:
    """Arguments of Claude's tool calls are written as `{"input": {...}}`."""
    arguments = part.get("arguments")
    if part["type"] == "tool_call" and isinstance(arguments, dict) and arguments.keys() == {"input"}:
        return {**part, "arguments": arguments["input"]} if isinstance(arguments["input"], dict) else part
    return part


def _conversation(attributes: Attributes) -> list[Message] | None:
    """All messages of an agent's run, the answer at the end."""
    if messages := attributes.get(CONVERSATIONS[0]):
        return to_messages(messages, role="user")
    said = _events(attributes.get(CONVERSATIONS[1]))
    return [*event_inputs(said), *event_outputs(said)] if said else None


def _events(value: Any) -> Attributes:
    """Messages written as a list of events in an attribute -> events, as other SDKs add them to the span."""
    items = as_structure(value)
    events = [
        {"name": item["event.name"], "time_unix_nano": place, "attributes": item}
        for place, item in enumerate(items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get("event.name"), str)
    ]
    return {EVENTS: events} if events else {}


@needs(REQUEST, "model_request_parameters")
def tools(attributes: Attributes) -> list[Any] | None:
    if offered := _object(attributes, REQUEST).get("tools"):
        return offered if isinstance(offered, list) else None
    parameters = as_object(attributes.get("model_request_parameters")) or {}
    lists = (parameters.get("function_tools"), parameters.get("output_tools"))
    return [_tool(tool) for listed in lists if isinstance(listed, list) for tool in listed] or None


def _tool(tool: Any) -> Any:
    """Pydantic AI's definition of a tool, in the conventions' words."""
    if not isinstance(tool, dict) or "parameters_json_schema" not in tool:
        return tool
    known = {"name": tool.get("name"), "description": tool.get("description")}
    return {"type": "function", **known, "parameters": tool["parameters_json_schema"]}


@needs(SCHEMA)
def arguments(attributes: Attributes) -> dict[str, Any] | None:
    """What a function under `@logfire.instrument` was called with, or a span was opened with."""
    properties = _object(attributes, SCHEMA).get("properties")
    if attributes.get(SCOPE) != "logfire" or not isinstance(properties, dict):
        return None
    return {name: attributes[name] for name in properties if name in attributes and name != "return"} or None


@needs(REQUEST)
def given(attributes: Attributes) -> str | None:
    """What was to be embedded; of older versions only, newer ones do not say."""
    return as_text(_object(attributes, REQUEST).get("input"))


def input_text(attributes: Attributes) -> str | None:
    return as_text(attributes.get("tool_arguments")) or given(attributes) or as_text(arguments(attributes))


# Models and tokens -------------------------------------------------------------------------------------------------


@needs(REQUEST)
def request_model(attributes: Attributes) -> str | None:
    return as_text(_object(attributes, REQUEST).get("model"))


def provider(attributes: Attributes) -> str | None:
    """Of the client that the integration wraps, where the span does not say."""
    return PROVIDER_OF_SCOPE.get(str(attributes.get(SCOPE)))


@needs(REQUEST)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    request = _object(attributes, REQUEST)
    return parameters_of(request)


def usage(attributes: Attributes) -> TokenUsage:
    raw, response = attributes.get(RAW_USAGE), attributes.get(RESPONSE)
    return _usage(*(text if isinstance(text, str) else "" for text in (raw, response)))


@lru_cache(maxsize=4)
def _usage(raw: str, response: str) -> TokenUsage:
    answer = _parsed(response)
    return read_usage(_parsed(raw) or (answer.get("usage") if isinstance(answer, dict) else None))


def _tokens(field: str, summed: str) -> Any:
    """A count as the provider sent it; of an agent's span the sum over its model calls."""

    @needs(RAW_USAGE, RESPONSE, SUMS)
    def tokens(attributes: Attributes) -> int | None:
        found: int | None = getattr(usage(attributes), field)
        return as_count(attributes.get(SUMS + summed)) if found is None else found

    return tokens


@needs("gen_ai.usage.details.")
def cached_in_details(attributes: Attributes) -> int | None:
    """Pydantic AI before version 1 passes on what OpenAI calls it."""
    return as_count(attributes.get("gen_ai.usage.details.cached_tokens"))


_cache_read = _tokens("cache_read", "cache_read.input_tokens")


@needs(RAW_USAGE, RESPONSE, SUMS, "gen_ai.usage.details.")
def cache_read_tokens(attributes: Attributes) -> int | None:
    found: int | None = _cache_read(attributes)
    return cached_in_details(attributes) if found is None else found


@needs("logfire.tags")
def tags(attributes: Attributes) -> list[str] | None:
    given_tags = attributes.get("logfire.tags")
    return [str(tag) for tag in given_tags if tag != LLM_TAG] or None if isinstance(given_tags, list) else None


DIALECT = Dialect(
    name="logfire",
    prefixes=("logfire.", "pydantic_ai."),
    scopes=SCOPES,
    recognises=lambda attributes: (
        str(attributes.get(SCOPE)).startswith(SCOPES)
        or "logfire.msg" in attributes
        or "logfire.span_type" in attributes
    ),
    fields={
        "output": ("final_result", "tool_response", "return"),
        "provider": (semconv.GEN_AI_PROVIDER_NAME, "gen_ai.system"),
        "cost_usd": ("operation.cost",),
        "request_model": (semconv.GEN_AI_REQUEST_MODEL, "model_name"),
    },
    functions={
        "kind": kind,
        "provider": provider,
        "request_model": request_model,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "input": needs("tool_arguments", REQUEST, SCHEMA)(input_text),
        "input_tokens": _tokens("input", "input_tokens"),
        "output_tokens": _tokens("output", "output_tokens"),
        "total_tokens": _tokens("total", "total_tokens"),
        "cache_read_tokens": cache_read_tokens,
        "cache_write_tokens": _tokens("cache_write", "cache_creation.input_tokens"),
        "reasoning_tokens": _tokens("reasoning", "details.reasoning_tokens"),
        "tags": tags,
    },
)
