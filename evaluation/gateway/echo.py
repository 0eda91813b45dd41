"""Models that need no provider: they say again what they are told. For trying things out, and for tests, offline.

`echo/last` gives the last user's text, `echo/conversation` every message, `echo/slow` the last text a word at a time,
and `echo/error` refuses.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from assay.errors import ConfigurationError, GatewayError
from assay.evaluation.gateway.protocol import Completion, Message, model_name

PREFIX = "echo/"
MODELS = ("last", "conversation", "slow", "error")
SLOW_S = 0.1  # between two words


class Echo:
    """A `Streaming` gateway that counts words as tokens and charges nothing."""

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        response_format: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> AsyncIterator[str | Completion]:
        started = time.perf_counter()
        text = _answer(messages, model)
        first_text_ms = None
        for word in re.findall(r"\S+\s*|\s+", text):
            if model_name(model) == f"{PREFIX}slow":
                await asyncio.sleep(SLOW_S)
            first_text_ms = first_text_ms or (time.perf_counter() - started) * 1000
            yield word
        yield Completion(
            text=text,
            model=model_name(model),
            finish_reason="stop",
            input_tokens=sum(len(_text(message).split()) for message in messages),
            output_tokens=len(text.split()),
            cost_usd=0.0,
            duration_ms=(time.perf_counter() - started) * 1000,
            first_text_ms=first_text_ms,
        )


def is_echo(model: str) -> bool:
    return model_name(model).startswith(PREFIX)


def _answer(messages: Sequence[Message], model: str) -> str:
    kind = model_name(model).removeprefix(PREFIX)
    if kind == "error":
        raise GatewayError(f"Model {model!r} refuses: that is what it is for.", model=model, status=400)
    if kind not in MODELS:
        raise ConfigurationError(
            f"There is no model {model!r}.", hint=f"There are: {', '.join(PREFIX + name for name in MODELS)}."
        )
    if kind == "conversation":
        return "\n".join(f"{message['role']}: {_text(message)}" for message in messages)
    return next((_text(message) for message in reversed(messages) if message["role"] == "user"), "")


def _text(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    return content or ""
