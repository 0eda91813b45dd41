from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import openai
import pytest

import assay
from assay.collector.server import Server
from assay.errors import TraceNotFound
from support.openai_server import MODEL, OpenAIServer, usage

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
import assay, openai, sys
assay.autolog()
with openai.OpenAI(base_url=sys.argv[1], api_key="k") as client:
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    print(answer.choices[0].message.content)
"""


def run(program: str, cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_script_without_server_or_settings_leaves_its_traces_on_disk(tmp_path: Path) -> None:
    done = run(PROGRAM, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "It is on the settings page.\n", "")
    with duckdb.connect(str(tmp_path / ".assay" / "assay.duckdb"), read_only=True) as db:
        rows = db.execute("select name, kind, session_id, output from spans order by start_time").fetchall()
    assert rows == [
        ("answer", None, "s1", "It is on the settings page."),
        ("search", "retriever", "s1", '["the settings page"]'),
    ]


@pytest.mark.parametrize("program", [PROGRAM, CHAT])
def test_a_script_behaves_the_same_when_the_collector_is_down(
    program: str, tmp_path: Path, openai_server: OpenAIServer
) -> None:
    without = run(program, tmp_path, openai_server.url, ASSAY_TRACING="false")
    started = time.monotonic()
    down = run(program, tmp_path, openai_server.url, ASSAY_ENDPOINT="http://127.0.0.1:9")
    assert time.monotonic() - started < 30
    assert (down.returncode, down.stdout) == (without.returncode, without.stdout) == (0, without.stdout)
    assert without.stderr == ""
    assert "Try: assay serve" in down.stderr


def test_a_script_says_once_that_its_settings_cannot_be_used_and_runs_on(tmp_path: Path) -> None:
    done = run(PROGRAM, tmp_path, ASSAY_SAMPLE_RATE="often")
    assert (done.returncode, done.stdout) == (0, "It is on the settings page.\n")
    assert done.stderr.count("Assay is off in this process.") == 1


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


def test_workers_forked_by_multiprocessing_send_their_own_spans_once(tmp_path: Path) -> None:
    program = """
import assay, multiprocessing

@assay.trace
def work(number):
    return number

if __name__ == "__main__":
    with assay.start_span("parent"):
        pass
    workers = [multiprocessing.get_context("fork").Process(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(sorted(assay.search_traces()["name"]))
"""
    done = run(program, tmp_path)
    assert (done.stdout, done.stderr) == ("['parent', 'work', 'work', 'work']\n", "")


def test_what_was_traced_before_init_is_sent_too(tmp_path: Path) -> None:
    program = """
import assay
with assay.start_span("before"):
    pass
assay.init(project="shop")
with assay.start_span("after"):
    pass
"""
    assert run(program, tmp_path).stderr == ""
    with duckdb.connect(str(tmp_path / ".assay" / "assay.duckdb"), read_only=True) as db:
        assert db.execute("select project, name from spans order by start_time").fetchall() == [
            ("default", "before"),
            ("shop", "after"),
        ]


def test_after_a_shutdown_everything_works_again(collector: Server) -> None:
    for name in ("before", "after"):
        with assay.start_span(name):
            pass
        assert assay.shutdown()
    assert sorted(assay.search_traces()["name"]) == ["after", "before"]


OPENAI_IN_A_LOOP = """
import sys, assay, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="none")

@assay.trace
def answer(question):
    messages = [{"role": "user", "content": question}]
    return client.chat.completions.create(model="m", messages=messages).choices[0].message.content

for number in range(40):
    answer(str(number))
print("all answered")
"""


def test_calls_of_the_openai_client_are_not_disturbed_while_the_exporter_starts(
    openai_server: OpenAIServer, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPENAI_IN_A_LOOP, openai_server.url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("all answered\n", 0), done.stderr
