"""Chat messages of any shape -> the GenAI message schema, and what a person would read of them. Pure.

The canonical form is that of the OpenTelemetry GenAI conventions:
`[{"role", "parts": [{"type": "text", "content"}, {"type": "tool_call", "id", "name", "arguments"},
{"type": "tool_call_response", "id", "response"}, ...]}]`. Keys a sender added are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.collector.values import as_structure, parse_json, to_json

Message = dict[str, Any]
Part = dict[str, Any]

ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}


def to_messages(value: Any, *, role: str) -> list[Message] | None:
    """Messages from a list, one message, plain text, or JSON text of those; None when there is nothing.

    Args:
        role: of text that comes without one.
    """
    if isinstance(value, str):
        structure = parse_json(value)
        if structure == []:
            return None
        if not _looks_like_messages(structure):
            return [{"role": role, "parts": [_text(value)]}] if value else None
        value = structure
    if isinstance(value, dict):
        value = value.get("messages", [value])
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(item, dict) and "type" in item and "role" not in item and "parts" not in item for item in value):
        return [
            {"role": role, "parts": list(_parts(value))}
        ]  # parts without a message around them: system instructions
    return [_message(item, role) for item in value]


def _looks_like_messages(value: Any) -> bool:
    items = value.get("messages") if isinstance(value, dict) and "messages" in value else value
    items = [items] if isinstance(items, dict) else items
    return (
        isinstance(items, list)
        and bool(items)
        and all(isinstance(item, dict) and not item.keys().isdisjoint({"role", "parts", "type"}) for item in items)
    )


def _message(item: Any, role: str) -> Message:
    if not isinstance(item, Mapping):
        return {"role": role, "parts": [_text(item if isinstance(item, str) else to_json(item))]}
    given = str(item.get("role") or role)
    message: Message = {"role": ROLES.get(given, given)}
    message.update({key: item[key] for key in ("name", "finish_reason") if item.get(key)})
    parts = list(_parts(item.get("parts", item.get("content"))))
    if message["role"] == "tool" and "tool_call_id" in item:  # OpenAI: the answer to a call is a message of its own
        response = "".join(str(part.get("content", "")) for part in parts if part["type"] == "text")
        parts = [{"type": "tool_call_response", "id": item["tool_call_id"], "response": response}]
    if reasoning := item.get("reasoning_content"):
        parts.insert(0, {"type": "reasoning", "content": reasoning})
    if refusal := item.get("refusal"):
        parts.append({"type": "refusal", "content": refusal})
    calls = item.get("tool_calls")
    parts.extend(_tool_call(call) for call in (calls if isinstance(calls, list) else []) if isinstance(call, Mapping))
    message["parts"] = parts
    if message["role"] == "user" and parts and all(part["type"] == "tool_call_response" for part in parts):
        message["role"] = "tool"  # Anthropic and Gemini send results of tools as the user
    return message


def _parts(content: Any) -> Iterator[Part]:
    """Parts of a message: text, a list of parts of any provider's shape, or nothing."""
    if content is None or content == "":
        return
    if isinstance(content, str):
        yield _text(content)
    elif isinstance(content, list):
        for item in content:
            yield _part(item)
    else:
        yield _part(content)


def _part(item: Any) -> Part:
    if isinstance(item, str):
        return _text(item)
    if not isinstance(item, Mapping):
        return _text(to_json(item))
    kind = item.get("type")
    if kind in ("text", "input_text", "output_text") or (kind is None and isinstance(item.get("text"), str)):
        return _text(item.get("content", item.get("text", "")))
    if kind == "tool_use":  # Anthropic
        return {"type": "tool_call", "id": item.get("id"), "name": item.get("name"), "arguments": item.get("input")}
    if kind == "tool_result":  # Anthropic
        return {"type": "tool_call_response", "id": item.get("tool_use_id"), "response": item.get("content")}
    if kind == "thinking":  # Anthropic
        return {"type": "reasoning", "content": item.get("thinking", "")}
    if kind in ("image_url", "input_image"):  # OpenAI
        image = item.get("image_url")
        uri = image.get("url") if isinstance(image, Mapping) else image
        return {"type": "uri", "modality": "image", "uri": uri}
    if kind == "tool_call_response" and "response" not in item and "result" in item:
        return {**item, "response": item["result"]}
    if kind == "tool_call":
        return {**item, "arguments": _arguments(item.get("arguments"))}
    return dict(item) if isinstance(kind, str) and kind else {**item, "type": "unknown"}


def _tool_call(call: Mapping[str, Any]) -> Part:
    function = call.get("function")
    body = function if isinstance(function, Mapping) else call
    return {
        "type": "tool_call",
        "id": call.get("id"),
        "name": body.get("name"),
        "arguments": _arguments(body.get("arguments", body.get("args"))),
    }


def _arguments(value: Any) -> Any:
    # Providers send arguments as JSON text; text that is no JSON (a cut stream) stays text.
    structure = as_structure(value)
    return value if structure is None else structure


def _text(content: Any) -> Part:
    return {"type": "text", "content": content if isinstance(content, str) else to_json(content)}


# What a person reads ----------------------------------------------------------------------------------------------


def last_user_text(messages: list[Message] | None) -> str | None:
    """Text of the last message that the user wrote; else of the last message that has any."""
    for wanted in ("user", None):
        for message in reversed(messages or []):
            if (wanted is None or message["role"] == wanted) and (text := message_text(message)):
                return text
    return None


def answer_text(messages: list[Message] | None) -> str | None:
    """Text of the answer; where it only calls tools, the calls as `name(arguments)`."""
    texts = [text for message in messages or [] if (text := message_text(message))]
    if texts:
        return "\n\n".join(texts)
    calls = [f"{part.get('name')}({to_json(part.get('arguments'))})" for part in tool_calls(messages)]
    return "\n".join(calls) or None


def message_text(message: Message) -> str:
    """The text parts of one message, and refusals, which are text too."""
    parts = message["parts"]
    return "\n".join(str(part.get("content", "")) for part in parts if part["type"] in ("text", "refusal")).strip()


def tool_calls(messages: list[Message] | None) -> list[Part]:
    """Every call of a tool in these messages, in order."""
    return [
        part for message in messages or [] for part in message.get("parts") or [] if part.get("type") == "tool_call"
    ]
