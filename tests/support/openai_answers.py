"""Answers of the OpenAI-compatible test server, in the shapes of the real API. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support import openai_server
from support.openai_response_answers import response, response_events
from support.openai_server import Reply, usage

SPEECH = b"\xff\xfb not really a sound"


def answer(path: str, body: dict[str, Any], reply: Reply) -> dict[str, Any] | bytes | None:
    """The whole answer to a request; None where there is no such path."""
    steps = path.rstrip("/").split("/")
    if len(steps) > 2 and steps[-2] == "responses":  # asked for, cancelled or compacted
        return response({**body, "model": openai_server.MODEL}, reply)
    make = ANSWERS.get("/".join(steps[-2:])) or ANSWERS.get(steps[-1])
    return make(body, reply) if make is not None else None


def chunks(path: str, body: dict[str, Any], reply: Reply) -> list[dict[str, Any]] | None:
    """The same as a stream; None where there is none."""
    if path.endswith("/chat/completions"):
        return chat_chunks(body, reply)
    if path.endswith("/completions"):
        return completion_chunks(body, reply)
    return response_events(body, reply) if "/responses" in path else None


def chat_completion(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    choices = [
        {
            "index": index,
            "finish_reason": _finish_reason(reply),
            "logprobs": _logprobs(text) if reply.logprobs else None,
            "message": _message(text, reply),
        }
        for index, text in enumerate(_texts(body, reply))
    ]
    return {
        **_head("chat.completion"),
        "choices": choices,
        "usage": reply.usage or _counted(body, reply),
        **reply.more,
    }


def chat_chunks(body: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    """A stream as OpenAI sends it: role, words, tool calls in fragments, finish reason, usage if asked for."""
    texts = _texts(body, reply)
    head = {**_head("chat.completion.chunk"), **reply.more}
    wanted = (body.get("stream_options") or {}).get("include_usage")
    used = reply.usage or _counted(body, reply)
    chunks = [
        {
            **head,
            "choices": [
                {
                    "index": index,
                    "delta": delta,
                    "finish_reason": reason,
                    "logprobs": _logprobs(delta.get("content") or "") if reply.logprobs else None,
                }
            ],
            **({"usage": used} if reply.usage_in_each else {"usage": None} if wanted else {}),
        }
        for index, delta, reason in _deltas(texts, reply)
    ]
    return [*chunks, {**head, "choices": [], "usage": used}] if wanted else chunks


def _deltas(texts: list[str], reply: Reply) -> list[tuple[int, dict[str, Any], str | None]]:
    found: list[dict[str, Any]] = []
    if reply.reasoning:
        found.append({"reasoning_content": reply.reasoning})
    if reply.audio:
        found.append({"audio": {"id": reply.audio["id"], "transcript": reply.audio["transcript"]}})
        found.append({"audio": {"data": reply.audio["data"]}})
    if reply.function_call:
        name, arguments = reply.function_call
        found.append({"function_call": {"name": name, "arguments": ""}})
        found.append({"function_call": {"arguments": json.dumps(arguments)}})
    for index, (call_id, name, _) in enumerate(reply.tool_calls):
        function = {"name": name, "arguments": ""}
        found.append({"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]})
    for index, (_, _, arguments) in enumerate(reply.tool_calls):
        written = json.dumps(arguments)
        for piece in (written[:4], written[4:]):
            found.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    if reply.refusal:
        found.append({"refusal": reply.refusal})
    interleaved = [
        (index, {"content": words[position]}, None)
        for position in range(max((len(_words(text)) for text in texts), default=0))
        for index, text in enumerate(texts)
        if position < len(words := _words(text))
    ]
    return [
        *((index, {"role": "assistant", "content": ""}, None) for index in range(len(texts))),
        *((0, delta, None) for delta in found),
        *interleaved,
        *((index, {}, _finish_reason(reply)) for index in range(len(texts))),
    ]


def completion(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
    texts = [reply.text if reply.text is not None else f"echo: {prompt}" for prompt in prompts]
    choices = [
        {"index": index, "text": text, "finish_reason": reply.finish_reason or "stop", "logprobs": None}
        for index, text in enumerate(texts)
    ]
    used = reply.usage or usage(input=sum(len(str(prompt).split()) for prompt in prompts))
    return {**_head("text_completion"), "choices": choices, "usage": used, **reply.more}


def completion_chunks(body: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    whole = completion(body, reply)
    used = whole.pop("usage")
    pieces = [
        {**whole, "choices": [{**choice, "text": word, "finish_reason": None}]}
        for choice in whole["choices"]
        for word in _words(choice["text"])
    ]
    last = {**whole, "choices": [{**choice, "text": ""} for choice in whole["choices"]]}
    wanted = (body.get("stream_options") or {}).get("include_usage")
    return [*pieces, last, *([{**whole, "choices": [], "usage": used}] if wanted else [])]


def embeddings(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    tokens = sum(len(str(text).split()) for text in texts)
    vector: Any = "AACAPgAAAL8=" if body.get("encoding_format") == "base64" else [0.25, -0.5]
    vectors = [{"object": "embedding", "index": index, "embedding": vector} for index in range(len(texts))]
    used = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": vectors, "model": openai_server.MODEL, "usage": reply.usage or used, **reply.more}


def moderation(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    hit = bool(reply.refusal)
    categories = {"violence": hit, "harassment": False}
    scores = {"violence": 0.9 if hit else 0.1, "harassment": 0.0}
    result = {"flagged": hit, "categories": categories, "category_scores": scores, "category_applied_input_types": {}}
    return {"id": "modr-1", "model": openai_server.MODEL, "results": [result]}


def images(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    details = {"text_tokens": 5, "image_tokens": 0}
    used = {"input_tokens": 5, "output_tokens": 40, "total_tokens": 45, "input_tokens_details": details}
    return {"created": 1, "data": [{"b64_json": "cGljdHVyZQ=="}], "usage": reply.usage or used}


def transcription(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    details = {"text_tokens": 0, "audio_tokens": 14}
    used = {
        "type": "tokens",
        "input_tokens": 14,
        "output_tokens": 4,
        "total_tokens": 18,
        "input_token_details": details,
    }
    return {"text": reply.text or "what was said", "usage": reply.usage or used}


ANSWERS: dict[str, Callable[[dict[str, Any], Reply], dict[str, Any] | bytes]] = {
    "chat/completions": chat_completion,
    "completions": completion,
    "responses": response,
    "embeddings": embeddings,
    "moderations": moderation,
    "images/generations": images,
    "audio/transcriptions": transcription,
    "audio/translations": transcription,
    "audio/speech": lambda body, reply: SPEECH,
}


def _head(kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": 1,
        "model": openai_server.MODEL,
        "system_fingerprint": "fp_test",
    }


def _texts(body: dict[str, Any], reply: Reply) -> list[str]:
    if reply.choices:
        return reply.choices
    if reply.text is not None:
        return [reply.text] * int(body.get("n") or 1)
    if reply.tool_calls or reply.refusal or reply.function_call or reply.audio:
        return [""]
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    last = said[-1] if said and isinstance(said[-1], str) else ""
    return [f"echo: {last}"] * int(body.get("n") or 1)


def _words(text: str) -> list[str]:
    return [word if position == 0 else f" {word}" for position, word in enumerate(text.split(" "))] if text else []


def _message(text: str, reply: Reply) -> dict[str, Any]:
    calls = [
        {"id": call_id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for call_id, name, arguments in reply.tool_calls
    ]
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": reply.refusal}
    if reply.function_call:
        name, arguments = reply.function_call
        message["function_call"] = {"name": name, "arguments": json.dumps(arguments)}
    return {
        **message,
        **({"tool_calls": calls} if calls else {}),
        **({"reasoning_content": reply.reasoning} if reply.reasoning else {}),
        **({"audio": {**reply.audio, "expires_at": 1}} if reply.audio else {}),
    }


def _logprobs(text: str) -> dict[str, Any]:
    tokens = [{"token": word, "logprob": -0.1, "bytes": None, "top_logprobs": []} for word in _words(text)]
    return {"content": tokens, "refusal": None}


def _finish_reason(reply: Reply) -> str:
    called = "tool_calls" if reply.tool_calls else "function_call" if reply.function_call else "stop"
    return reply.finish_reason or called


def _counted(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    asked = sum(len(str(message.get("content") or "").split()) for message in body["messages"])
    return usage(input=asked, output=sum(len(text.split()) for text in _texts(body, reply)))
