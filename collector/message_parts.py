"""Parts of a chat message in any provider's shape -> parts of the GenAI message schema. Pure.

A part that already speaks the schema is kept as it is, and so is one that nobody here knows. Everything else is found
in one of two tables: by its `type`, or, where providers tell parts apart by the key they use, by that key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assay.collector.values import as_structure, to_json

Part = dict[str, Any]
ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
Given = Mapping[str, Any]


EMPTY_TEXT = {"type": "text", "content": ""}


def to_parts(content: Any) -> Iterator[Part]:
    """Parts of a message's content: text, one part, a list of them, or nothing."""
    if isinstance(content, str):
        if content:
            yield text_part(content)
    elif isinstance(content, list):
        for item in content:
            if item is not None and (part := to_part(item)) != EMPTY_TEXT:
                yield part
    elif isinstance(content, Mapping):
        if content:
            yield to_part(content)
    elif content is not None:
        yield text_part(content)


def to_part(item: Any) -> Part:
    """One part, of any shape."""
    if not isinstance(item, Mapping):
        return text_part(item)
    kind = item.get("type") or item.get("block_type")
    if isinstance(kind, str) and kind in BY_TYPE:
        return BY_TYPE[kind](item)
    if not kind:
        for key, read in BY_KEY.items():
            if item.get(key) not in (None, "") or (key == "text" and item.get("text") == ""):
                return read(item)
        return {**item, "type": "unknown"}
    return dict(item) if isinstance(kind, str) else {**item, "type": "unknown"}


def is_part(item: Any) -> bool:
    """Whether this is a part of some provider's shape, rather than data that a program happens to handle."""
    if not isinstance(item, Mapping) or "role" in item:
        return False
    kind = item.get("type")
    return kind in PART_TYPES if isinstance(kind, str) else kind is None and not KEYED_PARTS.isdisjoint(item)


def text_part(content: Any) -> Part:
    return {"type": "text", "content": content if isinstance(content, str) else to_json(content)}


def tool_call(call: Given) -> Part:
    """A tool call as OpenAI, LangChain and others write it outside a message's content."""
    function = call.get("function")
    body = function if isinstance(function, Mapping) else call
    name = _first(body, "name", "tool_name", "toolName")
    arguments = _first(body, "arguments", "args", "input", "parameters")
    call_id = _first(call, "call_id", "tool_call_id", "toolCallId", "id")  # OpenAI's items have an id beside the call's
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": parsed(arguments)}


def tool_response(call_id: Any, response: Any, **more: Any) -> Part:
    return {"type": "tool_call_response", "id": call_id, "response": response, **more}


def plain_response(content: Any) -> Any:
    """What a tool answered: text blocks joined to text, a single JSON block as its value, anything else as it is."""
    if not isinstance(content, list) or not content or not all(isinstance(block, Mapping) for block in content):
        return content
    if len(content) == 1 and "json" in content[0]:
        return content[0]["json"]
    texts = [block.get("text", block.get("content")) for block in content]
    is_text = all(block.get("type", "text") in ("text", "input_text", "output_text") for block in content)
    return "".join(texts) if is_text and all(isinstance(text, str) for text in texts) else content


def parsed(value: Any) -> Any:
    """Arguments of a call: providers send them as JSON text; text that is none (a cut stream) stays text."""
    structure = as_structure(value)
    return value if structure is None else structure


def _first(item: Given, *keys: str) -> Any:
    for key in keys:
        if item.get(key) is not None:
            return item[key]
    return None


def _inner(item: Given, *keys: str) -> Given:
    """The object under the first of `keys` that holds one; else an empty one."""
    for key in keys:
        if isinstance(item.get(key), Mapping):
            return item[key]  # type: ignore[no-any-return]
    return {}


# One function for each shape ---------------------------------------------------------------------------------------


def _text(item: Given) -> Part:
    content = _first(item, "content", "text")
    extra = {"annotations": item["annotations"]} if item.get("annotations") else {}
    if item.get("thought") is True:  # Gemini
        return {"type": "reasoning", "content": content}
    return {**text_part("" if content is None else content), **extra}


def _reasoning(item: Given) -> Part:
    content = _first(item, "content", "text", "thinking", "reasoning", "reasoning_text", "summary")
    extra = {key: item[key] for key in ("id", "signature", "encrypted_content") if item.get(key)}
    return {"type": "reasoning", "content": _joined(content), **extra}


def _joined(content: Any) -> Any:
    """Reasoning in blocks is one text."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "\n".join(str(block.get("text") or "") for block in content if isinstance(block, Mapping))
    return to_json(content)


def _redacted_thinking(item: Given) -> Part:
    return {"type": "reasoning", "content": "", "redacted": True}


def _refusal(item: Given) -> Part:
    return {"type": "refusal", "content": _first(item, "content", "refusal") or ""}


def _call(item: Given) -> Part:
    return {**{key: item[key] for key in item if key not in CALL_KEYS}, **tool_call(item)}


CALL_KEYS = {
    "args",
    "input",
    "function",
    "call_id",
    "tool_name",
    "toolName",
    "toolCallId",
    "tool_call_id",
    "parameters",
}


def _call_response(item: Given) -> Part:
    response = plain_response(_first(item, "response", "result"))
    return {**{key: value for key, value in item.items() if key != "result"}, "response": response}


def _tool_result(item: Given) -> Part:
    """A result that is a part of its own: Anthropic, MCP, AI SDK, LangChain."""
    call_id = _first(item, "tool_use_id", "toolUseId", "toolCallId", "tool_call_id", "call_id", "id")
    output = _first(item, "output", "result", "content", "response")
    if isinstance(output, Mapping) and output.get("type") in AI_SDK_OUTPUTS and "value" in output:
        output = output["value"]
    more = {"name": item["toolName"]} if item.get("toolName") else {}
    failed = item.get("is_error") or item.get("isError")
    return tool_response(call_id, plain_response(output), **more, **({"is_error": True} if failed else {}))


AI_SDK_OUTPUTS = ("text", "json", "content", "error-text", "error-json")


def _server_call(item: Given) -> Part:
    body = {key: value for key, value in item.items() if key not in ("type", "id", "name")}
    kind = str(item.get("name") or item.get("type")).removesuffix("_call")
    return {"type": "server_tool_call", "id": item.get("id"), "name": kind, "server_tool_call": {"type": kind, **body}}


def _server_result(item: Given) -> Part:
    body = {"type": item.get("type"), "content": item.get("content")}
    return {"type": "server_tool_call_response", "id": item.get("tool_use_id"), "server_tool_call_response": body}


def _image(item: Given) -> Part:
    """An image by URL or as data: OpenAI, Anthropic, LangChain, AI SDK, LlamaIndex, Haystack."""
    return _media(item, "image")


def _audio(item: Given) -> Part:
    return _media({**item, **_inner(item, "input_audio", "audio")}, "audio")


def _media(item: Given, modality: str) -> Part:
    source = {**item, **_inner(item, "source", "image", "file", "document", "image_url", "video")}
    data = _first(source, "data", "base64", "base64_image", "bytes", "file_data")
    uri = _first(source, "url", "uri", "image_url", "file_url", "image")
    mime_type = _first(source, "mime_type", "media_type", "mimeType", "mediaType", "image_mimetype", "format")
    if mime_type is not None and "/" not in str(mime_type):
        mime_type = f"{modality}/{mime_type}"
    if data is None and isinstance(uri, str) and uri == item.get("image") and not ADDRESS.match(uri):
        data, uri = uri, None  # AI SDK: `image` and `data` are an address or base64
    if isinstance(data, str) and ADDRESS.match(data):
        data, uri = None, data
    if isinstance(uri, str) and uri.startswith("data:") and ";base64," in uri:
        head, data = uri.split(";base64,", 1)
        mime_type = head.removeprefix("data:")
    if isinstance(data, str) and data:
        return {"type": "blob", "modality": modality, "mime_type": mime_type, "content": data}
    if file_id := _first(source, "file_id", "fileId"):
        return {"type": "file", "modality": modality, "file_id": file_id}
    kept = {"mime_type": mime_type} if mime_type else {}
    return {"type": "uri", "modality": modality, **kept, "uri": uri if isinstance(uri, str) else None}


def _document(item: Given) -> Part:
    source = _inner(item, "source")
    if source.get("type") == "text":  # Anthropic
        return text_part(source.get("data") or "")
    return _media(item, "document")


def _file(item: Given) -> Part:
    """A file: the schema's own part has `file_id` and `modality`; the others say what it is by its media type."""
    if "modality" in item:
        return dict(item)
    mime_type = str(_first(item, "mediaType", "mimeType", "mime_type") or "")
    modality = mime_type.partition("/")[0]
    return _media(item, modality if modality in ("image", "audio", "video") else "document")


# Parts told apart by their key: Bedrock, Gemini, Haystack -----------------------------------------------------------


def _bedrock_call(item: Given) -> Part:
    use = _inner(item, "toolUse")
    return {"type": "tool_call", "id": use.get("toolUseId"), "name": use.get("name"), "arguments": use.get("input")}


def _bedrock_result(item: Given) -> Part:
    result = _inner(item, "toolResult")
    return tool_response(result.get("toolUseId"), plain_response(result.get("content")))


def _bedrock_reasoning(item: Given) -> Part:
    return _reasoning(_inner(_inner(item, "reasoningContent"), "reasoningText"))


def _gemini_call(item: Given) -> Part:
    call = _inner(item, "function_call", "functionCall")
    return {"type": "tool_call", "id": call.get("id"), "name": call.get("name"), "arguments": parsed(call.get("args"))}


def _gemini_response(item: Given) -> Part:
    answer = _inner(item, "function_response", "functionResponse")
    return tool_response(answer.get("id"), answer.get("response"), name=answer.get("name"))


def _gemini_data(item: Given) -> Part:
    data = _inner(item, "inline_data", "inlineData", "file_data", "fileData")
    modality = str(_first(data, "mime_type", "mimeType") or "").partition("/")[0]
    flat = {**data, "uri": _first(data, "file_uri", "fileUri")}
    return _media(flat, modality if modality in ("image", "audio", "video") else "document")


def _haystack_call(item: Given) -> Part:
    return tool_call(_inner(item, "tool_call"))


def _haystack_result(item: Given) -> Part:
    result = _inner(item, "tool_call_result")
    origin = _inner(result, "origin")
    return tool_response(origin.get("id"), plain_response(result.get("result")), name=origin.get("tool_name"))


BY_TYPE: dict[str, Callable[[Given], Part]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "summary_text": _text,
    "reasoning": _reasoning,
    "reasoning_text": _reasoning,
    "thinking": _reasoning,
    "redacted_thinking": _redacted_thinking,
    "refusal": _refusal,
    "tool_call": _call,
    "tool-call": _call,
    "tool_use": _call,
    "tool_call_chunk": _call,
    "function_call": _call,
    "custom_tool_call": _call,
    "mcp_tool_use": _call,
    "tool_call_response": _call_response,
    "tool_result": _tool_result,
    "tool-result": _tool_result,
    "tool-error": _tool_result,
    "mcp_tool_result": _tool_result,
    "function_call_output": _tool_result,
    "custom_tool_call_output": _tool_result,
    "server_tool_use": _server_call,
    "web_search_call": _server_call,
    "file_search_call": _server_call,
    "code_interpreter_call": _server_call,
    "computer_call": _server_call,
    "image_generation_call": _server_call,
    "mcp_call": _server_call,
    "local_shell_call": _server_call,
    "web_search_tool_result": _server_result,
    "code_execution_tool_result": _server_result,
    "image_url": _image,
    "input_image": _image,
    "image": _image,
    "audio": _audio,
    "input_audio": _audio,
    "document": _document,
    "input_file": _file,
    "file": _file,
}

BY_KEY: dict[str, Callable[[Given], Part]] = {
    "toolUse": _bedrock_call,
    "toolResult": _bedrock_result,
    "reasoningContent": _bedrock_reasoning,
    "reasoning_content": _reasoning,
    "function_call": _gemini_call,
    "functionCall": _gemini_call,
    "function_response": _gemini_response,
    "functionResponse": _gemini_response,
    "inline_data": _gemini_data,
    "inlineData": _gemini_data,
    "file_data": _gemini_data,
    "fileData": _gemini_data,
    "tool_call_result": _haystack_result,
    "tool_call": _haystack_call,
    "text": _text,
    "content": _text,
    "image": _image,
    "document": _document,
    "reasoning": lambda item: _reasoning(_inner(item, "reasoning") or item),
}

SCHEMA_TYPES = {"server_tool_call", "server_tool_call_response", "blob", "uri", "compaction"}
PART_TYPES = BY_TYPE.keys() | SCHEMA_TYPES
KEYED_PARTS = BY_KEY.keys() - {"content", "document", "reasoning"}
