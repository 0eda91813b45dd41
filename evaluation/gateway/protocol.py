"""What a gateway is to the rest: messages in, a completion or embeddings out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One answer of a model. What the provider did not say is None; an unknown price is None, never 0."""

    text: str | None  # None: a refusal, or an answer made of tool calls only
    model: str | None  # as the provider named the one that answered
    finish_reason: str | None
    input_tokens: int | None  # cached ones included
    output_tokens: int | None  # reasoning included
    cost_usd: float | None  # of this call: 0 when the answer came from the cache
    system_fingerprint: str | None = None
    cache_read_tokens: int | None = None  # of the input tokens, those that the provider had cached
    reasoning_tokens: int | None = None  # of the output tokens
    refusal: str | None = None  # what a model says that refuses to answer in the form asked for
    tool_calls: tuple[Mapping[str, Any], ...] = ()  # as OpenAI writes them: id, type, function with name and arguments
    logprobs: tuple[Mapping[str, Any], ...] | None = None  # one for each token: token, logprob, top_logprobs
    asked_for: str | None = None  # how a schema was asked for in the end: json_schema, json_object or text
    attempts: int = 1  # requests that were sent
    cached: bool = False  # kept from an earlier call, which cost `original_cost_usd`
    cache_key: str | None = None  # None: the answer cache was off
    original_cost_usd: float | None = None
    duration_ms: float | None = None  # of a streamed one, from the request to the end
    first_text_ms: float | None = None  # and to the first piece of text


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """One vector for each text, in their order."""

    vectors: list[list[float]]
    model: str | None
    input_tokens: int | None
    cost_usd: float | None  # None: unknown, never 0
    attempts: int = 1
    cached: bool = False
    cache_key: str | None = None
    original_cost_usd: float | None = None


Answer = TypeVar("Answer", bound=Completion | Embeddings)


class Gateway(Protocol):
    """Where model calls go. Called from any event loop and many rows at once; raises GatewayError and nothing else.

    A gateway of one's own needs `complete` with as many keywords as its callers use: what is None is not passed.
    """

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        response_format: Mapping[str, Any] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        logprobs: int | None = None,
    ) -> Completion:
        """One answer of `model` to `messages`.

        Args:
            model: as LiteLLM names it, `openai/gpt-4o-mini`; `openai:/gpt-4o-mini` is the same.
            response_format: as OpenAI's, with a `json_schema`. A model that does not know it is asked in words.
            logprobs: how many alternatives each token's log probability is to come with; None asks for none.
        """
        ...

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Embeddings:
        """A vector for each of `texts`. `dimensions` shortens them, where the model can."""
        ...


class Streaming(Protocol):
    """A gateway that also tells an answer while it is made."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        response_format: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> AsyncIterator[str | Completion]:
        """The text piece by piece, and then the whole. Closing the iterator gives the call up.

        Args:
            parameters: as OpenAI names them: temperature, max_tokens, top_p, stop, tools and so on. None is not sent.

        Raises:
            GatewayError: the call failed, or broke off after some pieces.
        """
        ...


def model_name(name: str) -> str:
    """A model as LiteLLM names it: "openai:/gpt-4o-mini" is "openai/gpt-4o-mini"."""
    provider, separator, model = name.partition(":/")
    return f"{provider}/{model.lstrip('/')}" if separator and "/" not in provider else name
