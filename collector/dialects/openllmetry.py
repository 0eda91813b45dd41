"""OpenLLMetry (Traceloop): GenAI names of its time, messages spread over `gen_ai.prompt.0.role` and so on, and names of
its own for what is no model call.

Source: traceloop/openllmetry, packages/opentelemetry-semantic-conventions-ai. Its newest releases write messages as
the GenAI conventions do; the older ones are on many machines. Input tokens include the cached ones, Anthropic's too.
"""

from __future__ import annotations

from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import EVENTS, SCOPE, Attributes, Dialect, needs
from assay.collector.dialects.flattened import below, numbered
from assay.collector.documents import Document, to_documents
from assay.collector.message_parts import is_part
from assay.collector.messages import to_messages
from assay.collector.recorded import recorded_input, recorded_output, unwrapped
from assay.collector.values import as_structure, parse_json

SPAN_KINDS = {"workflow": "chain", "task": "chain", "agent": "agent", "tool": "tool"}
REQUEST_TYPES = {
    "chat": "llm",
    "completion": "llm",
    "embedding": "embedding",
    "embeddings": "embedding",
    "rerank": "reranker",
}
TOLD_BY_OPERATION = {"vector_db_retrieve", "retrieval", "embeddings", "execute_tool"}  # spans of kind `task`, too
# its names of request parameters -> how readers see them; the others are the GenAI conventions'
PARAMETERS = {
    "llm.frequency_penalty": "frequency_penalty",
    "llm.presence_penalty": "presence_penalty",
    "llm.top_k": "top_k",
    "llm.temperature": "temperature",
    "llm.chat.stop_sequences": "stop_sequences",
    "llm.request.repetition_penalty": "repetition_penalty",
    "llm.request.structured_output_schema": "response_format",
}
ENTITY_INPUT = "traceloop.entity.input"
ENTITY_OUTPUT = "traceloop.entity.output"
ASSOCIATED = "traceloop.association.properties."
# properties that are columns, or that LangChain puts there for itself
NO_METADATA = {"session_id", "thread_id", "chat_id", "user_id", "tags", "lc_versions"}
NO_METADATA_PREFIXES = ("ls_", "langgraph_", "lc_", "checkpoint_ns")
QUERY_RESULT = "db.query.result"

# Instrumentation scopes of Traceloop that no other project uses; the GenAI instrumentations of OpenTelemetry itself
# are called `openai_v2`, `genai.openai` and the like.
SCOPES = (
    "traceloop.",
    "opentelemetry.instrumentation.openai.",
    "opentelemetry.instrumentation.openai_agents",
    "opentelemetry.instrumentation.anthropic",
    "opentelemetry.instrumentation.langchain",
    "opentelemetry.instrumentation.llamaindex",
    "opentelemetry.instrumentation.cohere",
    "opentelemetry.instrumentation.bedrock",
    "opentelemetry.instrumentation.groq",
    "opentelemetry.instrumentation.mistralai",
    "opentelemetry.instrumentation.ollama",
    "opentelemetry.instrumentation.together",
    "opentelemetry.instrumentation.google_generativeai",
    "opentelemetry.instrumentation.crewai",
    "opentelemetry.instrumentation.chromadb",
    "opentelemetry.instrumentation.pinecone",
    "opentelemetry.instrumentation.qdrant",
    "opentelemetry.instrumentation.weaviate",
)


def kind(attributes: Attributes) -> str | None:
    found = SPAN_KINDS.get(str(attributes.get("traceloop.span.kind")).lower())
    if found == "chain" and attributes.get(semconv.GEN_AI_OPERATION_NAME) in TOLD_BY_OPERATION:
        return None
    if found is None and semconv.GEN_AI_OPERATION_NAME not in attributes:
        found = REQUEST_TYPES.get(str(attributes.get("llm.request.type")).lower())
    if found is None and any(event["name"] == QUERY_RESULT for event in attributes.get(EVENTS) or ()):
        found = "retriever"
    return found


@needs("gen_ai.prompt.")
def input_messages(attributes: Attributes) -> list[Message] | None:
    return to_messages([_plain(item) for item in numbered(attributes, "gen_ai.prompt")], role="user")


@needs("gen_ai.completion.")
def output_messages(attributes: Attributes) -> list[Message] | None:
    items = numbered(attributes, "gen_ai.completion")
    # No text was once written as JSON text of none
    said = [{**item, "content": None} if item.get("content") == '""' else item for item in items]
    return to_messages(said, role="assistant")


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """A prompt's message with its parts, which are JSON text where it has more than text."""
    content = message.get("content")
    parts = parse_json(content) if isinstance(content, str) else None
    if isinstance(parts, list) and parts and all(map(is_part, parts)):
        return {**message, "content": parts}
    return message


@needs("llm.request.functions.")
def tools(attributes: Attributes) -> list[Any] | None:
    functions = numbered(attributes, "llm.request.functions")
    read = [{**function, "parameters": as_structure(function.get("parameters"))} for function in functions]
    return [{"type": "function", **function} for function in read] or None


@needs(*PARAMETERS)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    """Only asked where the GenAI names say less than these."""
    own = {parameter: attributes[name] for name, parameter in PARAMETERS.items() if name in attributes}
    return {**own, **below(attributes, "gen_ai.request.")} if own else None


@needs(ENTITY_INPUT)
def input_text(attributes: Attributes) -> str | None:
    return recorded_input(attributes.get(ENTITY_INPUT))


@needs(ENTITY_OUTPUT)
def output_text(attributes: Attributes) -> str | None:
    return recorded_output(attributes.get(ENTITY_OUTPUT))


@needs(ENTITY_OUTPUT, EVENTS)
def documents(attributes: Attributes) -> list[Document] | None:
    """Of a retriever that LangChain ran, or of a vector store's query."""
    hits = [
        {
            name.removeprefix(QUERY_RESULT + "."): value
            for name, value in event["attributes"].items()
            if name.startswith(QUERY_RESULT)
        }
        for event in attributes.get(EVENTS) or ()
        if event["name"] == QUERY_RESULT
    ]
    if hits:
        return to_documents(hits)
    output = as_structure(attributes.get(ENTITY_OUTPUT))
    given = unwrapped(output, "outputs", "output")
    listed = given.get("documents") if isinstance(given, dict) else given
    is_documents = isinstance(listed, list) and listed and all(map(_is_document, listed))
    return to_documents(listed) if is_documents else None


def _is_document(item: Any) -> bool:
    inner = item.get("kwargs", item) if isinstance(item, dict) else None
    return isinstance(inner, dict) and "page_content" in inner


@needs(ASSOCIATED)
def metadata(attributes: Attributes) -> dict[str, Any] | None:
    properties = below(attributes, ASSOCIATED)
    return {
        name: value
        for name, value in properties.items()
        if name not in NO_METADATA and not name.startswith(NO_METADATA_PREFIXES)
    } or None


@needs("traceloop.entity.name")
def tool_name(attributes: Attributes) -> Any:
    return attributes.get("traceloop.entity.name") if attributes.get("traceloop.span.kind") == "tool" else None


DIALECT = Dialect(
    name="openllmetry",
    prefixes=("traceloop.", "gen_ai.prompt.", "gen_ai.completion.", "llm."),
    scopes=SCOPES,
    events=("db.query.",),
    recognises=lambda attributes: (
        str(attributes.get(SCOPE)).startswith(SCOPES)
        or "llm.request.type" in attributes
        or any(name.startswith(("traceloop.", "gen_ai.prompt.0.", "gen_ai.completion.0.")) for name in attributes)
    ),
    fields={
        "operation": (semconv.GEN_AI_OPERATION_NAME, "llm.request.type"),
        "total_tokens": ("llm.usage.total_tokens",),
        "session_id": (f"{ASSOCIATED}session_id", f"{ASSOCIATED}thread_id", f"{ASSOCIATED}chat_id"),
        "user_id": (f"{ASSOCIATED}user_id", "gen_ai.user", "llm.user"),
        "tags": (f"{ASSOCIATED}tags",),
        "prompt_name": ("traceloop.prompt.key",),
        "prompt_version": ("traceloop.prompt.version",),
    },
    functions={
        "kind": kind,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "model_parameters": model_parameters,
        "input": input_text,
        "output": output_text,
        "documents": documents,
        "metadata": metadata,
        "tool_name": tool_name,
    },
)
