"""The conventions that spans are written in: one module each, in the order in which they are tried.

To add one: a module with a `DIALECT`, its line here, its test. What is written for one library stands before what is
written for many: it knows better what that library means.
"""

from __future__ import annotations

from assay.collector.dialects import (
    assay,
    generic,
    google_adk,
    haystack,
    langfuse,
    langsmith,
    litellm,
    logfire,
    mlflow,
    openinference,
    openlit,
    openllmetry,
    otel_genai,
    semantic_kernel,
    strands,
    vercel,
)
from assay.collector.dialects.dialect import Dialect

# `assay` only adds links that no convention has a name for, so it lends its spans no label: they speak GenAI.
DIALECTS: tuple[Dialect, ...] = (
    assay.DIALECT,
    vercel.DIALECT,
    langfuse.DIALECT,
    mlflow.DIALECT,
    logfire.DIALECT,
    litellm.DIALECT,
    openllmetry.DIALECT,
    langsmith.DIALECT,
    google_adk.DIALECT,
    haystack.DIALECT,
    strands.DIALECT,
    openlit.DIALECT,
    semantic_kernel.DIALECT,
    otel_genai.DIALECT,
    openinference.DIALECT,
    generic.DIALECT,
)

__all__ = ["DIALECTS", "Dialect"]
