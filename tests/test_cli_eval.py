"""`assay eval`: evaluations run, resumed, compared and gated, from a terminal and in a build."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import assay
from assay.cli import app
from assay.client import reset_client
from assay.collector.server import Server
from assay.errors import ConfigurationError, ExperimentNotFound
from assay.settings import configure

ITEMS = [{"id": f"q{n}", "input": {"number": n}, "expected": f"n{n}"} for n in range(40)]
MODULE = """
import assay

def answer(number):
    if number == {broken}:
        raise ValueError("no | answer <b>")
    return f"n{{number}}" if number % {every} else "wrong"

@assay.scorer
def short(output):
    return len(output) < 4
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(data_dir=tmp_path_factory.mktemp("cli_eval") / ".assay")
    started.start()
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _settings(server: Server, tmp_path: Path) -> Iterator[None]:
    configure(endpoint=server.url, project="test", timeout_s=60.0, data_dir=tmp_path / ".assay")
    yield
    reset_client()


def evaluation(folder: Path, name: str, *, every: int = 10, broken: int = -1, more: str = "") -> Path:
    """A file that evaluates 40 items; every so many are answered wrongly."""
    (folder / f"app_{name}.py").write_text(MODULE.format(every=every, broken=broken), encoding="utf-8")
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, ITEMS)), encoding="utf-8")
    file = folder / f"{name}.toml"
    scorers = f'["exact_match", {{scorer = "contains", name = "mentions"}}, "app_{name}:short"]'
    file.write_text(
        f'data = "{name}.jsonl"\ntask = "app_{name}.py:answer"\nscorers = {scorers}\n{more}', encoding="utf-8"
    )
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval", *map(str, arguments)], env={"COLUMNS": "200"})


def ran(*arguments: object, code: int = 0) -> Any:
    """What a command that prints JSON printed."""
    done = run(*arguments, "--json")
    assert done.exit_code == code, (done.output, done.exception)
    return json.loads(done.stdout)


def test_a_file_is_run_gated_and_reported(tmp_path: Path) -> None:
    file = evaluation(
        tmp_path, "reported", broken=7, more='gate = "exact_match >= 0.5"\n[limits]\nmax_duration_s = 600\n'
    )
    said = ran("run", file, "--junit", tmp_path / "j.xml", "--markdown", tmp_path / "r.md", "--tag", "branch=main")
    assert said["rows"] == {"ok": 39, "task_error": 1}
    assert (said["status"], said["gate"]["verdict"]) == ("completed_with_errors", "passed")
    assert {row["scorer"]: row["n"] for row in said["summary"]} == {"exact_match": 39, "mentions": 39, "short": 39}
    root = ET.parse(tmp_path / "j.xml").getroot()
    [gate, rows] = root
    assert [(case.get("name"), len(case)) for case in gate] == [("exact_match >= 0.5", 0)]
    found = {case.get("name"): [child.tag for child in case] for case in rows.iter("testcase")}
    wrong = {"q0", "q10", "q20", "q30"}  # "wrong" is not short either
    assert found == {
        item["id"]: ["error"] if item["id"] == "q7" else ["failure"] * (item["id"] in wrong) for item in ITEMS
    }
    assert (rows.get("tests"), rows.get("failures"), rows.get("errors")) == ("40", "4", "1")
    report = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "## reported: Gate passed." in report
    assert "- 1 row failed: ValueError" in report


def test_a_gate_that_is_missed_or_lacks_evidence_ends_with_100(tmp_path: Path) -> None:
    file = evaluation(tmp_path, "missed")
    assert run("run", file, "--gate", "exact_match >= 0.99").exit_code == 100
    said = ran("gate", "missed", "exact_match >= 0.89", code=100)
    assert said["gate"]["verdict"] == "not enough evidence"
    assert ran("gate", "missed", "exact_match >= 0.6")["gate"]["verdict"] == "passed"
    first = ran("gate", "missed", "exact_match >= baseline", "--baseline", "previous", code=100)
    assert "no baseline yet" in first["gate"]["conditions"][0]["explanation"]


@pytest.mark.parametrize(
    "wrong", [("--gate", "exact_match => 1"), ("--gate", "exact_match >= 0.5", "--alpha", 5), ("--alpha", 0)]
)
def test_a_gate_that_cannot_be_decided_is_refused_before_the_run(wrong: tuple[object, ...], tmp_path: Path) -> None:
    file = evaluation(tmp_path, "undecided")
    assert isinstance(run("run", file, *wrong).exception, ConfigurationError)
    assert ran("list", "--name", "undecided") == []


def test_the_folder_of_a_report_is_made(tmp_path: Path) -> None:
    file = evaluation(tmp_path, "reports")
    reports = tmp_path / "of" / "the" / "build"
    assert run("run", file, "--junit", reports / "j.xml", "--markdown", reports / "r.md").exit_code == 0
    assert {path.name for path in reports.iterdir()} == {"j.xml", "r.md"}


def test_two_runs_are_compared_by_item(tmp_path: Path) -> None:
    before = ran("run", evaluation(tmp_path, "before", every=40))
    after = ran("run", evaluation(tmp_path, "after", every=3), "--baseline", before["id"][:12])
    assert {row["scorer"]: row["losses"] for row in after["comparison"]}["exact_match"] == 13
    compared = run("compare", "before", "after", "--gate", "exact_match >= baseline - 0.1", "--markdown", "-")
    assert compared.exit_code == 100
    assert "| exact\\_match | 0.975 | 0.650 | -0.325 |" in compared.stdout
    assert "<summary>13 items got worse</summary>" in compared.stdout
    assert "before" in run("list", "--status", "completed").stdout
    assert "0.650" in run("show", "after").stdout


def test_what_models_write_is_only_text_in_reports(tmp_path: Path) -> None:
    evil = "</details><script>|`*\x00\ud800"
    for name, output in (("kind", "right"), ("evil", evil)):
        assay.evaluate(
            [{"id": "a|b", "input": "x", "output": output, "expected": "right"}],
            scorers=["exact_match"],
            name=name,
            progress=False,
        )
    done = run("compare", "kind", "evil", "--junit", tmp_path / "j.xml", "--markdown", tmp_path / "r.md")
    assert done.exit_code == 0, (done.output, done.exception)
    assert ET.parse(tmp_path / "j.xml").getroot().get("failures") == "1"
    report = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "<script>" not in report
    assert "&lt;/details&gt;&lt;script&gt;\\|\\`\\*" in report


def test_a_run_that_stopped_is_resumed_from_its_file(tmp_path: Path) -> None:
    file = evaluation(tmp_path, "stopped", more="[limits]\nmax_duration_s = 1e-9\n")
    said = ran("run", file, "--junit", tmp_path / "j.xml", code=1)
    assert ET.parse(tmp_path / "j.xml").getroot().get("skipped") == "40"
    assert (said["status"], said["rows"]) == ("stopped_by_budget", {"skipped_budget": 40})
    file.write_text(file.read_text(encoding="utf-8").partition("[limits]")[0], encoding="utf-8")
    resumed = ran("resume", said["id"])
    assert (resumed["id"], resumed["rows"], resumed["status"]) == (said["id"], {"ok": 40}, "completed")


def test_a_python_module_says_the_same_by_its_names(tmp_path: Path) -> None:
    file = tmp_path / "eval_of_names.py"
    file.write_text(
        "data = [{'id': 'a', 'input': 'x', 'expected': 'X'}, {'id': 'b', 'input': 'y', 'expected': 'Y'}]\n"
        "scorers = 'exact_match'\nname = 'names'\nrepeats = 2\ndef task(text):\n    return text.upper()\n",
        encoding="utf-8",
    )
    said = ran("run", file, "--concurrency", "auto", "--repeats", 3)
    assert (said["name"], said["rows"], said["summary"][0]["mean"]) == ("names", {"ok": 6}, 1.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data = 'x.jsonl'\nscorer = ['exact_match']", "Did you mean scorers?"),
        ("data = 'x.jsonl'", "does not say scorers"),
        ("scorers = ['exact_match']", "does not say data"),
        ("data = 'x.jsonl'\nscorers = ['exact_mach']", "exact_match"),
        ("data = 'x.jsonl'\nscorers = [{scorer = 'contains', nonsense = 1}]", "nonsense"),
        ("data = 'x.jsonl'\nscorers = [3]", "A scorer is a name"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']\ntask = 'no_such_module_here:f'", "no module"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']\ntask = 'json:nothing'", "no 'nothing' in json"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']\ntask = 'answer'", "module:name"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']\n[limits]\nmax_costs = 1", "max_costs"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']\nalpha = 3", "alpha"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']\ngate = 3", "gate"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']\ngate = 'exact_match is 1'", "cannot be understood"),
        ("data = ", "no TOML"),
        ("data = 'x.jsonl'\nscorers = ['exact_match']", "x.jsonl"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text, encoding="utf-8")
    done = run("run", file)
    assert done.exit_code != 0
    assert told in str(done.exception)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert isinstance(run("show", "nothing").exception, ExperimentNotFound)
    assert isinstance(run("show", "abc").exception, ExperimentNotFound)
    assert isinstance(run("run", tmp_path / "no.toml").exception, ConfigurationError)
    assert isinstance(run("run", evaluation(tmp_path, "told"), "--concurrency", "many").exception, ConfigurationError)
    assert isinstance(run("run", tmp_path / "told.toml", "--tag", "main").exception, ConfigurationError)
