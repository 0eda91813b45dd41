"""`assay mcp`, asked by the official client: every tool reads, errors say what to do, long answers say how to go on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError

from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.mcp_server.brief import MOST_OF_AN_ANSWER, bounded, cut
from assay.mcp_server.reader import Reader
from assay.mcp_server.server import build_server
from assay.settings import configure
from support.otlp import recorded

DOCUMENT = (Path(__file__).parents[2] / "docs" / "mcp_server.md").read_text(encoding="utf-8")
PROJECT = "agents"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A trace that failed, a prompt in two versions, a data set, an experiment with two rows."""
    server = Server(data_dir=tmp_path_factory.mktemp("mcp") / ".assay")
    server.start()
    server.service.ingest(_trace()).result()
    configure(endpoint=server.url, project=PROJECT, timeout_s=60.0)
    client = current_client()
    for words in ("Answer {{question}}", "Answer {{question}} briefly"):
        client.post("/prompts", {"name": "team/qa", "template": words, "commit_message": words})
    client.post("/datasets", {"name": "questions", "items": [{"input": "1 + 1?", "expected": "2"}]})
    made = client.post("/experiments", {"name": "qa-1", "scorers": [{"name": "correct", "direction": "higher"}]})
    rows = [_row("right", True), _row("wrong", False)]
    client.post(f"/experiments/{made['id']}/rows", {"rows": rows})
    yield server
    reset_client()
    server.stop()


def _trace() -> bytes:
    with recorded(service__name=PROJECT) as recorder:
        attributes = {"session.id": "s-1", "input.value": "long " * 10_000}
        with (
            recorder.tracer.start_as_current_span("question", attributes=attributes),
            pytest.raises(ValueError, match="no room"),
            recorder.tracer.start_as_current_span("tool"),
        ):
            raise ValueError("no room")
    return recorder.body()


def _row(item: str, value: bool) -> dict[str, Any]:
    score = {"name": "correct", "value": value, "status": "scored", "source": "code"}
    return {"item_id": item, "repeat": 0, "status": "ok", "input": item, "output": item, "scores": [score]}


@pytest.fixture
def server(filled: Server) -> Any:
    configure(endpoint=filled.url, project=PROJECT)
    return build_server(Reader())


async def ask(server: Any, tool: str, **arguments: Any) -> str:
    async with Client(server) as client:
        answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return str(answer.content[0].text)


async def refused(server: Any, tool: str, **arguments: Any) -> str:
    async with Client(server) as client:
        answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return str(answer.content[0].text)


async def trace_id(server: Any) -> str:
    return str(json.loads((await ask(server, "search_traces")).splitlines()[0])["trace_id"])


async def test_every_tool_is_described_reads_only_and_is_in_the_document(server: Any) -> None:
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools if not tool.description or not tool.annotations.read_only_hint] == []
    assert [tool.name for tool in tools if f"`{tool.name}`" not in DOCUMENT] == []
    described = [each for tool in tools for each in tool.input_schema.get("properties", {}).values()]
    assert [each for each in described if "description" not in each] == []


async def test_a_failure_is_found_and_read(server: Any) -> None:
    found = await ask(server, "search_traces", filter="error_count > 0")
    assert "[50,0" in found  # the input is cut, and its length told
    tree = await ask(server, "get_trace", trace_id=await trace_id(server))
    assert "tool" in tree
    assert "no room" in tree
    assert "There is no" not in await ask(server, "search_spans", filter="status = 'error'")


async def test_a_long_value_is_read_in_pages(server: Any) -> None:
    found = await trace_id(server)
    tree = await ask(server, "get_trace", trace_id=found)
    root = next(line for line in tree.splitlines() if line.startswith("question")).split()[-1]
    first = await ask(server, "get_span", trace_id=found, span_id=root, field="input")
    assert "go on with offset=16000" in first
    last = await ask(server, "get_span", trace_id=found, span_id=root, field="input", offset=49_990)
    assert last.strip().endswith("long")
    assert "It has: project" in await ask(server, "get_span", trace_id=found, span_id=root, field="nope")
    assert len(await ask(server, "get_span", trace_id=found, span_id=root)) < 10_000


async def test_sessions_figures_and_sql_are_read(server: Any) -> None:
    assert "s-1" in await ask(server, "list_sessions")
    assert "question" in await ask(server, "get_session", session_id="s-1")
    assert json.loads(await ask(server, "stats", measures="count"))["count"] == 1
    assert await ask(server, "sql", statement="SELECT count(*) AS n FROM spans") == "n\n2"
    assert PROJECT in await ask(server, "list_projects")
    assert "ilike" in await ask(server, "filter_fields")
    assert "1\tquestion" in await ask(server, "field_values", field="name")


async def test_prompts_are_read_and_compared(server: Any) -> None:
    assert "team/qa" in await ask(server, "list_prompts")
    assert "briefly" in await ask(server, "get_prompt", name="team/qa")
    assert "{+ briefly+}" in await ask(server, "diff_prompt", name="team/qa", old=1)
    async with Client(server) as client:
        read = await client.read_resource("assay://prompts/team%2Fqa/1")
        assert json.loads(read.contents[0].text)["template"] == "Answer {{question}}"
        with pytest.raises(MCPError, match="no version 9"):
            await client.read_resource("assay://prompts/team%2Fqa/9")


async def test_an_id_leads_to_no_other_address(server: Any) -> None:
    async with Client(server) as client:
        answer = await client.call_tool("get_trace", {"trace_id": "../../../health"})
    assert answer.is_error
    assert "is no name" in answer.content[0].text


async def test_experiments_and_data_sets_are_read(server: Any) -> None:
    assert "qa-1" in await ask(server, "list_experiments")
    assert "correct" in await ask(server, "get_experiment", experiment="qa-1")
    worst = await ask(server, "worst_rows", experiment="qa-1", scorer="correct", limit=1)
    assert json.loads(worst)["item_id"] == "wrong"
    assert "It has: correct" in await ask(server, "worst_rows", experiment="qa-1", scorer="nope")
    assert "questions" in await ask(server, "list_datasets")
    assert '"expected":"2"' in await ask(server, "get_dataset_items", name="questions")


async def test_errors_say_what_to_do(server: Any) -> None:
    assert "at character" in await refused(server, "search_traces", filter="status = = 'error'")
    assert "list_experiments" in await refused(server, "get_experiment", experiment="nope")
    assert "no name" in await refused(server, "get_prompt", name="..")
    assert "nope" in await refused(server, "get_trace", trace_id="nope")


async def test_an_argument_that_a_tool_does_not_know_is_refused_with_those_it_has(server: Any) -> None:
    said = await refused(server, "search_traces", filters="status = 'error'")
    assert "no argument 'filters'. Did you mean 'filter'? It takes: " in said
    assert "It takes none" in await refused(server, "list_projects", project="p")
    async with Client(server) as client:
        listed = await client.list_tools()
    assert all(tool.input_schema["additionalProperties"] is False for tool in listed.tools)


async def test_the_command_speaks_over_standard_input_and_output(filled: Server) -> None:
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "assay", "mcp", "--project", PROJECT],
        env={"ASSAY_ENDPOINT": filled.url, "PATH": os.environ["PATH"]},
    )
    async with Client(stdio_client(program)) as client:
        answer = await client.call_tool("list_projects", {})
    assert PROJECT in answer.content[0].text


def test_what_is_cut_says_how_much_there_is() -> None:
    assert cut("a" * 10, 3) == "aaa… [10 characters]"
    assert "Ask for less." in bounded("a" * (MOST_OF_AN_ANSWER + 1), "Ask for less.")
