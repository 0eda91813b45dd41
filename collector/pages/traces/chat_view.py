"""A whole trace as one conversation: every message once, in the order in which they were said. Pure.

Each call of a model sends the history along. A message is new where it is not found in what was said so far, in the
same order; so somebody may well say "yes" twice, and an agent that calls another one keeps its own thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.collector.pages.formats import plain
from assay.collector.pages.traces.messages import Answers, Conversation, Message, folded, mappings, messages_of
from assay.semconv import GEN_AI_TOOL_CALL_ID

CALL_IDS = (GEN_AI_TOOL_CALL_ID, "tool_call.id", "ai.toolCall.id")  # on spans of tools, in every dialect
Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one call of a model added to the conversation."""

    span: Raw
    talk: Conversation

    @property
    def model(self) -> str | None:
        return self.span.get("response_model") or self.span.get("request_model")


@dataclass(slots=True)
class _Said:
    """What was said so far: marks of all messages, and where each is."""

    count: int = 0
    places: dict[str, list[int]] = field(default_factory=dict)

    def added(self, sent: Iterable[Raw], received: Iterable[Raw]) -> tuple[list[Raw], list[Raw]]:
        """What a call sends and receives that was not said yet; it is from now on."""
        new_sent, reached = self._unknown(sent, 0)
        new_received, _ = self._unknown(received, self.count if new_sent else reached)
        for message in (*new_sent, *new_received):
            self.places.setdefault(_mark(message), []).append(self.count)
            self.count += 1
        return new_sent, new_received

    def _unknown(self, messages: Iterable[Raw], reached: int) -> tuple[list[Raw], int]:
        """Those not found from the place `reached` on, one after the other; and how far the others reach."""
        found = []
        for message in messages:
            place = next((one for one in self.places.get(_mark(message), ()) if one >= reached), None)
            if place is None:
                found.append(message)
            else:
                reached = place + 1
        return found, reached


def turns_of(calls: Sequence[Raw]) -> list[Turn]:
    """The conversation that these spans tell, which are those of models, agents and tools in order of time."""
    said = _Said()
    results = dict(_results(calls))
    heard = _told_by(calls)
    added = [said.added(mappings(span.get("input_messages")), mappings(span.get("output_messages"))) for span in heard]
    answers = Answers.within([message for both in added for side in both for message in side], results)
    made = [(span, messages_of(*both, answers)) for span, both in zip(heard, added, strict=True)]
    return [Turn(span, _shown(messages, is_first=not place)) for place, (span, messages) in enumerate(made) if messages]


def _shown(messages: list[Message], *, is_first: bool) -> Conversation:
    """Only the first call can have brought a history that no call before it told."""
    return folded(messages) if is_first else Conversation(shown=messages)


def _told_by(calls: Sequence[Raw]) -> list[Raw]:
    """Calls of models; agents say the same once more, so they are listened to only where no model was recorded."""
    with_messages = [
        one for one in calls if mappings(one.get("input_messages")) or mappings(one.get("output_messages"))
    ]
    models = [span for span in with_messages if span.get("kind") == "llm"]
    return models or [span for span in with_messages if span.get("kind") == "agent"]


def _results(calls: Sequence[Raw]) -> Iterable[tuple[str, Any]]:
    """What spans of tools say that the tools answered, by the id of the call."""
    for span in calls:
        attributes = span.get("attributes") or {}
        call_id = next((attributes[name] for name in CALL_IDS if attributes.get(name)), None)
        if span.get("kind") == "tool" and call_id is not None and span.get("output") is not None:
            yield plain(call_id), span["output"]


def _mark(message: Raw) -> str:
    """The same for the same message, sent or received: without what only one of both says of it."""
    parts = [
        (part.get("type"), part.get("id"), _text(part.get("content")), part.get("arguments"), part.get("response"))
        for part in mappings(message.get("parts"))
        if part.get("type") not in ("reasoning", "thinking")
    ]
    return json.dumps([message.get("role"), parts], sort_keys=True, default=str)


def _text(content: Any) -> Any:
    return content.strip() if isinstance(content, str) else content
