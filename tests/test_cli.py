"""The `assay` command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import assay
from assay.cli import app, main
from assay.collector.server import Server
from assay.command import columns
from assay.errors import AssayError
from assay.settings import current_settings
from support.otlp import one_span
from support.shared_collector import project, running_collector

__all__ = ["project", "running_collector"]

runner = CliRunner()


@pytest.fixture
def collector(running_collector: Server, project: str) -> Server:
    """One for all of them, each with a project of its own."""
    return running_collector


def test_every_command_says_what_it_does() -> None:
    groups = [app, *(group.typer_instance for group in app.registered_groups)]
    commands = [command for group in groups if group for command in group.registered_commands]
    assert [command.name for command in commands if not (command.callback and command.callback.__doc__)] == []


def test_settings_are_listed_with_their_variables() -> None:
    assert "ASSAY_GATEWAY_URL" in runner.invoke(app, ["settings", "--json"]).stdout


def test_traces_are_listed_and_shown(collector: Server) -> None:
    collector.service.ingest(
        one_span("checkout", {"input.value": "x [red]y"}, service__name=current_settings().project)
    ).result()
    [trace] = json.loads(runner.invoke(app, ["traces", "list", "--json"]).stdout)
    assert trace["name"] == "checkout"
    assert "x [red]y" in runner.invoke(app, ["traces", "list"], env={"COLUMNS": "250"}).stdout
    assert "checkout" in runner.invoke(app, ["traces", "show", trace["trace_id"]]).stdout
    none = runner.invoke(app, ["traces", "list", "--filter", "status = 'error'"])
    assert none.stdout.strip() == "Nothing matches."


def test_a_key_is_printed_once(collector: Server) -> None:
    key = runner.invoke(app, ["keys", "create", "ci", "--scope", "read"]).stdout.strip()
    assert key.startswith("assay_")
    assert key not in runner.invoke(app, ["keys", "list", "--json"]).stdout


@pytest.mark.parametrize(
    "arguments",
    [["prompts", "show", "nope"], ["traces", "list", "--filter", "nope = 1"], ["export", "x", "--project", "nope"]]
    + [
        ["traces", "show", given, *rest] for given in ("0" * 32, "nope", "a/b?c#[d]", "..") for rest in ([], ["--json"])
    ],
)
@pytest.mark.usefixtures("collector")
def test_an_error_is_one_line_and_status_1(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = error_of(arguments, monkeypatch, capsys)
    assert said.count("\n") == 1
    if arguments[:2] == ["traces", "show"]:
        assert f"There is no trace {arguments[2]!r}." in said


def error_of(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that ends with status 1."""
    monkeypatch.setattr("sys.argv", ["assay", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert (ended.value.code, said[:7]) == (1, "error: ")
    return said


def test_an_error_is_one_line_and_status_1_in_a_process_too(collector: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "assay", "prompts", "show", "nope"],
        capture_output=True,
        text=True,
        check=False,
        env={"ASSAY_ENDPOINT": collector.url, "ASSAY_PROJECT": "test", "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr[:7], done.stderr.count("\n")) == (1, "error: ", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        *(["traces", "list"], ["traces", "show", "0" * 32], ["prompts", "list"], ["keys", "list"], ["audit"]),
        *(["sql", "SELECT 1"], ["export", "x"], ["backup", "x"], ["delete", "--user", "u"], ["compact"]),
        *(["retention"], ["reprice"]),
    ],
    ids=" ".join,
)
def test_where_there_is_no_store_a_command_says_so_and_makes_none(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = error_of(arguments, monkeypatch, capsys)
    assert f"There is no store in {tmp_path / '.assay'}." in said
    assert "assay serve --data-dir" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("arguments", [["retention", "3", "--project", "typo"], ["reprice", "--project", "typo"]])
def test_a_project_that_does_not_exist_is_told(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "There is no project 'typo'." in error_of(arguments, monkeypatch, capsys)


def test_a_place_that_cannot_be_written_is_one_line(
    collector: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("sys.argv", ["assay", "backup", str(tmp_path / "file" / "copy")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'file'}")


def test_a_hint_follows_the_end_of_a_sentence() -> None:
    assert str(AssayError("no such thing", hint="Look elsewhere.")) == "no such thing. Look elsewhere."


def test_the_version_is_told() -> None:
    assert runner.invoke(app, ["--version"]).stdout == f"assay {assay.__version__}\n"


LONG = "What does the [red]pump[/red] need, and " + "why " * 200


def table(arguments: list[str], width: int) -> list[str]:
    """The lines of a table, each of which fits."""
    shown = runner.invoke(app, arguments, env={"COLUMNS": str(width)}).stdout.splitlines()
    assert max(map(len, shown)) <= width
    return shown


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (80, "start_time trace_id name status"),
        (100, "start_time trace_id name status input"),
        (140, "start_time trace_id name status duration spans tokens cost input"),
        (200, "start_time trace_id name status duration spans tokens cost input"),
    ],
)
def test_a_trace_is_one_line_at_every_width(collector: Server, width: int, columns: str) -> None:
    span = one_span("a-long-name-of-a-span", {"input.value": LONG}, service__name=current_settings().project)
    collector.service.ingest(span).result()
    [trace] = json.loads(runner.invoke(app, ["traces", "list", "--json"]).stdout)
    header, line = table(["traces", "list"], width)
    assert header.replace(" UTC", "").split() == columns.split()
    assert line.startswith(f"{trace['start_time'][:19].replace('T', ' ')}  {trace['trace_id']}  a-long-name")
    assert trace["status"] in line
    if "input" in columns:
        assert "What does the [re" in line
        assert line.endswith("…")
    if "duration" in columns:
        assert line[: header.index("duration") + len("duration")].endswith("s")
        assert line[: header.index("spans") + len("spans")].endswith(" 1")


def test_an_id_is_whole_where_it_does_not_fit(collector: Server) -> None:
    collector.service.ingest(one_span("checkout", {}, service__name=current_settings().project)).result()
    [trace] = json.loads(runner.invoke(app, ["traces", "list", "--json"]).stdout)
    assert trace["trace_id"] in runner.invoke(app, ["traces", "list"], env={"COLUMNS": "40"}).stdout


@pytest.mark.parametrize("width", [80, 140])
def test_a_prompt_is_one_line_at_every_width(collector: Server, width: int) -> None:
    assay.register_prompt("team/support-answer", template="{{question}}", commit_message=LONG)
    assay.set_prompt_alias("team/support-answer", "production", 1)
    for arguments in (["prompts", "list"], ["prompts", "history", "team/support-answer"]):
        header, line = table(arguments, width)
        assert "What does the [re" in line
        assert "production" in line
        assert "…" in line
        assert ("team/support-answer" in line) == (arguments[1] == "list")
        for title in header.replace(" UTC", "").split():
            assert line[header.index(title) : header.index(title) + len(title)].strip()


@pytest.mark.parametrize("width", [80, 140])
def test_settings_wrap_between_words(width: int) -> None:
    shown = table(["settings"], width)
    assert "help" in shown[0]
    assert any("ASSAY_GATEWAY_URL" in line for line in shown)
    assert any(
        line.endswith("Base URL of the collector, e.g.") or "Base URL of the collector, e.g. " in line for line in shown
    )


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (columns.duration(0.42), "0.4 ms"),
        (columns.duration(163.5), "164 ms"),
        (columns.duration(1234), "1.2 s"),
        (columns.cost(0.00123), "$0.0012"),
        (columns.cost(0.000001), "<$0.0001"),
        (columns.time("2026-11-21T15:43:43.751448095+01:00"), "2026-11-21 14:43:43"),
        (columns.text("a\x1b[31m\nb"), "a\ufffd[31m b"),
        (columns.Column("tags").cell({"tags": []}), "-"),
    ],
)
def test_values_are_shown_for_people(shown: str, expected: str) -> None:
    assert shown == expected
