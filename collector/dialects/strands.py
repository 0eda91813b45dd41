"""Strands Agents: GenAI spans whose content stands in events, in blocks of Bedrock's Converse API.

What it needs beyond the events that GenAI conventions once had: the tool span, whose `gen_ai.tool.message` holds the
arguments of a call and not the answer of one; the cycles of its event loop, which are no operation of the conventions.
Its provider is always itself, so none is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import EVENTS, Attributes, Dialect, needs
from assay.collector.dialects.genai_events import event_inputs
from assay.collector.message_parts import plain_response, text_part
from assay.collector.values import as_structure, as_text

SCOPE_PREFIX = "strands."
ARGUMENTS = "gen_ai.tool.message"
RESULT = "gen_ai.choice"
NO_MESSAGES: list[Message] = []


def _is_tool(attributes: Attributes) -> bool:
    return attributes.get(semconv.GEN_AI_OPERATION_NAME) == "execute_tool"


@needs("event_loop.")
def kind(attributes: Attributes) -> str | None:
    return "chain" if "event_loop.cycle_id" in attributes else None


@needs("system_prompt", EVENTS)
def input_messages(attributes: Attributes) -> list[Message] | None:
    """Of a tool none, not even what its events would be taken for; else the system prompt of the first versions."""
    if _is_tool(attributes):
        return NO_MESSAGES
    system = as_text(attributes.get("system_prompt"))
    messages = event_inputs(attributes) if system else []
    if system is None or not messages or messages[0]["role"] == "system":
        return None
    return [{"role": "system", "parts": [text_part(system)]}, *messages]


@needs(EVENTS)
def output_messages(attributes: Attributes) -> list[Message] | None:
    return NO_MESSAGES if _is_tool(attributes) else None


@needs(EVENTS)
def given(attributes: Attributes) -> str | None:
    return next(_told(attributes, ARGUMENTS, "content"), None)


@needs(EVENTS, semconv.GEN_AI_TOOL_CALL_RESULT)
def answered(attributes: Attributes) -> str | None:
    """The text that a tool gave, out of its block."""
    blocks = as_structure(attributes.get(semconv.GEN_AI_TOOL_CALL_RESULT))
    return as_text(plain_response(blocks)) if blocks else next(_told(attributes, RESULT, "message"), None)


def _told(attributes: Attributes, name: str, key: str) -> Iterator[str]:
    events: list[Mapping[str, Any]] = attributes.get(EVENTS) or []
    for event in events if _is_tool(attributes) else ():
        if event["name"] == name:
            content = event["attributes"].get(key)
            text = as_text(plain_response(as_structure(content) or content))
            if text is not None:
                yield text


DIALECT = Dialect(
    name="otel-genai",
    scopes=(SCOPE_PREFIX,),
    recognises=lambda attributes: "event_loop.cycle_id" in attributes,
    functions={
        "kind": kind,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "input": given,
        "output": answered,
    },
)
