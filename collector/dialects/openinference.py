"""OpenInference (Arize): lists are spread over numbered attributes, `llm.input_messages.0.message.role` and so on.

Source: Arize-ai/openinference, spec/semantic_conventions.md. The prompt count includes cached tokens, the completion
count includes those spent on reasoning.
"""

from __future__ import annotations

from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import Attributes, Dialect, needs
from assay.collector.dialects.flattened import nested, numbered, wrapped
from assay.collector.documents import Document, to_documents
from assay.collector.message_parts import text_part
from assay.collector.messages import find_messages, to_messages
from assay.collector.recorded import answer_of, recorded_input, recorded_output
from assay.collector.values import as_list, as_number, as_object, as_structure, as_text

KINDS = {kind.upper(): kind for kind in semconv.KINDS} | {"DECISION": "chain"}
PARAMETERS = ("llm.invocation_parameters", "embedding.invocation_parameters")
NO_PARAMETERS = {"model", "model_name", "_type", "messages", "input", "tools", "functions"}

INPUT_MESSAGES = "llm.input_messages"
OUTPUT_MESSAGES = "llm.output_messages"


def kind(attributes: Attributes) -> str | None:
    return KINDS.get(str(attributes.get(semconv.OPENINFERENCE_SPAN_KIND)).upper())


# Messages ----------------------------------------------------------------------------------------------------------


@needs(INPUT_MESSAGES)
def input_messages(attributes: Attributes) -> list[Message] | None:
    return _messages(attributes, INPUT_MESSAGES, "user")


@needs(semconv.INPUT_VALUE)
def request(attributes: Attributes) -> list[Message] | None:
    """Of a model call: the request as JSON."""
    if kind(attributes) != "llm":
        return None
    return find_messages(attributes.get(semconv.INPUT_VALUE), role="user")


@needs(OUTPUT_MESSAGES)
def output_messages(attributes: Attributes) -> list[Message] | None:
    return _with_thoughts(_messages(attributes, OUTPUT_MESSAGES, "assistant") or []) or None


@needs(semconv.OUTPUT_VALUE)
def response(attributes: Attributes) -> list[Message] | None:
    """Of a model call: the response as JSON. A refusal is only there."""
    if kind(attributes) != "llm":
        return None
    return answer_of(find_messages(attributes.get(semconv.OUTPUT_VALUE), role="assistant")) or None


def _messages(attributes: Attributes, prefix: str, role: str) -> list[Message] | None:
    """None where all of them are empty, as they are of a call that failed."""
    found = to_messages([_plain(item) for item in wrapped(numbered(attributes, prefix), "message")], role=role)
    return found if any(message["parts"] for message in found or ()) else None


def _with_thoughts(messages: list[Message]) -> list[Message]:
    """Reasoning that stands as a message of its own belongs to the answer behind it."""
    joined: list[Message] = []
    for message in messages:
        before = joined[-1]["parts"] if joined else []
        if before and all(part["type"] == "reasoning" for part in before):
            joined[-1] = {**message, "parts": [*before, *message["parts"]]}
        else:
            joined.append(message)
    return joined


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """An OpenInference message in OpenAI's shape, which `to_messages` reads."""
    plain: dict[str, Any] = {key: message[key] for key in ("role", "content", "name", "tool_call_id") if key in message}
    calls = list(wrapped(message.get("tool_calls"), "tool_call"))
    contents = message.get("contents")
    if isinstance(contents, list):
        said = list(wrapped(contents, "message_content"))
        plain["content"] = [_plain_content(content) for content in said if content.get("type") != "tool_use"]
        calls = calls or list(wrapped(contents, "tool_call"))
    if not calls and (name := message.get("function_call_name")):
        calls = [{"name": name, "arguments": message.get("function_call_arguments_json")}]
    return {**plain, "tool_calls": calls} if calls else plain


def _plain_content(content: dict[str, Any]) -> dict[str, Any]:
    for medium in ("image", "audio"):
        inner = content.get(medium)
        if isinstance(inner, dict):
            source = inner.get(medium, inner)
            return {"type": medium, **source} if isinstance(source, dict) else {"type": medium, "url": source}
    return content


@needs("llm.prompts")
def prompts(attributes: Attributes) -> list[Message] | None:
    """Of text completions: a list of texts, or one spread over names."""
    texts = as_list(attributes.get("llm.prompts")) or [
        item["text"] for item in wrapped(numbered(attributes, "llm.prompts"), "prompt") if item.get("text")
    ]
    return [{"role": "user", "parts": [text_part(text)]} for text in texts] or None


@needs("llm.choices")
def completions(attributes: Attributes) -> list[Message] | None:
    choices = wrapped(numbered(attributes, "llm.choices"), "completion")
    return [{"role": "assistant", "parts": [text_part(choice.get("text", ""))]} for choice in choices] or None


# Values ------------------------------------------------------------------------------------------------------------


@needs("embedding.embeddings.")
def embedded(attributes: Attributes) -> str | None:
    texts = [item.get("text") for item in wrapped(numbered(attributes, "embedding.embeddings"), "embedding")]
    return "\n".join(text for text in texts if isinstance(text, str) and text) or None


@needs(semconv.INPUT_VALUE)
def input_text(attributes: Attributes) -> str | None:
    return recorded_input(attributes.get(semconv.INPUT_VALUE))


@needs(semconv.OUTPUT_VALUE)
def output_text(attributes: Attributes) -> str | None:
    return recorded_output(attributes.get(semconv.OUTPUT_VALUE))


@needs("llm.tools", "llm.functions")
def tools(attributes: Attributes) -> list[Any] | None:
    schemas = [tool.get("json_schema") for tool in wrapped(numbered(attributes, "llm.tools"), "tool")]
    listed = [as_structure(schema) or schema for schema in schemas if schema]
    functions = as_structure(attributes.get("llm.functions"))
    return listed or (functions if isinstance(functions, list) else None)


@needs("retrieval.documents", "reranker.")
def documents(attributes: Attributes) -> list[Document] | None:
    for prefix in ("retrieval.documents", "reranker.output_documents", "reranker.input_documents"):
        flattened = list(wrapped(numbered(attributes, prefix), "document"))
        if found := to_documents(flattened or attributes.get(prefix)):
            return found
    return None


@needs(*PARAMETERS, "llm.model_name", "embedding.model_name")
def request_model(attributes: Attributes) -> str | None:
    # `llm.model_name` is what answered; what was asked for stands in the parameters.
    for name in PARAMETERS:
        parameters = as_object(attributes.get(name)) or {}
        if model := as_text(parameters.get("model")) or as_text(parameters.get("model_name")):
            return model
    return as_text(attributes.get("llm.model_name")) or as_text(attributes.get("embedding.model_name"))


@needs(*PARAMETERS)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    for name in PARAMETERS:
        if parameters := as_object(attributes.get(name)):
            return {key: value for key, value in parameters.items() if key not in NO_PARAMETERS and value is not None}
    return None


@needs("llm.cost.")
def cost(attributes: Attributes) -> float | None:
    parts = [as_number(attributes.get(f"llm.cost.{part}")) for part in ("prompt", "completion")]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


@needs("tag.tags.")
def tags(attributes: Attributes) -> list[str] | None:
    found = nested(attributes, semconv.TAG_TAGS)
    return as_list(found) if isinstance(found, list) else None


DIALECT = Dialect(
    name="openinference",
    prefixes=(
        "openinference.",
        "llm.",
        "retrieval.",
        "embedding.",
        "reranker.",
        "tool.",
        "input.",
        "output.",
        "tag.",
        "graph.",
        "prompt.",
    ),
    recognises=lambda attributes: semconv.OPENINFERENCE_SPAN_KIND in attributes,
    fields={
        "provider": ("llm.provider", "llm.system"),
        "request_model": ("llm.request.model_name",),
        "response_model": ("llm.response.model_name", "llm.model_name", "embedding.model_name", "reranker.model_name"),
        "finish_reasons": ("llm.finish_reason",),
        "tool_name": ("tool.name",),
        "input": ("reranker.query",),
        "input_tokens": ("llm.token_count.prompt",),
        "output_tokens": ("llm.token_count.completion",),
        "total_tokens": ("llm.token_count.total",),
        "cache_read_tokens": (
            "llm.token_count.prompt_details.cache_read",
            "llm.token_count.prompt_details.cache_input",
        ),
        "cache_write_tokens": ("llm.token_count.prompt_details.cache_write",),
        "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
        "cost_usd": ("llm.cost.total",),
        "session_id": (semconv.SESSION_ID,),
        "user_id": (semconv.USER_ID,),
        "metadata": (semconv.METADATA,),
        "tags": (semconv.TAG_TAGS,),
        "prompt_name": ("llm.prompt_template.name", "prompt.name", "prompt.id"),
        "prompt_version": ("llm.prompt_template.version", "prompt.version"),
    },
    functions={
        "kind": kind,
        "request_model": request_model,
        "model_parameters": model_parameters,
        "input_messages": (input_messages, prompts, request),
        "output_messages": (output_messages, completions, response),
        "input": (embedded, input_text),
        "output": output_text,
        "tools": tools,
        "documents": documents,
        "cost_usd": cost,
        "tags": tags,
    },
)
