"""docs/ci.md is true: its file, its test and its commands run as they stand."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import assay
from assay.cli import app
from assay.client import reset_client
from assay.collector.server import Server
from assay.settings import configure
from support.snippets import shell_lines, snippets

pytest_plugins = ["pytester"]
DOCUMENT = "docs/ci.md"
APP = """
import assay

def answer(number):
    return str(number)

@assay.scorer
def short(output):
    return len(output) < 4
"""


@pytest.fixture(autouse=True)
def _settings(collector: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    configure(endpoint=collector.url, project="ci", data_dir=tmp_path / ".assay", timeout_s=60.0)
    yield
    assay.shutdown()
    reset_client()


def test_the_commands_run_on_the_file_shown(tmp_path: Path) -> None:
    evals = tmp_path / "evals"
    evals.mkdir()
    [toml] = snippets(DOCUMENT, "toml")
    (evals / "qa.toml").write_text(toml.code, encoding="utf-8")
    (evals / "app.py").write_text(APP, encoding="utf-8")
    items = [{"input": {"number": n}, "expected": str(n)} for n in range(60)]
    (evals / "qa.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    for name in ("before", "after"):
        assay.evaluate([{"input": n, "output": n, "expected": n} for n in range(9)], scorers="exact_match", name=name)
    codes = {}
    for command in (line for line in shell_lines(DOCUMENT) if line.startswith("assay ")):
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exception is None or isinstance(done.exception, SystemExit), (command, done.exception)
        codes[command] = done.exit_code
    first, *others = codes.values()
    assert first == 100  # there is no experiment before the first to compare with
    assert others == [0] * len(others)
    assert (tmp_path / "report.xml").is_file()
    assert "there is no baseline yet" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_the_test_and_its_options_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeini("[pytest]\naddopts = -p assay.evaluation.pytest_plugin.plugin -p xdist\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # of others' plugins, which take seconds each time
    [snippet] = snippets(DOCUMENT)
    pytester.makepyfile(test_qa=snippet.code)
    for command in (line for line in shell_lines(DOCUMENT) if line.startswith("pytest ")):
        done = pytester.runpytest_inprocess("-q", *shlex.split(command)[1:])
        assert done.ret == 0, done.stdout.str()
