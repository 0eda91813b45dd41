"""How the page of a trace behaves in a real browser when the trace is large.

    python -m benchmarks.pages_large_traces [--spans 2000 100000] [--loads 5]

A collector of its own is filled by SQL with agents that ran for long: steps of models, tools and searches. Each load
is cold, in a context of its own. Told are medians: the time until the tree can be used (a span in it is selected and
its details are there), main-thread and server CPU, elements of the page, heap after a collection, the slowest frame
while a key is held through the tree and the wheel turned, and the 95th percentile of what selecting a span takes until
the next frame. Wall times mean little where other programs keep the machine busy; CPU and frames on one machine do.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from hashlib import md5
from pathlib import Path
from typing import Any

from assay.collector.store import STORE_FILE, SpanStore
from benchmarks.systems import Running, assay, running

PROJECT = "agents"
TURNS = 240  # of the wheel
SELECTS = 40
STEP = 8  # spans: one of the step, seven of what it did
AGENT = f"""
INSERT INTO span_log (
    project, trace_id, span_id, parent_span_id, name, kind, dialect, start_time, end_time, duration_ms, status,
    service_name, tags, request_model, input, output, total_tokens, cost_usd,
    attributes, text_attributes, json_attributes, received_at
)
SELECT
    '{PROJECT}', md5('agent' || $size), substr(md5($size || 's' || number), 1, 16),
    CASE WHEN number = 0 THEN NULL
        WHEN place = 0 THEN substr(md5($size || 's0'), 1, 16)
        ELSE substr(md5($size || 's' || number - place), 1, 16) END,
    CASE WHEN number = 0 THEN 'research agent' ELSE
        ['step ' || step % 50, 'chat gpt-4o', 'search', 'fetch page', 'chat gpt-4o-mini', 'rerank', 'embed', 'write'
        ][place + 1] END,
    CASE WHEN number = 0 THEN 'agent' ELSE
        ['chain', 'llm', 'retriever', 'tool', 'llm', 'reranker', 'embedding', 'tool'][place + 1] END,
    'otel-genai', make_timestamp_ns(start), make_timestamp_ns(start + lasts), lasts / 1e6,
    CASE WHEN number % 397 = 396 THEN 'error' ELSE 'ok' END, '{PROJECT}', [],
    CASE WHEN place IN (1, 4) THEN 'gpt-4o' END, 'What about ' || number || '?', 'This about ' || number || '.',
    CASE WHEN place IN (1, 4) THEN chance % 3000 END, CASE WHEN place IN (1, 4) THEN (chance % 3000) * 2.5e-6 END,
    MAP {{'retries': (chance % 3)::JSON}}, MAP([]::VARCHAR[], []::BIGINT[][]), MAP([]::VARCHAR[], []::BIGINT[][]),
    make_timestamp_ns(start + lasts)
FROM (
    SELECT number, number % {STEP} AS place, number // {STEP} AS step, (hash(number) % 1000003)::BIGINT AS chance,
        ($begin + (number // {STEP})::BIGINT * 400000000
            + greatest(number % {STEP} - 1, 0) * 50000000)::BIGINT AS start,
        CASE WHEN number = 0 THEN $size::BIGINT * 50000000 WHEN number % {STEP} = 0 THEN 395000000
            ELSE 30000000 + (hash(number) % 60)::BIGINT * 1000000 END AS lasts
    FROM range($size) r(number)
)
"""
FRAMES = """
(turns) => new Promise((done) => {
  const box = document.querySelector("[role=tree]");
  const frames = [];
  let [before, turned] = [performance.now(), 0];
  const frame = (now) => {
    frames.push(now - before);
    before = now;
    box.scrollTop += turned % 20 ? 480 : box.scrollHeight / 30;
    if (++turned < turns) requestAnimationFrame(frame); else done(Math.max(...frames.slice(2)));
  };
  requestAnimationFrame(frame);
})
"""
SELECT = """
(turns) => new Promise(async (done) => {
  const box = document.querySelector("[role=tree]");
  const taken = [];
  for (let turn = 0; turn < turns; turn++) {
    const rows = [...box.querySelectorAll("a")];
    const row = rows[(turn * 7) % rows.length];
    await new Promise((next) => requestAnimationFrame(next));
    const started = performance.now();
    const clientX = row.getBoundingClientRect().right - 9;
    row.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, clientX }));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    taken.push(performance.now() - started);
    await new Promise((next) => setTimeout(next, 60));
  }
  done(taken);
})
"""
FIND = """
() => {
  const field = document.querySelector("#find");
  field.value = "rerank";
  const started = performance.now();
  field.dispatchEvent(new Event("input"));
  return performance.now() - started;
}
"""


def fill(directory: Path, sizes: list[int]) -> None:
    store = SpanStore(directory / STORE_FILE)
    for size in sizes:
        begin = time.time_ns() - size * 50_000_000 - 3600 * 10**9
        store.write(lambda db, size=size, begin=begin: db.execute(AGENT, {"size": size, "begin": begin}).fetchall())
    store.checkpoint()
    store.close()


def load(browser: Any, address: str, server: Running) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")
    before = server.cpu_s()
    started = time.perf_counter()
    page.goto(address, timeout=120_000)
    page.wait_for_selector("[role=treeitem][aria-selected=true]", timeout=120_000)
    page.locator("[role=tree]").press("ArrowUp")
    page.wait_for_selector("[data-details]:not([aria-busy])")
    ready = time.perf_counter() - started
    page.wait_for_load_state("networkidle")
    whole = time.perf_counter() - started
    figures = {"usable s": ready, "whole s": whole, "server CPU s": server.cpu_s() - before}
    figures["page CPU s"] = _metrics(session)["TaskDuration"]
    figures["elements"] = page.evaluate("document.querySelectorAll('*').length")
    session.send("HeapProfiler.collectGarbage")
    figures["heap MB"] = _metrics(session)["JSHeapUsedSize"] / 1e6
    figures["find ms"] = page.evaluate(FIND)
    before_frames = _metrics(session)["TaskDuration"]
    figures["slowest frame ms"] = page.evaluate(FRAMES, TURNS)
    before_selects = _metrics(session)["TaskDuration"]
    figures["CPU a frame ms"] = 1e3 * (before_selects - before_frames) / TURNS
    taken = sorted(page.evaluate(SELECT, SELECTS))
    figures["select p95 ms"] = taken[round(0.95 * SELECTS) - 1]
    figures["CPU a select ms"] = 1e3 * (_metrics(session)["TaskDuration"] - before_selects) / SELECTS
    figures["elements after"] = page.evaluate("document.querySelectorAll('*').length")
    context.close()
    return figures


def _metrics(session: Any) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, nargs="+", default=[2_000, 100_000])
    parser.add_argument("--loads", type=int, default=5)
    options, _ = parser.parse_known_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        fill(directory, options.spans)
        with running(assay(), directory) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            for size in options.spans:
                name = md5(f"agent{size}".encode(), usedforsecurity=False).hexdigest()
                loads = [load(browser, f"{server.url}/p/{PROJECT}/traces/{name}", server) for _ in range(options.loads)]
                print(f"{size:,} spans")
                for figure in loads[0]:
                    print(f"  {figure:18s} {statistics.median(one[figure] for one in loads):10.3f}", flush=True)
            browser.close()


if __name__ == "__main__":
    main()
