"""OpenInference (Arize): lists are spread over numbered attributes, `llm.input_messages.0.message.role` and so on.

Source: Arize-ai/openinference, spec/semantic_conventions.md. The prompt count includes cached tokens, the completion
count includes those spent on reasoning.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay import semconv
from assay.collector.dialects.dialect import Attributes, Dialect
from assay.collector.messages import Message, to_messages
from assay.collector.values import as_object, as_structure, as_text

KINDS = {kind.upper(): kind for kind in semconv.KINDS}

PARAMETERS = "llm.invocation_parameters"


def nested(attributes: Attributes, prefix: str) -> Any:
    """The value that numbered and dotted names below `prefix` spell: lists where all keys are numbers, else objects."""
    tree: dict[str, Any] = {}
    start = prefix + "."
    for name, value in attributes.items():
        if not name.startswith(start):
            continue
        node = tree
        *path, last = name[len(start) :].split(".")
        for step in path:
            child = node.get(step)
            node = child if isinstance(child, dict) else node.setdefault(step, {}) if child is None else {}
        node.setdefault(last, value)
    return _lists(tree)


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdecimal() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}


def _objects(value: Any, key: str) -> Iterable[dict[str, Any]]:
    """The objects that a list wraps one by one under `key`, as in `[{"message": {...}}, ...]`."""
    for item in value if isinstance(value, list) else []:
        inner = item.get(key) if isinstance(item, dict) else None
        if isinstance(inner, dict):
            yield inner


def _messages(attributes: Attributes, prefix: str, role: str) -> list[Message] | None:
    messages = [_plain(message) for message in _objects(nested(attributes, prefix), "message")]
    return to_messages(messages, role=role)


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """An OpenInference message in OpenAI's shape, which `to_messages` reads."""
    plain: dict[str, Any] = {key: message[key] for key in ("role", "content", "name", "tool_call_id") if key in message}
    if contents := list(_objects(message.get("contents"), "message_content")):
        plain["content"] = [_plain_content(content) for content in contents]
    if calls := list(_objects(message.get("tool_calls"), "tool_call")):
        plain["tool_calls"] = calls
    elif name := message.get("function_call_name"):
        arguments = message.get("function_call_arguments_json")
        plain["tool_calls"] = [{"name": name, "arguments": arguments}]
    return plain


def _plain_content(content: dict[str, Any]) -> dict[str, Any]:
    if content.get("type") == "image" and isinstance(content.get("image"), dict):
        image = content["image"].get("image")
        return {"type": "image_url", "image_url": image if isinstance(image, dict) else {"url": None}}
    return content


def kind(attributes: Attributes) -> str | None:
    return KINDS.get(str(attributes.get(semconv.OPENINFERENCE_SPAN_KIND)).upper())


def input_messages(attributes: Attributes) -> list[Message] | None:
    return _messages(attributes, "llm.input_messages", "user")


def output_messages(attributes: Attributes) -> list[Message] | None:
    return _messages(attributes, "llm.output_messages", "assistant")


def tools(attributes: Attributes) -> list[Any] | None:
    schemas = [tool.get("json_schema") for tool in _objects(nested(attributes, "llm.tools"), "tool")]
    return [as_structure(schema) or schema for schema in schemas if schema] or None


def documents(attributes: Attributes) -> list[dict[str, Any]] | None:
    for prefix in ("retrieval.documents", "reranker.output_documents"):
        if found := list(_objects(nested(attributes, prefix), "document")):
            return [_document(document) for document in found]
    return None


def _document(document: dict[str, Any]) -> dict[str, Any]:
    parsed = {key: value for key, value in document.items() if key in ("id", "content", "score")}
    metadata = as_object(document.get("metadata"))
    return {**parsed, "metadata": metadata} if metadata else parsed


def request_model(attributes: Attributes) -> str | None:
    # `llm.model_name` is what answered; what was asked for stands in the parameters.
    parameters = as_object(attributes.get(PARAMETERS)) or {}
    return as_text(parameters.get("model")) or as_text(attributes.get("llm.model_name"))


def finish_reasons(attributes: Attributes) -> list[str] | None:
    reason = attributes.get("llm.finish_reason")
    return [str(reason)] if reason else None


DIALECT = Dialect(
    name="openinference",
    prefixes=("openinference.", "llm.", "retrieval.", "embedding.", "reranker.", "tool.", "input.", "output.", "tag."),
    recognises=lambda attributes: semconv.OPENINFERENCE_SPAN_KIND in attributes,
    fields={
        "provider": ("llm.provider", "llm.system"),
        "request_model": ("llm.request.model_name",),
        "response_model": ("llm.response.model_name", "llm.model_name", "embedding.model_name", "reranker.model_name"),
        "model_parameters": (PARAMETERS, "embedding.invocation_parameters"),
        "tool_name": ("tool.name",),
        "input": (semconv.INPUT_VALUE,),
        "output": (semconv.OUTPUT_VALUE,),
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
        "prompt_name": ("llm.prompt_template.name", "prompt.id"),
        "prompt_version": ("llm.prompt_template.version",),
    },
    functions={
        "kind": kind,
        "request_model": request_model,
        "finish_reasons": finish_reasons,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "documents": documents,
    },
)
