"""Chat messages of a span → what templates/messages.html shows. Pure; the canonical schema in, frozen objects out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.collector.pages.content.media import File, data_uri, decoded, media_type_said
from assay.collector.pages.formats import plain

PartKind = Literal["text", "thinking", "tool_call", "tool_result", "media", "other"]
ROLE_LABELS = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
FOLDED_FROM = 2  # earlier messages: to fold a single one would hide more than it spares


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    kind: PartKind
    text: str = ""
    name: str = ""
    call_id: str = ""
    arguments: Any = None
    result: Any = None
    has_result: bool = False
    is_error: bool = False
    file: File | None = None  # what was sent along as data


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


@dataclass(frozen=True, slots=True)
class Answers:
    """What tools answered, by the id of the call, as parts of the schema; and which calls are there to stand beside."""

    by_id: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    called: frozenset[str] = frozenset()

    @classmethod
    def within(cls, messages: Iterable[Mapping[str, Any]], results: Mapping[str, Any] | None = None) -> Answers:
        """Those that `messages` hold; before them `results`, which spans of tools recorded."""
        parts = [part for message in messages for part in mappings(message.get("parts")) if _has_id(part)]
        return cls(
            {call_id: {"response": result} for call_id, result in (results or {}).items()}
            | {plain(part["id"]): part for part in parts if part.get("type") == "tool_call_response"},
            frozenset(plain(part["id"]) for part in parts if part.get("type") == "tool_call"),
        )

    def stands_beside_call(self, part: Mapping[str, Any]) -> bool:
        return part.get("type") == "tool_call_response" and _has_id(part) and plain(part["id"]) in self.called


def conversation(span: Mapping[str, Any]) -> Conversation:
    """Input and output messages of a span in order, each tool call joined with its result by id."""
    return folded(messages_of(span.get("input_messages"), span.get("output_messages")))


def messages_of(sent: Any, received: Any = None, answers: Answers | None = None) -> list[Message]:
    """Messages as the schema has them, `sent` before `received`, each tool call with its result.

    Args:
        answers: where to look for results; in these very messages if not given.
    """
    given = [(message, False) for message in mappings(sent)]
    given += [(message, True) for message in mappings(received)]
    found = answers or Answers.within([message for message, _ in given])
    messages = [_message(message, is_output, found) for message, is_output in given]
    return [message for message in messages if message.parts or message.is_output]


def folded(messages: list[Message]) -> Conversation:
    """The new messages of the turn to be shown: from the last user message on, with the system prompt before them."""
    users = [index for index, message in enumerate(messages) if message.role == "user" and not message.is_output]
    start = min(users[-1] if users else len(messages), max(0, len(messages) - 2))
    system = [message for message in messages[:start] if message.role == "system"]
    earlier = [message for message in messages[:start] if message.role != "system"]
    if len(earlier) < FOLDED_FROM:
        return Conversation(shown=messages)
    return Conversation(earlier=earlier, shown=system + messages[start:])


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; whatever else a sender put there has no place in the schema and is seen under Raw."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _has_id(part: Mapping[str, Any]) -> bool:
    """Gemini's calls have none: their results stand by themselves."""
    return part.get("id") not in (None, "")


def _message(message: Mapping[str, Any], is_output: bool, answers: Answers) -> Message:
    role = str(message.get("role") or "")
    label = ROLE_LABELS.get(role)
    parts = [
        _part(part, answers.by_id) for part in mappings(message.get("parts")) if not answers.stands_beside_call(part)
    ]
    return Message(
        role=label.lower() if label else "other",
        label=label or role or "Unknown role",
        parts=parts,
        name=plain(message.get("name")),
        finish_reason=plain(message.get("finish_reason")),
        is_output=is_output,
    )


def _part(part: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> Part:
    kind = part.get("type")
    if kind in ("text", "refusal"):
        return Part(kind="text", text=plain(part.get("content")), name="Refusal" if kind == "refusal" else "")
    if kind in ("reasoning", "thinking"):
        return Part(kind="thinking", text=plain(part.get("content")))
    if kind == "tool_call":
        call_id = plain(part.get("id"))
        answer = answers.get(call_id, {})
        return Part(
            kind="tool_call",
            name=plain(part.get("name")),
            call_id=call_id,
            arguments=part.get("arguments"),
            result=answer.get("response"),
            has_result=call_id in answers,
            is_error=answer.get("is_error") is True,
        )
    if kind == "tool_call_response":
        return Part(
            kind="tool_result",
            name=plain(part.get("name")),
            call_id=plain(part.get("id")),
            result=part.get("response"),
            is_error=part.get("is_error") is True,
        )
    if kind in ("uri", "blob", "file"):
        return _media(part)
    return Part(kind="other", name=plain(kind), result=dict(part))


def _media(part: Mapping[str, Any]) -> Part:
    """What was sent along: its bytes, or in words what and where it is. Nothing is loaded from anywhere to show it."""
    content, uri = part.get("content"), plain(part.get("uri") or part.get("file_id"))
    if isinstance(content, str):
        file = decoded(content, media_type_said(part))
    else:
        file, uri = (found, "") if (found := data_uri(uri)) else (None, uri)
    what = plain(part.get("mime_type")) or plain(part.get("modality")) or plain(part.get("type"))
    if isinstance(content, str) and file is None:
        what = f"{what}, {len(content):,} characters that are no base64"
    elif file is not None:
        what = f"{what}, {len(file.content):,} bytes"
    return Part(kind="media", name=what, text=uri, file=file)
