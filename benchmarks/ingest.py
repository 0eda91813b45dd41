"""From the first byte to "every span can be queried after a crash": how fast the collector takes spans, and what it
costs.

A collector in a process of its own; four connections, each sending OTLP/HTTP protobuf batches of 128 spans one after
the other: traces of eight spans as a GenAI application makes them. A span counts when its batch was answered 200.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

CONNECTIONS = 4
BATCHES = 80  # per connection
TRACES_PER_BATCH = 16  # of eight spans
ROUNDS = 3
WORDS = (
    "the", "order", "was", "sent", "from", "our", "warehouse", "on", "monday", "and", "will", "arrive",
    "within", "five", "working", "days", "if", "nothing", "delays", "it",
)  # fmt: skip


def text(seed: int, length: int) -> str:
    """Words that differ from call to call, so that nothing compresses better than it would in life."""
    return " ".join(WORDS[(seed * 7919 + position * (seed % 13 + 1)) % len(WORDS)] for position in range(length))


def trace(tracer: Tracer, number: int) -> None:
    """An agent that retrieves, calls a tool and calls a model, as the conventions spell it."""
    question, answer = text(number, 20), text(number + 1, 60)
    agent = {
        "openinference.span.kind": "AGENT",
        "input.value": question,
        "output.value": answer,
        "session.id": str(number % 50),
    }
    with tracer.start_as_current_span("answer", attributes=agent):
        for turn in range(3):
            messages = [{"role": "user", "parts": [{"type": "text", "content": text(number + turn, 120)}]}]
            reply = [{"role": "assistant", "parts": [{"type": "text", "content": answer}], "finish_reason": "stop"}]
            call = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                "gen_ai.input.messages": json.dumps(messages),
                "gen_ai.output.messages": json.dumps(reply),
                "gen_ai.usage.input_tokens": 150 + number % 40,
                "gen_ai.usage.output_tokens": 70 + turn,
                "gen_ai.response.finish_reasons": ["stop"],
            }
            with tracer.start_as_current_span("chat gpt-4o-mini", attributes=call):
                pass
            with tracer.start_as_current_span(
                "lookup", attributes={"openinference.span.kind": "TOOL", "input.value": question}
            ):
                pass
        with tracer.start_as_current_span("GET /orders", attributes={"http.route": "/orders", "http.status_code": 200}):
            pass


def batches() -> list[bytes]:
    """What one connection sends."""
    bodies = []
    for batch in range(BATCHES):
        exporter = InMemorySpanExporter()
        provider = TracerProvider(resource=Resource({"service.name": "bench"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        for number in range(TRACES_PER_BATCH):
            trace(provider.get_tracer("bench"), batch * TRACES_PER_BATCH + number)
        bodies.append(encode_spans(exporter.get_finished_spans()).SerializeToString())
    return bodies


def send(url: str, bodies: list[bytes]) -> int:
    accepted = 0
    with httpx.Client(timeout=60, trust_env=False) as client:
        for body in bodies:
            answer = client.post(f"{url}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"})
            accepted += 8 * TRACES_PER_BATCH if answer.status_code == 200 else 0
    return accepted


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def measure(sent: list[list[bytes]]) -> dict[str, float]:
    """One round over a fresh data directory."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "assay", "serve", "--data-dir", directory, "--port", "0"]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            ready = time.perf_counter() - started
            idle = memory_mb(process.pid)
            url = json.loads((Path(directory) / "collector.json").read_text())["url"]
            cpu, wall = cpu_seconds(process.pid), time.perf_counter()
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                accepted = sum(pool.map(lambda bodies: send(url, bodies), sent))
            wall, cpu = time.perf_counter() - wall, cpu_seconds(process.pid) - cpu
            peak = memory_mb(process.pid)
            process.terminate()
        with duckdb.connect(f"{directory}/assay.duckdb", read_only=True) as db:
            [(stored,)] = db.execute("SELECT count(*) FROM spans").fetchall()
        size = (Path(directory) / "assay.duckdb").stat().st_size
    return {
        "acknowledged": accepted,
        "stored": stored,
        "durable spans/s": accepted / wall,
        "CPU s per 10,000 spans": cpu / accepted * 10_000,
        "bytes on disk per span": size / stored,
        "ready after s": ready,
        "idle MB": idle,
        "MB under load": peak,
    }


def main() -> None:
    sent = [batches() for _ in range(CONNECTIONS)]
    size = sum(len(body) for bodies in sent for body in bodies)
    rounds = [measure(sent) for _ in range(ROUNDS)]
    spans = CONNECTIONS * BATCHES * TRACES_PER_BATCH * 8
    shape = f"{CONNECTIONS} connections of {8 * TRACES_PER_BATCH}"
    print(f"{spans} spans of {size / spans:.0f} bytes, {shape}; medians of {ROUNDS}")
    for name in rounds[0]:
        print(f"  {name:24}{statistics.median(one[name] for one in rounds):12,.2f}")


if __name__ == "__main__":
    main()
