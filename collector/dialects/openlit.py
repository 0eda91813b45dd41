"""OpenLIT: GenAI names, with habits of its own.

It fills in a provider's defaults for parameters that nobody gave, and marks for those that have none ("", -1, []); only
the marks can be told apart. A model's tool calls stand on its span as if it were a tool's, joined by commas. Up to 1.36
a conversation is one text, `user: …` line by line, with Python's spelling of whatever is no text.

Source: openlit on PyPI (openlit/semcov, openlit/instrumentation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects import otel_genai
from assay.collector.dialects.dialect import NAME, Attributes, Dialect, needs
from assay.collector.message_parts import text_part
from assay.collector.values import as_text, parse_json

KIND_OF_OPERATION = {
    "vectordb": "retriever",
    "framework": "chain",
    "task": "task",
    "execution": "chain",
    "agent": "agent",
    "tool_coordination": "chain",
    "user_prompt_processing": "chain",
}
READING = ("query", "search", "select", "fetch", "get", "find", "scroll", "peek")  # of a vector database

UNSET: tuple[Any, ...] = ("", -1, [])
SPEAKER = re.compile(r"^(system|developer|user|assistant|tool): ", re.MULTILINE)
PYTHON = ("[{'", "{'")  # the whole request again, where a message was no text

PROMPT = "gen_ai.prompt"
COMPLETION = "gen_ai.completion"


def kind(attributes: Attributes) -> str | None:
    operation = attributes.get(semconv.GEN_AI_OPERATION_NAME)
    if operation is None:  # a call that failed had no attributes once, but it has the name of one
        return otel_genai.KIND_OF_OPERATION.get(str(attributes.get(NAME)).partition(" ")[0])
    if operation == "vectordb":
        done = str(attributes.get("db.operation.name") or attributes.get("db.operation")).lower()
        return "retriever" if done.startswith(READING) else None
    return KIND_OF_OPERATION.get(str(operation))


@needs(otel_genai.REQUEST)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    found = otel_genai.model_parameters(attributes) or {}
    return {name: value for name, value in found.items() if value not in UNSET} or None


@needs(PROMPT)
def input_messages(attributes: Attributes) -> list[Message] | None:
    text = attributes.get(PROMPT)
    return list(_spoken(text)) or None if isinstance(text, str) and SPEAKER.match(text) else None


def _spoken(text: str) -> Iterator[Message]:
    _, *turns = SPEAKER.split(text)
    for role, said in zip(turns[::2], turns[1::2], strict=True):
        if not said.startswith(PYTHON):
            yield {"role": "system" if role == "developer" else role, "parts": [text_part(said.removesuffix("\n"))]}


@needs(semconv.GEN_AI_TOOL_NAME)
def output_messages(attributes: Attributes) -> list[Message] | None:
    """A model's answer with its tool calls, where there are no messages that hold them."""
    if otel_genai.kind(attributes) != "llm" or semconv.GEN_AI_OUTPUT_MESSAGES in attributes:
        return None
    text = as_text(attributes.get(COMPLETION))
    parts = [*([text_part(text)] if text else []), *_calls(attributes)]
    return [{"role": "assistant", "parts": parts}] if parts else None


def _calls(attributes: Attributes) -> Iterator[dict[str, Any]]:
    names = (as_text(attributes.get(semconv.GEN_AI_TOOL_NAME)) or "").split(", ")
    ids = (as_text(attributes.get(semconv.GEN_AI_TOOL_CALL_ID)) or "").split(", ")
    given = as_text(attributes.get("gen_ai.tool.args"))
    arguments = parse_json(f"[{given}]") if given else None
    for index, name in enumerate(names if names != [""] else []):
        yield {
            "type": "tool_call",
            "id": ids[index] if index < len(ids) else None,
            "name": name,
            "arguments": arguments[index] if arguments and index < len(arguments) else None,
        }


DIALECT = Dialect(
    name="otel-genai",
    scopes=("openlit",),
    recognises=lambda attributes: semconv.GEN_AI_OPERATION_NAME in attributes,
    functions={
        "kind": kind,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
    },
)
