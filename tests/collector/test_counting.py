"""Tokens and costs of a trace count every model call once, in lists and in SQL alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry.trace import Tracer, set_span_in_context

from assay.collector import queries
from assay.collector.service import Service
from support.otlp import recorded
from support.recordings import DATA

COUNTED = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cost_usd")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("store") / ".assay")
    yield service
    service.close()


def spoken(operation: str, tokens: tuple[int, int] | None = None, **more: Any) -> dict[str, Any]:
    usage = {"gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]} if tokens else {}
    return {"gen_ai.operation.name": operation, "gen_ai.request.model": "m", **usage, **more}


Tree = tuple[Mapping[str, Any], list["Tree"]]

# what was sent, as attributes and children -> input and output tokens of the trace
TREES: dict[str, tuple[Tree, tuple[int | None, int | None]]] = {
    "an agent repeats its children": (
        (spoken("invoke_agent", (30, 12)), [(spoken("chat", (10, 4)), []), (spoken("chat", (20, 8)), [])]),
        (30, 12),
    ),
    "an agent whose children never came": (
        (spoken("invoke_agent", (30, 12)), [(spoken("invoke_agent", (10, 4)), [])]),
        (30, 12),
    ),
    "a call seen by two layers": ((spoken("chat", (10, 4)), [(spoken("chat", (10, 4)), [])]), (10, 4)),
    "an outer layer alone knows": ((spoken("chat", (10, 4)), [(spoken("chat"), [])]), (10, 4)),
    "three layers": ((spoken("chat"), [(spoken("chat", (10, 4)), [(spoken("chat", (10, 4)), [])])]), (10, 4)),
    "an embedding beside a call": (
        (spoken("invoke_workflow"), [(spoken("embeddings", (5, 0)), []), (spoken("chat", (10, 4)), [])]),
        (15, 4),
    ),
    "a tool that calls a model": (
        (spoken("chat", (10, 4)), [(spoken("execute_tool"), [(spoken("chat", (7, 3)), [])])]),
        (17, 7),
    ),
    "nobody knows": ((spoken("invoke_agent"), [(spoken("chat"), [])]), (None, None)),
}


def grow(tracer: Tracer, tree: Tree, context: Any = None) -> None:
    attributes, children = tree
    span = tracer.start_span("span", attributes=dict(attributes), context=context)
    for child in children:
        grow(tracer, child, set_span_in_context(span))
    span.end()


def trace_of(service: Service, project: str) -> dict[str, Any]:
    """The trace as lists give it, once it is shown that SQL says the same."""
    [trace] = queries.list_traces(service.store, project=project).items
    with service.store.read() as db:
        [row] = db.execute(f"SELECT {', '.join(COUNTED)} FROM traces WHERE project = ?", [project]).fetchall()
    assert dict(zip(COUNTED, row, strict=True)) == {name: trace[name] for name in COUNTED}
    return trace


@pytest.mark.parametrize("name", TREES)
def test_every_model_call_counts_once(service: Service, name: str) -> None:
    tree, expected = TREES[name]
    with recorded(service__name=name) as recorder:
        grow(recorder.tracer, tree)
    service.ingest(recorder.body()).result()
    trace = trace_of(service, name)
    assert (trace["input_tokens"], trace["output_tokens"]) == expected


@pytest.mark.parametrize(
    ("dialect", "recording", "total"),
    [
        ("openinference", "openinference-instrumentation-llama-index-4.6.1-query", 98),
        ("openinference", "openinference-instrumentation-langchain-0.1.80-langchain-agent", 208),
        ("openllmetry", "opentelemetry-instrumentation-langchain-0.62.4-langchain-agent", 208),
        ("otel-genai", "opentelemetry-instrumentation-genai-langchain-1.3b0-langchain-agent", 208),
    ],
)
def test_an_agent_counts_what_its_provider_counted(service: Service, dialect: str, recording: str, total: int) -> None:
    body = (DATA / dialect / f"{recording}.pb").read_bytes()
    service.ingest(body, only_project=recording).result()
    traces = queries.list_traces(service.store, project=recording).items
    assert sum(trace["total_tokens"] or 0 for trace in traces) == total
