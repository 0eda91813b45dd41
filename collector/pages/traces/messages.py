"""Chat messages of a span → what the Messages tab shows. Pure; the canonical schema in, small frozen objects out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.collector.pages.formats import plain

PartKind = Literal["text", "thinking", "tool_call", "tool_result", "media", "other"]
ROLE_LABELS = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
KEPT_OPEN = 8  # a conversation up to this long is shown whole; of a longer one, the last turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    kind: PartKind
    text: str = ""
    name: str = ""
    call_id: str = ""
    arguments: Any = None
    result: Any = None
    has_result: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: str  # one of ROLE_LABELS' values in lower case, or "other"
    label: str
    parts: list[Part]
    name: str = ""
    finish_reason: str = ""
    is_output: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`earlier` is what the page folds away: history that was only sent along."""

    earlier: list[Message] = field(default_factory=list)
    shown: list[Message] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.earlier or self.shown)


def conversation(span: Mapping[str, Any]) -> Conversation:
    """Input and output messages of a span in order, each tool call joined with its result by id."""
    given = [(message, False) for message in _mappings(span.get("input_messages"))]
    given += [(message, True) for message in _mappings(span.get("output_messages"))]
    results = {
        str(part["id"]): part.get("response")
        for message, _ in given
        for part in _mappings(message.get("parts"))
        if part.get("type") == "tool_call_response" and part.get("id") is not None
    }
    called = {
        str(part.get("id"))
        for message, _ in given
        for part in _mappings(message.get("parts"))
        if part.get("type") == "tool_call"
    }
    messages = [_message(message, is_output, results, called) for message, is_output in given]
    return _fold([message for message in messages if message.parts or message.is_output])


def _fold(messages: list[Message]) -> Conversation:
    if len(messages) <= KEPT_OPEN:
        return Conversation(shown=messages)
    users = [index for index, message in enumerate(messages) if message.role == "user" and not message.is_output]
    start = min(users[-1] if users else len(messages), max(0, len(messages) - 2))
    system = [message for message in messages[:start] if message.role == "system"]
    earlier = [message for message in messages[:start] if message.role != "system"]
    return Conversation(earlier=earlier, shown=system + messages[start:])


def _message(message: Mapping[str, Any], is_output: bool, results: Mapping[str, Any], called: Iterable[str]) -> Message:
    role = str(message.get("role") or "")
    label = ROLE_LABELS.get(role)
    parts = [
        _part(part, results)
        for part in _mappings(message.get("parts"))
        if not (part.get("type") == "tool_call_response" and str(part.get("id")) in called)
    ]
    return Message(
        role=label.lower() if label else "other",
        label=label or role or "Unknown role",
        parts=parts,
        name=plain(message.get("name")),
        finish_reason=plain(message.get("finish_reason")),
        is_output=is_output,
    )


def _part(part: Mapping[str, Any], results: Mapping[str, Any]) -> Part:
    kind = part.get("type")
    if kind in ("text", "refusal"):
        return Part(kind="text", text=plain(part.get("content")))
    if kind in ("reasoning", "thinking"):
        return Part(kind="thinking", text=plain(part.get("content")))
    if kind == "tool_call":
        call_id = plain(part.get("id"))
        return Part(
            kind="tool_call",
            name=plain(part.get("name")),
            call_id=call_id,
            arguments=part.get("arguments"),
            result=results.get(call_id),
            has_result=call_id in results,
        )
    if kind == "tool_call_response":
        return Part(kind="tool_result", call_id=plain(part.get("id")), result=part.get("response"))
    if kind in ("uri", "blob", "file"):
        return Part(kind="media", name=_media_label(part), text=plain(part.get("uri")))
    return Part(kind="other", name=plain(kind), result=dict(part))


def _media_label(part: Mapping[str, Any]) -> str:
    """What was sent along, in words: nothing is loaded from anywhere to show it."""
    what = plain(part.get("mime_type")) or plain(part.get("modality")) or plain(part.get("type"))
    content = part.get("content")
    return f"{what}, {len(content) * 3 // 4:,} bytes" if isinstance(content, str) else what


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; whatever else a sender put there has no place in the schema and is seen under Raw."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
