"""Records what OpenTelemetry's own GenAI instrumentors send. Run with a Python that has

    opentelemetry-instrumentation-genai-{openai,anthropic,langchain}, openai, anthropic, langchain, langchain-openai,
    langgraph, opentelemetry-exporter-otlp-proto-http

as `PYTHONPATH=tests python tests/data/otel-genai/record.py openai|anthropic|langchain`; and for openai-v2, the one
before, whose messages are log records, with opentelemetry-instrumentation-openai-v2 2.1b0, openai 1 and
opentelemetry-sdk 1.36.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support.capture import Recorder, capture
from support.recorded_cases import anthropic_calls, langchain_calls, openai_calls


class Providers:
    """Both signals, flushed together."""

    def __init__(self, url: str) -> None:
        resource = Resource({"service.name": "recorder"})
        self.tracers = TracerProvider(resource=resource)
        self.tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
        self.loggers = LoggerProvider(resource=resource)
        self.loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{url}/v1/logs")))
        set_logger_provider(self.loggers)

    def flush(self) -> None:
        self.tracers.force_flush()
        self.loggers.force_flush()

    def shutdown(self) -> None:
        self.tracers.shutdown()
        self.loggers.shutdown()  # type: ignore[no-untyped-call]


def record_openai(recorder: Recorder, providers: Providers) -> None:
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=providers.tracers, logger_provider=providers.loggers)
    openai_calls(recorder, providers.flush)


def record_openai_v2(recorder: Recorder, providers: Providers) -> None:
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    from opentelemetry.sdk._events import EventLoggerProvider

    events = EventLoggerProvider(providers.loggers)
    OpenAIInstrumentor().instrument(tracer_provider=providers.tracers, event_logger_provider=events)
    openai_calls(recorder, providers.flush, responses=False)


def record_anthropic(recorder: Recorder, providers: Providers) -> None:
    from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor

    AnthropicInstrumentor().instrument(tracer_provider=providers.tracers, logger_provider=providers.loggers)
    anthropic_calls(recorder, providers.flush)


def record_langchain(recorder: Recorder, providers: Providers) -> None:
    from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor

    LangChainInstrumentor().instrument(tracer_provider=providers.tracers, logger_provider=providers.loggers)
    langchain_calls(recorder, providers.flush)


RECORDERS: dict[str, tuple[str, Callable[[Recorder, Providers], None]]] = {
    "openai": ("opentelemetry-instrumentation-genai-openai", record_openai),
    "anthropic": ("opentelemetry-instrumentation-genai-anthropic", record_anthropic),
    "langchain": ("opentelemetry-instrumentation-genai-langchain", record_langchain),
    "openai-v2": ("opentelemetry-instrumentation-openai-v2", record_openai_v2),
}


def main() -> None:
    library, record = RECORDERS[sys.argv[1]]
    newest = sys.argv[1] != "openai-v2"
    if newest:  # the older one keeps its old names, which is what it is recorded for
        os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "span_and_event" if newest else "true"
    with capture(__file__, library=library) as recorder:
        providers = Providers(recorder.url)
        record(recorder, providers)
        providers.shutdown()


if __name__ == "__main__":
    main()
