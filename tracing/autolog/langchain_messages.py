"""Messages of LangChain in the GenAI message schema. Pure; read from where they are stored, never asked.

A message's content is text, or a list of blocks: LangChain's own (`langchain_core.messages.content`), the forms it had
before, and those of the providers, side by side. Blocks that repeat a message's `tool_calls` are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.tracing.autolog.openai_messages import Message, Part, parsed_object
from assay.tracing.autolog.values import blob, get, items, known, parsed
from assay.tracing.serialise import plain

ROLES = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "developer": "developer",
    "remove": "system",
}
MODALITIES = ("image", "audio", "video", "document")


def is_message(value: Any) -> bool:
    """A message of LangChain's, of any class and version: told by its shape, without importing LangChain."""
    return any(cls.__name__ == "BaseMessage" for cls in type(value).__mro__)


def to_message(message: Any, finish_reason: str | None = None) -> Message:
    """One message. Of a tool, it is the answer to a call; of a model, text comes before the tool calls."""
    kind = str(get(message, "type") or "").removesuffix("MessageChunk").lower()
    if kind in ("tool", "function"):
        return {"role": "tool", "parts": [_tool_answer(message)]}
    parts = [*_reasoning(message), *_parts(get(message, "content")), *_besides(message), *_tool_calls(message)]
    found: Message = {"role": _role(message, kind), "parts": parts}
    if name := get(message, "name"):
        found["name"] = str(name)
    if finish_reason:
        found["finish_reason"] = finish_reason
    return found


def to_messages(messages: Any) -> list[Message]:
    return [to_message(message) for message in items(messages)]


def text_of(message: Any) -> str:
    """The text of a message, without anything else that it holds."""
    content = get(message, "content")
    if isinstance(content, str):
        return content
    texts = [part["content"] for part in _parts(content) if part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


def shown(value: Any, depth: int = 0) -> Any:
    """`value` as it is recorded: messages in it, at most four levels down, in the message schema."""
    if is_message(value):
        return to_message(value)
    if depth < 4:
        if type(value) is dict:
            return {key: shown(item, depth + 1) for key, item in value.items()}
        if type(value) in (list, tuple):
            return [shown(item, depth + 1) for item in value]
        if any(cls.__name__ == "PromptValue" for cls in type(value).__mro__):
            messages = get(value, "messages")
            return get(value, "text") if messages is None else to_messages(messages)
        if type(value).__name__ == "Command" and type(value).__module__ == "langgraph.types":
            fields = {name: get(value, name) for name in ("graph", "update", "resume", "goto")}
            return {name: shown(item, depth + 1) for name, item in fields.items() if item is not None and item != ()}
    return value


def _role(message: Any, kind: str) -> str:
    stated = get(message, "role") if kind == "chat" else get(message, "additional_kwargs", "__openai_role__")
    return str(stated) if stated else ROLES.get(kind, kind or "user")


def _tool_answer(message: Any) -> Part:
    called = get(message, "tool_call_id") or get(message, "name")
    content = get(message, "content")
    parts = _parts(content)
    texts = [part["content"] for part in parts if part.get("type") == "text"]
    joined = "".join(map(str, texts)) if len(texts) == len(parts) else None
    response: Any = parts if joined is None else parsed_object(joined)
    failed = True if get(message, "status") == "error" else None
    fields = [("type", "tool_call_response"), ("id", called), ("response", response), ("is_error", failed)]
    return known(fields)


def _reasoning(message: Any) -> list[Part]:
    """Reasoning that stands beside the content: DeepSeek's, vLLM's and others' who follow them."""
    text = get(message, "additional_kwargs", "reasoning_content")
    return [{"type": "reasoning", "content": text}] if isinstance(text, str) and text else []


def _besides(message: Any) -> list[Part]:
    """What OpenAI's models answer beside the content: refusals and sound."""
    more = get(message, "additional_kwargs")
    found: list[Part] = []
    if refusal := get(more, "refusal"):
        found.append({"type": "refusal", "content": refusal})
    if (audio := get(more, "audio")) is not None:
        part = blob("audio", None, get(audio, "data"))
        found.append(known([*part.items(), ("transcript", get(audio, "transcript"))]))
    return found


def _tool_calls(message: Any) -> list[Part]:
    calls = [*items(get(message, "tool_calls")), *items(get(message, "invalid_tool_calls"))]
    found = [_tool_call(get(call, "id"), get(call, "name"), get(call, "args")) for call in calls]
    legacy = get(message, "additional_kwargs", "function_call")
    if legacy is not None and not found:
        found.append(_tool_call(None, get(legacy, "name"), get(legacy, "arguments")))
    return found


def _tool_call(call_id: Any, name: Any, arguments: Any) -> Part:
    """The arguments as an object; those that the model wrote wrongly stay the text that they are."""
    shown_arguments = plain(parsed(arguments))
    return known([("type", "tool_call"), ("id", call_id), ("name", name), ("arguments", shown_arguments)])


def _parts(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [{"type": "text", "content": content}] if content else []
    parts: list[Part] = []
    for block in items(content):
        part = _part(block)
        last = parts[-1] if parts else None
        if part is None:
            continue
        if last is not None and part["type"] == last["type"] == "text" and _streamed(block):
            last["content"] = f"{last['content']}{part['content']}"
        else:
            parts.append(part)
    return parts


def _streamed(block: Any) -> bool:
    """A piece of a text that came in pieces: it has no text of its own to begin with, only a position."""
    return isinstance(block, dict) and set(block) <= {"type", "text", "index"} and "index" in block


def _part(block: Any) -> Part | None:
    if isinstance(block, str):
        return {"type": "text", "content": block} if block else None
    kind = str(get(block, "type") or "")
    if kind in _CALLS:
        return None
    if (read := _BLOCKS.get(kind)) is not None:
        return read(block)
    found = plain(block)
    return found if isinstance(found, dict) and "type" in found else {"type": kind or "unknown", "content": found}


def _text(block: Any) -> Part:
    return {"type": "text", "content": get(block, "text") or get(block, "content") or ""}


def _thought(block: Any) -> Part | None:
    """`reasoning` of LangChain, `thinking` of Anthropic, `summary` of OpenAI's Responses API."""
    text = get(block, "reasoning") or get(block, "thinking")
    if not isinstance(text, str):
        pieces = [*items(get(block, "summary")), *items(get(block, "content"))]
        text = "\n".join(piece for each in pieces if isinstance(piece := get(each, "text"), str))
    return {"type": "reasoning", "content": text} if text else None


def _refused(block: Any) -> Part:
    return {"type": "refusal", "content": get(block, "refusal")}


def _media(modality: str) -> Callable[[Any], Part]:
    """Bytes, an address or a file's id, in any of the forms that LangChain and the providers have for them."""

    def read(block: Any) -> Part:
        inner = get(block, "source") or get(block, "file") or get(block, "input_audio") or block
        address = get(block, "image_url")
        address = get(address, "url") if address is not None and not isinstance(address, str) else address
        address = address or get(inner, "url") or get(inner, "file_url")
        mime_type = get(inner, "mime_type") or get(inner, "media_type")
        data = get(inner, "base64") or get(inner, "data") or get(inner, "file_data")
        if mime_type is None and (form := get(inner, "format")):
            mime_type = f"{modality}/{form}"
        kind = _modality(mime_type) if modality == "file" else modality
        if isinstance(address, str) and address.startswith("data:"):
            head, _, data = address.partition(",")
            return blob(kind, head[len("data:") :].partition(";")[0] or mime_type, data)
        if isinstance(address, str):
            return known([("type", "uri"), ("modality", kind), ("mime_type", mime_type), ("uri", address)])
        if (file_id := get(inner, "file_id") or get(inner, "id")) and data is None:
            return known([("type", "file"), ("modality", kind), ("mime_type", mime_type), ("file_id", file_id)])
        return known([*blob(kind, mime_type, data).items(), ("filename", get(inner, "filename"))])

    return read


def _modality(mime_type: Any) -> str:
    first = str(mime_type or "").partition("/")[0]
    return first if first in MODALITIES else "document"


def _server_call(block: Any) -> Part:
    call = known([("type", get(block, "name")), ("arguments", plain(get(block, "args") or get(block, "input")))])
    return known(
        [
            ("type", "server_tool_call"),
            ("id", get(block, "id")),
            ("name", get(block, "name")),
            ("server_tool_call", call),
        ]
    )


def _server_answer(block: Any) -> Part:
    answer = known([("status", get(block, "status")), ("output", plain(get(block, "output")))])
    fields = [("type", "server_tool_call_response"), ("id", get(block, "tool_call_id"))]
    return known([*fields, ("server_tool_call_response", answer)])


def _tool_result(block: Any) -> Part:
    """Anthropic's answer of a tool, which is a block of a user's message there."""
    response = get(block, "content")
    response = _parts(response) if isinstance(response, list) else response
    return known([("type", "tool_call_response"), ("id", get(block, "tool_use_id")), ("response", plain(response))])


# Calls stand in the message's `tool_calls` as well, and in the same words for every provider
_CALLS = frozenset(
    {"tool_call", "tool_call_chunk", "invalid_tool_call", "tool_use", "function_call", "input_json_delta"}
)

_BLOCKS: dict[str, Callable[[Any], Part | None]] = {
    **dict.fromkeys(("text", "input_text", "output_text", "text-plain"), _text),
    **dict.fromkeys(("reasoning", "thinking", "reasoning_content"), _thought),
    "refusal": _refused,
    **dict.fromkeys(("image", "image_url", "input_image"), _media("image")),
    **dict.fromkeys(("audio", "input_audio"), _media("audio")),
    "video": _media("video"),
    **dict.fromkeys(("file", "input_file", "media", "document"), _media("file")),
    "server_tool_call": _server_call,
    "server_tool_use": _server_call,
    "server_tool_result": _server_answer,
    "tool_result": _tool_result,
}
