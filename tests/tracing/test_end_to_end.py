from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openai
import pytest

import assay
from assay.client import current_client
from assay.collector.server import Server
from assay.errors import TraceNotFound
from assay.settings import reset_settings
from support.openai_server import MODEL, OpenAIServer, usage
from support.shared_collector import project, running_collector

__all__ = ["project", "running_collector"]

PROGRAM = """
import assay, sys

@assay.trace
def answer(question):
    with assay.start_span("search", kind="retriever") as span:
        span.set_outputs(["the settings page"])
    return "It is on the settings page."

with assay.context(session_id="s1", tags=["beta"]):
    print(answer("Where?"))
assay.score("helpful", True, session_id="s1")
"""

CHAT = """
import openai
assay.autolog()
with openai.OpenAI(base_url=sys.argv[1], api_key="k") as client:
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    print(answer.choices[0].message.content)
"""

OPENAI_IN_A_LOOP = """
import sys, assay, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="none")

@assay.trace
def ask(question):
    messages = [{"role": "user", "content": question}]
    return client.chat.completions.create(model="m", messages=messages).choices[0].message.content

for number in range(40):
    ask(str(number))
print("all answered")
"""

FORKS = """
import multiprocessing

@assay.trace
def work(number):
    return number

workers = [multiprocessing.get_context("fork").Process(target=work, args=(number,)) for number in range(3)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print("all worked")
"""


def run(program: str, cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """A program that ended."""

    lines: list[str]
    errors: str
    directory: Path

    def stored(self, *names: str) -> list[tuple[str, ...]]:
        """Its spans of these names, in the order in which they began."""
        columns = "name, kind, session_id, output"
        sql = f"SELECT {columns} FROM spans WHERE list_contains(?, name) ORDER BY start_time"
        with duckdb.connect(str(self.directory / ".assay" / "assay.duckdb"), read_only=True) as db:
            return db.execute(sql, [list(names)]).fetchall()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One program without server or settings, for all tests of such: its own collector takes seconds to start."""
    directory = tmp_path_factory.mktemp("alone")
    model = OpenAIServer().start()
    try:
        done = run(OPENAI_IN_A_LOOP + PROGRAM + FORKS, directory, model.url)
    finally:
        model.stop()
    assert done.returncode == 0, done.stderr
    return Ran(done.stdout.splitlines(), done.stderr, directory)


def test_a_script_without_server_or_settings_leaves_its_traces_on_disk(alone: Ran) -> None:
    assert (alone.lines[1], alone.errors) == ("It is on the settings page.", "")
    assert alone.stored("answer", "search") == [
        ("answer", None, "s1", "It is on the settings page."),
        ("search", "retriever", "s1", '["the settings page"]'),
    ]


def test_workers_forked_by_multiprocessing_send_their_own_spans_once(alone: Ran) -> None:
    assert alone.lines[2] == "all worked"
    assert sorted(output for _, _, _, output in alone.stored("work")) == ["0", "1", "2"]


def test_calls_of_the_openai_client_are_not_disturbed_while_the_exporter_starts(alone: Ran) -> None:
    assert alone.lines[0] == "all answered"
    assert len(alone.stored("ask")) == 40


def test_a_script_behaves_the_same_when_the_collector_is_down(tmp_path: Path, openai_server: OpenAIServer) -> None:
    program = PROGRAM + CHAT
    without = run(program, tmp_path, openai_server.url, ASSAY_TRACING="false")
    down = run(program, tmp_path, openai_server.url, ASSAY_ENDPOINT="http://127.0.0.1:9")
    assert (down.returncode, down.stdout) == (without.returncode, without.stdout) == (0, without.stdout)
    assert without.stdout.count("\n") == 2
    assert without.stderr == ""
    assert "Try: assay serve" in down.stderr


def test_a_script_says_once_that_its_settings_cannot_be_used_and_runs_on(tmp_path: Path) -> None:
    done = run(PROGRAM, tmp_path, ASSAY_SAMPLE_RATE="often")
    assert (done.returncode, done.stdout) == (0, "It is on the settings page.\n")
    assert done.stderr.count("Assay is off in this process.") == 1


@pytest.fixture
def collector(running_collector: Server, project: str) -> Server:
    """One for all of them, each with a project of its own."""
    return running_collector


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_call_is_read_back_with_everything_known_of_it(
    stream: bool, collector: Server, openai_server: OpenAIServer
) -> None:
    assay.openai.autolog()
    openai_server.reply(
        tool_calls=[("c1", "search", {"query": "reset"})], usage=usage(input=10, output=7, cached=4, reasoning=5)
    )
    with openai.OpenAI(base_url=openai_server.url, api_key="k") as client, assay.start_span("answer") as root:
        options = {"stream_options": {"include_usage": True}} if stream else {}
        result = client.chat.completions.create(  # type: ignore[call-overload]
            model="gpt-x", messages=[{"role": "user", "content": "How?"}], stream=stream, **options
        )
        if stream:
            list(result)
    assay.openai.autolog(disable=True)
    trace = assay.get_trace(str(root.trace_id))
    assert trace.root is not None
    (call,) = trace.children(trace.root)
    assert (call.kind, call.operation, call.provider) == ("llm", "chat", "openai")
    assert (call.request_model, call.response_model) == ("gpt-x", MODEL)
    assert call.input == "How?"
    assert call.output_messages[0]["parts"][0]["arguments"] == {"query": "reset"}
    assert (call.finish_reasons, call.tool_call_names) == (["tool_calls"], ["search"])
    assert (call.input_tokens, call.output_tokens, call.total_tokens) == (10, 7, 17)
    assert (call.cache_read_tokens, call.reasoning_tokens) == (4, 5)


def test_an_error_of_the_model_is_read_back(collector: Server, openai_server: OpenAIServer) -> None:
    assay.openai.autolog()
    openai_server.reply(status=400, error="bad request")
    with openai.OpenAI(base_url=openai_server.url, api_key="k") as client, pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "How?"}])
    assay.openai.autolog(disable=True)
    found = assay.search_traces("status = 'error'")
    assert found["name"].tolist() == ["chat m"]
    span = assay.get_trace(found["trace_id"][0]).spans[0]
    assert "bad request" in str(span.status_message)


def test_a_search_answers_a_table_with_the_same_columns_even_when_nothing_matches(collector: Server) -> None:
    with assay.start_span("x", attributes={"a": 1}):
        pass
    found, nothing = assay.search_traces(), assay.search_traces("name = 'nobody'")
    assert len(found) == 1
    assert len(nothing) == 0
    assert list(nothing.columns)[:5] == list(found.columns)[:5]
    assert str(found["start_time"].dtype).startswith("datetime64")


def test_a_trace_reads_as_a_tree(collector: Server) -> None:
    with assay.start_span("root", kind="agent") as root, assay.start_span("first"), assay.start_span("leaf"):
        pass
    trace = assay.get_trace(str(root.trace_id))
    assert [(depth, span.name) for depth, span in trace.tree()] == [(0, "root"), (1, "first"), (2, "leaf")]
    lines = str(trace).splitlines()
    assert lines[0] == f"trace {root.trace_id}"
    assert lines[1].startswith("  root  [agent, ")
    assert trace.start_time is not None
    assert trace.start_time.tzinfo is not None


def test_an_unknown_trace_is_told_as_such(collector: Server) -> None:
    with pytest.raises(TraceNotFound):
        assay.get_trace("0" * 31 + "1")


def test_what_was_traced_before_init_is_sent_too(collector: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reset_settings()
    monkeypatch.setenv("ASSAY_ENDPOINT", collector.url)
    with assay.start_span("before"):
        pass
    assay.init(project="shop")
    with assay.start_span("after"):
        pass
    assay.flush()
    found = {project: current_client().get("/spans", project=project)["items"] for project in ("default", "shop")}
    assert {project: [span["name"] for span in spans] for project, spans in found.items()} == {
        "default": ["before"],
        "shop": ["after"],
    }


def test_after_a_shutdown_everything_works_again(collector: Server) -> None:
    for name in ("before", "after"):
        with assay.start_span(name):
            pass
        assert assay.shutdown()
    assert sorted(assay.search_traces()["name"]) == ["after", "before"]
