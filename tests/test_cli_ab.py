"""`assay ab`: a test from its first to its last day, from a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import assay
from assay.cli import app
from assay.client import reset_client
from assay.collector.server import Server
from assay.errors import ConfigurationError as Wrong
from assay.errors import Conflict, InvalidRequest
from assay.prompts.registry import user_name
from assay.settings import configure

ARMS = ["--arm", "control=prompts:/qa/1", "--arm", "short=prompts:/qa/2"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(data_dir=tmp_path_factory.mktemp("cli_ab") / ".assay")
    started.start()
    for template in ("one", "two"):
        started.service.registry.prompts.register("test", "qa", template, "next")
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _settings(server: Server) -> Iterator[None]:
    configure(endpoint=server.url, project="test", timeout_s=60.0)
    yield
    reset_client()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["ab", *arguments], env={"COLUMNS": "200"})


def ran(*arguments: str) -> Any:
    """What a command that prints JSON printed."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_test_is_made_ramped_weighed_shown_and_stopped() -> None:
    made = ran("create", "life", *ARMS, "--primary", "scores.helpful", "--guardrail", "cost_usd <= +10%")
    assert (made["guardrails"], made["weights"]["short"]) == ({"cost_usd": "<= +10%"}, 0.5)
    assert ran("ramp", "life", "0.5", "--reason", "fine so far")["coverage"] == 0.5
    assert ran("weights", "life", "control=0.25", "short=0.75")["phase"] == 2
    shown = run("show", "life").stdout
    assert "fine so far" in shown
    assert "short 0.75" in shown
    assert "life" in run("list").stdout
    stopped = run("stop", "life", "--promote", "short", "--reason", "it won").stdout
    assert "production of qa is new, at version 2." in stopped
    assert assay.load_prompt("qa", alias="production").version == 2
    assert [test["name"] for test in ran("list", "--status", "stopped")] == ["life"]


def test_metrics_and_weights_are_given_by_name() -> None:
    made = ran(
        *("create", "metrics", *ARMS, "--weight", "control=0.9", "--weight", "short=0.1", "--primary", "fast"),
        *("--metric", "fast=duration_ms < 2000", "--unit", "session_id", "--coverage", "0.25"),
    )
    assert made["metrics"]["fast"]["of"] == "duration_ms < 2000"
    assert (made["weights"], made["unit"], made["coverage"]) == ({"control": 0.9, "short": 0.1}, "session_id", 0.25)


def test_everything_there_is_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "test.json"
    arms = {"a": "prompts:/qa/1", "b": "prompts:/qa/2"}
    file.write_text(json.dumps({"arms": arms, "primary": "error_rate", "min_days": 0, "unit": "trace_id"}))
    made = ran("create", "from-file", "--file", str(file))
    assert (made["min_days"], made["unit"], made["order"]) == (0, "trace_id", ["a", "b"])
    over = ran("create", "over-file", "--file", str(file), "--coverage", "0.1", "--unit", "session_id")
    assert (over["coverage"], over["unit"], over["min_days"]) == (0.1, "session_id", 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("[1", "is no JSON"), ("[]", "holds no JSON object"), ("\ud800", "is no JSON")],
)
def test_a_file_that_declares_nothing_is_told(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "test.json"
    if content is not None:
        file.write_text(content, encoding="utf-8", errors="surrogatepass")
    done = run("create", "bad-file", "--file", str(file))
    assert isinstance(done.exception, Wrong)
    assert words in done.exception.message


def test_who_decided_is_written_down_and_shown() -> None:
    ran("create", "authors", *ARMS, "--primary", "scores.helpful")
    ran("ramp", "authors", "0.5")
    ran("weights", "authors", "control=0.1", "short=0.9")
    decisions = ran("stop", "authors", "--alias", "")["decisions"]
    assert [each["author"] for each in decisions] == [user_name()] * 4
    narrow = CliRunner().invoke(app, ["ab", "show", "authors"], env={"COLUMNS": "80"}).stdout
    assert "author" in narrow.split("\n\n")[-1]


def test_an_alias_that_is_there_already_is_said_to_be() -> None:
    assay.set_prompt_alias("qa", "there", 2)
    ran("create", "there", *ARMS, "--primary", "scores.helpful")
    stopped = run("stop", "there", "--promote", "short", "--alias", "there").stdout
    assert "there of qa was at version 2 already." in stopped


def test_a_unit_is_placed() -> None:
    ran("create", "placed", *ARMS, "--primary", "scores.helpful", "--coverage", "0")
    assert run("assign", "placed", "ada").stdout.strip() == "control (not in the test): prompts:/qa/1"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["create", "x", *ARMS], Wrong, id="no-primary"),
        pytest.param(["create", "x", "--arm", "control", "--primary", "error_rate"], Wrong, id="no-equals"),
        pytest.param(["create", "x", *ARMS, "--primary", "e", "--guardrail", "cheap"], Wrong, id="guardrail"),
        pytest.param(["create", "x", *ARMS, "--primary", "nonsense("], InvalidRequest, id="metric"),
        pytest.param(["report", "x", "--expect", "shipped"], Wrong, id="no-state"),
        pytest.param(["weights", "placed", "control=many"], Wrong, id="no-number"),
        pytest.param(["weights", "placed", "control=nan", "short=1"], Wrong, id="nan"),
        pytest.param(["weights", "placed", "control=1", "short=inf"], Wrong, id="infinite"),
        pytest.param(["weights", "placed", "control=.5", "control=.2", "short=.5"], Wrong, id="twice"),
        pytest.param(["ramp", "placed", "nan"], Wrong, id="ramp-nan"),
        pytest.param(["create", "x", *ARMS, "--primary", "error_rate", "--coverage", "inf"], Wrong, id="coverage"),
        pytest.param(["create", "x", *ARMS, ARMS[0], "control=prompts:/qa/2"], Wrong, id="arm-twice"),
        pytest.param(["list", "--status", "foo"], Wrong, id="status"),
        pytest.param(["show", ".."], Wrong, id="dots"),
    ],
)
def test_what_is_asked_wrongly_is_told(arguments: list[str], error: type[Exception]) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, error), done.output


def test_a_test_is_stopped_once() -> None:
    ran("create", "once", *ARMS, "--primary", "scores.helpful")
    ran("stop", "once", "--alias", "")
    assert ran("stop", "once", "--alias", "")["status"] == "stopped"
    assert isinstance(run("stop", "once", "--promote", "short").exception, Conflict)
