"""The gateway: a request as any caller makes it, through the cache, the limits and the retries, to an answer."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from assay.errors import AssayError, GatewayError, InvalidRequest
from assay.evaluation.budget import Use
from assay.evaluation.gateway import structured
from assay.evaluation.gateway.answering import answering_here
from assay.evaluation.gateway.answers import (
    Reply,
    Tokens,
    completion_parts,
    cost_said,
    model_that_answered,
    tokens,
    vectors,
)
from assay.evaluation.gateway.cache import answer_cache
from assay.evaluation.gateway.event_loop import on_gateway_loop
from assay.evaluation.gateway.failures import explained
from assay.evaluation.gateway.kept import answered
from assay.evaluation.gateway.keys import answer_key
from assay.evaluation.gateway.protocol import Answer, Completion, Embeddings, Message
from assay.evaluation.gateway.spending import booked
from assay.evaluation.gateway.streaming import Tell, once_told, pieces
from assay.evaluation.rates import Answered, Key, current_row, limiter_for, with_retries
from assay.evaluation.rates.requests import expected_tokens
from assay.prices import cost_usd
from assay.settings import Settings

ATTEMPTS = 5

Send = Callable[[Mapping[str, Any]], Awaitable[Reply]]


class Backend(Protocol):
    """What carries requests in OpenAI's form to models, and their answers back."""

    @property
    def says_costs(self) -> bool:
        """May its answers say what they cost?"""
        ...

    def identity(self, model: str, operation: str) -> dict[str, Any]:
        """What an answer depends on beside the request itself: for the keys of kept answers."""
        ...

    def address(self, model: str) -> str:
        """Where a model is asked, as people may see it."""
        ...

    def listed_as(self, model: str) -> tuple[str | None, str]:
        """By whose prices a model is charged, and its name there."""
        ...

    def limited_by(self, model: str) -> Key:
        """Whose rate limits hold."""
        ...

    async def send(self, operation: str, model: str, body: Mapping[str, Any]) -> Reply:
        """One request, on the loop of model calls; raises CallFailed."""
        ...

    async def send_streamed(self, model: str, body: Mapping[str, Any], tell: Tell) -> Reply:
        """One request for a chat: each piece of text is told as it comes, and the whole answered at last."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayClient:
    """A `Gateway` over a backend."""

    backend: Backend
    settings: Settings = field(repr=False)
    attempts: int = ATTEMPTS

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
        parameters = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "seed": seed,
            "tools": None if tools is None else [dict(tool) for tool in tools],
            "logprobs": None if logprobs is None else True,
            "top_logprobs": None if not logprobs else int(logprobs),
        }
        given = {name: value for name, value in parameters.items() if value is not None}

        async def send(body: Mapping[str, Any]) -> Reply:
            return await self.backend.send("chat", model, body)

        async def ask() -> Completion:
            return await self._completion(messages, model, response_format, given, send)

        request = {"messages": list(messages), "response_format": response_format, **given}
        return await self._answered(ask, Completion, "chat", model, request)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        response_format: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> AsyncIterator[str | Completion]:
        """See `Streaming`. Answers are neither taken from the cache nor kept."""
        given = {name: value for name, value in parameters.items() if value is not None}
        request = {"messages": list(messages), "response_format": response_format, **given}

        async def answer(tell: Tell) -> Completion:
            send = once_told(lambda body, heard: self.backend.send_streamed(model, body, heard), tell)

            async def ask() -> Completion:
                return await self._completion(messages, model, response_format, given, send)

            return await booked(ask, expected=lambda: self._expected(model, request))

        return pieces(answer, lambda error: self._explained(error, model))

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Embeddings:
        if not texts:
            return Embeddings(vectors=[], model=None, input_tokens=0, cost_usd=0.0, attempts=0)
        body = {"input": list(texts), **({} if dimensions is None else {"dimensions": dimensions})}

        async def ask() -> Embeddings:
            return await self._embeddings(body, model)

        return await self._answered(ask, Embeddings, "embeddings", model, body)

    async def _answered(
        self,
        ask: Callable[[], Awaitable[Answer]],
        kind: type[Answer],
        operation: str,
        model: str,
        request: Mapping[str, Any],
    ) -> Answer:
        """On the loop of model calls, with kept answers where those are wanted; every failure as a GatewayError."""
        how = answering_here()

        async def paid() -> Answer:
            return await booked(ask, expected=lambda: self._expected(model, request))

        async def answer() -> Answer:
            key = None if how.policy == "off" else self._key(operation, model, request)
            if key is None:
                return await paid()
            cache = answer_cache(self.settings.data_dir, self.settings.answer_cache_max_bytes)
            return await answered(paid, kind=kind, key=key, how=how, cache=cache)

        try:
            return await on_gateway_loop(answer())
        except AssayError:
            raise
        except Exception as error:
            # Not `from error`: what libraries say may hold keys, and tracebacks show it.
            raise self._explained(error, model) from None

    def _explained(self, error: Exception, model: str) -> GatewayError:
        return explained(error, model=model, address=self.backend.address(model), settings=self.settings)

    def _expected(self, model: str, request: Mapping[str, Any]) -> Use:
        """What a call may take, before it is made. A gateway that says itself what calls cost may know more prices."""
        all_of_it, output = (math.ceil(count) for count in expected_tokens(request))
        listed = self._listed(Tokens(input=all_of_it - output, output=output), None, model)
        return Use(cost_usd=0.0 if listed is None and self.backend.says_costs else listed, tokens=all_of_it, calls=1)

    def _key(self, operation: str, model: str, request: Mapping[str, Any]) -> str | None:
        """None: there is no key for what JSON cannot say."""
        how = answering_here()
        try:
            return answer_key(
                self.backend.identity(model, operation),
                {"operation": operation, **request},
                repeat=how.repeat,
                namespace=how.namespace,
            )
        except InvalidRequest:
            return None

    async def _completion(
        self,
        messages: Sequence[Message],
        model: str,
        response_format: Mapping[str, Any] | None,
        given: Mapping[str, Any],
        send: Send,
    ) -> Completion:
        address = self.backend.address(model)
        sent, refusal = 0, None
        for form in structured.forms_to_try(response_format, address, model):
            named, worded = structured.asked(form, response_format, messages)
            try:
                reply, requests = await self._sent(send, model, {"messages": worded, **given, **named})
            except Exception as error:
                status = getattr(error, "status_code", None)
                if not structured.refuses_form(status, str(error)):
                    # refused again, for whatever reason: the first one is what the caller asked for
                    raise (refusal if refusal is not None and status in structured.REFUSED else error) from None
                refusal = refusal or error
                sent += 1
            else:
                structured.learn(form, address, model)
                return self._read(reply, model, form=form, attempts=sent + requests)
        assert refusal is not None
        raise refusal

    def _read(self, reply: Reply, model: str, *, form: str | None, attempts: int) -> Completion:
        told, parts = tokens(reply), completion_parts(reply)
        return Completion(
            **parts,
            input_tokens=told.input,
            output_tokens=told.output,
            cache_read_tokens=told.cache_read,
            reasoning_tokens=told.reasoning,
            cost_usd=self._cost(reply, told, parts["model"], model),
            asked_for=form,
            attempts=attempts,
        )

    async def _embeddings(self, body: Mapping[str, Any], model: str) -> Embeddings:
        async def send(body: Mapping[str, Any]) -> Reply:
            return await self.backend.send("embeddings", model, body)

        reply, sent = await self._sent(send, model, body)
        told, found = tokens(reply), vectors(reply, len(body["input"]))
        answered_by = model_that_answered(reply.body, reply.headers)
        return Embeddings(
            vectors=found,
            model=answered_by,
            input_tokens=told.input,
            cost_usd=self._cost(reply, told, answered_by, model),
            attempts=sent,
        )

    async def _sent(self, send: Send, model: str, body: Mapping[str, Any]) -> tuple[Reply, int]:
        """The answer, and how many requests it took."""
        sent = 0

        async def send_once() -> Reply:
            nonlocal sent
            sent += 1
            return await send(body)

        row = current_row()  # of an evaluation, whose limits say how often
        expected, output = expected_tokens(body)
        reply = await with_retries(
            send_once,
            attempts=row.pacing.attempts if row else self.attempts,
            limiter=limiter_for(self.backend.limited_by(model)),
            tokens=expected,
            output_tokens=output,
            answered=_answered,
        )
        return reply, sent

    def _cost(self, reply: Reply, told: Tokens, answered_by: str | None, asked: str) -> float | None:
        """The gateway's own word, else prices of one's own and the price list, else the client's."""
        if (said := cost_said(reply.headers)) is not None:
            return said
        listed = self._listed(told, answered_by, asked)
        return listed if listed is not None else reply.cost_usd

    def _listed(self, told: Tokens, answered_by: str | None, asked: str) -> float | None:
        provider, name = self.backend.listed_as(asked)
        return cost_usd(
            provider=provider,
            models=(answered_by, name),
            at=time.time_ns(),
            input_tokens=told.input,
            output_tokens=told.output,
            cache_read_tokens=told.cache_read,
            cache_write_tokens=told.cache_write,
        )


def _answered(reply: Reply) -> Answered:
    told = tokens(reply)
    known = [count for count in (told.input, told.output) if count is not None]
    return Answered(headers=reply.headers, tokens=sum(known) if known else None)
