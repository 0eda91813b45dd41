"""Record a data directory as the installed Assay writes it, for the tests that later releases still open it.

    python tests/data/stores/record.py OUT

Run it once for every released schema, before the next migration is added. OUT gets a folder `schema-N` with a store
whose collector was stopped (`stopped`), one whose collector was killed with spans only in its write-ahead log
(`killed`), and what readers were answered at that time (`expected.json`).
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode, Tracer

from assay.collector.migrations import MIGRATIONS

PROTOBUF = {"content-type": "application/x-protobuf"}
LONG = " ".join(f"{number} of the long text" for number in range(1_000))  # past any limit of what is kept inline

MESSAGES = [
    {"role": "system", "parts": [{"type": "text", "content": "Answer briefly."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Where is my order? \u2028 \U0001f4e6"}]},
]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "On its way."}], "finish_reason": "stop"}]
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 12,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.input.messages": json.dumps(MESSAGES),
    "gen_ai.output.messages": json.dumps(ANSWER),
    "gen_ai.conversation.id": "s1",
}
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-4o",
    "llm.provider": "openai",
    "llm.token_count.prompt": 40,
    "llm.token_count.completion": 8,
    "llm.token_count.total": 48,
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "hello",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "hi",
    "user.id": "u1",
    "tag.tags": ["a", "b"],
    "metadata": json.dumps({"plan": "pro", "deep": {"n": 1}}),
}
PLAIN = {"http.route": "/ask", "n": 9007199254740993, "ratio": 0.25, "ok": True, "list": [1, 2, 3], "text": 'a\0"b\\c'}


def make_spans(tracer: Tracer) -> None:
    """One of each dialect that the store knew, a trace with depth, an error, an event, and long text."""
    for turn in range(10):
        with tracer.start_as_current_span("agent", attributes={"gen_ai.operation.name": "invoke_agent"}) as agent:
            agent.add_event("thought", {"step": turn})
            with tracer.start_as_current_span("chat", attributes=CALL):
                pass
            with tracer.start_as_current_span("openinference", attributes=OPENINFERENCE):
                pass
            with tracer.start_as_current_span("GET /ask", attributes=PLAIN) as failed:
                failed.set_status(Status(StatusCode.ERROR, "no answer"))
    own = {"assay.span.kind": "task", "openinference.span.kind": "CHAIN", "input.value": LONG, "output.value": "short"}
    with tracer.start_as_current_span("long", attributes=own):
        pass


def request(project: str) -> bytes:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": project, "service.version": "1.2.3"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    make_spans(provider.get_tracer("record", "1.0"))
    return encode_spans(exporter.get_finished_spans()).SerializeToString()


def fill(http: httpx.Client) -> None:
    """Something in every table that readers of the file see."""
    for project in ("shop", "desk"):
        http.post("/v1/traces", content=request(project), headers=PROTOBUF).raise_for_status()
    trace_ids = [trace["trace_id"] for trace in http.get("/api/v1/traces", params={"project": "shop"}).json()["items"]]
    scores = [
        {"name": "helpful", "value": True, "source": "user", "trace_id": trace_ids[0]},
        {"name": "correctness", "value": 0.5, "source": "llm", "trace_id": trace_ids[0], "explanation": "half"},
        {"name": "tone", "value": "kind", "source": "human", "trace_id": trace_ids[1], "metadata": {"by": 1}},
        {"name": "judge", "value": None, "error": "timed out", "source": "llm", "trace_id": trace_ids[2]},
    ]
    post(http, "/scores", {"scores": scores})
    post(http, "/prompts", {"name": "qa", "template": "Answer: {{question}}", "commit_message": "first"})
    items = [{"id": "1", "input": {"question": "a"}, "expected": "b"}]
    dataset = post(http, "/datasets", {"name": "questions", "items": items})
    reference = {key: dataset[key] for key in ("name", "version", "item_count")} | {"hash": dataset["content_hash"]}
    experiment_id = "0" * 31 + "1"
    described = {"id": experiment_id, "name": "first", "dataset": reference, "scorers": [], "config": {}}
    post(http, "/experiments", described | {"repeats": 2, "seed": 0})
    scored = {"name": "correctness", "value": 1.0, "status": "scored", "source": "code"}
    rows = [
        {"item_id": "1", "repeat": 0, "status": "ok", "input": {"question": "a"}, "expected": "b", "output": "b"}
        | {"trace_id": trace_ids[3], "duration_ms": 12.5, "input_tokens": 5, "output_tokens": 1, "cost_usd": 0.001}
        | {"scores": [scored]},
        {"item_id": "1", "repeat": 1, "status": "task_error", "input": {"question": "a"}, "expected": "b"}
        | {"output": None, "error": "no", "error_type": "ValueError", "scores": []},
    ]
    post(http, f"/experiments/{experiment_id}/rows", {"rows": rows})


def post(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(f"/api/v1{path}", params={"project": "shop"}, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


def answers(http: httpx.Client) -> dict[str, Any]:
    """What readers get, by path: what a later Assay must still answer."""
    paths = ("/traces", "/spans", "/scores", "/experiments/00000000000000000000000000000001/rows", "/prompts")
    answered = {}
    for path in paths:
        answer = http.get(f"/api/v1{path}", params={"project": "shop", "limit": 1000})
        assert answer.is_success, answer.text
        answered[path] = answer.json()["items"]
    return answered


def record(out: Path, *, kill: bool) -> dict[str, Any]:
    """Serve, fill, read, end; the files go to `out`, compressed."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "assay", "serve", "--data-dir", directory, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
            assert process.stdout is not None
            process.stdout.readline()
            url = json.loads((Path(directory) / "collector.json").read_text())["url"]
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
                fill(http)
                answered = answers(http)
            if kill:
                process.kill()
            else:
                process.terminate()
        out.mkdir(parents=True, exist_ok=True)
        for file in Path(directory).iterdir():
            if file.name.startswith(("assay.duckdb", "registry.db")) and not file.name.endswith("-shm"):
                (out / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    return answered


def main(out: Path) -> None:
    folder = out / f"schema-{MIGRATIONS[-1].version}"
    expected = {name: record(folder / name, kill=name == "killed") for name in ("stopped", "killed")}
    text = json.dumps(expected, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "expected.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (folder / "written-by.json").write_text(json.dumps({"duckdb": duckdb.__version__}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
