"""Every example runs as it stands, against a collector and a stand-in for the model, and does what it says."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.collector.server import Server
from assay.demo.stand_in import StandIn
from assay.settings import configure
from assay.tracing import runtime
from support.snippets import close_what_was_left_open

EXAMPLES = Path(__file__).parent.parent / "examples"
OWN_TEST = {"tracing.py", "prompts.py", "evaluation.py", "compare.py"}
IN_THE_README = {"otel_service.py"}  # run by its tests


@pytest.fixture
def model(collector: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Answers for the model that the examples ask for, where the `openai` client and the judges look for it."""
    with StandIn(aliases=["gpt-4o-mini"]) as stand_in:
        monkeypatch.setenv("OPENAI_BASE_URL", stand_in.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none-needed")
        configure(gateway_url=stand_in.url, timeout_s=120)
        yield stand_in
        assay.autolog(disable=True)
        runtime.reset()
        close_what_was_left_open()


def run(name: str) -> dict[str, Any]:
    """Run an example in this process; its variables."""
    variables = runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assay.flush()
    return variables


def test_every_example_has_a_test_and_a_line_in_the_readme() -> None:
    found = {path.name for path in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert found == OWN_TEST | IN_THE_README
    assert [name for name in found if f"[{name}]" not in listed] == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 25


@pytest.mark.usefixtures("model")
def test_tracing_keeps_the_call_its_user_and_its_tokens() -> None:
    run("tracing.py")
    (row,) = current_client().get("/traces")["items"]
    assert (row["name"], row["session_id"], row["user_id"], row["tags"]) == ("answer", "s1", "u7", ["beta"])
    spans = assay.get_trace(row["trace_id"]).spans
    assert [span.kind for span in spans] == [None, "llm"]
    assert row["total_tokens"] == spans[1].total_tokens
    assert row["total_tokens"] > 0


@pytest.mark.usefixtures("collector")
def test_prompts_finds_the_version_that_is_in_production(capsys: pytest.CaptureFixture[str]) -> None:
    run("prompts.py")
    printed = capsys.readouterr().out
    assert "prompts:/qa/2 | shorter" in printed
    assert "Answer in one sentence: Why is the sky blue?" in printed
    runtime.reset()


@pytest.mark.usefixtures("model")
def test_evaluation_stores_an_experiment_with_scores_of_code_and_judge() -> None:
    result = run("evaluation.py")["result"]
    stored = current_client().get(f"/experiments/{result.id}")
    assert stored["status"] == "completed"
    assert [(row["scorer"], row["kind"], row["n"]) for row in stored["summary"]] == [
        ("contains", "code", 3),
        ("correctness", "judge", 3),
    ]


@pytest.mark.usefixtures("model")
def test_compare_pairs_two_versions_of_a_prompt() -> None:
    variables = run("compare.py")
    (stored,) = current_client().get(f"/experiments/{variables['terse'].id}/comparisons")["items"]
    assert stored["baseline_id"] == variables["wordy"].id
    assert stored["rows"][0]["n_paired"] == 20
