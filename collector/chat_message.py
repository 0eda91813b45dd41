"""One chat message of any shape -> a message of the GenAI schema. Pure.

`messages.py` finds the messages in what was recorded, `message_parts.py` reads their parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.collector.message_parts import (
    Part,
    plain_response,
    text_part,
    to_part,
    to_parts,
    tool_call,
    tool_response,
)

Message = dict[str, Any]

ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "chatbot": "assistant",
    "bot": "assistant",
    "function": "tool",
    "ipython": "tool",
}
ENUMERATION = "MessageRole."  # LlamaIndex: `MessageRole.USER`
KNOWN_ROLES = {"system", "developer", "user", "assistant", "tool", *ROLES}

# LangChain says who speaks by the class of a message: `HumanMessage`, or `human` where it is written shorter.
LANGCHAIN_ROLES = {
    name: role
    for short, role in (
        ("human", "user"),
        ("ai", "assistant"),
        ("system", "system"),
        ("tool", "tool"),
        ("function", "tool"),
        ("developer", "developer"),
    )
    for name in (short, f"{short.title()}Message", f"{short.title()}MessageChunk")
} | {"AIMessage": "assistant", "AIMessageChunk": "assistant"}

# Items of OpenAI's Responses API that stand in a list of their own, not inside a message.
ASSISTANT_ITEMS = {
    "function_call",
    "custom_tool_call",
    "reasoning",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "computer_call",
    "image_generation_call",
    "mcp_call",
    "local_shell_call",
}
TOOL_ITEMS = {"function_call_output", "custom_tool_call_output", "computer_call_output", "local_shell_call_output"}
ITEMS = {"message", *ASSISTANT_ITEMS, *TOOL_ITEMS}


PLAIN_ROLES = ("system", "user", "assistant")


def item_type(item: Any) -> str:
    kind = item.get("type") if isinstance(item, Mapping) else None
    return kind if isinstance(kind, str) else ""


def is_pair(item: Any) -> bool:
    """`["user", "hello"]`, as LangChain takes messages."""
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and item[0] in KNOWN_ROLES


def is_message(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    role = item.get("role")
    if isinstance(role, str):
        known = role.lower() in KNOWN_ROLES or role.startswith(ENUMERATION)
        return not (MESSAGE_KEYS if known else {"content", "parts"}).isdisjoint(item)
    if isinstance(item.get("_role"), str):  # Haystack 2.8 and before
        return "_content" in item
    kind = item_type(item)
    if kind in ITEMS:
        return True
    if kind == "constructor" or "lc" in item:
        return _class(item) in LANGCHAIN_ROLES and isinstance(item.get("kwargs"), dict)
    if kind in LANGCHAIN_ROLES:
        return isinstance(item.get("data"), dict) or "content" in item
    return isinstance(item.get("parts"), list)


MESSAGE_KEYS = {"content", "parts", "tool_calls", "function_call", "blocks", "refusal", "contents", "audio", "text"}


def _class(item: Mapping[str, Any]) -> Any:
    path = item.get("id")
    return path[-1] if isinstance(path, list) and path and isinstance(path[-1], str) else None


def plain_message(item: Any) -> Message | None:
    """The message that `item` is where it holds nothing but text, as most do; None where it takes more to read it."""
    if type(item) is not dict or item.get("role") not in PLAIN_ROLES:
        return None
    content = item.get("content")
    if content is not None:
        plain = len(item) == 2 and type(content) is str and content
        return {"role": item["role"], "parts": [{"type": "text", "content": content}]} if plain else None
    parts = item.get("parts")
    finish = item.get("finish_reason", "")
    if type(parts) is not list or type(finish) is not str or len(item) != 2 + ("finish_reason" in item):
        return None
    for part in parts:
        if type(part) is not dict or len(part) != 2 or part.get("type") != "text":
            return None
        if type(part.get("content")) is not str or not part["content"]:
            return None
    return item


def read_message(item: Any, role: str) -> Iterator[Message]:
    """A message of any shape; several where one carries the answers of several tools."""
    if not isinstance(item, Mapping):
        yield {"role": role, "parts": [text_part(item)]}
        return
    if item_type(item) in ITEMS and "role" not in item:
        yield from read_item(item, role)
        return
    given, item = _speaker(item, role)
    lower = given.lower()
    message: Message = {"role": ROLES.get(lower, lower if lower in KNOWN_ROLES else given)}
    message.update({key: item[key] for key in ("name", "finish_reason") if item.get(key)})
    parts = list(to_parts(_content(item)))
    if message["role"] == "tool":
        parts = _tool_answer(item, parts)
    message["parts"] = _with_calls(item, _with_reasoning(item, parts))
    if message["role"] == "user" and _only_responses(message["parts"]):
        message["role"] = "tool"  # Anthropic and Gemini send results of tools as the user
    metadata = item.get("response_metadata")
    if isinstance(metadata, Mapping):
        message = finished(message, metadata.get("finish_reason") or metadata.get("stop_reason"))
    yield finished(message, item.get("stop_reason"))


def _speaker(item: Mapping[str, Any], role: str) -> tuple[str, Mapping[str, Any]]:
    """Who says it, and the object that holds what is said."""
    given = item.get("role") or item.get("_role")
    if given:
        return str(given).removeprefix(ENUMERATION), item
    if isinstance(item.get("kwargs"), Mapping):
        return LANGCHAIN_ROLES.get(str(_class(item)), role), item["kwargs"]
    kind = item_type(item)
    if kind in LANGCHAIN_ROLES:
        return LANGCHAIN_ROLES[kind], item["data"] if isinstance(item.get("data"), Mapping) else item
    return role, item


def _content(item: Mapping[str, Any]) -> Any:
    for key in ("parts", "content", "_content", "blocks", "contents", "text"):
        if item.get(key) is not None:
            return item[key]
    audio = item.get("audio")
    return audio.get("transcript") if isinstance(audio, Mapping) else None


def _tool_answer(item: Mapping[str, Any], parts: list[Part]) -> list[Part]:
    """What a tool said: where the answer to a call is a message of its own, its content is the response."""
    call_id = item.get("tool_call_id") or item.get("toolCallId") or item.get("id")
    if not parts or any(part["type"] == "tool_call_response" for part in parts):
        return parts if parts or call_id is None else [tool_response(call_id, "")]
    if "parts" in item or ("tool_call_id" not in item and call_id is None and "name" not in item):
        return parts
    texts = [part.get("content") for part in parts]
    if all(part["type"] == "text" for part in parts):
        return [tool_response(call_id, "".join(map(str, texts)))]
    return [tool_response(call_id, plain_response(item.get("content")))]


def _with_reasoning(item: Mapping[str, Any], parts: list[Part]) -> list[Part]:
    for key in ("reasoning_content", "reasoning", "thinking"):
        told = item.get(key)
        if isinstance(told, str) and told and not any(part["type"] == "reasoning" for part in parts):
            parts.insert(0, {"type": "reasoning", "content": told})
    return parts


def _with_calls(item: Mapping[str, Any], parts: list[Part]) -> list[Part]:
    if refusal := item.get("refusal"):
        parts.append({"type": "refusal", "content": refusal})
    more = item.get("additional_kwargs")
    # LangChain repeats the calls in the provider's own words, and Anthropic's once more in the content
    for source in (item, more if isinstance(more, Mapping) else {}):
        for call in _calls(source):
            known = any(part["type"] == "tool_call" and part.get("id") == call["id"] for part in parts)
            if call["name"] is not None and not (known and call["id"] is not None):
                parts.append(call)
        if any(part["type"] == "tool_call" for part in parts):
            break
    return parts


def _calls(source: Mapping[str, Any]) -> Iterator[Part]:
    for key in ("tool_calls", "toolCalls"):
        calls = source.get(key)
        yield from (tool_call(call) for call in (calls if isinstance(calls, list) else []) if isinstance(call, Mapping))
    legacy = source.get("function_call")
    if isinstance(legacy, Mapping) and legacy.get("name"):
        yield tool_call(legacy)


def _only_responses(parts: list[Part]) -> bool:
    return bool(parts) and all(part["type"] == "tool_call_response" for part in parts)


def finished(message: Message, reason: Any) -> Message:
    return {**message, "finish_reason": reason} if isinstance(reason, str) and reason else message


def read_item(item: Any, role: str) -> Iterator[Message]:
    """An item of the Responses API as a message; calls and reasoning are what the assistant says."""
    kind = item_type(item)
    if kind in ASSISTANT_ITEMS:
        if parts := [part for part in to_parts(item) if part["type"] != "reasoning" or part["content"]]:
            yield {"role": "assistant", "parts": parts}
    elif kind in TOOL_ITEMS:
        yield {"role": "tool", "parts": [to_part({**item, "type": "function_call_output"})]}
    elif kind == "message" and "role" not in item:
        yield {"role": role, "parts": list(to_parts(item.get("content")))}
    else:
        yield from read_message(item, role)


def merged(messages: list[Message]) -> list[Message]:
    """Neighbouring items of the assistant are one message: what it thought, said and called in one turn."""
    merged: list[Message] = []
    for message in messages:
        if merged and message["role"] == "assistant" == merged[-1]["role"]:
            merged[-1] = {**merged[-1], **message, "parts": [*merged[-1]["parts"], *message["parts"]]}
        else:
            merged.append(message)
    return merged
