"""Answers in OpenAI's form, as any provider or gateway may write them, into completions and embeddings. Pure.

What is missing, null or of a type that it should not be counts as not said; only where there is no answer at all is
that an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.evaluation.gateway.failures import CallFailed

PROXY_COST = "x-litellm-response-cost"
MOST = 1e300
PROXY_MODEL = "x-litellm-model-name"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the body as JSON, and the headers with lower-case names."""

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    cost_usd: float | None = None  # by the client's own price list


@dataclass(frozen=True, slots=True)
class Tokens:
    """Counts of one call; None is not said. The first two include the others."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


def completion_parts(reply: Reply) -> dict[str, Any]:
    """The fields of a `Completion` that the answer itself tells.

    Raises:
        CallFailed: the body is no chat completion.
    """
    body = _object(reply.body, "a chat completion")
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping):
        raise CallFailed(f"The answer holds no choice: {_shortened(body)}", status=None)
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    calls = message.get("tool_calls")
    return {
        "text": text_of(message.get("content")),
        "model": model_that_answered(body, reply.headers),
        "finish_reason": _string(choice.get("finish_reason")),
        "system_fingerprint": _string(body.get("system_fingerprint")),
        "refusal": _string(message.get("refusal")),
        "tool_calls": tuple(call for call in calls if isinstance(call, Mapping)) if isinstance(calls, list) else (),
        "logprobs": _logprobs(choice.get("logprobs")),
    }


def text_of(content: Any) -> str | None:
    """Text of a message; of one made of parts, the text among them."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
        return "".join(text for text in texts if isinstance(text, str)) or None
    return _string(content)


def error_in(body: Any) -> tuple[str, int | None] | None:
    """What an error under the status 200 says, and its own status: OpenRouter and others answer so."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not error or body.get("choices") or body.get("data"):
        return None
    code = error.get("code") if isinstance(error, Mapping) else None
    said = error.get("message") if isinstance(error, Mapping) else error
    return str(said or error), code if isinstance(code, int) and 400 <= code < 600 else None


def vectors(reply: Reply, count: int) -> list[list[float]]:
    """The embeddings in the order of the texts.

    Raises:
        CallFailed: there is not one list of finite numbers for each of the `count` texts, all of one length.
    """
    body = _object(reply.body, "embeddings")
    data = body.get("data")
    rows = [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else []
    if all(_count(row.get("index")) is not None for row in rows):
        rows = sorted(rows, key=lambda row: int(row["index"]))
    found = [_vector(row.get("embedding")) for row in rows]
    if len(found) != count or not all(found) or len({len(vector or ()) for vector in found}) > 1:
        raise CallFailed(f"The answer holds no {count} embeddings: {_shortened(body)}", status=None)
    return [vector for vector in found if vector]


def tokens(reply: Reply) -> Tokens:
    """The usage, in whichever form: OpenAI's details, Anthropic's and DeepSeek's names beside them."""
    usage = reply.body.get("usage") if isinstance(reply.body, Mapping) else None
    if not isinstance(usage, Mapping):
        return Tokens()
    read = usage.get("prompt_tokens_details")
    written = usage.get("completion_tokens_details")
    read, written = (part if isinstance(part, Mapping) else {} for part in (read, written))
    return Tokens(
        input=_first(usage, "prompt_tokens", "input_tokens"),
        output=_first(usage, "completion_tokens", "output_tokens"),
        cache_read=_either(
            _first(read, "cached_tokens"), _first(usage, "cache_read_input_tokens", "prompt_cache_hit_tokens")
        ),
        cache_write=_either(
            _first(read, "cache_creation_tokens", "cache_write_tokens"), _first(usage, "cache_creation_input_tokens")
        ),
        reasoning=_first(written, "reasoning_tokens"),
    )


def cost_said(headers: Mapping[str, str]) -> float | None:
    """What a LiteLLM proxy charges for this call. It says nothing where it knows no price."""
    try:
        cost = float(headers.get(PROXY_COST) or headers.get(f"llm_provider-{PROXY_COST}") or math.nan)
    except ValueError:
        return None
    return cost if math.isfinite(cost) and cost >= 0 else None


def model_that_answered(body: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """By its own name. A LiteLLM proxy repeats its alias in the body, and says in a header what stands behind it."""
    return headers.get(PROXY_MODEL) or _string(body.get("model"))


def _object(body: Any, wanted: str) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise CallFailed(f"The answer is not {wanted}: {_shortened(body)}", status=None)
    return body


def _logprobs(found: Any) -> tuple[Mapping[str, Any], ...] | None:
    content = found.get("content") if isinstance(found, Mapping) else None
    return tuple(entry for entry in content if isinstance(entry, Mapping)) if isinstance(content, list) else None


def _vector(found: Any) -> list[float] | None:
    if not isinstance(found, list) or not found:
        return None
    return [float(value) for value in found] if all(map(_is_number, found)) else None


def _is_number(value: Any) -> bool:
    """A finite one, and not so long that it is no float: JSON knows no bounds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST <= value <= MOST


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _first(counts: Mapping[str, Any], *names: str) -> int | None:
    return next((count for name in names if (count := _count(counts.get(name))) is not None), None)


def _either(*counts: int | None) -> int | None:
    """The first that is not nothing: some gateways fill in zeros beside the name that the provider used."""
    return next((count for count in counts if count), next((count for count in counts if count is not None), None))


def _count(value: Any) -> int | None:
    return int(value) if _is_number(value) and value >= 0 else None


def _shortened(body: Any, most: int = 200) -> str:
    text = repr(body)
    return text if len(text) <= most else f"{text[:most]}..."
