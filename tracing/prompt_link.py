"""The link from spans to the prompt version in use. The prompts package calls it; nothing else needs to."""

from __future__ import annotations

from typing import Any, Protocol

from opentelemetry import context as otel
from opentelemetry.trace.propagation import _SPAN_KEY

from assay import semconv
from assay.tracing.processor import set_prompt
from assay.tracing.tell import our_fault


class Loaded(Protocol):
    """How a prompt version came to this process."""

    @property
    def source(self) -> str: ...
    @property
    def age_s(self) -> float | None: ...
    @property
    def is_stale(self) -> bool: ...


def link_prompt(name: str, version: int, *, includes: tuple[str, ...] = (), loaded: Loaded | None = None) -> None:
    """Note on the current span that it uses this prompt version. Model calls below it carry it from now on.

    Outside of a span nothing happens. The last prompt used in a span is the one that counts. Never raises.

    Args:
        includes: the versions of other prompts that this one included, like `tone/3`.
        loaded: tells where the version came from and its age: noted when the collector has not confirmed it in time.
    """
    try:
        span: Any = otel.get_current().get(_SPAN_KEY)
        if span is not None and span.is_recording():
            span._assay_prompt = (name, version, *includes)
            set_prompt(span, span._assay_prompt)
            if loaded is not None and (loaded.is_stale or loaded.source == "disk"):
                span.set_attribute(semconv.ASSAY_PROMPT_SOURCE, loaded.source)
                span.set_attribute(semconv.ASSAY_PROMPT_AGE_S, round(loaded.age_s or 0.0, 3))
    except Exception:
        our_fault("linking a prompt")


def link_fallback(name: str) -> None:
    """Note on the current span that a program's own text stood in for this prompt: it belongs to no version."""
    try:
        span: Any = otel.get_current().get(_SPAN_KEY)
        if span is not None and span.is_recording():
            span.set_attribute(semconv.ASSAY_PROMPT_SOURCE, "fallback")
            span.set_attribute(semconv.ASSAY_PROMPT_FALLBACK_FOR, name)
    except Exception:
        our_fault("linking a fallback")
