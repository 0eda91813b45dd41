"""A real OpenAI-compatible server on a loopback port, for tests: replies are scripted, requests are kept.

    server.reply(text="Paris", usage=usage(input=10, cached=4))     # what the next request gets
    server.reply(status=429, error="slow down", headers={"retry-after-ms": "1"})
    server.reply(tool_calls=[("call_1", "search", {"query": "x"})])

With nothing scripted a chat is answered with `echo: ` and the last user's text, one token to a word. It speaks chats,
responses, completions, embeddings, moderations, images and sound, also under Azure's paths.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "echo-2026-01-01"  # what answers say, whatever was asked for
REQUEST_ID = "req_test"


@dataclass(kw_only=True)
class Reply:
    """One scripted answer. `choices` makes several choices; `cut_after` breaks a stream off after so many chunks."""

    text: str | None = None
    choices: list[str] = field(default_factory=list)
    tool_calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    function_call: tuple[str, dict[str, Any]] | None = None  # the older form of a tool call
    refusal: str | None = None
    reasoning: str | None = None
    logprobs: bool = False
    audio: dict[str, Any] | None = None  # {"id", "data", "transcript"}
    items: list[dict[str, Any]] = field(default_factory=list)  # of a response, before its message
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    usage_in_each: bool = False  # of a stream's chunks, as some servers do
    status: int = 200
    error: str = ""
    error_code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hold: threading.Event | None = None  # answered once this is set
    hold_after: int | None = None  # held only after so many chunks of a stream
    more: dict[str, Any] = field(default_factory=dict)  # fields over those of the answer
    raw: dict[str, Any] | None = None  # the whole body, as it is
    events: list[dict[str, Any]] | None = None  # the whole stream, as it is
    lines: list[str] | None = None  # the whole stream, as it is, whatever it may be


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def usage(
    *, input: int, output: int = 3, cached: int = 0, reasoning: int = 0, **details: dict[str, int]
) -> dict[str, Any]:
    """Usage as chats tell it. `details`: further counts for `prompt_tokens_details`, `completion_tokens_details`."""
    return {
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input + output,
        "prompt_tokens_details": {
            "cached_tokens": cached,
            "audio_tokens": 0,
            **details.get("prompt_tokens_details", {}),
        },
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            **details.get("completion_tokens_details", {}),
        },
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
        content = self.rfile.read(int(self.headers["content-length"]))
        self._reply(json.loads(content) if "json" in self.headers["content-type"] else {})

    def do_GET(self) -> None:
        self._reply({})

    def _reply(self, body: dict[str, Any]) -> None:
        path = self.path.partition("?")[0]
        self.owner.requests.append(Request(path, dict(self.headers.items()), body))
        reply = self.owner.replies.popleft() if self.owner.replies else Reply()
        if reply.hold is not None and reply.hold_after is None:
            reply.hold.wait(10)
        self._answer(path, body, reply)

    def _answer(self, path: str, body: dict[str, Any], reply: Reply) -> None:
        from support import openai_answers as answers

        streamed = body.get("stream") or "stream=true" in self.path
        if reply.status >= 400:
            error = {"message": reply.error, "type": "test", "param": None, "code": reply.error_code}
            self._send(reply.status, {"error": error}, reply.headers)
        elif reply.lines is not None:
            self._stream(reply.lines, reply)
        elif reply.events is not None:
            self._stream(map(as_event, reply.events), reply)
        elif reply.raw is not None:
            self._send(200, reply.raw, reply.headers)
        elif (found := answers.answer(path, body, reply)) is None:
            self._send(404, {"error": {"message": f"no {path} here", "type": "test", "code": None}}, {})
        elif isinstance(found, bytes):
            self._send_bytes(200, found, "audio/mpeg", reply.headers)
        elif streamed and (chunks := answers.chunks(path, body, reply)) is not None:
            last = [] if path.rpartition("/")[0].endswith("responses") or path.endswith("/responses") else ["[DONE]"]
            self._stream([*map(as_event, chunks), *(f"data: {text}\n\n" for text in last)], reply)
        else:
            self._send(200, found, reply.headers)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        self._send_bytes(status, json.dumps(body).encode(), "application/json", headers)

    def _send_bytes(self, status: int, content: bytes, kind: str, headers: dict[str, str]) -> None:
        if "x-test-gzip" in self.headers:  # only where a test asks: sizes and times would differ
            content, headers = gzip.compress(content), {**headers, "content-encoding": "gzip"}
        self._head(status, {"content-type": kind, "content-length": str(len(content)), **headers})
        self.wfile.write(content)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"x-request-id": REQUEST_ID, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, texts: Iterable[str], reply: Reply) -> None:
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked", **reply.headers})
        for position, text in enumerate(texts):
            if position == reply.cut_after:
                self.close_connection = True  # without the last chunk: the answer is cut off
                return
            if reply.hold is not None and position == reply.hold_after:
                reply.hold.wait(10)
            data = text.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def as_event(chunk: dict[str, Any]) -> str:
    """A chunk as a server-sent event."""
    kind = f"event: {chunk['type']}\n" if "type" in chunk else ""
    return f"{kind}data: {json.dumps(chunk)}\n\n"
