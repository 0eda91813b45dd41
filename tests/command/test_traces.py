"""`assay traces …` and `assay sessions …`: lists, trees at every width, ids by their beginnings, what is hostile."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from assay.cli import app
from assay.client import current_client
from assay.errors import ConfigurationError, NotFound, TraceNotFound

runner = CliRunner()
pytestmark = pytest.mark.usefixtures("asked")


def shown(*arguments: str, width: int = 100) -> str:
    result = run(*arguments, width=width)
    assert result.exception is None
    return result.stdout


def run(*arguments: str, width: int = 100) -> Result:
    return runner.invoke(app, list(arguments), env={"COLUMNS": str(width)})


def trace(name: str) -> dict[str, Any]:
    [found] = current_client().get("/traces", filter=f"name = '{name}'")["items"]
    return dict(found)


def test_a_trace_is_found_by_the_beginning_of_its_id() -> None:
    trace_id = trace("greeting")["trace_id"]
    assert trace_id in shown("traces", "show", trace_id[:8].upper())


def test_a_trace_is_deleted_by_the_whole_of_its_id_alone() -> None:
    begun = trace("greeting")["trace_id"][:8]
    error = run("delete", "--trace", begun).exception
    assert f"assay traces show {begun}" in str(getattr(error, "hint", ""))
    assert trace("greeting")


@pytest.mark.parametrize("given", ["ffffffff", "00", "' or 1 = 1 --"])
def test_what_no_id_begins_with_is_not_found(given: str) -> None:
    assert isinstance(run("traces", "show", given).exception, TraceNotFound)


@pytest.mark.parametrize("lists", ["traces", "sessions"])
def test_who_finds_nothing_is_told_in_which_project(lists: str) -> None:
    assert "in the project 'elsewhere'. For all projects: assay projects" in shown(
        lists, "list", "--project", "elsewhere"
    )


def test_an_id_that_is_not_found_is_told_with_the_project() -> None:
    missed = run("traces", "show", "ffffffff", "--project", "elsewhere").exception
    assert "in the project 'elsewhere'" in str(missed)


def test_an_error_is_told_once_where_it_came_from() -> None:
    told = shown("traces", "show", trace("question")["trace_id"])
    assert told.count("error: ValueError: boom") + told.count("error: boom") == 1


@pytest.mark.parametrize(("width", "arguments"), [(20, ["--io"]), (41, []), (80, ["--all"]), (200, ["--io"])])
def test_a_tree_fits_the_terminal_and_gives_it_no_orders(width: int, arguments: list[str]) -> None:
    told = shown("traces", "show", trace("question")["trace_id"], *arguments, width=width)
    assert max(cell_len(line) for line in told.splitlines()) <= max(width, 40)
    assert [char for char in told if char != "\n" and unicodedata.category(char) in ("Cc", "Cs")] == []
    assert "\u202e" not in told


def test_lists_give_the_terminal_no_orders() -> None:
    told = shown("traces", "list", width=200) + shown("sessions", "show", "s-1", "--io")
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_inputs_and_outputs_are_shown_when_asked_for() -> None:
    trace_id = trace("greeting")["trace_id"]
    assert "It is." not in shown("traces", "show", trace_id)
    assert "out: It is." in shown("traces", "show", trace_id, "--io")


def test_one_span_is_shown_by_the_beginning_of_its_id() -> None:
    found = json.loads(shown("traces", "show", trace("question")["trace_id"], "--json"))
    root = next(span for span in found["spans"] if span["parent_span_id"] is None)
    asked = ("traces", "show", found["trace_id"], "--span", root["span_id"][:6])
    assert json.loads(shown(*asked, "--json"))["span_id"] == root["span_id"]
    assert f"span {root['span_id']}" in shown(*asked)
    assert isinstance(run("traces", "show", found["trace_id"], "--span", "ffffffff").exception, NotFound)
    assert isinstance(run("traces", "show", trace("wide")["trace_id"], "--span", "").exception, NotFound)


def test_many_equal_spans_are_folded_into_one_line() -> None:
    told = shown("traces", "show", trace("wide")["trace_id"])
    assert len(told.splitlines()) < 15
    assert "997 \N{MULTIPLICATION SIGN} step" in told


def test_nothing_is_folded_when_all_is_asked_for() -> None:
    assert shown("traces", "show", trace("wide")["trace_id"], "--all").count("─ step") == 1000


def test_json_has_every_span() -> None:
    assert len(json.loads(shown("traces", "show", trace("wide")["trace_id"], "--json"))["spans"]) == 1001


def test_a_session_is_a_conversation() -> None:
    [listed] = json.loads(shown("sessions", "list", "--json"))
    assert (listed["session_id"], listed["trace_count"]) == ("s-1", 2)
    told = shown("sessions", "show", "s-1")
    assert told.index("Why?") < told.index("Is it well?") < told.index("It is.")
    assert len(json.loads(shown("sessions", "show", "s-1", "--json"))["traces"]) == 2
    assert isinstance(run("sessions", "show", "..").exception, NotFound)


def test_projects_are_listed_with_their_traces() -> None:
    found = {row["name"]: row for row in json.loads(shown("projects", "--json"))}
    assert found["look"]["traces"] >= 3
    assert "look" in shown("projects")


def test_several_traces_that_begin_alike_are_asked_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    two = {"items": [{"trace_id": "abc1"}, {"trace_id": "abc2"}]}
    monkeypatch.setattr("assay.client.Client.get", lambda *arguments, **params: two)
    assert isinstance(run("traces", "show", "abc").exception, ConfigurationError)
