"""The README is true: every snippet runs as it stands, every command and file it names exists."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from typer.testing import CliRunner

import assay
from assay.cli import app
from assay.collector.server import Server
from assay.demo.stand_in import StandIn
from support.snippets import ROOT, close_what_was_left_open, run_apart, shell_lines, snippets

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = snippets("README.md")
SHELL = shell_lines("README.md")


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """Address of a model that answers for the one of the README."""
    with StandIn(aliases=["gpt-4o-mini"]) as model:
        yield model.url


def environment_of(directory: Path, model: str) -> dict[str, str]:
    """A directory of its own, and a model where the OpenAI client and the judges look for it."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(directory),
        "OPENAI_API_KEY": "none-needed",
        "OPENAI_BASE_URL": model,
        "ASSAY_GATEWAY_URL": model,
        "ASSAY_TIMEOUT_S": "120",  # machines are slow at times
    }


@pytest.fixture
def environment(tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables of the programs a test starts, and of this process meanwhile."""
    variables = environment_of(tmp_path, model)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture(scope="module")
def traced(model: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the first snippet ran as a program of its own with nothing started, and what it printed."""
    directory = tmp_path_factory.mktemp("readme")
    return directory, PYTHON[0].run_apart(environment_of(directory, model), directory)


def rows_in(directory: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(directory / ".assay" / "assay.duckdb"), read_only=True) as db:
        return db.execute(query).fetchall()


def test_the_first_snippet_is_a_program_that_leaves_its_data(traced: tuple[Path, str]) -> None:
    directory, printed = traced
    assert printed.strip()
    assert rows_in(directory, "SELECT name, session_id, user_id FROM traces") == [("answer", "s1", "u7")]


@pytest.mark.parametrize("number", range(1, len(PYTHON)))
@pytest.mark.usefixtures("environment")
def test_every_snippet_runs_with_nothing_started_and_leaves_its_data(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        PYTHON[number].run_here()
    finally:
        assay.shutdown()
        close_what_was_left_open()
    assert capsys.readouterr().out.strip()
    [(traces, prompts)] = rows_in(
        tmp_path, "SELECT (SELECT count(*) FROM traces), (SELECT count(*) FROM prompt_versions)"
    )
    assert traces + prompts > 0


def test_the_snippets_are_the_ones_the_sections_promise() -> None:
    assert len(PYTHON) == 5
    for name in ("assay.trace", "register_prompt", "assay.evaluate", ".compare(", "create_ab_test"):
        assert name in README


@pytest.mark.parametrize("command", [line for line in SHELL if line.startswith("make ")])
def test_every_make_command_is_there(command: str) -> None:
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("command", [line for line in SHELL if line.startswith("assay ")])
def test_every_assay_command_is_there(command: str) -> None:
    words = shlex.split(command)[1:]
    found = {entry.name or entry.callback.__name__ for entry in app.registered_commands if entry.callback}
    found |= {str(group.name) for group in app.registered_groups}
    assert words[0] in found


def run_here(command: str) -> str:
    """Run an `assay` command in this process; what it prints."""
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.usefixtures("environment")
def test_a_key_is_made_as_shown() -> None:
    [command] = [line for line in SHELL if line.startswith("assay keys")]
    assert run_here(command).startswith("assay_")


def test_a_service_sends_its_spans_as_shown(collector: Server, environment: dict[str, str], tmp_path: Path) -> None:
    [command] = [line for line in SHELL if line.startswith("OTEL_")]
    *variables, _, _ = shlex.split(command)
    shown = dict(variable.split("=", 1) for variable in variables)
    assert shown["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    shown["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
    run_apart([sys.executable, str(ROOT / "examples" / "otel_service.py")], {**environment, **shown}, tmp_path)
    [span] = httpx.get(f"{collector.url}/api/v1/spans", trust_env=False, timeout=60).json()["items"]
    found = (span["project"], span["kind"], span["request_model"], span["total_tokens"])
    assert found == ("checkout", "llm", "gpt-4o-mini", 138)


def test_the_data_is_read_asked_taken_along_and_deleted_as_shown(
    traced: tuple[Path, str], environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(traced[0], tmp_path, dirs_exist_ok=True)
    [command] = [line for line in SHELL if line.startswith("duckdb ")]
    _, file, query = shlex.split(command)
    assert file == ".assay/assay.duckdb"
    assert rows_in(tmp_path, query)[0][:2] == ("answer", 1)
    about = ("sql", "export", "import", "backup", "retention", "delete")
    sql, *others = [line for line in SHELL if line.startswith(tuple(f"assay {name} " for name in about))]
    assert [command.split()[1] for command in (sql, *others)] == list(about)
    assert "answer" in run_apart(shlex.split(sql), environment, tmp_path)
    try:
        for command in others:
            run_here(command)
    finally:
        assay.shutdown()
    assert (tmp_path / "my-traces").is_dir()
    assert (tmp_path / "my-backup").is_dir()
    assert rows_in(tmp_path, query) == []


@pytest.mark.usefixtures("environment")
def test_the_gateway_variables_are_settings() -> None:
    names = [line.removeprefix("export ").partition("=")[0] for line in SHELL if line.startswith("export ")]
    listed = run_here("assay settings --json")
    assert [name for name in names if f'"{name}"' not in listed] == []


def test_every_command_shown_is_tried_by_a_test() -> None:
    tried = ("make ", "assay ", "OTEL_", "duckdb ", "export ")
    assert [line for line in SHELL if line and not line.startswith(tried)] == []


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!http)[^)]+)\)", README))
def test_every_file_linked_is_there(path: str) -> None:
    assert (ROOT / path).is_file()
