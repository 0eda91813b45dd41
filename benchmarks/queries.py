"""How long readers wait at a million spans and more, while new spans arrive.

    python -m benchmarks.queries --spans 1000000 [--arriving 1000] [--rounds 20] [--data-dir DIR]

The store is filled by SQL: agents with a retriever, tools and model calls, eight spans a trace, thirty days of them.
Every question then goes through the functions that the API calls. A directory given by name is kept and used again.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb

from assay.collector import queries
from assay.collector.store import STORE_FILE, SpanStore

SPANS_PER_TRACE = 8
DAYS = 30
DAY_NS = 86_400 * 10**9
PROJECT = "shop"
SPANS_OF_LONG_TRACE = 100_000

# Spans number $first to $last; number $total starts at $newest, and traces before it each $gap nanoseconds earlier.
FILL = f"""
INSERT INTO span_log (
    project, trace_id, span_id, parent_span_id, name, kind, operation, dialect, start_time, end_time, duration_ms,
    status, status_message, service_name, environment, release, session_id, user_id, tags, metadata,
    provider, request_model, response_model, finish_reasons, input, input_id, output, tool_name,
    input_tokens, output_tokens, total_tokens, cost_usd, attributes, text_attributes, json_attributes, received_at
)
SELECT
    CASE WHEN trace % 20 = 0 THEN 'other' ELSE '{PROJECT}' END, md5('t' || trace), substr(md5('s' || number), 1, 16),
    CASE WHEN step = 0 THEN NULL WHEN step = 4 THEN substr(md5('s' || number - 1), 1, 16)
        ELSE substr(md5('s' || number - step), 1, 16) END,
    ['answer', 'search', 'chat', 'agent', 'lookup', 'chat', 'refund', 'chat'][step + 1],
    ['agent', 'retriever', 'llm', 'agent', 'tool', 'llm', 'tool', 'llm'][step + 1],
    CASE WHEN model THEN 'chat' END, 'otel-genai', make_timestamp_ns(start), make_timestamp_ns(start + lasts),
    lasts / 1e6, CASE WHEN chance % 50 = 0 THEN 'error' ELSE 'ok' END,
    CASE WHEN chance % 50 = 0 THEN 'timed out' END, 'shop-api',
    CASE trace % 5 WHEN 0 THEN 'staging' ELSE 'production' END,
    'r' || trace // 10000, 'session ' || trace // 4, 'user ' || trace * 7919 % 5000,
    CASE WHEN step = 0 THEN ['beta', 'plan ' || trace % 3] ELSE [] END,
    CASE WHEN step = 0 THEN '{{"plan": "pro"}}'::JSON END,
    CASE WHEN model THEN 'openai' END, CASE WHEN model THEN 'gpt-' || chance % 5 END,
    CASE WHEN model THEN 'gpt-' || chance % 5 END, CASE WHEN model THEN ['stop'] END,
    'Where is order ' || number || '? It was sent on monday and should be here by now, says the tracking page.', NULL,
    CASE WHEN trace % 997 = 0 THEN 'We refund it, number ' ELSE 'It arrives tomorrow, number ' END || number
        || '. Nothing else is needed from your side; a mail with the details is on its way to you.',
    CASE WHEN step IN (4, 6) THEN 'orders' END,
    CASE WHEN model THEN chance % 3000 END, CASE WHEN model THEN chance % 400 END,
    CASE WHEN model THEN chance % 3000 + chance % 400 END, CASE WHEN model THEN (chance % 3000) * 2e-6 END,
    MAP {{'http.route': to_json('/route/' || chance % 40), 'retries': (chance % 3)::JSON,
        'customer': to_json('c' || trace % 9973),
        'server.address': to_json('api.example.com'), 'temperature': '0.2'::JSON}},
    MAP([]::VARCHAR[], []::BIGINT[][]), MAP([]::VARCHAR[], []::BIGINT[][]), make_timestamp_ns(start + lasts)
FROM (
    SELECT number, number // {SPANS_PER_TRACE} AS trace, number % {SPANS_PER_TRACE} AS step,
        number % {SPANS_PER_TRACE} IN (2, 5, 7) AS model, (hash(number) % 1000003)::BIGINT AS chance,
        ($newest + (number // {SPANS_PER_TRACE} - $total // {SPANS_PER_TRACE}) * $gap
            + number % {SPANS_PER_TRACE} * 40000000)::BIGINT AS start,
        CASE number % {SPANS_PER_TRACE} WHEN 0 THEN 400000000 ELSE 0 END
            + (hash(number) % 900)::BIGINT * 1000000 AS lasts
    FROM range($first, $last) r(number)
)
"""

LONG_TRACE_ID = md5(b"long", usedforsecurity=False).hexdigest()
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


def fill(store: SpanStore, total: int) -> None:
    """Put `total` spans into the store, the newest from just now."""
    newest, gap = time.time_ns(), DAYS * DAY_NS // (total // SPANS_PER_TRACE)
    for first in range(0, total, 500_000):
        last = min(first + 500_000, total)
        values = {"first": first, "last": last, "total": total, "newest": newest, "gap": gap}
        store.write(lambda db, values=values: db.execute(FILL, values).fetchall())
        store.checkpoint()


@contextmanager
def arriving(store: SpanStore, per_s: int, total: int) -> Any:
    """New spans, `per_s` of them each second, for as long as the block lasts."""
    stop = threading.Event()
    traces = max(per_s // SPANS_PER_TRACE // 5, 1)  # in a fifth of a second

    def run() -> None:
        first = total - total % SPANS_PER_TRACE + SPANS_PER_TRACE
        while per_s and not stop.wait(0.2):
            last = first + traces * SPANS_PER_TRACE
            values = {
                "first": first,
                "last": last,
                "total": last,
                "newest": time.time_ns(),
                "gap": 200_000_000 // traces,
            }
            store.write(lambda db, values=values: db.execute(FILL, values).fetchall())
            first = last

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def questions(store: SpanStore, total: int) -> dict[str, Callable[[], Any]]:
    """What is asked, by name."""
    [(trace_id,)] = _rows(store, "SELECT md5('t' || ?)", total // SPANS_PER_TRACE // 2)

    def traces(filter: str | None = None, **more: Any) -> Callable[[], Any]:
        return lambda: queries.list_traces(store, project=PROJECT, filter=filter, **more)

    def spans(filter: str | None = None, **more: Any) -> Callable[[], Any]:
        return lambda: queries.list_spans(store, project=PROJECT, filter=filter, **more)

    def figures(*measures: str, **more: Any) -> Callable[[], Any]:
        return lambda: queries.stats(store, queries.StatsQuery(project=PROJECT, measures=measures, **more))

    middle = queries.list_traces(
        store, project=PROJECT, filter=f"start_time < now() - interval {DAYS // 2} day", limit=1
    ).next_cursor
    return {
        "traces: newest 50": traces(),
        "traces: 50 from the middle": traces(cursor=middle),
        "traces: every project": lambda: queries.list_traces(store, project=None),
        "traces: status = 'error'": traces("status = 'error'"),
        "traces: one session": traces("session_id = 'session 77'"),
        "traces: nothing matches": traces("user_id = 'nobody'"),
        "traces: kind = 'llm' and model": traces("kind = 'llm' and request_model = 'gpt-3'"),
        "traces: total_tokens > 9000": traces("total_tokens > 9000"),
        "traces: duration_ms > 5000 (none)": traces("duration_ms > 5000"),
        "traces: the last day": traces("start_time > now() - interval 1 day and status = 'error'"),
        "traces: most expensive": traces(order_by="cost_usd desc"),
        "traces: attribute, common": traces("attributes['http.route'] = '/route/7'"),
        "traces: attribute, rare": traces("attributes['customer'] = 'c77'"),
        "traces: attribute, none": traces("attributes['customer'] = 'nobody'"),
        "traces: search, recent": traces("search('refund it')"),
        "traces: search, none": traces("search('no such words')"),
        "spans: newest 100": spans(),
        "spans: kind = 'tool' and error": spans("kind = 'tool' and status = 'error'"),
        "spans: attribute, rare": spans("attributes['customer'] = 'c77'"),
        "spans: search, none": spans("search('no such words')"),
        "stats: tokens by model by day": figures("total_tokens", group_by=("model",), bucket="1d"),
        "stats: latency by name": figures("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", group_by=("name",)),
        "stats: errors by hour, a day": figures("count", "error_rate", bucket="1h", start=time.time_ns() - DAY_NS),
        "sessions: newest 50": lambda: queries.list_sessions(store, project=PROJECT),
        "values of name": lambda: queries.distinct_values(store, "name", project=PROJECT),
        "one trace": lambda: queries.get_trace(store, trace_id),
        "long trace: skeleton, first page": lambda: queries.get_skeleton(store, LONG_TRACE_ID),
        "long trace: first page": lambda: queries.get_trace(store, LONG_TRACE_ID, limit=100),
    }


def measure(ask: Callable[[], Any], rounds: int) -> tuple[float, ...]:
    """Milliseconds: the first, the median, the 95th percentile, and the least processor time of one round.

    The last, of this whole process, says most where other programs keep the machine busy.
    """
    taken, worked = [], []
    for _ in range(rounds):
        started, worked_before = time.perf_counter(), time.process_time()
        ask()
        taken.append((time.perf_counter() - started) * 1e3)
        worked.append((time.process_time() - worked_before) * 1e3)
    return taken[0], statistics.median(taken), sorted(taken)[max(0, round(0.95 * len(taken)) - 1)], min(worked)


def _rows(store: SpanStore, sql: str, *parameters: Any) -> list[Any]:
    with store.read() as db:
        return db.execute(sql, list(parameters)).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--arriving", type=int, default=1000, help="new spans a second meanwhile")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="questions whose names contain this")
    parser.add_argument("--data-dir", type=Path, help="keep the store here")
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.data_dir or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        store = SpanStore(directory / STORE_FILE)
        [(there,)] = _rows(store, "SELECT count(*) FROM span_log")
        if not there:
            started = time.perf_counter()
            fill(store, options.spans)
            print(f"filled with {options.spans} spans in {time.perf_counter() - started:.0f} s")
            there = options.spans
        if not _rows(store, "SELECT 1 FROM span_log WHERE trace_id = ? LIMIT 1", LONG_TRACE_ID):
            store.write(lambda db: db.execute(LONG_TRACE).fetchall())
            store.checkpoint()
        size = (directory / STORE_FILE).stat().st_size
        print(f"DuckDB {duckdb.__version__}, {there} spans, {size / 1e6:.0f} MB, {options.arriving} arriving a second")
        print(f"{'ms':40s} {'first':>8s} {'median':>8s} {'p95':>8s} {'cpu':>8s}")
        with arriving(store, options.arriving, there):
            for name, ask in questions(store, there).items():
                if options.only in name:
                    print(f"{name:40s}", *(f"{ms:8.1f}" for ms in measure(ask, options.rounds)), flush=True)
        store.close()


if __name__ == "__main__":
    main()
