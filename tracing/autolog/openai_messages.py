"""Messages of OpenAI's chat completions in the GenAI message schema. Pure; unknown messages are kept as they are.

Source: schema `gen-ai-input-messages.json` of open-telemetry/semantic-conventions-genai; OpenAI API, chat completions.
"""

from __future__ import annotations

from typing import Any

from assay.tracing.autolog.values import blob, get, items, known, parsed, plain_content

Message = dict[str, Any]
Part = dict[str, Any]

SECRETS = frozenset({"authorization", "headers"})  # of an MCP server's definition


def input_messages(messages: Any) -> list[Message]:
    """Messages of a request, in order. System messages stay among them: the API takes them there."""
    return [_message(message) for message in items(messages)]


def output_message(message: Any, finish_reason: str | None) -> Message:
    """The answer of one choice."""
    parts = [*_reasoning(message), *_content(get(message, "content")), *_refusal(message), *_tool_calls(message)]
    if (audio := get(message, "audio")) is not None:
        part = blob("audio", None, get(audio, "data"))
        parts.append(known([*part.items(), ("transcript", get(audio, "transcript"))]))
    answer: Message = {"role": get(message, "role") or "assistant", "parts": parts}
    return {**answer, "finish_reason": finish_reason} if finish_reason else answer


def tool_definitions(tools: Any, functions: Any = None, *, content: bool = True) -> list[dict[str, Any]]:
    """Tools of a request as `{"type", "name", "description", "parameters"}`; `functions` is their older form.

    Without content only type and name: a description is part of the prompt.
    """
    found = [_definition(tool) for tool in items(tools)]
    found += [_definition({"type": "function", "function": function}) for function in items(functions)]
    if content:
        return found
    return [{name: value for name, value in each.items() if name in ("type", "name")} for each in found]


def _definition(tool: Any) -> dict[str, Any]:
    kind = get(tool, "type") or "function"
    inner = get(tool, kind)
    shown = plain_content(tool if inner is None or isinstance(inner, str | int | float) else inner)
    fields = {name: value for name, value in shown.items() if name not in SECRETS} if isinstance(shown, dict) else {}
    if "name" not in fields and kind != "function":  # a tool of the server's: `web_search`, or one MCP server of many
        fields["name"] = str(get(tool, "server_label") or kind)
    return {**fields, "type": kind}


def _message(message: Any) -> Message:
    role = get(message, "role") or "user"
    if role in ("tool", "function"):
        response = _text_of(get(message, "content"))
        called = get(message, "tool_call_id") or get(message, "name")
        return {
            "role": "tool",
            "parts": [known([("type", "tool_call_response"), ("id", called), ("response", response)])],
        }
    parts = [*_reasoning(message), *_content(get(message, "content")), *_refusal(message), *_tool_calls(message)]
    name = get(message, "name")
    return {"role": role, "parts": parts, **({"name": name} if name else {})}


def _reasoning(message: Any) -> list[Part]:
    text = get(message, "reasoning_content") or get(message, "reasoning")
    return [{"type": "reasoning", "content": text}] if isinstance(text, str) else []


def _refusal(message: Any) -> list[Part]:
    text = get(message, "refusal")
    return [{"type": "refusal", "content": text}] if text else []


def _content(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [{"type": "text", "content": content}] if content else []
    return [_part(part) for part in items(content)]


def _part(part: Any) -> Part:
    kind = "text" if isinstance(part, str) else get(part, "type")
    if kind in ("text", "input_text", "output_text"):
        return {"type": "text", "content": part if isinstance(part, str) else get(part, "text")}
    if kind == "refusal":
        return {"type": "refusal", "content": get(part, "refusal")}
    if kind in ("image_url", "input_image"):
        image = get(part, "image_url")
        return _image(image if isinstance(image, str) else get(image, "url"), get(part, "file_id"))
    if kind == "input_audio":
        return blob("audio", f"audio/{get(part, 'input_audio', 'format') or 'wav'}", get(part, "input_audio", "data"))
    if kind in ("file", "input_file"):
        return _file(get(part, "file") or part)
    return plain_content(part) if isinstance(part, dict) else {"type": str(kind), "content": plain_content(part)}


def _image(url: Any, file_id: Any) -> Part:
    if isinstance(url, str) and url.startswith("data:"):
        head, _, data = url.partition(",")
        return blob("image", head[len("data:") :].partition(";")[0] or None, data)
    if url is None and file_id is not None:
        return {"type": "file", "modality": "image", "file_id": file_id}
    return {"type": "uri", "modality": "image", "uri": url}


def _file(file: Any) -> Part:
    if (file_id := get(file, "file_id")) is not None:
        return {"type": "file", "modality": "document", "file_id": file_id}
    if (url := get(file, "file_url")) is not None:
        return {"type": "uri", "modality": "document", "uri": url}
    part = blob("document", None, get(file, "file_data"))
    return known([*part.items(), ("filename", get(file, "filename"))])


def _tool_calls(message: Any) -> list[Part]:
    calls = [_tool_call(call) for call in items(get(message, "tool_calls"))]
    if (legacy := get(message, "function_call")) is not None:
        calls.append(_tool_call({"function": legacy}))
    return calls


def _tool_call(call: Any) -> Part:
    custom = get(call, "custom")
    inner = custom if custom is not None else get(call, "function")
    arguments = get(inner, "input") if custom is not None else parsed(get(inner, "arguments"))
    return known(
        [("type", "tool_call"), ("id", get(call, "id")), ("name", get(inner, "name")), ("arguments", arguments)]
    )


def _text_of(content: Any) -> Any:
    if isinstance(content, str):
        return parsed_object(content)
    parts = _content(content)
    texts = [part["content"] for part in parts if part.get("type") == "text"]
    return "".join(map(str, texts)) if len(texts) == len(parts) else parts


def parsed_object(text: str) -> Any:
    """A tool's answer that is a JSON object or list, as that; a number in quotes stays the text that it is."""
    value = parsed(text)
    return value if isinstance(value, dict | list) else text
