"""One question to a judge's model: a call in a span of its own, with what the model cannot take left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from assay import semconv
from assay.errors import GatewayError, ScorerError
from assay.evaluation.gateway import Completion, Gateway, Message
from assay.settings import current_settings
from assay.tracing import start_span
from assay.tracing.otel_context import attach, detach, without_instrumentation
from assay.tracing.serialise import to_json

# Parameters that some models do not take: they are judges without them as well.
OPTIONAL = ("temperature", "seed")
_NOT_TAKEN = re.compile(
    r"support|unknown|unrecogni[sz]ed|unexpected|deprecated|not (allowed|permitted|available)|only\b|extra|invalid"
    r"|must be",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context.?(length|window|size|limit)|maximum (context|prompt|input|number of tokens)|too many (input )?tokens"
    r"|(prompt|input|request|message)s? (is|are|was)? ?too (long|large)|exceeds? .{0,60}(tokens|context)"
    r"|reduce the length|longer than the model|max_model_len",
    re.IGNORECASE,
)
_REFUSING = frozenset({400, 413, 422})

_left_out: defaultdict[str, set[str]] = defaultdict(set)  # model -> what it did not take, for the rest of the process


async def ask(
    gateway: Gateway,
    messages: Sequence[Message],
    *,
    model: str,
    response_format: Mapping[str, Any] | None = None,
    **optional: Any,
) -> Completion:
    """Ask, and show in a span what was asked, what came back and what it cost.

    Args:
        optional: further keywords of `Gateway.complete`; those that are None are not passed. A temperature or a seed
            that the model refuses to take is left out, now and in later calls of this process.

    Raises:
        GatewayError: the call failed for good.
        ScorerError: the texts are longer than the model takes. They are never cut.
    """
    provider, _, name = model.partition("/")
    attributes = {
        semconv.GEN_AI_PROVIDER_NAME: provider if name else "openai",
        semconv.GEN_AI_REQUEST_MODEL: name or model,
    }
    with start_span(f"chat {name or model}", kind="llm", attributes=attributes) as span:
        if _content_is_captured():
            span.set_attribute(semconv.GEN_AI_INPUT_MESSAGES, to_json([_parts(message) for message in messages]))
        token = attach(without_instrumentation())  # this span is the call's; an autologger would add its own
        try:
            given = {"response_format": response_format, **optional}
            answer = await _complete(gateway, messages, model, {k: v for k, v in given.items() if v is not None})
        finally:
            detach(token)
        told = {
            semconv.GEN_AI_RESPONSE_MODEL: answer.model,
            semconv.GEN_AI_USAGE_INPUT_TOKENS: answer.input_tokens,
            semconv.GEN_AI_USAGE_OUTPUT_TOKENS: answer.output_tokens,
            semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: answer.cache_read_tokens,
            semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: answer.reasoning_tokens,
            semconv.LLM_COST_TOTAL: answer.cost_usd,  # a gateway may know better than a price list
            semconv.ASSAY_CACHE_HIT: answer.cached or None,
            semconv.GEN_AI_RESPONSE_FINISH_REASONS: [answer.finish_reason] if answer.finish_reason else None,
        }
        span.set_attributes({key: value for key, value in told.items() if value is not None})
        if _content_is_captured() and answer.text is not None:
            said = {**_parts({"role": "assistant", "content": answer.text}), "finish_reason": answer.finish_reason}
            span.set_attribute(semconv.GEN_AI_OUTPUT_MESSAGES, to_json([said]))
    return answer


def left_out(model: str) -> list[str]:
    """Parameters that this model is asked without, because it refused them."""
    return sorted(_left_out.get(model, ()))


async def _complete(
    gateway: Gateway, messages: Sequence[Message], model: str, parameters: dict[str, Any]
) -> Completion:
    dropped: set[str] = set()
    while True:
        known = _left_out.get(model, set()) | dropped
        sent = {name: value for name, value in parameters.items() if name not in known}
        try:
            answer = await gateway.complete(messages, model=model, **sent)
        except GatewayError as error:
            refused = _refused(error, sent)
            if refused is None:
                if error.status in _REFUSING and _TOO_LONG.search(error.message):
                    raise _too_long(error, model) from error
                raise
            dropped.add(refused)
            continue
        if dropped:  # only now is it known that this was the reason
            _left_out[model] |= dropped
        return answer


def _refused(error: GatewayError, sent: Mapping[str, Any]) -> str | None:
    """The optional parameter that an error complains about."""
    if error.status not in _REFUSING or not _NOT_TAKEN.search(error.message):
        return None
    return next((name for name in OPTIONAL if name in sent and name in error.message.casefold()), None)


def _too_long(error: GatewayError, model: str) -> ScorerError:
    return ScorerError(
        f"The texts to judge are longer than model {model!r} takes, and they are never cut: {error.message}",
        hint="Judge with a model of a larger context, or judge less at once.",
    )


def _parts(message: Message) -> dict[str, Any]:
    return {"role": message["role"], "parts": [{"type": "text", "content": message["content"]}]}


def _content_is_captured() -> bool:
    return current_settings().capture_content
