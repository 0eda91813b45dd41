"""Chat messages of any shape -> the GenAI message schema, and what a person would read of them. Pure.

The canonical form is that of the OpenTelemetry GenAI conventions:
`[{"role", "parts": [{"type": "text", "content"}, {"type": "tool_call", "id", "name", "arguments"},
{"type": "tool_call_response", "id", "response"}, ...]}]`.

`to_messages` reads what must be messages; `find_messages` looks into a recorded value that may be anything. Text that
a model or a person wrote is never parsed: an answer in JSON is still text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.collector.chat_message import (
    ITEMS,
    Message,
    finished,
    is_message,
    is_pair,
    item_type,
    merged,
    plain_message,
    read_item,
    read_message,
)
from assay.collector.message_parts import is_part, text_part, to_parts
from assay.collector.values import as_object, parse_json

__all__ = ["Message", "find_messages", "to_messages"]

MAX_WRAPPERS = 8  # objects and lists around messages; more is no message of anyone's


def to_messages(value: Any, *, role: str) -> list[Message] | None:
    """Messages from a list, one message, parts, plain text, or JSON text of those; None when there is nothing.

    Args:
        role: of text and parts that come without one.
    """
    if value is None or value == "" or value == [] or value == {}:
        return None
    structure = parse_json(value) if isinstance(value, str) else value
    if structure == [] or structure == {}:
        return None
    found = _found(structure, role)
    if found is not None:
        return found or None
    if isinstance(value, str):
        return [{"role": role, "parts": [text_part(value)]}]
    items = value if isinstance(value, list) else [value]
    return [message for item in items if item is not None for message in read_message(item, role)] or None


def find_messages(value: Any, *, role: str) -> list[Message] | None:
    """Messages in a request, a response or a list, wherever one of the known shapes keeps them; None when there are
    none: text, numbers and a program's own data are not.
    """
    structure = parse_json(value) if isinstance(value, str) else value
    return (_found(structure, role) or None) if isinstance(structure, (list, dict)) else None


# Where messages are ------------------------------------------------------------------------------------------------


def _found(value: Any, role: str, depth: int = 0) -> list[Message] | None:
    """The messages that `value` holds; an empty list where there would be some, None where there never are."""
    if depth > MAX_WRAPPERS:
        return None
    if isinstance(value, list):
        return _in_list(value, role, depth)
    if not isinstance(value, dict):
        return None
    if is_message(value):
        return list(read_message(value, role))
    for key, read in WRAPPERS.items():
        if value.get(key) is not None and (found := read(value, role, depth + 1)) is not None:
            return found
    return None


def _in_list(items: list[Any], role: str, depth: int) -> list[Message] | None:
    if not items:
        return None
    plain = [plain_message(item) for item in items]
    if None not in plain:
        return plain  # type: ignore[return-value]
    if all(isinstance(item, list) for item in items):
        if all(is_pair(item) for item in items):
            return [
                message for role_, text in items for message in read_message({"role": role_, "content": text}, role)
            ]
        batches = [_found(item, role, depth + 1) for item in items]
        return None if any(batch is None for batch in batches) else [m for batch in batches for m in batch or ()]
    if all(is_part(item) and item_type(item) not in ITEMS for item in items):
        return [{"role": role, "parts": list(to_parts(items))}]  # no message around them: system instructions
    if not all(is_message(item) or is_pair(item) for item in items):
        found = [_found(item, role, depth + 1) for item in items]
        return None if any(batch is None for batch in found) else [m for batch in found for m in batch or ()]
    if any(item_type(item) in ITEMS for item in items):
        return merged([message for item in items for message in read_item(item, role)])
    return [message for item in items for message in (_pair if isinstance(item, list) else read_message)(item, role)]


def _pair(pair: list[Any], role: str) -> Iterator[Message]:
    return read_message({"role": pair[0], "content": pair[1]}, role)


def _in_messages(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """A request of OpenAI or Anthropic, the input of a LangGraph graph, an argument list: `messages` and around it."""
    messages = value["messages"]
    found = to_messages(messages, role=role) if isinstance(messages, str) else _found(messages, role, depth)
    return found if found is None else [*_system(value), *found]


def _in_contents(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """A request of Gemini."""
    contents = value["contents"]
    found = to_messages(contents, role=role) if isinstance(contents, str) else _found(contents, role, depth)
    return found if found is None else [*_system(value), *found]


def _in_prompt(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """`{system, prompt}` of the AI SDK; `{prompt, model}` of a completion."""
    if value.keys().isdisjoint({"system", "model", "messages"}):
        return None
    found = _told(value["prompt"], role, depth)
    return found if found is None else [*_system(value), *found]


def _in_input(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """A request of OpenAI's Responses API; the input of a LangChain runnable."""
    if not value.keys().isdisjoint({"model", "instructions", "previous_response_id"}):
        found = _told(value["input"], role, depth)
        return found if found is None else [*_system(value), *found]
    return _found(value["input"], role, depth)


def _told(value: Any, role: str, depth: int) -> list[Message] | None:
    """What may be plain text here, or messages."""
    return [{"role": role, "parts": [text_part(value)]}] if isinstance(value, str) else _found(value, role, depth)


def _system(value: Mapping[str, Any]) -> list[Message]:
    config = as_object(value.get("config")) or {}
    for key in ("system", "instructions", "system_instruction", "systemInstruction", "system_prompt"):
        told = value.get(key) or config.get(key)
        if isinstance(told, (str, list, dict)) and told:
            # A Gemini instruction is a content with parts, and perhaps a role that means nothing
            body = told.get("parts", told.get("content", told)) if isinstance(told, dict) else told
            parts = list(to_parts(body))
            return [{"role": "system", "parts": parts}] if parts else []
    return []


def _in_choices(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """An answer of OpenAI's chat or completions API."""
    choices = value["choices"]
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        return None
    return [message for choice in choices for message in _choice(choice, role)]


def _choice(choice: Mapping[str, Any], role: str) -> Iterator[Message]:
    said = choice.get("message") or choice.get("delta")
    if not isinstance(said, dict):
        said = {"role": "assistant", "content": choice.get("text")}
    yield from (finished(message, choice.get("finish_reason")) for message in read_message(said, "assistant"))


def _in_candidates(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """An answer of Gemini."""
    messages: list[Message] = []
    for candidate in value["candidates"] if isinstance(value["candidates"], list) else []:
        if isinstance(candidate, dict) and isinstance(candidate.get("content"), dict):
            reason = candidate.get("finish_reason", candidate.get("finishReason"))
            messages.extend(finished(message, reason) for message in read_message(candidate["content"], "assistant"))
    return messages or None


def _in_content(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """Gemini's content as ADK records it: `{content: {role, parts}}`."""
    content = value["content"]
    if not (isinstance(content, dict) and isinstance(content.get("parts"), list)):
        return None
    reason = value.get("finish_reason", value.get("finishReason"))
    return [finished(message, reason) for message in read_message(content, role)]


def _in_generations(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """LangChain's result: for each prompt a list of generations, each with a message or just text."""
    messages: list[Message] = []
    generations = value["generations"]
    for batch in generations if isinstance(generations, list) else []:
        for generation in batch if isinstance(batch, list) else [batch]:
            if isinstance(generation, dict):
                messages.extend(_generation(generation))
    return messages or None


def _generation(generation: Mapping[str, Any]) -> Iterator[Message]:
    info = generation.get("generation_info")
    reason = info.get("finish_reason") if isinstance(info, dict) else None
    message = generation.get("message")
    if not isinstance(message, dict):
        message = {"role": "assistant", "content": generation.get("text")}
    yield from (finished(said, reason) for said in read_message(message, "assistant"))


def _in_output(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """`output` of an OpenAI Response (a list of items), of Bedrock's Converse (a message), of a LangChain runnable."""
    return _found(value["output"], "assistant", depth)


def _in_message(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    found = _found(value["message"], role, depth)
    return [finished(message, value.get("finish_reason")) for message in found] if found else None


def _in_prompts(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """LangChain's text models take a list of prompts."""
    prompts = value["prompts"]
    if not isinstance(prompts, list) or not prompts or not all(isinstance(prompt, str) for prompt in prompts):
        return None
    return [{"role": role, "parts": [text_part(prompt)]} for prompt in prompts]


def _in_replies(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """Haystack's generators: messages, or texts."""
    replies = value["replies"]
    if isinstance(replies, list) and replies and all(isinstance(reply, str) for reply in replies):
        return [{"role": "assistant", "parts": [text_part(reply)]} for reply in replies]
    return _found(replies, "assistant", depth)


def _in_update(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """What a node of a LangGraph graph changes."""
    return _found(value["update"], role, depth)


def _in_kwargs(value: Mapping[str, Any], role: str, depth: int) -> list[Message] | None:
    """Something else that LangChain wrote: a prompt value, a generation."""
    return _found(value["kwargs"], role, depth) if "lc" in value else None


WRAPPERS = {
    "messages": _in_messages,
    "choices": _in_choices,
    "contents": _in_contents,
    "candidates": _in_candidates,
    "generations": _in_generations,
    "message": _in_message,
    "output": _in_output,
    "content": _in_content,
    "replies": _in_replies,
    "prompts": _in_prompts,
    "prompt": _in_prompt,
    "input": _in_input,
    "update": _in_update,
    "kwargs": _in_kwargs,
}
