"""What a page costs: from a cold browser to "the data can be read", in time, in CPU of browser and server, in bytes.

The same traces are sent to each system; then a browser with an empty cache opens the list of traces, a usual trace and
one of 2,000 spans, one system after the other, round after round. A page is ready when a text of the data that it was
opened for can be seen. The peers are measured where their environments are given:

    python -m benchmarks.pages --phoenix VENV --mlflow VENV [--rounds 5]

Needs chromium and playwright (both are of the tests too).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer, set_span_in_context
from playwright.sync_api import Browser, CDPSession, Page, TimeoutError, sync_playwright

from benchmarks import systems
from benchmarks.page_bars import LONG, Load, bars, browser_cpu, median, ready, server_cpu
from benchmarks.payload import words
from benchmarks.systems import Running, System, running

PROJECT = "bench"
TRACES = 303
SPANS_OF_A_TRACE = 9
SPANS_OF_THE_LONG_ONE = 2000
READY_WITHIN_S = 240  # peers on a busy machine
SETTLED_AFTER_S = 1.5  # what a page does after it can be read counts as well
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGES = ("list", "trace", LONG)
ANY_SPAN = re.compile(r"^(chat|search) \d+$")  # of a long trace systems show its first spans, or its last

Shown = str | re.Pattern[str]  # what can be read once a page is ready
Addresses = dict[str, tuple[str, Shown]]


@dataclass(frozen=True, slots=True)
class Corpus:
    requests: list[bytes]
    usual: str  # trace ids
    long: str
    newest_question: str


@dataclass(frozen=True, slots=True)
class Peer:
    """`addresses` gives the pages' addresses once the data are there, each with the text that tells it is ready."""

    system: System
    addresses: Callable[[Running, Corpus], Addresses]


# The data --------------------------------------------------------------------------------------------------------


def corpus() -> Corpus:
    kept: list[ReadableSpan] = []
    ids: list[str] = []
    questions: list[str] = []
    requests = []
    for number in range(TRACES + 1):
        exporter = InMemorySpanExporter()
        resource = Resource({"service.name": PROJECT, "openinference.project.name": PROJECT})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        length = SPANS_OF_THE_LONG_ONE if number == TRACES - 5 else SPANS_OF_A_TRACE
        question = f"Question {number}: {words(20)}"
        trace_id = _trace(provider.get_tracer("bench"), question, length)
        questions.append(question)
        ids.append(f"{trace_id:032x}")
        kept += exporter.get_finished_spans()
        if len(kept) > 400:
            requests.append(encode_spans(kept).SerializeToString())
            kept = []
    requests.append(encode_spans(kept).SerializeToString())
    return Corpus(requests, usual=ids[-3], long=ids[TRACES - 5], newest_question=f"Question {TRACES}")


def _trace(tracer: Tracer, question: str, length: int) -> int:
    """An agent that asks a model, then a tool, again and again."""
    with tracer.start_as_current_span("agent") as root:
        root.set_attributes({"openinference.span.kind": "AGENT", "input.value": question})
        for step in range((length - 1) // 2):
            asked = {
                "openinference.span.kind": "LLM",
                "llm.model_name": "gpt-4o-mini",
                "llm.input_messages.0.message.role": "user",
                "llm.input_messages.0.message.content": question if step == 0 else words(30),
                "llm.output_messages.0.message.role": "assistant",
                "llm.output_messages.0.message.content": words(60),
                "llm.token_count.prompt": 900,
                "llm.token_count.completion": 80,
                "input.value": question,
                "output.value": words(60),
            }
            context = set_span_in_context(root)
            tracer.start_span(f"chat {step}", context, attributes=asked).end()
            called = {
                "openinference.span.kind": "TOOL",
                "tool.name": "search",
                "input.value": json.dumps({"q": words(5)}),
            }
            tracer.start_span(f"search {step}", context, attributes=called).end()
        root.set_attributes({"output.value": f"Answer: {words(40)}"})
        return root.get_span_context().trace_id


def send(found: Running, data: Corpus) -> None:
    headers = {"content-type": "application/x-protobuf", **found.system.headers}
    with httpx.Client(trust_env=False, timeout=300) as client:
        for request in data.requests:
            client.post(f"{found.url}/v1/traces", content=request, headers=headers).raise_for_status()


# Where the pages are ---------------------------------------------------------------------------------------------


def assay_addresses(found: Running, data: Corpus) -> Addresses:
    traces = f"{found.url}/p/{PROJECT}/traces"
    return _pages(data, traces, lambda trace_id: f"{traces}/{trace_id}")


def phoenix_addresses(found: Running, data: Corpus) -> Addresses:
    projects = httpx.get(f"{found.url}/v1/projects", trust_env=False, timeout=60).json()["data"]
    [project] = [one["id"] for one in projects if one["name"] == PROJECT]
    base = f"{found.url}/projects/{project}"
    return _pages(data, f"{base}/traces", lambda trace_id: f"{base}/traces/{trace_id}")


def mlflow_addresses(found: Running, data: Corpus) -> Addresses:
    traces = f"{found.url}/#/experiments/0/traces"
    return _pages(data, traces, lambda trace_id: f"{traces}?selectedEvaluationId=tr-{trace_id}")


def _pages(data: Corpus, traces: str, trace: Callable[[str], str]) -> Addresses:
    last = (SPANS_OF_A_TRACE - 1) // 2 - 1
    return dict(
        zip(
            PAGES,
            ((traces, data.newest_question), (trace(data.usual), f"chat {last}"), (trace(data.long), ANY_SPAN)),
            strict=True,
        )
    )


# Measuring -------------------------------------------------------------------------------------------------------


def opened(browser: Browser, found: Running, address: str, text: Shown) -> Load:
    """Open one page with nothing cached."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    sizes = _watched(devtools)
    server_before = found.cpu_s()
    started = time.perf_counter()
    page.goto(address, wait_until="commit", timeout=READY_WITHIN_S * 1000)
    _wait_for(page, text)
    ready = time.perf_counter() - started
    page.wait_for_timeout(SETTLED_AFTER_S * 1000)
    metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
    load = Load(ready, metrics["TaskDuration"], found.cpu_s() - server_before, sum(sizes) / 1024, len(sizes))
    context.close()
    return load


def _watched(devtools: CDPSession) -> list[float]:
    """Bytes of every answer, as they arrive."""
    sizes: list[float] = []
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


def _wait_until_stored(found: Running) -> None:
    """Some of them store behind the answer: a trace that is not whole would never be ready."""
    wanted = TRACES * SPANS_OF_A_TRACE + SPANS_OF_THE_LONG_ONE - 1  # an agent has an odd number of spans
    while found.system.countable_live and found.system.stored(found.directory) < wanted:
        time.sleep(1)


def _wait_for(page: Page, text: Shown) -> None:
    try:
        page.get_by_text(text).filter(visible=True).first.wait_for(timeout=READY_WITHIN_S * 1000)
    except TimeoutError as error:
        page.screenshot(path=f"{tempfile.gettempdir()}/not-ready.png")
        raise RuntimeError(
            f"{page.url} does not show {text!r}; see not-ready.png in {tempfile.gettempdir()}"
        ) from error


def measure(peers: list[Peer], rounds: int) -> Iterator[tuple[str, str, Load]]:
    data = corpus()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started = []
        for peer in peers:
            (home := directory / peer.system.name.split(",")[0]).mkdir()
            found = stack.enter_context(running(peer.system, home))
            send(found, data)
            started.append((peer, found))
        for _, found in started:
            _wait_until_stored(found)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        stack.callback(browser.close)
        for number in range(rounds + 1):
            for name in PAGES:
                for peer, found in started:
                    address, text = peer.addresses(found, data)[name]
                    load = opened(browser, found, address, text)
                    if number:  # the first round warms the servers
                        yield peer.system.name, name, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phoenix", type=Path)
    parser.add_argument("--mlflow", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("no chromium on this machine (Debian: apt-get install chromium)")
    peers = [Peer(systems.assay(), assay_addresses)]
    if arguments.phoenix:
        peers.append(Peer(systems.phoenix(_python(arguments.phoenix)), phoenix_addresses))
    if arguments.mlflow:
        peers.append(Peer(systems.mlflow(_python(arguments.mlflow)), mlflow_addresses))
    found: dict[tuple[str, str], list[Load]] = defaultdict(list)
    for system, name, load in measure(peers, arguments.rounds):
        found[name, system].append(load)
    report(found)


def _python(environment: Path) -> Path:
    """The interpreter of a virtual environment, which may be given itself."""
    return environment / "bin/python" if environment.is_dir() else environment


def report(found: dict[tuple[str, str], list[Load]]) -> None:
    print(f"medians of {max(map(len, found.values()))} cold loads; load of the machine: {os.getloadavg()[0]:.1f}\n")
    print(f"{'page':22}{'':18}{'ready s':>9}{'browser CPU s':>15}{'server CPU s':>14}{'KB':>8}{'requests':>10}")
    for (name, system), loads in sorted(found.items(), key=lambda item: PAGES.index(item[0][0])):
        print(
            f"{name:22}{system:18}{median(loads, ready):9.2f}{median(loads, browser_cpu):15.3f}"
            f"{median(loads, server_cpu):14.3f}{median(loads, lambda load: load.kilobytes):8.0f}"
            f"{median(loads, lambda load: load.requests):10.0f}"
        )
    print(f"\n{'page':22}{'bar':44}{'is':>10}{'at most':>10}")
    for bar in bars(found):
        print(bar)


if __name__ == "__main__":
    main()
