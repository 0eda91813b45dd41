"""One call of a model, told while it is answered, and kept as a trace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from assay import semconv
from assay.evaluation.gateway import Completion, Message, model_name
from assay.evaluation.gateway.choice import streaming_gateway
from assay.evaluation.playground.request import Column, Run
from assay.evaluation.playground.tags import TAG
from assay.settings import current_settings
from assay.tracing import context, flush, start_span
from assay.tracing.otel_context import attach, detach, without_instrumentation
from assay.tracing.prompt_link import link_prompt
from assay.tracing.serialise import to_json
from assay.tracing.span import Span

STORED_WITHIN_S = 5.0
TOLD = (  # of a Completion
    "model", "finish_reason", "refusal", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens",
    "cost_usd", "duration_ms", "first_text_ms", "attempts",
)  # fmt: skip


async def run_once(run: Run, tell: Callable[[Any], None]) -> dict[str, Any]:
    """Tell the trace's id, then each piece of text; the whole answer with its figures at last, once it is stored.

    Raises:
        TemplateError, InvalidRequest, ConfigurationError, GatewayError: it cannot be asked, or was not answered.
    """
    messages = run.column.messages(run.variables)
    with context(tags=[TAG]):
        answer = await ask(run.column, messages, told=lambda text: tell({"text": text}), traced=tell)
    stored = await asyncio.to_thread(flush, STORED_WITHIN_S)
    return {"text": text_of(answer), "stored": stored, **{name: asdict(answer)[name] for name in TOLD}}


async def ask(
    column: Column,
    messages: list[Message],
    *,
    told: Callable[[str], None] | None = None,
    traced: Callable[[dict[str, Any]], None] | None = None,
) -> Completion:
    """The answer to `messages`, in a span of its own, which also shows what was said before a failure.

    Raises: as `run_once`.
    """
    given = column.given()
    gateway = await asyncio.to_thread(streaming_gateway, column.model)
    provider, _, name = model_name(column.model).partition("/")
    attributes = {
        semconv.GEN_AI_PROVIDER_NAME: provider if name else "openai",
        semconv.GEN_AI_REQUEST_MODEL: name or provider,
        **{f"gen_ai.request.{key}": value for key, value in column.parameters.items() if _is_plain(value)},
    }
    with start_span(f"chat {name or provider}", kind="llm", attributes=attributes) as span:
        if column.prompt is not None:
            link_prompt(column.prompt.name, column.prompt.version)
        if traced is not None:
            traced({"trace_id": span.trace_id})
        _show(span, semconv.GEN_AI_INPUT_MESSAGES, [_shown(message) for message in messages])
        said: list[str] = []
        answer: Completion | None = None
        token = attach(without_instrumentation())  # this span is the call's; an autologger would add its own
        try:
            async for piece in gateway.stream(messages, model=column.model, **given):
                if isinstance(piece, Completion):
                    answer = piece
                else:
                    said.append(piece)
                    if told is not None:
                        told(piece)
        finally:
            detach(token)
            _show_answer(span, "".join(said), answer)
    assert answer is not None, "a stream ends with the whole answer or an error"
    return answer


def text_of(answer: Completion) -> str:
    """What is shown and scored: the text; of an answer without one its calls of tools, as JSON, or the refusal."""
    if answer.text is not None or not answer.tool_calls:
        return answer.text or answer.refusal or ""
    calls = [call.get("function", call) for call in answer.tool_calls]
    return json.dumps(calls, ensure_ascii=False, indent=2)


def _show_answer(span: Span, said: str, answer: Completion | None) -> None:
    calls = [_call(call) for call in answer.tool_calls] if answer else []
    parts = [*([{"type": "text", "content": said}] if said else []), *calls]
    if parts:
        reason = {"finish_reason": answer.finish_reason} if answer and answer.finish_reason else {}
        _show(span, semconv.GEN_AI_OUTPUT_MESSAGES, [{"role": "assistant", "parts": parts, **reason}])
    if answer is None:
        return
    told = {
        semconv.GEN_AI_RESPONSE_MODEL: answer.model,
        semconv.GEN_AI_USAGE_INPUT_TOKENS: answer.input_tokens,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: answer.output_tokens,
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: answer.cache_read_tokens,
        semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: answer.reasoning_tokens,
        semconv.LLM_COST_TOTAL: answer.cost_usd,  # a gateway may know better than a price list
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: [answer.finish_reason] if answer.finish_reason else None,
    }
    span.set_attributes({key: value for key, value in told.items() if value is not None})


def _show(span: Span, attribute: str, messages: list[dict[str, Any]]) -> None:
    if current_settings().capture_content:
        span.set_attribute(attribute, to_json(messages))


def _shown(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as the conventions write it. Parts stay in the form of the provider: the collector reads them all."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "content": content}] if content else []
    if message.get("role") == "tool":
        parts = [{"type": "tool_call_response", "id": message.get("tool_call_id"), "response": content}]
    return {"role": message.get("role"), "parts": [*parts, *map(_call, message.get("tool_calls") or ())]}


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError:  # a model may write what is no JSON
        arguments = function.get("arguments")
    return {"type": "tool_call", "id": call.get("id"), "name": function.get("name"), "arguments": arguments}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
