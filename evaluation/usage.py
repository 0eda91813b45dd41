"""Tokens and cost of a row's task, read from its spans as they end."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from assay import semconv
from assay.prices import cost_usd

# What a model call is called, and where it says its tokens: OpenTelemetry GenAI first, OpenInference second
_MODEL_OPERATIONS = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
_MODEL_KINDS = frozenset({"LLM", "EMBEDDING"})
_INPUT = (semconv.GEN_AI_USAGE_INPUT_TOKENS, "llm.token_count.prompt")
_OUTPUT = (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, "llm.token_count.completion")
_CACHE_READ = (semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, "llm.token_count.prompt_details.cache_read")
_CACHE_WRITE = (semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, "llm.token_count.prompt_details.cache_write")
_MODELS = (semconv.GEN_AI_RESPONSE_MODEL, semconv.GEN_AI_REQUEST_MODEL, "llm.model_name")
_PARAMETERS = (
    semconv.GEN_AI_REQUEST_TEMPERATURE,
    semconv.GEN_AI_REQUEST_TOP_P,
    semconv.GEN_AI_REQUEST_TOP_K,
    semconv.GEN_AI_REQUEST_MAX_TOKENS,
    semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    semconv.GEN_AI_REQUEST_PRESENCE_PENALTY,
    semconv.GEN_AI_REQUEST_SEED,
    semconv.GEN_AI_REQUEST_REASONING_LEVEL,
)


@dataclass(slots=True)
class Usage:
    """Sums over the model calls of one trace. None: no call said; the cost is None as soon as one call's price is
    unknown.
    """

    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    unpriced: set[str] = field(default_factory=set)  # models whose price is unknown
    models: set[str] = field(default_factory=set)  # that answered, as the provider named them
    asked: set[str] = field(default_factory=set)  # models as they were asked for
    parameters: set[tuple[str, Any]] = field(default_factory=set)  # of the requests: temperature and the like
    fingerprints: set[str] = field(default_factory=set)  # of the systems that answered
    prompts: set[tuple[str, int]] = field(default_factory=set)

    def add(self, attributes: Mapping[str, Any], end_time: int) -> None:
        """One model call, by its span's attributes."""
        tokens = [_first(attributes, names) for names in (_INPUT, _OUTPUT, _CACHE_READ, _CACHE_WRITE)]
        models = tuple(str(attributes[name]) for name in _MODELS if name in attributes)
        self.calls += 1
        self.models.update(models[:1])
        self.asked.update(models[-1:])
        self.parameters.update(
            (name.removeprefix("gen_ai.request."), attributes[name]) for name in _PARAMETERS if name in attributes
        )
        if fingerprint := attributes.get(semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT):
            self.fingerprints.add(str(fingerprint))
        self.input_tokens = _sum(self.input_tokens, tokens[0])
        self.output_tokens = _sum(self.output_tokens, tokens[1])
        cost = cost_usd(
            provider=attributes.get(semconv.GEN_AI_PROVIDER_NAME),
            models=models,
            at=end_time,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            cache_read_tokens=tokens[2],
            cache_write_tokens=tokens[3],
        )
        if cost is None:
            self.unpriced.add(models[0] if models else "a model without a name")
        known = cost is not None and not self.unpriced
        self.cost_usd = (self.cost_usd or 0.0) + cost if known and cost is not None else None

    def noted(self) -> dict[str, Any]:
        """What an experiment's record says of it, as JSON has it; only what is known."""
        noted = {
            "models": sorted(self.models),
            "asked": sorted(self.asked),
            "parameters": sorted(map(list, self.parameters), key=repr),
            "fingerprints": sorted(self.fingerprints),
            "prompts": sorted(map(list, self.prompts)),
            "calls": self.calls,
        }
        return {name: value for name, value in noted.items() if value}


class UsageMeter(SpanProcessor):
    """Adds up the model calls of the traces it was asked to watch; other spans cost it one look-up."""

    def __init__(self) -> None:
        self._watched: dict[int, Usage] = {}
        self._lock = threading.Lock()

    def watch(self, trace_id: str) -> Usage:
        """Count from now on; what was counted may be read at any time, and is complete when the trace's spans ended."""
        usage = Usage()
        with self._lock:
            self._watched[int(trace_id, 16)] = usage
        return usage

    def forget(self, trace_id: str) -> None:
        with self._lock:
            self._watched.pop(int(trace_id, 16), None)

    def on_end(self, span: ReadableSpan) -> None:
        if not self._watched or span.context is None:
            return
        usage = self._watched.get(span.context.trace_id)
        if usage is None:
            return
        attributes = span.attributes or {}
        with self._lock:
            if (name := attributes.get(semconv.GEN_AI_PROMPT_NAME)) is not None:
                version = attributes.get(semconv.GEN_AI_PROMPT_VERSION)
                usage.prompts.add((str(name), int(version) if isinstance(version, int) else 0))
            if _is_model_call(attributes):
                usage.add(attributes, span.end_time or time.time_ns())

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


_meters: weakref.WeakKeyDictionary[Any, UsageMeter] = weakref.WeakKeyDictionary()


def meter() -> UsageMeter:
    """The meter in this process's tracer provider, put there once: OpenTelemetry has no way to take one out."""
    from assay.tracing import runtime

    runtime.start()
    provider = otel_trace.get_tracer_provider()
    if (known := _meters.get(provider)) is None:
        known = _meters[provider] = UsageMeter()
        if callable(add := getattr(provider, "add_span_processor", None)):
            add(known)
    return known


def _is_model_call(attributes: Mapping[str, Any]) -> bool:
    return (
        attributes.get(semconv.GEN_AI_OPERATION_NAME) in _MODEL_OPERATIONS
        or attributes.get(semconv.OPENINFERENCE_SPAN_KIND) in _MODEL_KINDS
    )


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    value = next((attributes[name] for name in names if name in attributes), None)
    return int(value) if isinstance(value, int | float) else None


def _sum(total: int | None, value: int | None) -> int | None:
    return total if value is None else (total or 0) + value
