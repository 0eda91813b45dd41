"""`assay demo`, run as a newcomer runs it: in an empty directory, without a key. First in this process, where
everything is loaded already, then by its command over the same directory.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

import assay
from assay.demo.steps import Step
from assay.demo.tour import run
from assay.settings import reset_settings
from support.snippets import close_what_was_left_open

ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+\S*)")
TIMEOUT_S = 900  # of a whole demo on a very busy machine; a quiet one needs a fortieth of it


def environment() -> dict[str, str]:
    """Without keys and settings of the machine, so that the demo takes its own model and its own directory."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "OTEL_", "OPENAI_"))}


def command(*options: str) -> list[str]:
    return [str(Path(sys.executable).with_name("assay")), "demo", *options]


def held(directory: Path, **options: Any) -> str:
    """Run the demo here, with its data below `directory`; what it printed, also where it was interrupted."""
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        for name in set(os.environ) - set(environment()):
            patch.delenv(name)
        patch.setenv("ASSAY_TIMEOUT_S", "120")  # machines are slow at times
        reset_settings()
        try:
            run(data_dir=directory / ".assay", port=0, **options)
        except KeyboardInterrupt:
            printed.write("interrupted")
        finally:
            assay.autolog(disable=True)
            close_what_was_left_open()
    return printed.getvalue()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def printed(directory: Path) -> str:
    """What the demo printed; its data are in `directory`."""
    return held(directory, exit=True)


@pytest.fixture
def database(printed: str, directory: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file as `duckdb .assay/assay.duckdb` opens it; closed after each test, or no collector could open it."""
    with duckdb.connect(directory / ".assay" / "assay.duckdb", read_only=True) as connection:
        yield connection


def rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return database.execute(sql).fetchall()


def until(text: str, lines: Iterable[str]) -> Iterator[str]:
    """The lines up to the one that holds the text, or up to the end if none does."""
    for line in lines:
        yield line
        if text in line:
            return


def test_it_says_that_the_answers_come_from_a_stand_in(printed: str) -> None:
    assert "stand-in" in printed
    assert "OPENAI_API_KEY" in printed


def test_it_reports_both_versions_with_intervals_a_verdict_and_a_decision(printed: str) -> None:
    (line,) = [line for line in printed.splitlines() if line.strip().startswith("correctness  0")]
    assert len(re.findall(r"\[[-+]?\d\.\d\d, [-+]?\d\.\d\d\]", line)) == 3
    assert "Improved by" in printed
    assert "production moves to version 2" in printed


def test_addresses_are_whole_in_a_narrow_terminal(printed: str) -> None:
    assert re.search(r"/evals/compare\?base=[0-9a-f]{32}&with=[0-9a-f]{32}$", printed, re.MULTILINE)


def test_it_leaves_traces_of_sessions_users_and_tools(database: duckdb.DuckDBPyConnection) -> None:
    ((count, sessions, users),) = rows(
        database,
        "select count(*), count(distinct session_id), count(distinct user_id) from traces where project = 'demo'",
    )
    assert count >= 40
    assert (sessions, users) == (7, 7)
    kinds = {kind for (kind,) in rows(database, "select distinct kind from spans")}
    assert {"agent", "retriever", "tool", "llm", "evaluator"} <= kinds


def test_one_request_failed_and_one_tool_call(database: duckdb.DuckDBPyConnection) -> None:
    failed = rows(
        database, "select session_id, status from traces where name = 'chat-request' and error_count > 0 order by 1"
    )
    assert failed == [("session-4", "unset"), ("session-7", "error")]


def test_it_leaves_two_prompt_versions_with_commit_messages(database: duckdb.DuckDBPyConnection) -> None:
    versions = rows(database, "select name, version, length(commit_message) > 20 from prompt_versions order by all")
    assert [version for version in versions if not version[0].startswith("judges/")] == [
        ("support-answer", 1, True),
        ("support-answer", 2, True),
    ]


def test_model_calls_are_linked_to_the_prompt_version_they_used(database: duckdb.DuckDBPyConnection) -> None:
    linked = rows(
        database,
        "select distinct prompt_name, prompt_version from spans where kind = 'llm' and prompt_name > '' order by all",
    )
    assert linked == [("judges/correctness", 1), ("support-answer", 1), ("support-answer", 2)]


def test_it_leaves_two_experiments_and_their_comparison(database: duckdb.DuckDBPyConnection) -> None:
    experiments = rows(database, "select name, status from experiments order by name")
    assert experiments == [("support-answer v1", "completed"), ("support-answer v2", "completed")]
    assert rows(database, "select count(*) from comparisons") == [(1,)]


def test_it_leaves_what_users_said(database: duckdb.DuckDBPyConnection) -> None:
    said = rows(database, "select value::varchar, count(*) from scores where source = 'user' group by 1 order by 1")
    assert said == [("false", 2), ("true", 3)]


def test_run_again_it_serves_its_pages_until_it_is_interrupted(printed: str, directory: Path) -> None:
    process = subprocess.Popen(
        command("--port", "0"),
        cwd=directory,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    too_late = threading.Timer(TIMEOUT_S, process.kill)
    too_late.start()
    with process:
        try:
            assert process.stdout
            output = "".join(until("Press Ctrl-C", process.stdout))
            addresses = ADDRESS.findall(output)
            assert len(addresses) >= 5, output
            answers = {
                url: httpx.get(url, trust_env=False, follow_redirects=True, timeout=60).status_code for url in addresses
            }
            assert set(answers.values()) == {200}, answers
            process.send_signal(signal.SIGINT)
            assert process.stdout.read() == ""
            assert process.wait() == 0
        finally:
            too_late.cancel()
            process.kill()
    with duckdb.connect(directory / ".assay" / "assay.duckdb", read_only=True) as connection:
        assert rows(connection, "select count(*) from experiments") == [(4,)]
        assert rows(connection, "select count(*) from prompt_versions") == [(3,)]  # two, and that of the judge


def test_interrupted_half_way_it_ends_and_evaluates_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed = iter([signal.SIGINT])  # once: whoever presses Ctrl-C again does not wait for the end
    monkeypatch.setattr(Step, "row", lambda *_: [os.kill(os.getpid(), number) for number in pressed])
    output = held(tmp_path, exit=True)
    assert "answered by version 1" in output
    assert output.endswith("interrupted")
    assert "version 2" not in output
    with duckdb.connect(tmp_path / ".assay" / "assay.duckdb", read_only=True) as connection:
        assert rows(connection, "select name, status from experiments") == [("support-answer v1", "interrupted")]
