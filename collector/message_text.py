"""What a person reads of messages in the GenAI schema. Pure."""

from __future__ import annotations

from assay.collector.chat_message import Message
from assay.collector.message_parts import Part
from assay.collector.values import to_json


def last_user_text(messages: list[Message] | None) -> str | None:
    """Text of the last message that the user wrote; else of the last message that has any."""
    for wanted in ("user", None):
        for message in reversed(messages or []):
            if (wanted is None or message["role"] == wanted) and (text := message_text(message)):
                return text
    return None


def all_text(messages: list[Message] | None) -> str | None:
    """Text of every message: what was embedded."""
    return "\n".join(text for message in messages or () if (text := message_text(message))) or None


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
