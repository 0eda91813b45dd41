"""Streamed answers in OpenAI's form: events into chunks, and chunks into the answer that they are pieces of. Pure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from assay.evaluation.gateway.answers import Reply, error_in, text_of
from assay.evaluation.gateway.failures import CallFailed, ConnectionFailed

LONGEST_LINE = 16 * 1024**2  # bytes: who sends more without an end sends no events
DONE = "[DONE]"


async def events(body: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The data of server-sent events, however the bytes are cut; comments and other fields are passed over.

    Lines end at LF alone (or CR LF): what else Python calls an end of line stands in texts as it is.
    """
    rest, data = b"", list[str]()
    async for piece in body:
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise CallFailed("The answer is no stream of events.", status=None)
        for line in lines:
            text = line.removesuffix(b"\r").decode("utf-8", "replace")
            if text.startswith("data:"):
                data.append(text.removeprefix("data:").removeprefix(" "))
            elif not text and data:
                yield "\n".join(data)
                data.clear()
    if rest.startswith(b"data:"):  # the last line end is missing
        data.append(rest.decode("utf-8", "replace").removeprefix("data:").strip())
    if data:
        yield "\n".join(data)


def chunk_of(data: str) -> dict[str, Any]:
    """
    Raises:
        CallFailed: it is an error, or no JSON object.
    """
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        chunk = None
    if not isinstance(chunk, dict):
        raise CallFailed(f"A piece of the answer is no chunk: {data[:200]!r}", status=None)
    if error := error_in(chunk):
        raise CallFailed(error[0], status=error[1])
    return chunk


class StreamedAnswer:
    """The first choice of a chat completion, as it grows."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}  # of the whole answer: id, model, system_fingerprint
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._usage: Mapping[str, Any] | None = None
        self._finish_reason: str | None = None

    def add(self, chunk: Mapping[str, Any]) -> str:
        """Take up one chunk; the text that it adds."""
        self._said.update({name: value for name, value in chunk.items() if name in _ONCE and value is not None})
        if isinstance(chunk.get("usage"), Mapping):
            self._usage = chunk["usage"]  # the last one counts: some servers send sums as they go
        choice = next((each for each in _objects(chunk.get("choices")) if not each.get("index")), None)
        if choice is None:
            return ""
        if isinstance(choice.get("finish_reason"), str):
            self._finish_reason = choice["finish_reason"]
        delta = choice.get("delta")
        delta = delta if isinstance(delta, Mapping) else {}
        if isinstance(delta.get("refusal"), str):
            self._refusal.append(delta["refusal"])
        for call in _objects(delta.get("tool_calls")):
            self._add_call(call)
        text = text_of(delta.get("content")) or ""
        self._text.append(text)
        return text

    def reply(self, headers: Mapping[str, str], *, done: bool, cost_usd: float | None = None) -> Reply:
        """The answer as it would have come whole.

        Args:
            done: the server said that this is all.

        Raises:
            ConnectionFailed: the stream ended in the middle.
        """
        text = "".join(self._text)
        if not done and self._finish_reason is None:
            raise ConnectionFailed(f"the answer broke off after {len(text)} characters", status=None)
        message = {
            "role": "assistant",
            "content": text or None,
            "refusal": "".join(self._refusal) or None,
            "tool_calls": [self._calls[index] for index in sorted(self._calls)] or None,
        }
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason}
        return Reply({**self._said, "choices": [choice], "usage": self._usage}, headers, cost_usd=cost_usd)

    def _add_call(self, piece: Mapping[str, Any]) -> None:
        """A call comes with its name first, and its arguments letter by letter."""
        index = piece.get("index")
        number = index if isinstance(index, int) else len(self._calls)
        call = self._calls.setdefault(number, {"type": "function", "function": {"name": "", "arguments": ""}})
        if piece.get("id"):
            call["id"] = piece["id"]
        function = piece.get("function")
        for name in ("name", "arguments"):
            if isinstance(function, Mapping) and isinstance(function.get(name), str):
                call["function"][name] += function[name]


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


_ONCE = ("id", "model", "system_fingerprint")
