"""What each stage of a span's way costs: processor time per span, one stage after the other in one process.

Beside the payload of `benchmarks.ingest`: OpenInference's flattened messages, and conversations that grow. The rest
of what `benchmarks.ingest` counts is HTTP, threads that wait for each other, and small commits.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assay.collector.batch import span_batch
from assay.collector.convert import Filing, convert
from assay.collector.decode import Decoded, decode_request
from assay.collector.rows import append_spans
from assay.collector.span_limits import within_limits
from assay.collector.store import SpanStore
from benchmarks import payload
from benchmarks.conversation import turns

SPANS = 8192
SPANS_PER_BATCH = 1024
STAGES = ("decode", "canonical", "batch", "commit", "checkpoint")


def mixed() -> list[bytes]:
    return list(payload.requests(SPANS_PER_BATCH, SPANS))


def flattened() -> list[bytes]:
    """OpenInference: ten messages of a conversation over numbered attributes, the call's JSON beside them."""
    return _requests(_flattened(number) for number in range(SPANS // 4))


def _flattened(number: int) -> dict[str, object]:
    said = [{"role": ("user", "assistant")[turn % 2], "content": payload.words(40)} for turn in range(10)]
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4o-mini-2024-07-18",
        "llm.provider": "openai",
        "llm.system": "openai",
        "llm.invocation_parameters": '{"model": "gpt-4o-mini", "temperature": 0.2}',
        "llm.token_count.prompt": 400 + number % 100,
        "llm.token_count.completion": 60,
        "llm.token_count.total": 460 + number % 100,
        "input.mime_type": "application/json",
        "input.value": payload.json.dumps({"model": "gpt-4o-mini", "messages": said}),
        "output.value": payload.words(60),
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": payload.words(60),
        **{
            f"llm.input_messages.{place}.message.{key}": value
            for place, message in enumerate(said)
            for key, value in message.items()
        },
    }


def conversations() -> list[bytes]:
    """Each turn sends all the messages so far, up to fifty."""
    attributes = (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.conversation.id": f"c{conversation}",
            "gen_ai.input.messages": messages,
        }
        for of_turn in turns()
        for conversation, messages in enumerate(of_turn[:40])
    )
    return _requests(attributes)


def _requests(spans: Iterator[dict[str, object]]) -> list[bytes]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "bench"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("bench")
    found = []
    for attributes in spans:
        tracer.start_span("chat", attributes=attributes).end()  # type: ignore[arg-type]
    while finished := exporter.get_finished_spans()[len(found) * SPANS_PER_BATCH :][:SPANS_PER_BATCH]:
        found.append(encode_spans(finished).SerializeToString())
    return found


def measure(requests: list[bytes]) -> dict[str, float]:
    """Microseconds of processor time per span, and bytes per span in the file."""
    spent = dict.fromkeys(STAGES, 0.0)

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        started = time.process_time()
        result = work()
        spent[stage] += time.process_time() - started
        return result

    count = 0
    with tempfile.TemporaryDirectory() as name:
        store = SpanStore(Path(name) / "assay.duckdb")
        for body in requests:
            decoded = timed("decode", lambda body=body: within_limits(decode_request(body), len(body)))
            assert isinstance(decoded, Decoded)
            filing = Filing(time.time_ns())
            converted = timed("canonical", lambda decoded=decoded, filing=filing: convert(decoded.spans, filing))
            batch = timed("batch", lambda converted=converted: span_batch(converted.rows))
            assert batch is not None
            timed("commit", lambda batch=batch: store.write(lambda db: append_spans(db, [batch], store.content)))
            count += len(batch)
        timed("checkpoint", store.checkpoint)
        size = store.path.stat().st_size
        store.close()
    return {stage: seconds / count * 1e6 for stage, seconds in spent.items()} | {"bytes": size / count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    arguments, _ = parser.parse_known_args()
    made = {make.__name__: make() for make in (mixed, flattened, conversations)}
    measure(made["mixed"][:1])  # what the first batch of a process loads: Arrow, the price list
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in made}
    for _, (name, requests) in itertools.product(range(arguments.rounds), made.items()):
        rounds[name].append(measure(requests))
    columns = (*STAGES, "sum", "bytes")
    print(f"microseconds of processor time per span\n\n{'':16}{''.join(f'{column:>12}' for column in columns)}")
    for name, measured in rounds.items():
        found = {column: statistics.median(one[column] for one in measured) for column in (*STAGES, "bytes")}
        found["sum"] = sum(found[stage] for stage in STAGES)
        print(f"{name:16}" + "".join(f"{found[column]:12,.0f}" for column in columns), flush=True)


if __name__ == "__main__":
    main()
