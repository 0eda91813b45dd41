"""Semantic Kernel (Python): GenAI spans with messages as log records, which join their span's events.

What was said is read there; left here are the reason of an answer's end, spelled as Python spells an enumeration
(`FinishReason.TOOL_CALLS`), and the loop around a model's calls of functions.
"""

from __future__ import annotations

from assay import semconv
from assay.collector.dialects.dialect import NAME, Attributes, Dialect, needs
from assay.collector.values import as_list

REASONS = ("gen_ai.response.finish_reason", semconv.GEN_AI_RESPONSE_FINISH_REASONS)
ENUMERATION = "FinishReason."
LOOP = "AutoFunctionInvocationLoop"


def kind(attributes: Attributes) -> str | None:
    return "chain" if attributes.get(NAME) == LOOP else None


@needs("gen_ai.response.finish_reason")
def finish_reasons(attributes: Attributes) -> list[str] | None:
    """`FinishReason.TOOL_CALLS` -> `tool_calls`; of several answers they stand behind commas."""
    given = next((found for name in REASONS if (found := as_list(attributes.get(name)))), [])
    reasons = [reason.strip() for text in given for reason in text.split(",")]
    return [
        reason.removeprefix(ENUMERATION).lower() if reason.startswith(ENUMERATION) else reason for reason in reasons
    ] or None


DIALECT = Dialect(
    name="otel-genai",
    scopes=("semantic_kernel",),
    recognises=lambda attributes: semconv.GEN_AI_OPERATION_NAME in attributes,
    functions={"kind": kind, "finish_reasons": finish_reasons},
)
