"""How long readers wait for a collector over a million spans and more, while new spans arrive.

    python -m benchmarks.queries [--spans 1000000 5000000] [--data-dir DIR] [--arriving 1000] [--rounds 20] [--only X]

For each number of spans a store is filled (see `big_store`; five spans a trace, so that five million are a million
traces), and kept in DIR/<number> if that is given. A collector of its own serves it, spans are sent to it meanwhile,
and each question is asked over HTTP, of the API and of the pages, one after the other. Told are, for each question, the
bar, the first answer, the median and the 95th percentile in milliseconds, and the processor time of the collector for
one answer, without what the arriving spans take: it says most where other programs keep the machine busy.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import duckdb
import httpx

from assay.collector.store import STORE_FILE
from benchmarks.big_store import DAYS, LONG_TRACE_ID, PROJECT, SPANS_PER_TRACE, arriving, ensure
from benchmarks.systems import Running, assay, running

LIST_MS, ATTRIBUTE_MS, SUMS_MS, PAGE_MS, EVERYTHING_MS = 100, 300, 300, 300, 5000
FROM_THE_MIDDLE = f"start_time < now() - interval {DAYS // 2} day"
SETTLE_S = 5.0  # the load of what arrives is measured for so long


@dataclass(frozen=True, slots=True)
class Question:
    """`bar_ms`: what its 95th percentile is to stay under."""

    name: str
    bar_ms: int
    path: str
    values: Mapping[str, str]


def _listed(what: str, of: str, bar_ms: int, filter: str | None = None, **values: str) -> Question:
    given = {"filter": filter} if filter else {}
    return Question(f"{of}: {what}", bar_ms, f"/api/v1/{of}", {"project": PROJECT, **given, **values})


def _figures(what: str, measures: str, **values: str) -> Question:
    given = {"of": "spans", "project": PROJECT, "measures": measures, **values}
    return Question(f"stats: {what}", SUMS_MS, "/api/v1/stats", given)


def _page(what: str, q: str = "", bar_ms: int = PAGE_MS, **values: str) -> Question:
    return Question(f"page: {what}", bar_ms, f"/p/{PROJECT}/traces", {"q": q, **values})


def questions(spans: int, middle: str) -> list[Question]:
    """All that is asked; `middle`: a cursor to the middle of the list of traces."""
    trace_id = md5(f"t{spans // SPANS_PER_TRACE // 2}".encode(), usedforsecurity=False).hexdigest()
    day = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))
    of_model = "status = 'error' and models = 'gpt-3'"
    return [
        _listed("newest 50", "traces", LIST_MS),
        _listed("50 from the middle", "traces", LIST_MS, FROM_THE_MIDDLE, cursor=middle),
        Question("traces: every project", LIST_MS, "/api/v1/traces", {}),
        _listed("status = 'error'", "traces", LIST_MS, "status = 'error'"),
        _listed("status and model", "traces", LIST_MS, of_model),
        _listed("one session", "traces", LIST_MS, "session_id = 'session 77'"),
        _listed("nothing matches", "traces", LIST_MS, "user_id = 'nobody'"),
        _listed("kind = 'llm' and model", "traces", LIST_MS, "kind = 'llm' and request_model = 'gpt-3'"),
        _listed("total_tokens > 6000", "traces", LIST_MS, "total_tokens > 6000"),
        _listed("duration_ms > 5000 (none)", "traces", LIST_MS, "duration_ms > 5000"),
        _listed("errors of a day", "traces", LIST_MS, "start_time > now() - interval 1 day and status = 'error'"),
        _listed("most expensive", "traces", SUMS_MS, order_by="cost_usd desc"),
        _listed("attribute, common", "traces", ATTRIBUTE_MS, "attributes['http.route'] = '/route/7'"),
        _listed("attribute, rare", "traces", ATTRIBUTE_MS, "attributes['customer'] = 'c77'"),
        _listed("attribute, none", "traces", ATTRIBUTE_MS, "attributes['customer'] = 'nobody'"),
        _listed("search, common", "traces", ATTRIBUTE_MS, "search('arrives tomorrow')"),
        _listed("search, 1 of 1,000 traces", "traces", EVERYTHING_MS, "search('refund it')"),
        _listed("search, none", "traces", EVERYTHING_MS, "search('no such words')"),
        _listed("newest 100", "spans", LIST_MS),
        _listed("kind = 'tool' and error", "spans", LIST_MS, "kind = 'tool' and status = 'error'"),
        _listed("attribute, rare", "spans", ATTRIBUTE_MS, "attributes['customer'] = 'c77'"),
        _listed("search, none", "spans", EVERYTHING_MS, "search('no such words')"),
        _figures("tokens by model by day", "total_tokens", group_by="model", bucket="1d"),
        _figures("latency by name", "latency_p50_ms,latency_p95_ms,latency_p99_ms", group_by="name"),
        _figures("errors by hour, a day", "count,error_rate", bucket="1h", **{"from": day}),
        Question("sessions: newest 50", LIST_MS, "/api/v1/sessions", {"project": PROJECT}),
        Question("values of name", SUMS_MS, "/api/v1/values", {"field": "name", "project": PROJECT}),
        Question("one trace", LIST_MS, f"/api/v1/traces/{trace_id}", {}),
        Question("long trace: skeleton", EVERYTHING_MS, f"/api/v1/traces/{LONG_TRACE_ID}/skeleton", {}),
        Question("long trace: first page", EVERYTHING_MS, f"/api/v1/traces/{LONG_TRACE_ID}", {"limit": "100"}),
        _page("newest"),
        _page("status and model", of_model),
        _page("status and model, figures", of_model, part="figures"),
        _page("nothing typed, figures", part="figures"),
        _page("one word", "refund", EVERYTHING_MS),
    ]


class NoAnswer(Exception):
    """What came is an error."""


def ask(client: httpx.Client, question: Question) -> float:
    """Milliseconds until the answer is there."""
    started = time.perf_counter()
    answer = client.get(question.path, params=dict(question.values))
    if answer.status_code != 200:
        raise NoAnswer(f"{answer.status_code} {answer.text[:300]}")
    return (time.perf_counter() - started) * 1e3


def measure(client: httpx.Client, server: Running, question: Question, rounds: int, load: float) -> list[float]:
    """Milliseconds: the first answer, the median, the 95th percentile; and of processor time for one answer.

    Args:
        load: seconds of processor time that the collector takes in a second for what arrives.
    """
    started, worked = time.perf_counter(), server.cpu_s()
    taken = [ask(client, question) for _ in range(rounds)]
    worked = server.cpu_s() - worked - load * (time.perf_counter() - started)
    last = sorted(taken)[max(0, round(0.95 * rounds) - 1)]
    return [taken[0], statistics.median(taken), last, max(worked, 0.0) * 1e3 / rounds]


def _middle(client: httpx.Client) -> str:
    answer = client.get("/api/v1/traces", params={"project": PROJECT, "filter": FROM_THE_MIDDLE, "limit": 1})
    return str(answer.raise_for_status().json()["next_cursor"])


def run(directory: Path, options: argparse.Namespace, spans: int) -> None:
    there = ensure(directory, spans)
    size = (directory / STORE_FILE).stat().st_size
    with (
        running(assay(), directory) as server,
        httpx.Client(base_url=server.url, timeout=120, trust_env=False) as client,
    ):
        idle = server.memory_mb()
        print(
            f"\nDuckDB {duckdb.__version__}, {there} spans, {size / 1e6:.0f} MB, {options.arriving} arriving a second;"
        )
        print(f"ready after {server.ready_s:.1f} s with {idle:.0f} MB")
        asked = [each for each in questions(there, _middle(client)) if options.only in each.name]
        with arriving(server.url, options.arriving):
            worked = server.cpu_s()
            time.sleep(SETTLE_S)
            load = (server.cpu_s() - worked) / SETTLE_S
            print(f"{'ms':34s} {'bar':>7s} {'first':>8s} {'median':>8s} {'p95':>8s} {'cpu':>8s}   MB")
            for question in asked:
                try:
                    figures = measure(client, server, question, options.rounds, load)
                except NoAnswer as error:  # most likely the collector's own limit of ten seconds
                    print(f"{question.name:34s} {question.bar_ms:7d} {error}", flush=True)
                    continue
                over = " " if figures[2] <= question.bar_ms else "!"
                told = " ".join(f"{figure:8.1f}" for figure in figures)
                print(f"{question.name:34s} {question.bar_ms:7d} {told} {over}{server.memory_mb():6.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--arriving", type=int, default=1000, help="new spans a second meanwhile")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="questions whose names contain this")
    parser.add_argument("--data-dir", type=Path, help="keep the stores here, one directory for each number of spans")
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        for spans in options.spans:
            run((options.data_dir or Path(temporary)) / str(spans), options, spans)


if __name__ == "__main__":
    main()
