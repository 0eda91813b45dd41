"""OpenTelemetry's GenAI conventions, in every published form: the newest name first, older ones behind it.

Source: open-telemetry/semantic-conventions-genai, and open-telemetry/semantic-conventions up to 1.41 for the older
names. Input tokens include the cached ones, output tokens include those spent on reasoning.
"""

from __future__ import annotations

from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import EVENTS, NAME, Attributes, Dialect, needs
from assay.collector.dialects.flattened import below
from assay.collector.dialects.genai_events import detail, event_inputs, event_outputs
from assay.collector.documents import Document, to_documents
from assay.collector.messages import to_messages
from assay.collector.values import as_boolean, as_list, as_number, as_structure

KIND_OF_OPERATION = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "completion": "llm",
    "responses": "llm",
    "embeddings": "embedding",
    "embedding": "embedding",
    "rerank": "reranker",
    "retrieval": "retriever",
    "vector_db_retrieve": "retriever",
    "search_memory": "retriever",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "plan": "agent",
    "agent_step": "agent",
    "execute_event_loop_cycle": "chain",
    "invoke_workflow": "chain",
    "execute_task": "chain",
}
MCP_TOOL_CALL = "tools/call"

REQUEST = "gen_ai.request."
NO_PARAMETERS = ("model", "user", "is_stream")
# parameters that stand elsewhere -> how readers see them
OTHER_PARAMETERS = {
    "gen_ai.openai.request.seed": "seed",
    "gen_ai.openai.request.response_format": "response_format",
    "gen_ai.openai.request.service_tier": "service_tier",
    semconv.OPENAI_REQUEST_SERVICE_TIER: "service_tier",
    semconv.GEN_AI_OUTPUT_TYPE: "output_type",
    semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: "dimensions",
}
STREAMING = ("gen_ai.request.is_stream", "gen_ai.is_streaming", "llm.is_streaming")


def kind(attributes: Attributes) -> str | None:
    operation = attributes.get(semconv.GEN_AI_OPERATION_NAME)
    if operation is not None:
        return KIND_OF_OPERATION.get(str(operation))
    if attributes.get("mcp.method.name") == MCP_TOOL_CALL or semconv.GEN_AI_TOOL_NAME in attributes:
        return "tool"
    if semconv.GEN_AI_REQUEST_MODEL not in attributes and semconv.GEN_AI_RESPONSE_MODEL not in attributes:
        return None
    return "embedding" if "embed" in str(attributes.get(NAME)).lower() else "llm"


@needs(REQUEST, semconv.ASSAY_REQUEST, *OTHER_PARAMETERS, *STREAMING)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    found = {**below(attributes, semconv.ASSAY_REQUEST), **below(attributes, REQUEST)}
    for name in NO_PARAMETERS:
        found.pop(name, None)
    for name, parameter in OTHER_PARAMETERS.items():
        if name in attributes:
            found.setdefault(parameter, attributes[name])
    for name in STREAMING:
        if name in attributes and (streams := as_boolean(attributes[name])) is not None:
            found.setdefault("stream", streams)
    return found or None


@needs(semconv.GEN_AI_INPUT_MESSAGES, semconv.GEN_AI_SYSTEM_INSTRUCTIONS, "gen_ai.prompt", EVENTS)
def input_messages(attributes: Attributes) -> list[Message] | None:
    """System instructions, which the convention keeps apart, come first as the system message that they are."""
    system = to_messages(detail(attributes, semconv.GEN_AI_SYSTEM_INSTRUCTIONS), role="system")
    messages = to_messages(detail(attributes, semconv.GEN_AI_INPUT_MESSAGES), role="user")
    if messages is None:
        messages = to_messages(attributes.get("gen_ai.prompt"), role="user") or event_inputs(attributes)
    if system and messages and messages[0] == system[0]:
        return messages  # some put them there as well
    return [*(system or []), *messages] or None


@needs(semconv.GEN_AI_OUTPUT_MESSAGES, "gen_ai.completion", EVENTS)
def output_messages(attributes: Attributes) -> list[Message] | None:
    messages = to_messages(detail(attributes, semconv.GEN_AI_OUTPUT_MESSAGES), role="assistant")
    if messages is None:
        messages = to_messages(attributes.get("gen_ai.completion"), role="assistant") or event_outputs(attributes)
    return messages or None


@needs(EVENTS)
def finish_reasons(attributes: Attributes) -> list[str] | None:
    return as_list(detail(attributes, semconv.GEN_AI_RESPONSE_FINISH_REASONS))


@needs(EVENTS)
def tools(attributes: Attributes) -> Any:
    return as_structure(detail(attributes, semconv.GEN_AI_TOOL_DEFINITIONS))


@needs(semconv.GEN_AI_RETRIEVAL_DOCUMENTS, "gen_ai.memory.records")
def documents(attributes: Attributes) -> list[Document] | None:
    for name in (semconv.GEN_AI_RETRIEVAL_DOCUMENTS, "gen_ai.memory.records"):
        if found := to_documents(attributes.get(name)):
            return found
    return None


@needs("gen_ai.usage.cost")
def cost(attributes: Attributes) -> float | None:
    """OpenLIT writes 0 where it knows no price."""
    return as_number(attributes.get("gen_ai.usage.cost")) or None


DIALECT = Dialect(
    name="otel-genai",
    prefixes=("gen_ai.", "mcp."),
    events=("gen_ai.", "llm.content."),
    recognises=lambda attributes: (
        semconv.GEN_AI_OPERATION_NAME in attributes
        or semconv.GEN_AI_PROVIDER_NAME in attributes
        or "gen_ai.system" in attributes
        or "mcp.method.name" in attributes
    ),
    fields={
        "operation": (semconv.GEN_AI_OPERATION_NAME, "mcp.method.name"),
        "provider": (semconv.GEN_AI_PROVIDER_NAME, "gen_ai.system"),
        "request_model": (semconv.GEN_AI_REQUEST_MODEL,),
        "response_model": (semconv.GEN_AI_RESPONSE_MODEL,),
        "finish_reasons": (semconv.GEN_AI_RESPONSE_FINISH_REASONS, "gen_ai.response.finish_reason"),
        "tools": (semconv.GEN_AI_TOOL_DEFINITIONS, "gen_ai.request.tools"),
        "tool_name": (semconv.GEN_AI_TOOL_NAME,),
        "input": (
            semconv.GEN_AI_TOOL_CALL_ARGUMENTS,
            semconv.GEN_AI_RETRIEVAL_QUERY_TEXT,
            "gen_ai.memory.query.text",
            "mcp.resource.uri",
        ),
        "output": (semconv.GEN_AI_TOOL_CALL_RESULT, "gen_ai.memory.records"),
        "input_tokens": (semconv.GEN_AI_USAGE_INPUT_TOKENS, "gen_ai.usage.prompt_tokens"),
        "output_tokens": (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, "gen_ai.usage.completion_tokens"),
        "total_tokens": ("gen_ai.usage.total_tokens",),
        "cache_read_tokens": (
            semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
            "gen_ai.usage.details.cached_tokens",
            "gen_ai.usage.cached_tokens",
        ),
        "cache_write_tokens": (
            semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_input_tokens",
            "gen_ai.usage.details.cache_write_tokens",
        ),
        "reasoning_tokens": (
            semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
        ),
        "session_id": (semconv.GEN_AI_CONVERSATION_ID,),
        "user_id": ("gen_ai.request.user", "gen_ai.user"),
        "prompt_name": (semconv.GEN_AI_PROMPT_NAME,),
        "prompt_version": (semconv.GEN_AI_PROMPT_VERSION,),
    },
    functions={
        "kind": kind,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "finish_reasons": finish_reasons,
        "tools": tools,
        "documents": documents,
        "cost_usd": cost,
    },
)
