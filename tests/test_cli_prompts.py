"""`assay prompts`: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import assay
from assay.cli import app
from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.settings import configure

ITEMS = [{"id": str(number), "input": f"question {number}", "expected": "yes"} for number in range(40)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("collector") / ".assay")
    server.start()
    yield server
    reset_client()
    server.stop()


@pytest.fixture(autouse=True)
def _project(server: Server, tmp_path: Path) -> None:
    configure(endpoint=server.url, project=tmp_path.name, prompt_cache_max_bytes=0)


def run(*arguments: str, status: int = 0, width: int = 200) -> Result:
    result = CliRunner().invoke(app, ["prompts", *arguments], env={"COLUMNS": str(width)})
    assert result.exit_code == status, (result.output, result.exception)
    return result


def as_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def two_versions() -> None:
    assay.register_prompt("team/qa", "Answer: {{question}}", "first", config={"temperature": 0})
    assay.register_prompt("team/qa", "Answer briefly: {{question}}", "shorter", config={"temperature": 1})
    assay.set_prompt_alias("team/qa", "production", 1, "to begin with")


def test_prompts_are_listed() -> None:
    assert run("list").stdout.strip() == "Nothing here yet."
    two_versions()
    [prompt] = as_json("list")
    assert (prompt["name"], prompt["latest_version"], prompt["aliases"]) == ("team/qa", 2, {"production": 1})
    assert as_json("list", "--filter", "nothing") == []
    assert "shorter" in run("list").stdout


def test_one_version_is_shown_as_its_file() -> None:
    two_versions()
    assert "Answer briefly: {{question}}" in run("show", "team/qa").stdout
    shown = run("show", "team/qa", "production").stdout
    assert "version: 1\n" in shown
    assert "  temperature: 0\n" in shown
    assert shown.endswith("---\nAnswer: {{question}}\n")
    assert as_json("show", "team/qa", "2")["commit_message"] == "shorter"


def test_what_a_terminal_obeys_is_not_shown() -> None:
    assay.register_prompt("qa", "a\x1b[31mb", "first")
    assert "\x1b" not in run("show", "qa").stdout


def test_the_history_is_newest_first() -> None:
    two_versions()
    assert [row["version"] for row in as_json("history", "team/qa")] == [2, 1]
    assert "first" in run("history", "team/qa").stdout


def test_versions_are_compared() -> None:
    two_versions()
    shown = run("diff", "team/qa", "1").stdout
    assert "briefly" in shown
    assert "temperature" in shown
    assert as_json("diff", "team/qa", "production", "latest")["new_version"] == 2


def test_an_alias_is_promoted_rolled_back_and_remembered() -> None:
    two_versions()
    assert run("promote", "team/qa", "2", "--reason", "it won").stdout == "production of team/qa is version 2.\n"
    moves = as_json("alias", "team/qa", "production")
    assert [(move["from_version"], move["to_version"], move["reason"]) for move in moves] == [
        (1, 2, "it won"),
        (None, 1, "to begin with"),
    ]
    assert as_json("rollback", "team/qa", "--reason", "complaints") == {"alias": "production", "version": 1}
    assert as_json("alias", "team/qa", "production", "--at", "2020-01-01")["version"] is None
    assert "was not there" in run("alias", "team/qa", "production", "--at", "2020-01-01").stdout
    run("alias", "team/qa", "production", "--delete", "--reason", "over")
    assert as_json("alias", "team/qa") == []


def test_aliases_are_protected() -> None:
    two_versions()
    assert "moved by admins only" in run("protect", "team/qa").stdout
    [alias] = as_json("alias", "team/qa")
    assert (alias["alias"], alias["protected"], alias["gate"]) == ("production", True, None)
    run("protect", "team/qa", "production", "--gate", "exact_match >= 0.5")
    assert "exact_match >= 0.5" in run("alias", "team/qa").stdout
    run("protect", "team/qa", "--off")
    assert as_json("alias", "team/qa")[0]["protected"] is False


def evaluated(version: int, right: int, baseline: str | None = None) -> str:
    """Id of an experiment with a version of team/qa in which so many of the answers are right."""

    def answer(question: str) -> str:
        assay.load_prompt("team/qa", version=version).format(question=question)
        return "yes" if int(question.split()[-1]) < right else "no"

    scorers = [assay.scorers.ExactMatch()]
    return assay.evaluate(ITEMS, answer, scorers=scorers, baseline=baseline, progress=False).id


@pytest.mark.parametrize(("right", "status"), [(38, 0), (4, 100)], ids=["passed", "missed"])
def test_a_job_can_gate_a_promotion_on_an_experiment(right: int, status: int) -> None:
    two_versions()
    run("protect", "team/qa", "production", "--gate", "exact_match >= baseline - 0.02")
    experiment = evaluated(2, right, baseline=evaluated(1, 20))
    result = run("promote", "team/qa", "2", "--experiment", experiment, "--reason", "better", status=status)
    assert ("gate missed" in result.stderr) is (status == 100)
    assert current_client().get("/prompts/team/qa/versions/production")["version"] == (2 if status == 0 else 1)


def test_a_folder_is_pushed_and_pulled(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    two_versions()
    run("pull", str(folder))
    path = folder / "team" / "qa.prompt.md"
    path.write_text(path.read_text().replace("briefly", "in one word"))
    assert "Dry run" in run("push", str(folder), "-m", "shorter still", "--dry-run").stdout
    [outcome] = as_json("push", str(folder), "-m", "shorter still")
    assert (outcome["result"], outcome["version"]) == ("registered", 3)
    assay.register_prompt("team/qa", "theirs", "by somebody else")
    path.write_text(path.read_text().replace("in one word", "in a word"))
    refused = run("push", str(folder), "-m", "mine", status=1)
    assert "Nothing was pushed" in refused.stderr
    assert "conflict" in refused.stdout
    assert "Some files were left" in run("pull", str(folder), status=1).stderr
    assert "in a word" in path.read_text()
    run("pull", str(folder), "--force")
    assert "theirs" in path.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "nope"],
        ["show", "nope", "."],
        ["history", "nope"],
        ["diff", "nope", "1"],
        ["alias", "nope"],
        ["promote", "nope", "1"],
        ["rollback", "nope"],
        ["protect", "nope"],
        ["push", "nope"],
        ["pull", ".", "nope"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_an_error_of_ours(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["prompts", *arguments])
    assert isinstance(result.exception, assay.AssayError)


def test_a_uri_is_shown_like_the_name_and_version_in_it() -> None:
    two_versions()
    assert as_json("show", "prompts:/team/qa/1") == as_json("show", "team/qa", "1")
    assert as_json("show", "prompts:/team/qa@production")["version"] == 1
    assert as_json("show", "prompts:/team/qa", "1")["version"] == 1
    both = CliRunner().invoke(app, ["prompts", "show", "prompts:/team/qa/1", "2"])
    assert "More than one version" in str(both.exception)


def test_an_alias_that_never_was_is_told_when_it_is_rolled_back() -> None:
    two_versions()
    result = CliRunner().invoke(app, ["prompts", "rollback", "team/qa", "--alias", "x"])
    assert "'team/qa' has no alias 'x'" in str(result.exception)
