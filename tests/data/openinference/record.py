"""Records what OpenInference's instrumentors send. Run with a Python that has

    openinference-instrumentation-{openai,anthropic,langchain}, openai, anthropic, langchain, langchain-openai,
    opentelemetry-exporter-otlp-proto-http

as `PYTHONPATH=tests python tests/data/openinference/record.py openai|anthropic|langchain`; and for llama-index with
openinference-instrumentation-llama-index, llama-index-core, llama-index-llms-openai, llama-index-embeddings-openai.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from openinference.instrumentation import using_attributes
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support.capture import Recorder, capture
from support.openai_server import usage
from support.recorded_cases import ANSWER, ASKED, QUESTION, anthropic_calls, langchain_calls, openai_calls


def record_openai(recorder: Recorder, provider: TracerProvider) -> None:
    import openai
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=provider)
    openai_calls(recorder, provider.force_flush)
    client = openai.OpenAI(base_url=recorder.openai.url, api_key="none")
    with recorder.case("context", provider.force_flush) as server:
        server.reply(text=ANSWER, usage=usage(input=20, output=8))
        with using_attributes(
            session_id="s1",
            user_id="u7",
            tags=["beta"],
            metadata={"plan": "pro"},
            prompt_template="Answer: {question}",
            prompt_template_version="3",
            prompt_template_variables={"question": QUESTION},
        ):
            client.chat.completions.create(model="gpt-4o-mini", messages=ASKED)


def record_anthropic(recorder: Recorder, provider: TracerProvider) -> None:
    from openinference.instrumentation.anthropic import AnthropicInstrumentor

    AnthropicInstrumentor().instrument(tracer_provider=provider)
    anthropic_calls(recorder, provider.force_flush)


def record_langchain(recorder: Recorder, provider: TracerProvider) -> None:
    from openinference.instrumentation.langchain import LangChainInstrumentor

    LangChainInstrumentor().instrument(tracer_provider=provider)
    langchain_calls(recorder, provider.force_flush)


def record_llama_index(recorder: Recorder, provider: TracerProvider) -> None:
    from llama_index.core import Document, Settings, VectorStoreIndex
    from llama_index.embeddings.openai import OpenAIEmbedding
    from llama_index.llms.openai import OpenAI
    from openinference.instrumentation.llama_index import LlamaIndexInstrumentor

    LlamaIndexInstrumentor().instrument(tracer_provider=provider)
    url = recorder.openai.url
    Settings.llm = OpenAI(model="gpt-4o-mini", api_base=url, api_key="none")
    Settings.embed_model = OpenAIEmbedding(api_base=url, api_key="none")
    index = VectorStoreIndex.from_documents([Document(text="Parcels take two days.", id_="d1")])
    provider.force_flush()
    with recorder.case("query", provider.force_flush) as server:
        server.reply(raw=_embedding())
        server.reply(text=ANSWER, usage=usage(input=90, output=8))
        index.as_query_engine().query(QUESTION)


def _embedding() -> dict[str, Any]:
    data = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}]
    return {"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 5, "total_tokens": 5}}


RECORDERS: dict[str, Callable[[Recorder, TracerProvider], None]] = {
    "openai": record_openai,
    "anthropic": record_anthropic,
    "langchain": record_langchain,
    "llama-index": record_llama_index,
}


def main() -> None:
    name = sys.argv[1]
    with capture(__file__, library=f"openinference-instrumentation-{name}") as recorder:
        provider = TracerProvider(resource=Resource({"service.name": "recorder"}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{recorder.url}/v1/traces")))
        RECORDERS[name](recorder, provider)
        provider.shutdown()


if __name__ == "__main__":
    main()
