"""Conversations and steps as a judge reads them: one JSON object a line, so that no text can pass for a turn. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.evaluation.judges.fence import as_json, as_text
from assay.evaluation.plain import plain
from assay.traces import Span, Trace

_LISTS = ("messages", "conversation", "turns", "history")
_ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant", "function": "tool"}
_CALL_PARTS = frozenset({"tool_call", "tool_use", "function_call"})
_RESULT_PARTS = frozenset({"tool_call_response", "tool_result", "function_call_output"})


def conversation_text(input: Any, output: Any, trace: Callable[[], Trace | None]) -> str | None:
    """The whole conversation of a row; None where there is none.

    The messages that the input and the output hold (the output's alone when it repeats the input's), else the longest
    chat with a model in the trace, else the input and the output as two turns.

    Args:
        trace: how to come by it; called only where the data hold no messages.
    """
    turns = _of_data(input, output) or _of_trace(trace()) or _two_turns(input, output)
    if not turns:
        return None
    return "\n".join(as_json({"turn": number, **turn}) for number, turn in enumerate(turns, start=1))


def steps_text(trace: Trace) -> str:
    """What was done in a trace, span by span in start order, without what judged it."""
    steps = [
        {"step": number, "depth": depth, **_step(span)}
        for number, (depth, span) in enumerate(trace.tree(), start=1)
        if span.kind != "evaluator"
    ]
    return "\n".join(as_json(step) for step in steps)


def messages_of(value: Any) -> list[Mapping[str, Any]] | None:
    """The messages that a value is, or holds under a usual name; None when it is no conversation."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in _LISTS if isinstance(value.get(name), list | tuple)), None)
    if isinstance(value, list | tuple) and value and all(_is_message(each) for each in value):
        return list(value)
    return None


def _of_data(input: Any, output: Any) -> list[dict[str, Any]]:
    asked, said = messages_of(input), messages_of(output)
    before, after = [_turn(each) for each in asked or ()], [_turn(each) for each in said or ()]
    if after:
        return after if after[: len(before)] == before else before + after
    if before and output is not None:
        return [*before, {"role": "assistant", "content": as_text(output)}]
    return before


def _of_trace(trace: Trace | None) -> list[dict[str, Any]]:
    chats = [[*span.input_messages, *span.output_messages] for span in (trace.spans if trace else ()) if _is_chat(span)]
    longest = max(chats, key=len, default=[])
    return [_turn(message) for message in longest]


def _two_turns(input: Any, output: Any) -> list[dict[str, Any]]:
    turns = [("user", input), ("assistant", output)]
    return [{"role": role, "content": as_text(value)} for role, value in turns if value is not None]


def _turn(message: Mapping[str, Any]) -> dict[str, Any]:
    role = str(message.get("role") or message.get("type") or "user")
    parts = message.get("parts")
    content = parts if isinstance(parts, Sequence) and not isinstance(parts, str) else message.get("content")
    pieces = content if isinstance(content, list | tuple) else [content]
    texts = [piece for piece in map(_piece, pieces) if isinstance(piece, str) and piece]
    calls = [piece for piece in map(_piece, pieces) if isinstance(piece, dict)]
    calls += [{"tool": _called(call), "arguments": _arguments(call)} for call in message.get("tool_calls") or ()]
    turn: dict[str, Any] = {"role": _ROLES.get(role, role), "content": "\n".join(texts)}
    return {**turn, "tools": plain(calls)} if calls else turn


def _piece(part: Any) -> Any:
    """A part of a message: its text, or a tool's call or result as a dict."""
    if not isinstance(part, Mapping):
        return "" if part is None else as_text(part)
    kind = part.get("type")
    if kind in _CALL_PARTS:
        return {"tool": _called(part), "arguments": _arguments(part)}
    if kind in _RESULT_PARTS:
        return {
            "result": next((part[name] for name in ("response", "result", "content", "output") if name in part), None)
        }
    said = part.get("content", part.get("text"))
    return as_text(said) if said is not None else f"({kind or 'part'})"


def _called(call: Mapping[str, Any]) -> Any:
    function = call.get("function")
    return call.get("name") or (function.get("name") if isinstance(function, Mapping) else None)


def _arguments(call: Mapping[str, Any]) -> Any:
    function = call.get("function")
    nested = function.get("arguments") if isinstance(function, Mapping) else None
    return next((given for given in (call.get("arguments"), call.get("input"), nested) if given is not None), None)


def _step(span: Span) -> dict[str, Any]:
    found = {
        "kind": span.kind,
        "name": span.tool_name or span.name,
        "status": span.status if span.status == "error" else None,
        "error": span.status_message,
        "input": span.input,
        "output": span.output,
        "tools_called": span.tool_call_names or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _is_message(value: Any) -> bool:
    return (
        isinstance(value, Mapping) and ("role" in value or "type" in value) and bool({"content", "parts"} & set(value))
    )


def _is_chat(span: Span) -> bool:
    return span.kind == "llm" and bool(span.input_messages or span.output_messages)
