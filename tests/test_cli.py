"""The `assay` command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import assay
from assay.cli import app
from assay.collector.server import Server
from support.otlp import one_span

runner = CliRunner()


def test_every_command_says_what_it_does() -> None:
    groups = [app, *(group.typer_instance for group in app.registered_groups)]
    commands = [command for group in groups if group for command in group.registered_commands]
    assert [command.name for command in commands if not (command.callback and command.callback.__doc__)] == []


def test_settings_are_listed_with_their_variables() -> None:
    assert "ASSAY_GATEWAY_URL" in runner.invoke(app, ["settings", "--json"]).stdout


def test_traces_are_listed_and_shown(collector: Server) -> None:
    collector.service.ingest(one_span("checkout", {"input.value": "x [red]y"}, service__name="test")).result()
    [trace] = json.loads(runner.invoke(app, ["traces", "list", "--json"]).stdout)
    assert trace["name"] == "checkout"
    assert "x [red]y" in runner.invoke(app, ["traces", "list"], terminal_width=250).stdout
    assert "checkout" in runner.invoke(app, ["traces", "show", trace["trace_id"]]).stdout
    none = runner.invoke(app, ["traces", "list", "--filter", "status = 'error'"])
    assert none.stdout.strip() == "Nothing here yet."


def test_prompts_are_listed_with_their_reasons(collector: Server) -> None:
    assay.register_prompt("team/qa", template="{{q}}", commit_message="because")
    assay.set_prompt_alias("team/qa", "production", 1)
    [prompt] = json.loads(runner.invoke(app, ["prompts", "list", "--json"]).stdout)
    assert (prompt["name"], prompt["aliases"]) == ("team/qa", {"production": 1})
    assert "because" in runner.invoke(app, ["prompts", "show", "team/qa"]).stdout


def test_a_key_is_printed_once(collector: Server) -> None:
    key = runner.invoke(app, ["keys", "create", "ci", "--scope", "read"]).stdout.strip()
    assert key.startswith("assay_")
    assert key not in runner.invoke(app, ["keys", "list", "--json"]).stdout


@pytest.mark.parametrize(
    "arguments", [["prompts", "show", "nope"], ["traces", "show", "0" * 32], ["traces", "list", "--filter", "nope = 1"]]
)
def test_an_error_is_one_line_and_status_1(collector: Server, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "assay", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"ASSAY_ENDPOINT": collector.url, "ASSAY_PROJECT": "test", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
