"""What is true of every command: it says what it does, shows an example that can be typed, and speaks JSON."""

from __future__ import annotations

import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from assay.cli import SECTIONS, app
from assay.command.ab import STATES
from assay.command.document import cli_markdown, commands, examples
from assay.evaluation.ab.report import DecisionState

COMMANDS = dict(commands(app))


@cache
def root() -> Any:
    return get_command(app)


SPEAK_NO_JSON = {"assay serve", "assay demo", "assay mcp"}  # they run until they are ended
ROOT = Path(__file__).parents[2]
runner = CliRunner()


def test_every_command_has_an_example_that_it_understands() -> None:
    wrong = {}
    for name, command in COMMANDS.items():
        for line in examples(command):
            words = shlex.split(line.partition(" < ")[0])
            try:
                _read(words[1:])
            except Exception as error:  # whatever the parser raises, it is the finding
                wrong[line] = repr(error)
        if not any(line.startswith(name) for line in examples(command)):
            wrong[name] = "no example"
    assert wrong == {}


def _read(words: list[str]) -> None:
    """Parse a command line as far as the command's own options, without running anything."""
    command: Any = root()
    context = None
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, words, parent=context)


def test_every_parameter_says_what_it_is() -> None:
    silent = [
        f"{name} {parameter.name}"
        for name, command in COMMANDS.items()
        for parameter in command.params
        if parameter.name != "help" and not getattr(parameter, "help", None)
    ]
    assert silent == []


def test_every_command_speaks_json() -> None:
    assert {name for name, command in COMMANDS.items() if not _has(command, "--json")} == SPEAK_NO_JSON


def test_whoever_asks_a_collector_can_say_which_directory_it_serves() -> None:
    assert [name for name, command in COMMANDS.items() if not _has(command, "--data-dir")] == ["assay settings"]


def _has(command: Any, option: str) -> bool:
    return any(option in parameter.opts for parameter in command.params)


def test_the_help_lists_every_command_under_a_heading() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    tree: Any = root()
    assert sorted(listed) == sorted(tree.commands)
    shown = runner.invoke(app, ["--help"]).stdout
    assert [heading for heading in SECTIONS if f"{heading}:" not in shown] == []


def test_what_stands_in_brackets_is_in_the_help() -> None:
    assert "[default: ASSAY_PROJECT" in runner.invoke(app, ["traces", "list", "--help"]).stdout


def test_the_document_is_made_of_the_commands() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == cli_markdown(app, SECTIONS), "docs/cli.md is out of date: run `make docs`"


def test_the_states_of_a_test_are_those_of_its_report() -> None:
    assert set(STATES) == set(get_args(DecisionState))


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom assay.cli import app\n"
        "try:\n    app(['traces', 'list', '--help'])\nexcept SystemExit:\n    print(*sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"duckdb", "pandas", "numpy", "litellm", "mcp", "rich", "pydantic_settings", "httpx", "jinja2"}
    assert set(printed.split()) & heavy == set()


@pytest.mark.parametrize("arguments", [["traces", "list", "--nope"], ["nope"], ["traces", "show"]])
def test_what_is_asked_wrongly_ends_with_2(arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2
