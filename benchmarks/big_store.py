"""A large store, filled by SQL: agents that retrieve, call a model, a tool and the model again, thirty days of them.

Five spans a trace, so that five million spans are a million traces. Texts are drawn from paragraphs of random words as
`payload` makes them: some 250 characters of question, 300 to 550 of an answer, 1,500 of what was found, and the
messages of each model call, so that the file has about as much for each span as when an application had sent it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from assay.collector.store import STORE_FILE, SpanStore
from benchmarks.payload import SPANS_PER_TRACE as SPANS_OF_A_SENT_TRACE
from benchmarks.payload import requests, words

SPANS_PER_TRACE = 5
TRACES_OF_A_SESSION = 4
DAYS = 30
DAY_NS = 86_400 * 10**9
PROJECT = "shop"
SPANS_OF_LONG_TRACE = 100_000
AT_ONCE = 250_000
PARAGRAPHS = 3_000
LONG_TRACE_ID = md5(b"long", usedforsecurity=False).hexdigest()

TEXT = f"(($texts)::VARCHAR[])[(chance * 7919 // {{}}) % {PARAGRAPHS} + 1]"
# Spans number $first to $last; number $total starts at $newest, and traces before it each $gap nanoseconds earlier.
SPANS = f"""
SELECT *, 'Order ' || number || ': ' || {TEXT.format(1)} AS asked,
    CASE WHEN trace % 997 = 0 THEN 'We refund it, number ' ELSE 'It arrives tomorrow, number ' END || number || '. '
        || {TEXT.format(3)} || CASE WHEN chance % 2 = 0 THEN {TEXT.format(5)} ELSE '' END
        || CASE WHEN step = 1 THEN {TEXT.format(7)} || {TEXT.format(11)} || {TEXT.format(13)} || {TEXT.format(17)}
            ELSE '' END AS said
FROM (
    SELECT number, number // {SPANS_PER_TRACE} AS trace, number % {SPANS_PER_TRACE} AS step,
        number % {SPANS_PER_TRACE} IN (2, 4) AS model, (hash(number) % 1000003)::BIGINT AS chance,
        ($newest + (number // {SPANS_PER_TRACE} - $total // {SPANS_PER_TRACE}) * $gap
            + number % {SPANS_PER_TRACE} * 40000000)::BIGINT AS start,
        CASE number % {SPANS_PER_TRACE} WHEN 0 THEN 400000000 ELSE 0 END
            + (hash(number) % 900)::BIGINT * 1000000 AS lasts
    FROM range($first, $last) r(number)
)
"""
# Two pieces for each model call, one for what was found: the ids are made from the span's number.
CONTENT = f"""
INSERT INTO content
SELECT number * 2 + place, make_timestamp_ns(start)::DATE,
    CASE WHEN step = 1 THEN said
        WHEN place = 1 THEN '{{"role": "user", "parts": [{{"type": "text", "content": "' || asked || '"}}]}}'
        ELSE '[{{"role": "assistant", "parts": [{{"type": "text", "content": "' || said || '"}}]}}]' END
FROM (SELECT *, unnest(CASE WHEN step = 1 THEN [1] WHEN model THEN [1, 2] ELSE [] END) AS place FROM ({SPANS}))
"""
FILL = f"""
INSERT INTO span_log (
    project, trace_id, span_id, parent_span_id, name, kind, operation, dialect, start_time, end_time, duration_ms,
    status, status_message, service_name, environment, release, session_id, user_id, tags, metadata,
    provider, request_model, response_model, finish_reasons, input_messages_ids, output_messages_ids,
    input, output, output_id, tool_name,
    input_tokens, output_tokens, total_tokens, cost_usd, attributes, text_attributes, json_attributes, received_at
)
SELECT
    CASE WHEN trace % 20 = 0 THEN 'other' ELSE '{PROJECT}' END, md5('t' || trace), substr(md5('s' || number), 1, 16),
    CASE WHEN step = 0 THEN NULL WHEN step = 3 THEN substr(md5('s' || number - 1), 1, 16)
        ELSE substr(md5('s' || number - step), 1, 16) END,
    ['answer', 'search', 'chat', 'lookup', 'chat'][step + 1], ['agent', 'retriever', 'llm', 'tool', 'llm'][step + 1],
    CASE WHEN model THEN 'chat' END, 'otel-genai', make_timestamp_ns(start), make_timestamp_ns(start + lasts),
    lasts / 1e6, CASE WHEN chance % 50 = 0 THEN 'error' ELSE 'ok' END,
    CASE WHEN chance % 50 = 0 THEN 'timed out' END, 'shop-api',
    CASE trace % 5 WHEN 0 THEN 'staging' ELSE 'production' END,
    'r' || trace // 10000, 'session ' || trace // {TRACES_OF_A_SESSION}, 'user ' || trace * 7919 % 5000,
    CASE WHEN step = 0 THEN ['beta', 'plan ' || trace % 3] ELSE [] END,
    CASE WHEN step = 0 THEN '{{"plan": "pro"}}'::JSON END,
    CASE WHEN model THEN 'openai' END, CASE WHEN model THEN 'gpt-' || chance % 5 END,
    CASE WHEN model THEN 'gpt-' || chance % 5 END, CASE WHEN model THEN ['stop'] END,
    CASE WHEN model THEN [number * 2 + 1] END, CASE WHEN model THEN [number * 2 + 2] END,
    asked, said[:1024], CASE WHEN length(said) > 1024 THEN number * 2 + 1 END,
    CASE WHEN step = 3 THEN 'orders' END,
    CASE WHEN model THEN chance % 3000 END, CASE WHEN model THEN chance % 400 END,
    CASE WHEN model THEN chance % 3000 + chance % 400 END, CASE WHEN model THEN (chance % 3000) * 2e-6 END,
    MAP {{'http.route': to_json('/route/' || chance % 40), 'retries': (chance % 3)::JSON,
        'customer': to_json('c' || trace % 9973),
        'server.address': to_json('api.example.com'), 'temperature': '0.2'::JSON}},
    MAP([]::VARCHAR[], []::BIGINT[][]), MAP([]::VARCHAR[], []::BIGINT[][]), make_timestamp_ns(start + lasts)
FROM ({SPANS})
"""
LONG_TRACE = f"""
INSERT INTO span_log BY NAME
SELECT * EXCLUDE (row_id, number, root) REPLACE (
    'long' AS project, md5('long') AS trace_id,
    CASE WHEN number > 1 THEN coalesce(parent_span_id, root) END AS parent_span_id
)
FROM (
    SELECT *, row_number() OVER (ORDER BY row_id) AS number, first(span_id) OVER (ORDER BY row_id) AS root
    FROM span_log WHERE row_id <= {SPANS_OF_LONG_TRACE}
)
"""


def ensure(directory: Path, spans: int) -> int:
    """Make the store in a directory if there is none; how many spans it has."""
    directory.mkdir(parents=True, exist_ok=True)
    store = SpanStore(directory / STORE_FILE)
    try:
        with store.read() as db:
            [(there,)] = db.execute("SELECT count(*) FROM span_log").fetchall()
        if not there:
            _fill(store, spans)
        return there or spans
    finally:
        store.close()


def _fill(store: SpanStore, total: int) -> None:
    """Put `total` spans into the store, the newest from just now."""
    newest, gap = time.time_ns(), DAYS * DAY_NS // (total // SPANS_PER_TRACE)
    paragraphs = [words(40)[:250] for _ in range(PARAGRAPHS)]
    started = time.perf_counter()
    for first in range(0, total, AT_ONCE):
        last = min(first + AT_ONCE, total)
        values = {"first": first, "last": last, "total": total, "newest": newest, "gap": gap, "texts": paragraphs}

        def work(db: duckdb.DuckDBPyConnection, values: dict[str, Any] = values) -> None:
            db.execute(CONTENT, values)
            db.execute(FILL, values)

        store.write(work)
        store.checkpoint()
    store.write(lambda db: db.execute(LONG_TRACE).fetchall())
    store.checkpoint()
    print(f"filled with {total} spans in {time.perf_counter() - started:.0f} s", flush=True)


# What arrives ---------------------------------------------------------------------------------------------------------


@contextmanager
def arriving(url: str, per_s: int) -> Iterator[None]:
    """New traces, `per_s` spans of them each second, are sent to a collector for as long as the block lasts."""
    if not per_s:
        yield
        return
    at_once = max(per_s // 5, SPANS_OF_A_SENT_TRACE)
    sent = ExportTraceServiceRequest.FromString(next(requests(at_once, at_once)))
    sent.resource_spans[0].resource.attributes[0].value.string_value = PROJECT
    stop = threading.Event()

    def run() -> None:
        with httpx.Client(timeout=None, trust_env=False) as client:
            due, number = time.monotonic(), time.time_ns() // 10**8  # not those of an earlier run over this store
            while not stop.wait(max(0.0, due - time.monotonic())):
                number, due = number + 1, due + at_once / per_s
                body = _as_of_now(sent, number).SerializeToString()
                client.post(f"{url}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"})

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _as_of_now(sent: ExportTraceServiceRequest, number: int) -> ExportTraceServiceRequest:
    """The same traces with the times of now, ids of their own, and sessions of as many traces as the store's."""
    mark = (number % 2**32).to_bytes(4, "big")
    shift = 0
    for of_scope in sent.resource_spans[0].scope_spans:
        for span in of_scope.spans:
            shift = shift or time.time_ns() - span.start_time_unix_nano
            span.trace_id = mark + span.trace_id[4:]
            span.start_time_unix_nano += shift
            span.end_time_unix_nano += shift
            for attribute in span.attributes:
                if attribute.key == "session.id":
                    name, *_ = attribute.value.string_value.split(" at ")
                    attribute.value.string_value = f"{name} at {number // TRACES_OF_A_SESSION}"
    return sent
