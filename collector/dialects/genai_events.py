"""Messages that arrive as events of a span, or as log records merged into it: every form GenAI conventions had.

- `gen_ai.client.inference.operation.details`: what the span says, with the messages;
- `gen_ai.user.message`, ..., `gen_ai.choice`: one message each, in the body (an object, or JSON text of one) or in the
  attributes `content` and `message`, themselves JSON text where the sender could not write objects;
- `gen_ai.content.prompt` and `gen_ai.content.completion`: all messages as one JSON text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import EVENTS, Attributes
from assay.collector.message_parts import is_part
from assay.collector.messages import to_messages
from assay.collector.values import as_integer, as_object, parse_json

DETAILS = "gen_ai.client.inference.operation.details"
CHOICE = "gen_ai.choice"
ROLE_OF_EVENT = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
# event -> the attribute that holds all messages
PROMPT_EVENTS = {"gen_ai.content.prompt": "gen_ai.prompt", "llm.content.prompt": "llm.prompts"}
COMPLETION_EVENTS = {"gen_ai.content.completion": "gen_ai.completion", "llm.content.completion": "llm.completions"}


def detail(attributes: Attributes, name: str) -> Any:
    """An attribute of the span, else of its details event."""
    value = attributes.get(name)
    if value is not None:
        return value
    for event in attributes.get(EVENTS) or ():
        if event["name"] == DETAILS:
            said = event["attributes"]
            value = said.get(name)
            if value is None and (body := as_object(said.get("body"))):
                value = body.get(name)
            if value is not None:
                return value
    return None


def event_inputs(attributes: Attributes) -> list[Message]:
    """What was asked, from the span's events."""
    messages: list[Message] = []
    for event in _in_order(attributes):
        said = event["attributes"]
        if role := ROLE_OF_EVENT.get(event["name"]):
            messages.extend(to_messages([{"role": role, **_body(said)}], role=role) or ())
        elif name := PROMPT_EVENTS.get(event["name"]):
            messages.extend(to_messages(said.get(name), role="user") or ())
        elif event["name"] == DETAILS:
            messages.extend(_of_body(said, "input", "user"))
    return messages


def event_outputs(attributes: Attributes) -> list[Message]:
    """What was answered, from the span's events; choices in the order of their index."""
    choices: list[tuple[int, Message]] = []
    messages: list[Message] = []
    for event in _in_order(attributes):
        said = event["attributes"]
        if event["name"] == CHOICE:
            body = _body(said)
            index = as_integer(body.get("index")) or 0
            choices.extend((index, message) for message in _choice(body))
        elif name := COMPLETION_EVENTS.get(event["name"]):
            messages.extend(to_messages(said.get(name), role="assistant") or ())
        elif event["name"] == DETAILS:
            messages.extend(_of_body(said, "output", "assistant"))
    choices.sort(key=lambda choice: choice[0])
    return [message for _, message in choices] or messages


def _in_order(attributes: Attributes) -> list[Mapping[str, Any]]:
    return sorted(attributes.get(EVENTS) or (), key=lambda event: event.get("time_unix_nano") or 0)


def _body(said: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says: its body and its attributes, with JSON text read where it stands for an object."""
    body = said.get("body")
    told = as_object(body) or ({"content": body} if isinstance(body, str) else {})
    told = {**{name: value for name, value in said.items() if name != "body"}, **told}
    return {**told, "content": _parts_of(told["content"])} if "content" in told else told


def _parts_of(content: Any) -> Any:
    """Parts from the JSON text of a list of them; any other text is text."""
    structure = parse_json(content) if isinstance(content, str) else None
    is_list = isinstance(structure, list) and structure and all(map(is_part, structure))
    return structure if is_list else content


def _choice(body: Mapping[str, Any]) -> Iterator[Message]:
    told = body.get("message")
    message = as_object(told)
    if message is None:
        message = {"content": _parts_of(told)} if told is not None else {k: v for k, v in body.items() if k != "index"}
    reason = body.get("finish_reason")
    calls = {"tool_calls": body["tool_calls"]} if "tool_calls" in body else {}
    said = {"role": "assistant", **calls, **message}
    yield from to_messages([{**said, "finish_reason": reason} if reason else said], role="assistant") or ()


def _of_body(said: Mapping[str, Any], side: str, role: str) -> list[Message]:
    """`{"input": {"messages"}, "output": {"messages"}}`, as AWS distributions write the body of the details event."""
    body = as_object(said.get("body")) or {}
    found = to_messages(body.get(side), role=role) if isinstance(body.get(side), (dict, list)) else None
    return found or []
