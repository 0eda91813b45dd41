"""Items of the Responses API in the GenAI message schema. Pure; items that nobody knows are kept as they are.

What the application runs itself (functions, custom tools, a local shell) is `tool_call` and `tool_call_response`; what
the server runs (web search, code interpreter, remote MCP, …) is `server_tool_call` and `server_tool_call_response`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from assay.tracing.autolog.openai_messages import Message, Part, input_messages, parsed_object
from assay.tracing.autolog.values import blob, get, items, known, parsed, plain_content

# item type -> name of the tool, and the fields that hold what came out of it
SERVER_TOOLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "web_search_call": ("web_search", ()),
    "file_search_call": ("file_search", ("results",)),
    "code_interpreter_call": ("code_interpreter", ("outputs",)),
    "mcp_list_tools": ("mcp_list_tools", ("tools", "error")),
    "tool_search_call": ("tool_search", ()),
    "program": ("program", ()),
}
# what the application does for the model, with its answer as an item of its own
CLIENT_TOOLS = {
    "computer_call": "computer",
    "local_shell_call": "local_shell",
    "shell_call": "shell",
    "apply_patch_call": "apply_patch",
    "mcp_approval_request": "mcp_approval",
}
ANSWERS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "computer_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
    }
)
HEAD = ("id", "type", "status", "call_id")


def read_input(given: Any) -> list[Message]:
    """The `input` of a request, a text or a list of items, in order. Items of one answer become one message."""
    if isinstance(given, str):
        return [{"role": "user", "parts": [{"type": "text", "content": given}]}]
    return _joined(_input(item) for item in items(given))


def output_parts(output: Iterable[Any]) -> list[Part]:
    return [part for item in output for part in _parts(item)]


def _joined(messages: Iterable[Message]) -> list[Message]:
    """Reasoning, calls and texts of the model come as items; next to each other they are what it said in one go."""
    joined: list[Message] = []
    for message in messages:
        if joined and message["role"] == joined[-1]["role"] == "assistant":
            joined[-1]["parts"] = [*joined[-1]["parts"], *message["parts"]]
        else:
            joined.append(message)
    return joined


def _input(item: Any) -> Message:
    if get(item, "type") in ANSWERS:
        output = get(item, "output")
        response = parsed_object(output) if isinstance(output, str) else plain_content(output)
        part = [("type", "tool_call_response"), ("id", get(item, "call_id")), ("response", response)]
        return {"role": "tool", "parts": [known(part)]}
    if isinstance(item, str):
        return {"role": "user", "parts": [{"type": "text", "content": item}]}
    if get(item, "role") is not None:
        return input_messages([item])[0]
    return {"role": "assistant", "parts": _parts(item)}


def _parts(item: Any) -> list[Part]:
    kind = str(get(item, "type"))
    if (read := READERS.get(kind)) is not None:
        return read(item)
    if kind in SERVER_TOOLS:
        return _server_tool(item, *SERVER_TOOLS[kind])
    if kind in CLIENT_TOOLS:
        called = get(item, "call_id") or get(item, "id")
        return [_call(called, CLIENT_TOOLS[kind], _details(item, ()))]
    shown = plain_content(item)
    return [shown if isinstance(shown, dict) else {"type": kind, "content": shown}]


def _message(item: Any) -> list[Part]:
    return list(input_messages([item])[0]["parts"])


def _function(item: Any) -> list[Part]:
    return [_call(get(item, "call_id"), get(item, "name"), parsed(get(item, "arguments")))]


def _custom(item: Any) -> list[Part]:
    return [_call(get(item, "call_id"), get(item, "name"), get(item, "input"))]


def _reasoning(item: Any) -> list[Part]:
    """Summary or text; what is encrypted is the provider's."""
    texts = [get(part, "text") for part in [*items(get(item, "summary")), *items(get(item, "content"))]]
    return [{"type": "reasoning", "content": str(text)} for text in texts if text]


def _compaction(item: Any) -> list[Part]:
    return [known([("type", "compaction"), ("id", get(item, "id"))])]


def _remote_mcp(item: Any) -> list[Part]:
    details = {"server_label": get(item, "server_label"), "arguments": parsed(get(item, "arguments"))}
    answer = get(item, "error") or get(item, "output")
    return _served(item, str(get(item, "name")), {"type": "mcp", **details}, answer)


def _image(item: Any) -> list[Part]:
    """The picture itself as a blob, which is cut when it is large."""
    form = get(item, "output_format") or "png"
    picture = get(item, "result")
    parts = _served(item, "image_generation", {"type": "image_generation", **_details(item, ("result",))}, None)
    return [*parts, blob("image", f"image/{form}", picture)] if isinstance(picture, str) else parts


def _call(call_id: Any, name: Any, arguments: Any) -> Part:
    shown = arguments if isinstance(arguments, str) else plain_content(arguments)
    return known([("type", "tool_call"), ("id", call_id), ("name", name), ("arguments", shown)])


def _server_tool(item: Any, name: str, results: tuple[str, ...]) -> list[Part]:
    came = {field: plain_content(value) for field in results if (value := get(item, field)) is not None}
    answer = next(iter(came.values())) if len(came) == 1 else came or None
    return _served(item, name, {"type": name, **_details(item, results)}, answer)


def _served(item: Any, name: str, call: dict[str, Any], answer: Any) -> list[Part]:
    item_id = get(item, "id")
    part = known([("type", "server_tool_call"), ("id", item_id), ("name", name), ("server_tool_call", call)])
    if answer is None:
        return [part]
    response = answer if isinstance(answer, str) else plain_content(answer)
    came = [("type", "server_tool_call_response"), ("id", item_id), ("server_tool_call_response", response)]
    return [part, known(came)]


def _details(item: Any, without: tuple[str, ...]) -> dict[str, Any]:
    shown = _without_nulls(plain_content(item))
    fields = shown.items() if isinstance(shown, dict) else ()
    return {name: value for name, value in fields if name not in (*HEAD, *without)}


def _without_nulls(value: Any) -> Any:
    """The SDK's objects have every field there can be, most of them None."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


READERS: dict[str, Callable[[Any], list[Part]]] = {
    "message": _message,
    "function_call": _function,
    "custom_tool_call": _custom,
    "reasoning": _reasoning,
    "compaction": _compaction,
    "mcp_call": _remote_mcp,
    "image_generation_call": _image,
}
