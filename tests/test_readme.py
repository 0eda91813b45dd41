"""The README is true: every snippet runs as it stands, every command and file it names exists."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest

from assay.cli import app
from assay.collector.server import Server
from assay.demo.stand_in import StandIn
from support.snippets import ROOT, run_apart, shell_lines, snippets

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = snippets("README.md")
SHELL = shell_lines("README.md")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A directory of its own, and a model where the OpenAI client and the judges look for it."""
    with StandIn(aliases=["gpt-4o-mini"]) as model:
        yield {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "OPENAI_API_KEY": "none-needed",
            "OPENAI_BASE_URL": model.url,
            "ASSAY_GATEWAY_URL": model.url,
        }


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_every_snippet_runs_with_nothing_started_and_leaves_its_data(
    number: int, environment: dict[str, str], tmp_path: Path
) -> None:
    printed = PYTHON[number].run_apart(environment, tmp_path)
    assert printed.strip()
    with duckdb.connect(str(tmp_path / ".assay" / "assay.duckdb"), read_only=True) as db:
        [(traces, prompts)] = db.execute(
            "SELECT (SELECT count(*) FROM traces), (SELECT count(*) FROM prompt_versions)"
        ).fetchall()
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


def test_a_key_is_made_as_shown(environment: dict[str, str], tmp_path: Path) -> None:
    [command] = [line for line in SHELL if line.startswith("assay keys")]
    assert run_apart(shlex.split(command), environment, tmp_path).startswith("assay_")


def test_a_service_sends_its_spans_as_shown(collector: Server, environment: dict[str, str], tmp_path: Path) -> None:
    [command] = [line for line in SHELL if line.startswith("OTEL_")]
    *variables, _, _ = shlex.split(command)
    shown = dict(variable.split("=", 1) for variable in variables)
    assert shown["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    shown["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
    run_apart([sys.executable, str(ROOT / "examples" / "otel_service.py")], {**environment, **shown}, tmp_path)
    [span] = httpx.get(f"{collector.url}/api/v1/spans", trust_env=False, timeout=60).json()["items"]
    assert (span["project"], span["kind"], span["total_tokens"]) == ("checkout", "llm", 138)


def test_the_data_is_read_asked_taken_along_and_deleted_as_shown(environment: dict[str, str], tmp_path: Path) -> None:
    PYTHON[0].run_apart(environment, tmp_path)
    [command] = [line for line in SHELL if line.startswith("duckdb ")]
    _, file, query = shlex.split(command)
    with duckdb.connect(str(tmp_path / file), read_only=True) as db:
        assert db.execute(query).fetchall()[0][:2] == ("answer", 1)
    about = ("sql", "export", "import", "backup", "retention", "delete")
    commands = [line for line in SHELL if line.startswith(tuple(f"assay {name} " for name in about))]
    assert len(commands) == len(about)
    said = {command.split()[1]: run_apart(shlex.split(command), environment, tmp_path) for command in commands}
    assert "answer" in said["sql"]
    assert (tmp_path / "my-traces").is_dir()
    assert (tmp_path / "my-backup").is_dir()


def test_the_gateway_variables_are_settings(environment: dict[str, str], tmp_path: Path) -> None:
    names = [line.removeprefix("export ").partition("=")[0] for line in SHELL if line.startswith("export ")]
    listed = run_apart(["assay", "settings", "--json"], environment, tmp_path)
    assert [name for name in names if f'"{name}"' not in listed] == []


def test_every_command_shown_is_tried_by_a_test() -> None:
    tried = ("make ", "assay ", "OTEL_", "duckdb ", "export ")
    assert [line for line in SHELL if line and not line.startswith(tried)] == []


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!http)[^)]+)\)", README))
def test_every_file_linked_is_there(path: str) -> None:
    assert (ROOT / path).is_file()
