"""Answers of the test server's Responses API: the response with its items, and the events that a stream makes of it."""

from __future__ import annotations

import json
from typing import Any

from support import openai_server
from support.openai_server import Reply


def response(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """A whole response. `reply.more` sets what the rest of the script has no word for: status, error, background."""
    conversation = body.get("conversation")
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": openai_server.MODEL,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "top_p": 1.0,
        "background": bool(body.get("background")),
        "previous_response_id": body.get("previous_response_id"),
        "conversation": {"id": conversation} if isinstance(conversation, str) else conversation,
        "output": output(body, reply),
        "usage": used(reply),
        **reply.more,
    }


def output(body: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if reply.reasoning:
        items.append(
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": reply.reasoning}]}
        )
    items += reply.items
    for position, (call_id, name, arguments) in enumerate(reply.tool_calls):
        called = {"call_id": call_id, "name": name, "arguments": json.dumps(arguments), "status": "completed"}
        items.append({"type": "function_call", "id": f"fc_{position}", **called})
    if reply.refusal:
        items.append(_message([{"type": "refusal", "refusal": reply.refusal}]))
    elif reply.text is not None or not items:
        text = reply.text if reply.text is not None else f"echo: {_last(body)}"
        items.append(_message([{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]))
    return items


def used(reply: Reply) -> dict[str, Any]:
    """Usage under the names of this API, of what `usage` made under those of chats."""
    chat = reply.usage or {"prompt_tokens": 5, "completion_tokens": 3}
    prompt, completion = chat.get("prompt_tokens_details") or {}, chat.get("completion_tokens_details") or {}
    return {
        "input_tokens": chat["prompt_tokens"],
        "output_tokens": chat["completion_tokens"],
        "total_tokens": chat["prompt_tokens"] + chat["completion_tokens"],
        "input_tokens_details": {"cached_tokens": prompt.get("cached_tokens", 0), "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": completion.get("reasoning_tokens", 0)},
    }


def response_events(body: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    """The events of a streamed response, numbered, the last one with the whole of it."""
    whole = response(body, reply)
    started = {**whole, "status": "in_progress", "output": [], "usage": None, "error": None, "incomplete_details": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, item in enumerate(whole["output"]):
        events += [{"output_index": index, "item_id": item.get("id"), **event} for event in _item_events(item)]
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _item_events(item: dict[str, Any]) -> list[dict[str, Any]]:
    empty = {"content": [], "arguments": "", "summary": []}
    added = {name: empty.get(name, value) for name, value in item.items()} | {"status": "in_progress"}
    return [
        {"type": "response.output_item.added", "item": added},
        *_fragments(item),
        {"type": "response.output_item.done", "item": item},
    ]


def _fragments(item: dict[str, Any]) -> list[dict[str, Any]]:
    if item["type"] == "function_call":
        done = {"name": item["name"], "arguments": item["arguments"]}
        deltas = [item["arguments"][:4], item["arguments"][4:]]
        kind = "response.function_call_arguments"
        return [*({"type": f"{kind}.delta", "delta": delta} for delta in deltas), {"type": f"{kind}.done", **done}]
    if item["type"] == "reasoning":
        text = item["summary"][0]["text"]
        kind = "response.reasoning_summary_text"
        return [{"type": f"{kind}.delta", "summary_index": 0, "delta": text}]
    if item["type"] == "message":
        return [event for index, part in enumerate(item["content"]) for event in _part_events(index, part)]
    return []


def _part_events(index: int, part: dict[str, Any]) -> list[dict[str, Any]]:
    field = "refusal" if part["type"] == "refusal" else "text"
    kind = "response.refusal" if field == "refusal" else "response.output_text"
    more = {} if field == "refusal" else {"logprobs": []}
    words = [word if not position else f" {word}" for position, word in enumerate(part[field].split(" "))]
    events = [
        {"type": "response.content_part.added", "part": {**part, field: ""}},
        *({"type": f"{kind}.delta", "delta": word, **more} for word in words),
        {"type": f"{kind}.done", field: part[field], **more},
        {"type": "response.content_part.done", "part": part},
    ]
    return [{"content_index": index, **event} for event in events]


def _message(content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


def _last(body: dict[str, Any]) -> str:
    given = body.get("input")
    if isinstance(given, str):
        return given
    said = [item["content"] for item in given or [] if item.get("role") == "user"]
    return said[-1] if said and isinstance(said[-1], str) else ""
