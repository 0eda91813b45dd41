"""A stand-in for a model: a real OpenAI-compatible server on a loopback port that answers by the rules beside it.

With it the demo and the examples run where no model is at hand: over HTTP, with the real `openai` client and LiteLLM.
Its answers follow from the request alone, so the same request is always answered the same.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Collection, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.demo.judge import judge
from assay.demo.rules import ToolCall, reply, text_of

MODEL = "stand-in"
FINGERPRINT = "assay-stand-in-1"  # of the rules: counts up when their answers change


class StandIn:
    """The server, from `with` to its end. `url` is what `openai.OpenAI(base_url=...)` takes; any key is accepted.

    Args:
        aliases: names of models that it answers for as well; the answer still says which model it came from.
    """

    def __init__(self, *, port: int = 0, aliases: Collection[str] = ()) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.models = (MODEL, *aliases)
        self._thread = threading.Thread(target=self._server.serve_forever, name="assay-stand-in", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Message(BaseModel):
    model_config = ConfigDict(extra="allow")

    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatRequest(BaseModel):
    """The fields of a chat completion request that matter here; the others are accepted and ignored."""

    model: str
    messages: list[Message] = Field(min_length=1)
    tools: list[dict[str, Any]] = []
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None


class Refused(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


def complete(body: bytes, *, number: int = 1, models: Collection[str] = (MODEL,)) -> tuple[dict[str, Any], ChatRequest]:
    """The chat completion that answers a request body, and the request as it was understood.

    Raises:
        Refused: the body is no chat request, or asks for a model that is not served.
    """
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise Refused(400, "invalid_request", f"The request could not be read: {error}") from error
    if request.model not in models:
        raise Refused(404, "model_not_found", f"The model {request.model!r} does not exist; there is {MODEL!r}.")
    messages = [message.model_dump(exclude_none=True) for message in request.messages]
    answered = judge(messages, request.response_format) or reply(messages, request.tools)
    message = _message(answered, number)
    written = message["content"] or json.dumps(message["tool_calls"])
    read = sum(tokens(text_of(message)) + 4 for message in messages) + (
        tokens(json.dumps(request.tools)) if request.tools else 0
    )
    completion = {
        "id": f"chatcmpl-stand-in-{number:06}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "system_fingerprint": FINGERPRINT,
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "stop" if message["content"] else "tool_calls",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": read, "completion_tokens": tokens(written), "total_tokens": read + tokens(written)},
    }
    return completion, request


def tokens(text: str) -> int:
    """How many tokens a text is taken for: one for every four characters, the usual rule of thumb for English."""
    return -(-len(text) // 4)


def chunks(completion: dict[str, Any], *, usage: bool) -> Iterator[dict[str, Any]]:
    """The same completion as the chunks of a stream: a word at a time, then the finish reason, then usage if wanted."""
    head = {key: completion[key] for key in ("id", "created", "model", "system_fingerprint")}
    head |= {"object": "chat.completion.chunk"} | ({"usage": None} if usage else {})

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}]}

    choice = completion["choices"][0]
    message = choice["message"]
    yield chunk({"role": "assistant", "content": None if message["content"] is None else ""})
    for index, call in enumerate(message.get("tool_calls", [])):
        yield chunk({"tool_calls": [{"index": index, **call}]})
    for position, word in enumerate((message["content"] or "").split(" ")):
        if word:
            yield chunk({"content": f" {word}" if position else word})
    yield chunk({}, choice["finish_reason"])
    if usage:
        yield {**head, "choices": [], "usage": completion["usage"]}


def _message(answered: str | ToolCall, number: int) -> dict[str, Any]:
    if isinstance(answered, str):
        return {"role": "assistant", "content": answered, "refusal": None}
    function = {"name": answered.name, "arguments": json.dumps(answered.arguments)}
    call = {"id": f"call_{number:06}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "refusal": None, "tool_calls": [call]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.models: Collection[str] = (MODEL,)
        self.numbers = itertools.count(1)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"  # connections stay open between requests
    wbufsize = (
        -1
    )  # head and body leave in one packet; apart, the second would wait for the client's delayed acknowledgement
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.rstrip("/") == "/v1/models":
            models = [{"id": id, "object": "model", "created": 0, "owned_by": "assay"} for id in self.server.models]
            self._send(200, {"object": "list", "data": models})
        else:
            self._send(404, Refused(404, "not_found", f"There is nothing at {self.path}.").body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            if self.path.rstrip("/") != "/v1/chat/completions":
                raise Refused(404, "not_found", f"There is nothing at {self.path}; chat completions are served.")
            completion, request = complete(body, number=next(self.server.numbers), models=self.server.models)
        except Refused as refused:
            self._send(refused.status, refused.body)
            return
        if request.stream:
            self._stream(completion, usage=bool((request.stream_options or {}).get("include_usage")))
        else:
            self._send(200, completion)

    def _send(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, completion: dict[str, Any], *, usage: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for data in [*map(json.dumps, chunks(completion, usage=usage)), "[DONE]"]:
            event = f"data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line per request on the terminal would hide what the demo says."""
