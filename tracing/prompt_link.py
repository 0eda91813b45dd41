"""The link from spans to the prompt version in use. The prompts package calls it; nothing else needs to."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace as otel_trace

from assay.tracing.processor import set_prompt
from assay.tracing.tell import our_fault


def link_prompt(name: str, version: int) -> None:
    """Note on the current span that it uses this prompt version. Model calls below it carry it from now on.

    Outside of a span nothing happens. The last prompt used in a span is the one that counts. Never raises.
    """
    try:
        span: Any = otel_trace.get_current_span()
        if span.is_recording():
            span._assay_prompt = (name, version)
            set_prompt(span, (name, version))
    except Exception:
        our_fault("linking a prompt")
