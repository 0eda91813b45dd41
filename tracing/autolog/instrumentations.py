"""Libraries that are traced by a well-kept OpenTelemetry instrumentation, or that speak OpenTelemetry themselves."""

from __future__ import annotations

from assay.tracing.autolog.library import Library

INSTRUMENTED: tuple[Library, ...] = (
    Library(
        name="anthropic",
        imports="anthropic",
        distribution="anthropic",
        minimum="1.8.0",
        instrumentor="openinference.instrumentation.anthropic:AnthropicInstrumentor",
        package="openinference-instrumentation-anthropic",
    ),
)
