"""A real OpenAI-compatible server on a loopback port, for tests: replies are scripted, requests are kept.

    server.reply(text="Paris", usage=usage(input=10, cached=4))     # what the next request gets
    server.reply(status=429, error="slow down")
    server.reply(tool_calls=[("call_1", "search", {"query": "x"})])

With nothing scripted a chat is answered with `echo: ` and the last user's text, one token to a word.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "echo-2026-01-01"  # what answers say, whatever was asked for


@dataclass(kw_only=True)
class Reply:
    """One scripted answer. `choices` makes several choices; `cut_after` breaks a stream off after so many chunks."""

    text: str | None = None
    choices: list[str] = field(default_factory=list)
    tool_calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    refusal: str | None = None
    reasoning: str | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    status: int = 200
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hold: threading.Event | None = None  # answered once this is set
    raw: dict[str, Any] | None = None  # the whole body, as it is
    events: list[dict[str, Any]] | None = None  # the whole stream, as it is


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def usage(*, input: int, output: int = 3, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    return {
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
    }


class OpenAIServer:
    """The server, from `start` to `stop`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.replies: deque[Reply] = deque()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Server(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """What `openai.OpenAI(base_url=...)` takes."""
        return f"http://127.0.0.1:{self.port}/v1"

    def reply(self, **fields: Any) -> Reply:
        """Script the answer to the next request that has none yet."""
        scripted = Reply(**fields)
        self.replies.append(scripted)
        return scripted

    def start(self) -> OpenAIServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients that leave early are what some tests are about
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    owner: OpenAIServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        self.owner.requests.append(Request(path, dict(self.headers.items()), body))
        reply = self.owner.replies.popleft() if self.owner.replies else Reply()
        if reply.hold is not None:
            reply.hold.wait(10)
        self._answer(path, body, reply)

    def _answer(self, path: str, body: dict[str, Any], reply: Reply) -> None:
        if reply.status >= 400:
            self._send(reply.status, {"error": {"message": reply.error, "type": "test", "code": None}}, reply.headers)
        elif reply.events is not None:
            self._stream(reply.events, reply, done=False)
        elif reply.raw is not None:
            self._send(200, reply.raw, reply.headers)
        elif path.endswith("/embeddings"):
            self._send(200, embeddings(body), reply.headers)
        elif not path.endswith("/chat/completions"):
            self._send(404, {"error": {"message": f"no {path} here", "type": "test", "code": None}}, {})
        elif body.get("stream"):
            self._stream(chat_chunks(body, reply), reply, done=True)
        else:
            self._send(200, chat_completion(body, reply), reply.headers)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, chunks: list[dict[str, Any]], reply: Reply, *, done: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for position, chunk in enumerate(chunks):
            if position == reply.cut_after:
                self.close_connection = True  # without the last chunk: the answer is cut off
                return
            kind = f"event: {chunk['type']}\n" if "type" in chunk else ""
            self._write(f"{kind}data: {json.dumps(chunk)}\n\n")
        if done:
            self._write("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _write(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def chat_completion(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    choices = [
        {"index": index, "finish_reason": _finish_reason(reply), "logprobs": None, "message": _message(text, reply)}
        for index, text in enumerate(_texts(body, reply))
    ]
    return {**_head("chat.completion"), "choices": choices, "usage": reply.usage or _counted(body, reply)}


def chat_chunks(body: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
    """A stream as OpenAI sends it: role, words, tool calls in fragments, finish reason, usage if asked for."""
    texts = _texts(body, reply)
    head = _head("chat.completion.chunk")
    deltas: list[tuple[int, dict[str, Any], str | None]] = []
    for index in range(len(texts)):
        deltas.append((index, {"role": "assistant", "content": ""}, None))
    if reply.reasoning:
        deltas.append((0, {"reasoning_content": reply.reasoning}, None))
    longest = max((len(_words(text)) for text in texts), default=0)
    for position in range(longest):  # choices interleave
        for index, text in enumerate(texts):
            if position < len(words := _words(text)):
                deltas.append((index, {"content": words[position]}, None))
    for index, (call_id, name, _) in enumerate(reply.tool_calls):
        function = {"name": name, "arguments": ""}
        deltas.append(
            (0, {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}, None)
        )
    for index, (_, _, arguments) in enumerate(reply.tool_calls):
        written = json.dumps(arguments)
        for piece in (written[:4], written[4:]):
            deltas.append((0, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None))
    if reply.refusal:
        deltas.append((0, {"refusal": reply.refusal}, None))
    for index in range(len(texts)):
        deltas.append((index, {}, _finish_reason(reply)))
    chunks = [
        {**head, "choices": [{"index": index, "delta": delta, "finish_reason": reason, "logprobs": None}]}
        for index, delta, reason in deltas
    ]
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "choices": [], "usage": reply.usage or _counted(body, reply)})
    return chunks


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    tokens = sum(len(str(text).split()) for text in texts)
    vectors = [{"object": "embedding", "index": index, "embedding": [0.25, -0.5]} for index in range(len(texts))]
    return {
        "object": "list",
        "model": MODEL,
        "data": vectors,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": MODEL, "system_fingerprint": "fp_test"}


def _texts(body: dict[str, Any], reply: Reply) -> list[str]:
    if reply.choices:
        return reply.choices
    if reply.text is not None:
        return [reply.text] * int(body.get("n") or 1)
    if reply.tool_calls or reply.refusal:
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
    return {
        **message,
        **({"tool_calls": calls} if calls else {}),
        **({"reasoning_content": reply.reasoning} if reply.reasoning else {}),
    }


def _finish_reason(reply: Reply) -> str:
    return reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")


def _counted(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    asked = sum(len(str(message.get("content") or "").split()) for message in body["messages"])
    return usage(input=asked, output=sum(len(text.split()) for text in _texts(body, reply)))
