"""OpenTelemetry's GenAI conventions, in every published form: the newest name first, older ones behind it.

Source: open-telemetry/semantic-conventions-genai, and open-telemetry/semantic-conventions up to 1.41 for the older
names. Input tokens include the cached ones, output tokens include those spent on reasoning.
"""

from __future__ import annotations

from typing import Any

from assay import semconv
from assay.collector.dialects.dialect import Attributes, Dialect
from assay.collector.messages import Message, to_messages
from assay.collector.values import as_structure

KIND_OF_OPERATION = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "completion": "llm",
    "embeddings": "embedding",
    "embedding": "embedding",
    "retrieval": "retriever",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "plan": "agent",
    "invoke_workflow": "chain",
}

# request parameter -> how readers see it
PARAMETERS = {
    f"gen_ai.request.{name}": name
    for name in (
        "temperature",
        "top_p",
        "top_k",
        "max_tokens",
        "stop_sequences",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "choice.count",
        "stream",
        "encoding_formats",
        "reasoning.level",
    )
}


def kind(attributes: Attributes) -> str | None:
    return KIND_OF_OPERATION.get(str(attributes.get(semconv.GEN_AI_OPERATION_NAME)))


def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    return {name: attributes[key] for key, name in PARAMETERS.items() if key in attributes} or None


def input_messages(attributes: Attributes) -> list[Message] | None:
    """System instructions, which the convention keeps apart, come first as the system message that they are."""
    system = to_messages(attributes.get(semconv.GEN_AI_SYSTEM_INSTRUCTIONS), role="system")
    messages = to_messages(attributes.get(semconv.GEN_AI_INPUT_MESSAGES), role="user")
    return [*(system or []), *(messages or [])] or None


def output_messages(attributes: Attributes) -> list[Message] | None:
    return to_messages(attributes.get(semconv.GEN_AI_OUTPUT_MESSAGES), role="assistant")


def documents(attributes: Attributes) -> list[dict[str, Any]] | None:
    found = as_structure(attributes.get(semconv.GEN_AI_RETRIEVAL_DOCUMENTS))
    return [document for document in found if isinstance(document, dict)] if isinstance(found, list) else None


DIALECT = Dialect(
    name="otel-genai",
    prefixes=("gen_ai.",),
    recognises=lambda attributes: (
        semconv.GEN_AI_OPERATION_NAME in attributes
        or semconv.GEN_AI_PROVIDER_NAME in attributes
        or "gen_ai.system" in attributes
    ),
    fields={
        "operation": (semconv.GEN_AI_OPERATION_NAME,),
        "provider": (semconv.GEN_AI_PROVIDER_NAME, "gen_ai.system"),
        "request_model": (semconv.GEN_AI_REQUEST_MODEL,),
        "response_model": (semconv.GEN_AI_RESPONSE_MODEL,),
        "finish_reasons": (semconv.GEN_AI_RESPONSE_FINISH_REASONS, "gen_ai.response.finish_reason"),
        "tools": (semconv.GEN_AI_TOOL_DEFINITIONS,),
        "tool_name": (semconv.GEN_AI_TOOL_NAME,),
        "input": (semconv.GEN_AI_TOOL_CALL_ARGUMENTS, semconv.GEN_AI_RETRIEVAL_QUERY_TEXT),
        "output": (semconv.GEN_AI_TOOL_CALL_RESULT,),
        "input_tokens": (semconv.GEN_AI_USAGE_INPUT_TOKENS, "gen_ai.usage.prompt_tokens"),
        "output_tokens": (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, "gen_ai.usage.completion_tokens"),
        "total_tokens": ("gen_ai.usage.total_tokens",),
        "cache_read_tokens": (
            semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
        ),
        "cache_write_tokens": (
            semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_input_tokens",
        ),
        "reasoning_tokens": (
            semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
        ),
        "session_id": (semconv.GEN_AI_CONVERSATION_ID,),
        "prompt_name": (semconv.GEN_AI_PROMPT_NAME,),
        "prompt_version": (semconv.GEN_AI_PROMPT_VERSION,),
    },
    functions={
        "kind": kind,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "documents": documents,
    },
)
