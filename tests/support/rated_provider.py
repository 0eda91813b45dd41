"""A provider with rate limits: token buckets for requests and tokens, and what real ones say about them.

`RatedProvider.decide` is pure but for its buckets; `RatedServer` answers with it on a loopback port, in the form of
OpenAI's chats (or of Anthropic's messages, for that style).
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Style = Literal["openai", "anthropic", "retry_after", "silent"]


@dataclass
class TokenBucket:
    """Full to begin with; gains `rate` a second up to `capacity`."""

    capacity: float
    rate: float
    level: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.level = self.capacity

    def refill(self, now: float) -> None:
        if self.at is not None:
            self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
        self.at = now

    @property
    def reset_s(self) -> float:
        return (self.capacity - self.level) / self.rate

    def wait_s(self, amount: float) -> float:
        return max(0.0, (amount - self.level) / self.rate)


class RatedProvider:
    """Lets a request through if both buckets hold enough. `style` is what it says about that."""

    def __init__(
        self, *, requests: TokenBucket, tokens: TokenBucket | None = None, style: Style = "openai", epoch: float = 0.0
    ) -> None:
        self.buckets = {"requests": requests} | ({"tokens": tokens} if tokens else {})
        self.style = style
        self.epoch = epoch  # what to add to the clock for the time since 1970
        self.let_through = 0
        self.refused = 0

    def decide(self, now: float, tokens: int) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer to a request that arrives now."""
        amounts = {"requests": 1.0, "tokens": float(tokens)}
        for bucket in self.buckets.values():
            bucket.refill(now)
        wait_s = max(bucket.wait_s(amounts[name]) for name, bucket in self.buckets.items())
        if wait_s > 1e-9:
            self.refused += 1
        else:
            self.let_through += 1
            for name, bucket in self.buckets.items():
                bucket.level -= amounts[name]
        return (429 if wait_s > 1e-9 else 200), self._headers(now, wait_s)

    def _headers(self, now: float, wait_s: float) -> dict[str, str]:
        headers: dict[str, str] = {}
        for name, bucket in self.buckets.items():
            limit, remaining = str(int(bucket.capacity)), str(max(0, math.floor(bucket.level)))
            if self.style == "openai":
                headers |= {
                    f"x-ratelimit-limit-{name}": limit,
                    f"x-ratelimit-remaining-{name}": remaining,
                    f"x-ratelimit-reset-{name}": go_duration(bucket.reset_s),
                }
            elif self.style == "anthropic":
                reset = datetime.fromtimestamp(math.ceil(now + self.epoch + bucket.reset_s), UTC)
                headers |= {
                    f"anthropic-ratelimit-{name}-limit": limit,
                    f"anthropic-ratelimit-{name}-remaining": remaining,
                    f"anthropic-ratelimit-{name}-reset": reset.isoformat().replace("+00:00", "Z"),
                }
        if wait_s > 1e-9 and self.style != "silent":
            headers["retry-after"] = str(math.ceil(wait_s))
            if self.style == "openai":
                headers["retry-after-ms"] = str(math.ceil(wait_s * 1000))
        return headers

    def optimum_s(self, calls: int, tokens: int) -> float:
        """The least time from the first request to the last one that is let through: from full buckets."""
        amounts = {"requests": 1.0, "tokens": float(tokens)}
        return max(
            0.0, *((calls * amounts[name] - bucket.capacity) / bucket.rate for name, bucket in self.buckets.items())
        )


def go_duration(seconds: float) -> str:
    """As OpenAI writes it: "120ms", "1.5s", "6m0s"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:.3g}s" if minutes else f"{rest:.4g}s"


class RatedServer:
    """The provider on a loopback port, served by an event loop of its own. `latency_s` is how long an answer takes."""

    def __init__(self, provider: RatedProvider, *, tokens: int = 10, latency_s: float = 0.0) -> None:
        self.provider = provider
        self.tokens = tokens
        self.latency_s = latency_s
        self.under_way = 0
        self.most_under_way = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> RatedServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client, or the test, is done
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
        body = json.loads(await reader.readexactly(length) or b"{}")
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        status, headers = self.provider.decide(time.monotonic(), self.tokens)
        if status == 200:
            await asyncio.sleep(self.latency_s)
        self.under_way -= 1
        stream = bool(body.get("stream")) and status == 200
        content = self._stream() if stream else json.dumps(self._body(status)).encode()
        headers["content-type"] = "text/event-stream" if stream else "application/json"
        headers["content-length"] = str(len(content))
        lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()
        return True

    def _body(self, status: int) -> dict[str, Any]:
        if status != 200:
            return {"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}
        if self.provider.style == "anthropic":
            usage = {"input_tokens": self.tokens - 1, "output_tokens": 1}
            content = [{"type": "text", "text": "yes"}]
            return {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content, "usage": usage}
        usage = {"prompt_tokens": self.tokens - 1, "completion_tokens": 1, "total_tokens": self.tokens}
        message = {"role": "assistant", "content": "yes"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }

    def _stream(self) -> bytes:
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
        }
        return f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()


def bucket_of(per_s: float, *, capacity: float | None = None) -> TokenBucket:
    """A bucket that gains `per_s`, and holds a second's worth if nothing else is said."""
    return TokenBucket(capacity=capacity if capacity is not None else per_s, rate=per_s)
