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
    assert ran("weights", "life", "control=1", "short=3")["phase"] == 2
    shown = run("show", "life").stdout
    assert "fine so far" in shown
    assert "short 0.75" in shown
    assert "life" in run("list").stdout
    stopped = run("stop", "life", "--promote", "short", "--reason", "it won").stdout
    assert "production of qa went from version None to 2" in stopped
    assert assay.load_prompt("qa", alias="production").version == 2
    assert [test["name"] for test in ran("list", "--status", "stopped")] == ["life"]


def test_metrics_and_weights_are_given_by_name() -> None:
    made = ran(
        *("create", "metrics", *ARMS, "--weight", "control=9", "--weight", "short=1", "--primary", "fast"),
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
