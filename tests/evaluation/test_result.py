"""What one does with a result: tables, comparisons, gates, and reading it back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.embedded import stop_embedded
from assay.errors import ConfigurationError, ExperimentNotFound, GateFailed
from assay.evaluation import EvaluationResult, evaluate
from assay.evaluation.report import WIDTH
from assay.scorers import ExactMatch, Score, scorer
from assay.settings import configure, current_settings, reset_settings
from assay.tracing import runtime

pytestmark = pytest.mark.usefixtures("collector")

DATA = [{"id": f"i{n}", "input": {"n": n}, "expected": n % 2} for n in range(40)]


@scorer(direction="lower", range=(0, 9))
def size(output: int) -> Score:
    if output == 3:
        raise ValueError("no threes")
    return Score(name="size", value=output, explanation=f"{output}!")


def run(task: Any, name: str = "exp", **options: Any) -> EvaluationResult:
    return evaluate(DATA, task, scorers=[ExactMatch(), size], name=name, progress=False, **options)


def odd(n: int) -> int:
    return n % 2


def zero(n: int) -> int:
    if n == 39:
        raise ValueError("not this one")
    return 0


def test_the_summary_is_a_table_of_one_row_per_scorer() -> None:
    summary = run(odd).summary.set_index("scorer")
    assert list(summary.index) == ["exact_match", "size"]
    row = summary.loc["exact_match"]
    assert (row["n"], row["failed"], row["mean"], row["method"]) == (40, 0, 1.0, "Wilson")
    assert row["ci_low"] < 1.0


def test_the_rows_are_a_table_of_one_row_per_item_and_repeat() -> None:
    result = run(lambda n: 3 if n == 1 else n % 2)
    rows = result.rows
    assert list(rows.columns) == [
        "id", "repeat", "status", "input", "expected", "output", "error", "exact_match", "exact_match.explanation",
        "exact_match.error", "size", "size.explanation", "size.error", "trace_id", "tokens", "cost_usd", "duration_ms",
    ]  # fmt: skip
    assert list(rows["id"]) == [item["id"] for item in DATA]
    assert rows["size.error"][1] == "ValueError: no threes"
    assert rows["size.explanation"][0] == "0!"
    assert rows["exact_match"][0] is True or rows["exact_match"][0] == True  # noqa: E712 - numpy's


def test_a_result_that_is_read_back_is_the_same() -> None:
    result = run(zero, repeats=2)
    loaded = EvaluationResult.load(result.id)
    assert (loaded.name, loaded.status, loaded.planned) == (result.name, result.status, 80)
    assert loaded.summary_rows == result.summary_rows
    by_key = {(row["item_id"], row["repeat"]): row for row in loaded.records}
    for row in result.records:
        assert by_key[row["item_id"], row["repeat"]]["output"] == row["output"]
    assert result.compare(run(odd)).scorers[0].losses == loaded.compare(run(odd)).scorers[0].losses


def test_a_comparison_has_tables_items_a_verdict_and_an_address() -> None:
    old, new = run(zero, "old"), run(odd, "new")
    comparison = new.compare(old)
    exact = comparison.table.set_index("scorer").loc["exact_match"]
    assert (exact["wins"], exact["losses"], exact["n_lost"], exact["outcome"]) == (19, 0, 1, "improved")
    wins = comparison.rows("wins", scorer="exact_match")
    assert set(wins["change"]) == {"win"}
    assert (wins["baseline_output"][0], wins["candidate_output"][0]) == (0, 1)
    assert list(comparison.rows("lost", scorer="exact_match")["id"]) == ["i39"]
    assert comparison.verdict == "improved: exact_match; regressed: size"
    assert comparison.url.endswith(f"/p/{current_settings().project}/evals/compare?base={old.id}&with={new.id}")
    (kept,) = current_client().pages(f"/experiments/{new.id}/comparisons")
    assert kept["rows"][0]["scorer"] == "exact_match"


def test_a_comparison_can_be_asked_for_by_id_or_as_the_previous_one() -> None:
    first, _, third = run(zero), run(zero, "another"), run(odd)
    assert third.compare(first.id).baseline.id == third.compare("previous").baseline.id == first.id
    with pytest.raises(ExperimentNotFound, match="before"):
        first.compare("previous")


def test_a_result_is_not_its_own_baseline() -> None:
    result = run(odd)
    with pytest.raises(ConfigurationError, match="itself"):
        result.compare(result)


def test_gates_of_a_comparison() -> None:
    comparison = run(odd, "new").compare(run(zero, "old"))
    assert comparison.gate("exact_match >= baseline and exact_match >= 0.9").check().passed
    with pytest.raises(GateFailed):
        comparison.gate("size <= baseline").check()


def test_unknown_sorts_of_rows_are_named() -> None:
    comparison = run(odd, "new").compare(run(zero, "old"))
    with pytest.raises(ConfigurationError, match="There are: wins, losses, ties, lost, unmatched"):
        comparison.rows("worse")  # type: ignore[arg-type]


def test_printed_results_say_what_failed_and_fit_the_terminal() -> None:
    result = run(zero, baseline=run(odd))
    text = str(result)
    for expected in ("exp: 40 items", "1 row failed: ValueError", "exact_match", "Wilson", result.url, "regressed"):
        assert expected in text
    assert all(len(line) <= WIDTH or "http" in line for line in text.splitlines())


def test_names_and_labels_that_look_like_markup_are_printed_as_they_are() -> None:
    @scorer(name="[red]tone")
    def tone(output: int) -> str:
        return "[/bold]"

    result = evaluate(DATA[:3], odd, scorers=[tone], progress=False, name="[blue]")
    assert "[red]tone" in str(result)
    assert "[/bold] 3" in str(result)
    assert "[red]tone" in str(result.compare(evaluate(DATA[:3], odd, scorers=[tone], progress=False)))


def test_what_only_one_side_has_is_said() -> None:
    new = evaluate(DATA[:20], odd, scorers=[ExactMatch()], progress=False)
    notes = new.compare(run(odd)).notes()
    assert notes == ["only in the baseline: size", "the data sets differ: only items with the same id are compared"]


def test_one_is_singular() -> None:
    result = evaluate(DATA[:1], odd, scorers=[ExactMatch()], progress=False, name="one")
    assert result.headline().startswith("one: 1 row, completed")
    assert str(result).startswith("one: 1 item, completed")


def test_long_failures_of_scorers_are_shortened_in_the_middle() -> None:
    @scorer
    def wordy(output: int) -> bool:
        raise ValueError("cause " + "x " * 1000 + "remedy")

    (note,) = evaluate(DATA[:1], odd, scorers=[wordy], progress=False).notes()
    assert note.startswith("wordy failed on 1 row: ValueError: cause x")
    assert note.endswith("x remedy")
    assert len(note) <= 330


@pytest.fixture
def embedded(collector: Server, tmp_path: Path) -> Iterator[None]:
    """No endpoint is configured any more: the collector is the one that this process embeds."""
    reset_settings()
    configure(data_dir=tmp_path / "own", project="test")
    yield
    runtime.reset()
    reset_client()
    stop_embedded()


@pytest.mark.usefixtures("embedded")
def test_what_is_printed_is_no_address_that_ends_with_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = run(zero, "old"), run(odd, "new")
    serve = f"assay serve --data-dir {tmp_path / 'own'}, then http://127.0.0.1:4318/p/test/evals"
    assert f"{serve}/{new.id}" in new.headline()
    assert f"{serve}/{new.id}" in str(new)
    assert f"{serve}/compare?base={old.id}&with={new.id}" in str(new.compare(old))
    assert new.client.url not in str(new) + new.headline()
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)  # at a prompt the collector stays
    assert new.url in str(new)


@pytest.mark.usefixtures("embedded")
def test_an_embedded_collector_whose_address_was_configured_is_told_by_it() -> None:
    url = current_client().url
    configure(endpoint=url)
    assert f"{url}/p/test/evals/" in run(odd).headline()
