"""Google's Agent Development Kit: GenAI spans with requests and answers of Gemini's API in attributes of its own.

Version 1 writes both whole on `call_llm`, and names itself as the provider. Version 2 writes GenAI messages, if asked
to. Models of other providers are reached through LiteLLM and named as it names them, `openai/gpt-4o-mini`.

Tokens: Gemini counts thoughts beside the answer, so version 1 leaves them out of the output, and version 2 adds them to
it. LiteLLM has them in the answer's count already: version 2 counts those twice.
"""

from __future__ import annotations

from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import EVENTS, NAME, Attributes, Dialect, needs
from assay.collector.dialects.genai_events import detail
from assay.collector.messages import find_messages
from assay.collector.values import as_count, as_object, as_text

OWN = "gcp.vertex.agent."
REQUEST = "gcp.vertex.agent.llm_request"
RESPONSE = "gcp.vertex.agent.llm_response"
ITSELF = "gcp.vertex.agent"
NOTHING = (None, "", "{}", "N/A", '{"result": "<not specified>"}')

# request parameter of Gemini -> how readers see it
PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_output_tokens": "max_tokens",
    "stop_sequences": "stop_sequences",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
}
KIND_OF_NAME = {"call_llm": "llm", "invocation": "chain", "agent_run": "agent", "execute_tool": "tool"}


def _request(attributes: Attributes) -> dict[str, Any]:
    return as_object(attributes.get(REQUEST)) or {}


def _response(attributes: Attributes) -> dict[str, Any]:
    return as_object(attributes.get(RESPONSE)) or {}


def kind(attributes: Attributes) -> str | None:
    """By the name: the first versions have no operation."""
    if attributes.get(semconv.GEN_AI_OPERATION_NAME) is not None:
        return None
    return KIND_OF_NAME.get(str(attributes.get(NAME)).partition(" ")[0])


@needs(OWN)
def provider(attributes: Attributes) -> str | None:
    named = attributes.get(semconv.GEN_AI_PROVIDER_NAME) or attributes.get("gen_ai.system")
    if named != ITSELF:
        return None
    return _litellm_name(attributes)[0]


@needs(OWN)
def request_model(attributes: Attributes) -> str | None:
    return _litellm_name(attributes)[1]


def _litellm_name(attributes: Attributes) -> tuple[str | None, str | None]:
    """Provider and model of `openai/gpt-4o-mini`; names of Gemini's own (`projects/…`, `models/…`) are left alone."""
    model = as_text(attributes.get(semconv.GEN_AI_REQUEST_MODEL))
    first, slash, rest = (model or "").partition("/")
    return (first, rest) if slash and first not in ("projects", "models", "publishers") else (None, model)


@needs(RESPONSE)
def response_model(attributes: Attributes) -> str | None:
    return as_text(_response(attributes).get("model_version"))


@needs(REQUEST)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    config = as_object(_request(attributes).get("config")) or {}
    return {ours: config[name] for name, ours in PARAMETERS.items() if config.get(name) is not None} or None


@needs(REQUEST)
def input_messages(attributes: Attributes) -> list[Message] | None:
    return find_messages(_request(attributes), role="user")


@needs(RESPONSE)
def output_messages(attributes: Attributes) -> list[Message] | None:
    return find_messages(_response(attributes), role="assistant")


@needs(REQUEST)
def tools(attributes: Attributes) -> list[Any] | None:
    config = as_object(_request(attributes).get("config")) or {}
    given = config.get("tools")
    found: list[Any] = []
    for tool in given if isinstance(given, list) else []:
        declared = tool.get("function_declarations") if isinstance(tool, dict) else None
        found.extend(declared if isinstance(declared, list) else [tool])
    return found or None


@needs(EVENTS)
def user_id(attributes: Attributes) -> str | None:
    """Only its log records name the user."""
    return as_text(detail(attributes, semconv.USER_ID))


# Tokens ------------------------------------------------------------------------------------------------------------


def _counted(attributes: Attributes, name: str) -> int | None:
    usage = as_object(_response(attributes).get("usage_metadata")) or {}
    return as_count(usage.get(name))


@needs(OWN)
def output_tokens(attributes: Attributes) -> int | None:
    output = as_count(attributes.get(semconv.GEN_AI_USAGE_OUTPUT_TOKENS))
    total, prompt = _counted(attributes, "total_token_count"), _counted(attributes, "prompt_token_count")
    if total is not None and prompt is not None:
        return total - prompt - (_counted(attributes, "tool_use_prompt_token_count") or 0)
    thoughts = as_count(attributes.get(semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS))
    if output is not None and thoughts and output >= 2 * thoughts and _litellm_name(attributes)[0]:
        return output - thoughts
    return output


@needs(RESPONSE)
def input_tokens(attributes: Attributes) -> int | None:
    prompt = _counted(attributes, "prompt_token_count")
    return None if prompt is None else prompt + (_counted(attributes, "tool_use_prompt_token_count") or 0)


@needs(RESPONSE)
def cache_read_tokens(attributes: Attributes) -> int | None:
    return _counted(attributes, "cached_content_token_count")


@needs(RESPONSE)
def reasoning_tokens(attributes: Attributes) -> int | None:
    return _counted(attributes, "thoughts_token_count")


# Tools -------------------------------------------------------------------------------------------------------------


@needs("gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.data")
def arguments(attributes: Attributes) -> str | None:
    return _told(attributes, "gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.data")


@needs("gcp.vertex.agent.tool_response")
def result(attributes: Attributes) -> str | None:
    return _told(attributes, "gcp.vertex.agent.tool_response")


def _told(attributes: Attributes, *names: str) -> str | None:
    return next((as_text(attributes[name]) for name in names if attributes.get(name) not in NOTHING), None)


DIALECT = Dialect(
    name="otel-genai",
    prefixes=(OWN,),
    scopes=(ITSELF,),
    recognises=lambda attributes: semconv.GEN_AI_REQUEST_MODEL in attributes,
    fields={"session_id": ("gcp.vertex.agent.session_id",)},
    functions={
        "kind": kind,
        "provider": provider,
        "request_model": request_model,
        "response_model": response_model,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "user_id": user_id,
        "input": arguments,
        "output": result,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_read_tokens": cache_read_tokens,
        "reasoning_tokens": reasoning_tokens,
    },
)
