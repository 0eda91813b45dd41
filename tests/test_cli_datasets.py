"""`assay datasets`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import assay
from assay.cli import app
from support.shared_collector import project, running_collector

__all__ = ["project", "running_collector"]

pytestmark = pytest.mark.usefixtures("project")

ROWS: list[dict[str, Any]] = [{"id": f"i{n}", "input": f"question {n}", "expected": "yes"} for n in range(10)]


def run(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(app, ["datasets", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == status, (result.output, result.exception)
    return result


def as_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def write(rows: list[dict[str, Any]], name: str = "d.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


def test_a_file_is_pushed_listed_shown_and_pulled_again() -> None:
    assert run("list").stdout.strip() == "Nothing here yet."
    pushed = as_json("push", "qa", write(ROWS), "--split", "train=0.5,test=0.5", "-m", "first")
    assert (pushed["version"], pushed["items"], pushed["splits"]) == (1, 10, {"train": 5, "test": 5})
    assert as_json("push", "qa", write(ROWS[::-1]))["version"] == 1
    assert [row["name"] for row in as_json("list", "--filter", "Q")] == ["qa"]
    assert "first" in run("show", "qa").stdout
    assert len(as_json("show", "qa:test", "--items", "3")["items"]) == 3
    assert as_json("pull", "qa@1:test", "out.jsonl")["items"] == 5
    assert as_json("push", "copy", "out.jsonl")["hash"] == assay.load_dataset("qa:test").hash


def test_a_file_that_is_there_is_not_written_over() -> None:
    assay.register_dataset("qa", ROWS)
    write([], "out.jsonl")
    assert "--force" in str(run("pull", "qa", "out.jsonl", status=1).exception)
    assert run("pull", "qa", "out.jsonl", "--force").stdout.startswith("10 items of qa@1 are in out.jsonl")


def test_a_difference_is_shown_and_told_to_scripts() -> None:
    assay.register_dataset("qa", ROWS)
    assay.register_dataset("qa", [{**ROWS[0], "expected": "no\x1b[31m"}, *ROWS[1:9], {"id": "new", "input": "x"}])
    shown = run("diff", "qa@1").stdout
    assert shown.splitlines()[0] == "qa@1 -> qa@2: 1 added, 1 removed, 1 changed, 8 unchanged"
    assert "\x1b" not in shown
    assert as_json("diff", "qa@1", "qa@2")["changed"][0]["id"] == "i0"
    run("diff", "qa@1", "qa@2", "--exit-code", status=1)
    run("diff", "qa@1", write(ROWS), "--exit-code")


def test_a_version_is_split_once() -> None:
    assay.register_dataset("qa", ROWS)
    assert as_json("split", "qa", "train=0.8", "test=0.2", "--seed", "3")["splits"] == {"train": 8, "test": 2}
    assert "split otherwise" in str(run("split", "qa", "a=0.5", "b=0.5", status=1).exception)
    run("split", "qa", "a=0.5", "b=0.5", "--replace")


def test_a_schema_is_checked_and_kept() -> None:
    Path("schema.json").write_text('{"input": {"type": "string"}}')
    run("push", "qa", write(ROWS), "--schema", "schema.json")
    bad = write([*ROWS, {"id": "x", "input": 3}])
    assert "d.jsonl, line 11: input: 3 is not of type 'string'" in str(run("push", "qa", bad, status=1).exception)
    assert as_json("push", "qa", bad, "--schema", "none")["version"] == 2


def test_traces_become_a_data_set() -> None:
    @assay.trace
    def answer(question: str) -> str:
        return question.upper()

    for question in "aba":
        answer(question)
    assay.flush()
    made = as_json("from-traces", "asked", "--filter", "status != 'error'", "--expected", "output")
    assert (made["items"], made["notes"]) == (2, ["1 traces repeat the input of another and were left out"])
    assert "trace_id" in as_json("show", "asked")["items"][0]["metadata"]


def test_what_comes_with_assay_is_listed_and_copied() -> None:
    assert "builtin:support-qa" in [row["name"] for row in as_json("list", "--builtin")]
    assert as_json("push", "mine", "builtin:support-topics")["items"] == 42
    assert run("show", "builtin:support-topics", "--items", "1").stdout.startswith("support-topics: 42 items")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "nothing"), "has no data set 'nothing'"),
        (("push", "qa", "nowhere.jsonl"), "There is no file nowhere.jsonl"),
        (("split", "qa", "train"), "'train' is no share of a split"),
        (("split", "qa", "train=x"), "'train=x' is no share of a split"),
        (("from-traces", "qa", "--filter", "name = 'x'"), "No item can be made of 0 traces"),
    ],
)
def test_what_cannot_be_done_ends_with_an_error(arguments: tuple[str, ...], message: str) -> None:
    assert message in str(run(*arguments, status=1).exception)
