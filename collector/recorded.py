"""What a function took and gave, as instrumentations record it -> what a person would read of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.collector.chat_message import Message
from assay.collector.message_text import answer_text, last_user_text, message_text
from assay.collector.messages import find_messages
from assay.collector.values import as_text, parse_json

STRUCTURED = ("{", "[", '"')  # how JSON text of what may hold something begins
INPUTS = ("inputs", "input", "input_str", "query")
OUTPUTS = ("outputs", "output")
WRAPPING = {*INPUTS, *OUTPUTS, "tags", "metadata", "kwargs", "error", "run_id", "config"}


def recorded_input(value: Any) -> str | None:
    """The last thing the user said where the value holds messages; else the value itself, out of its wrapping."""
    if _is_plain(value):
        return as_text(value)
    value = unwrapped(value, *INPUTS)
    return last_user_text(find_messages(value, role="user")) or as_text(value)


def recorded_output(value: Any) -> str | None:
    """The answer, or a tool's response, where the value holds messages; else the value itself."""
    if _is_plain(value):
        return as_text(value)
    value = unwrapped(value, *OUTPUTS)
    messages = find_messages(value, role="assistant")
    if messages:
        return answer_text(answer_of(messages)) or _last(messages)
    return as_text(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip()[:1] not in STRUCTURED


def unwrapped(value: Any, *keys: str) -> Any:
    """The value that an instrumentation put into an object of its own: `{"inputs": ..., "tags": ...}`, or a call's
    arguments `{"args": [...], "kwargs": {...}}` where there is just one; JSON text of a string is that string.
    """
    if isinstance(value, str):
        structure = parse_json(value) if value[:1] != '"' else _string(value)
        if structure is None:
            return value
        if not isinstance(structure, dict):
            return structure if isinstance(structure, str) else value
        inner = unwrapped(structure, *keys)
        return value if inner is structure else inner
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"args", "kwargs"}:
        args, kwargs = value["args"], value["kwargs"]
        if not kwargs and isinstance(args, list) and len(args) == 1:
            return args[0]
        return kwargs if not args else value
    for key in keys:
        if key in value and value.keys() <= WRAPPING:
            return value[key]
    return value


def answer_of(messages: list[Message] | None) -> list[Message]:
    """What the assistant said at the end: a graph's output repeats the whole conversation before it."""
    answer: list[Message] = []
    for message in reversed(messages or []):
        if message["role"] != "assistant":
            break
        answer.insert(0, message)
    return answer


def _last(messages: list[Message] | None) -> str | None:
    """What the last message says: a tool its response, a prompt its text."""
    for message in (messages or [])[-1:]:
        for part in message["parts"]:
            if part["type"] == "tool_call_response":
                return as_text(part.get("response"))
        return message_text(message) or None
    return None


def _string(text: str) -> str | None:
    """What JSON text of a string spells."""
    listed = parse_json(f"[{text}]")
    return listed[0] if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], str) else None
