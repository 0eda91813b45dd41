"""A run taken up again: nothing lost, nothing made twice, and refused where it would be another run."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.errors import ConfigurationError, Conflict, ExperimentNotFound
from assay.evaluation import EvaluationResult, Limits, recipe
from assay.evaluation.journal import Journal, journal_path, read_journal
from assay.evaluation.run import Run
from assay.scorers import ExactMatch, Score, scorer
from assay.settings import current_settings

pytestmark = pytest.mark.usefixtures("own_project")


def items(count: int = 8) -> list[dict[str, Any]]:
    return [{"id": f"i{n}", "input": {"text": f"t{n}"}, "expected": f"T{n}"} for n in range(count)]


class Calls:
    """Counts what the task and the judge were asked, and interrupts the run at the end of a given row."""

    def __init__(self) -> None:
        self.task: Counter[str] = Counter()
        self.judge: Counter[str] = Counter()
        self.stop_at: str | None = None
        self.fail: set[str] = set()
        self.judge_fails: set[str] = set()
        self.run: Run | None = None


calls = Calls()


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    calls.__init__()  # type: ignore[misc]
    execute = Run.execute

    async def executed(run: Run) -> EvaluationResult:
        calls.run = run
        return await execute(run)

    monkeypatch.setattr(Run, "execute", executed)
    yield
    recipe._known.clear()


def answer(text: str) -> str:
    calls.task[text] += 1
    if text == calls.stop_at and calls.run is not None:
        calls.run.interrupt()
    if text in calls.fail:
        raise ValueError(f"no {text}")
    return text.upper()


@scorer
def judge(output: str) -> bool:
    calls.judge[output] += 1
    if output in calls.judge_fails:
        raise RuntimeError("the judge is out")
    return True


judge.source = "llm"


def run(data: Any = None, task: Any = answer, **options: Any) -> EvaluationResult:
    given = {"scorers": [ExactMatch(), judge], "progress": False, "name": "exp", "concurrency": 1, **options}
    return assay.evaluate(items() if data is None else data, task, **given)


def resume(result: EvaluationResult, **options: Any) -> EvaluationResult:
    return assay.resume(result.id, progress=False, **options)


def stored(result: EvaluationResult) -> list[tuple[str, str]]:
    rows = current_client().pages(f"/experiments/{result.id}/rows")
    return sorted((row["item_id"], row["status"]) for row in rows)


def interrupted_run() -> EvaluationResult:
    calls.stop_at = "t2"
    result = run()
    calls.stop_at = None
    assert (result.status, len(result.records)) == ("interrupted", 3)
    return result


def test_an_interrupted_run_goes_on_where_it_stopped() -> None:
    resumed = resume(interrupted_run())
    assert resumed.status == "completed"
    assert [row["item_id"] for row in resumed.records] == [f"i{n}" for n in range(8)]
    assert stored(resumed) == [(f"i{n}", "ok") for n in range(8)]
    assert set(calls.task.values()) == set(calls.judge.values()) == {1}
    assert [row.mean for row in resumed.summary_rows] == [1.0, 1.0]
    (record,) = resumed.experiment["config"]["resumes"]
    assert (record["status"], record["rows_kept"], record["changed"]) == ("interrupted", 3, [])


def test_a_resumed_run_has_the_records_of_one_that_never_stopped() -> None:
    varying = ("trace_id", "started_at", "duration_ms")

    def records(result: EvaluationResult) -> list[dict[str, Any]]:
        return [{key: value for key, value in row.items() if key not in varying} for row in result.records]

    assert records(resume(interrupted_run())) == records(run())


def test_another_process_finds_data_task_and_scorers_where_they_are(tmp_path: Path) -> None:
    data = tmp_path / "items.jsonl"
    data.write_text("".join(f"{json.dumps(item)}\n" for item in items()))
    calls.stop_at = "t2"
    result = run(str(data), scorers=[ExactMatch(normalize="squad"), judge])
    calls.stop_at = None
    recipe._known.clear()
    assert resume(result).status == "completed"
    assert set(calls.task.values()) == {1}


def test_what_cannot_be_found_is_asked_for() -> None:
    result = interrupted_run()
    recipe._known.clear()
    with pytest.raises(ConfigurationError, match=r"without its data: they were held in memory\. Give data="):
        resume(result)
    assert resume(result, data=items()).status == "completed"


def other(text: str) -> str:
    return answer(text) + ""


CHANGES: list[Any] = [
    pytest.param({"data": items(9)}, "the data are others", id="data"),
    pytest.param({"task": other}, "the task is another one", id="task"),
    pytest.param({"scorers": [ExactMatch(normalize="squad"), judge]}, "scorer 'exact_match' differs", id="scorer"),
    pytest.param({"scorers": [ExactMatch()]}, "scorer 'judge' is missing", id="fewer-scorers"),
]


@pytest.mark.parametrize(("given", "message"), CHANGES)
def test_a_run_that_would_be_another_one_is_refused_unless_allowed(given: dict[str, Any], message: str) -> None:
    result = interrupted_run()
    with pytest.raises(ConfigurationError, match=message):
        resume(result, **given)
    resumed = resume(result, **given, allow_changed=True)
    assert message in resumed.experiment["config"]["resumes"][-1]["changed"]
    assert len(resumed.records) == (9 if "data" in given else 8)


def test_of_changed_data_the_rows_that_changed_are_made_again() -> None:
    result = interrupted_run()
    changed = items()
    changed[0]["expected"] = "something else"
    resumed = resume(result, data=changed, allow_changed=True)
    assert (calls.task["t0"], calls.task["t1"]) == (2, 1)
    assert resumed.records[0]["expected"] == "something else"


def test_nothing_is_resumed_while_it_runs() -> None:
    begun, go_on = threading.Event(), threading.Event()
    results: list[EvaluationResult] = []

    def slow(text: str) -> str:
        begun.set()
        go_on.wait(30)
        return text

    thread = threading.Thread(target=lambda: results.append(run(items(1), slow)))
    thread.start()
    assert begun.wait(30)
    assert calls.run is not None
    with pytest.raises(Conflict, match="is still running"):
        assay.resume(calls.run.id)
    go_on.set()
    thread.join()
    assert results[0].status == "completed"


def test_an_unknown_experiment_cannot_be_resumed() -> None:
    with pytest.raises(ExperimentNotFound):
        assay.resume("0" * 32)


def test_a_finished_run_is_left_as_it_is() -> None:
    first = run()
    again = resume(first)
    assert set(calls.task.values()) == {1}
    assert again.summary_rows == first.summary_rows


@scorer
def costly(output: str) -> Score:
    return Score(name="costly", value=True, metadata={"calls": 1, "cost_usd": 0.4, "response_model": "m-1"})


def test_a_budget_is_raised_to_go_on_and_what_was_spent_counts() -> None:
    first = run(scorers=[costly], limits=Limits(max_cost_usd=1.0))
    assert Counter(row["status"] for row in first.records) == {"ok": 2, "skipped_budget": 6}
    assert resume(first).cost_usd == pytest.approx(0.8), "the same budget is spent"
    second = resume(first, limits=Limits(max_cost_usd=2.0))
    assert Counter(row["status"] for row in second.records) == {"ok": 5, "skipped_budget": 3}
    assert second.cost_usd == pytest.approx(2.0)
    assert set(calls.task.values()) == {1}


def test_failed_rows_are_made_again_on_request_and_scorers_that_failed_are_asked_again() -> None:
    calls.fail, calls.judge_fails = {"t1"}, {"T2"}
    first = run()
    assert first.status == "completed_with_errors"
    assert resume(first).status == "completed_with_errors", "to resume is not to try again"
    calls.fail, calls.judge_fails = set(), set()
    again = first.retry_errors(progress=False)
    assert again.status == "completed"
    assert calls.task == Counter({f"t{n}": 2 if n == 1 else 1 for n in range(8)})
    assert calls.judge["T2"] == 2
    assert calls.judge["T3"] == 1
    assert stored(again) == [(f"i{n}", "ok") for n in range(8)]


def test_rows_that_failed_with_their_run_are_made_again() -> None:
    def refused(text: str) -> str:
        error = RuntimeError("no key")
        error.status_code = 401  # type: ignore[attr-defined]
        raise error

    first = run(task=refused)
    assert (first.status, stored(first)) == ("failed", [("i0", "task_error")])
    assert resume(first, task=answer, allow_changed=True).status == "completed"


# What a killed process leaves ------------------------------------------------------------------------------------


def killed(result: EvaluationResult, say: Callable[[Journal], None]) -> Path:
    """Make of a run what a kill would have left: the experiment running, its journal there and nobody's."""
    current_client().put(f"/experiments/{result.id}", {"status": "running"})
    path = journal_path(current_settings(), result.id)
    journal = Journal(path)
    say(journal)
    journal.let_go()
    return path


def row(n: int, **fields: Any) -> dict[str, Any]:
    names = ("input", "expected", "error", "error_type", "trace_id", "cluster", "started_at", "duration_ms")
    tokens = ("input_tokens", "output_tokens", "cost_usd")
    return {
        **dict.fromkeys([*names, *tokens]),
        "item_id": f"i{n}",
        "repeat": 0,
        "status": "ok",
        "output": f"T{n}",
        "scores": [],
        **fields,
    }


def test_rows_that_had_not_arrived_are_taken_from_the_journal() -> None:
    result = interrupted_run()
    said = {"name": "exact_match", "value": False, "explanation": None, "error": None, "status": "scored"}
    scores = [{**said, "source": "code", "metadata": {}}]
    path = killed(result, lambda journal: journal.row_done(row(3, scores=scores), {"models": ["m"], "calls": 1}))
    with path.open("ab") as file:
        file.write(b'{"row": {"item_id": "i4", "rep')  # torn by the kill
    resumed = resume(result)
    assert "t3" not in calls.task
    assert calls.task["t4"] == 1
    assert stored(resumed) == [(f"i{n}", "ok") for n in range(8)]
    assert resumed.records[3]["scores"] == scores
    assert resumed.experiment["config"]["used"]["models"] == ["m"]
    assert not path.exists(), "everything in it is stored"


def test_a_row_whose_task_was_done_has_only_its_other_scorers_asked() -> None:
    result = interrupted_run()
    said = {"name": "judge", "value": True, "explanation": "fine", "error": None, "status": "scored", "source": "llm"}

    def say(journal: Journal) -> None:
        journal.task_done(row(3))
        journal.scorer_done(("i3", 0), "judge", [{**said, "metadata": {}}])
        journal.task_done(row(4))

    killed(result, say)
    resumed = resume(result)
    assert "t3" not in calls.task
    assert "t4" not in calls.task
    assert "T3" not in calls.judge
    assert calls.judge["T4"] == 1
    assert [score["value"] for score in resumed.records[3]["scores"]] == [True, True]


def test_a_run_that_was_killed_does_not_look_as_if_it_ran(tmp_path: Path) -> None:
    path = tmp_path / "evaluations" / "x.jsonl"
    journal = Journal(path)
    with pytest.raises(Conflict, match="still running"):
        Journal(path)
    journal.let_go()  # as the kernel does when a process dies
    Journal(path).let_go()


def test_a_journal_remembers_what_finished_over_what_had_begun(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x.jsonl")
    journal.task_done(row(1))
    journal.task_done(row(2))
    journal.row_done(row(1), {})
    found = read_journal(journal.path)
    assert (list(found.rows), list(found.tasks)) == ([("i1", 0)], [("i2", 0)])
    journal.close(stored=True)
    assert journal.path.exists(), "the second row is half done, and nobody else knows of it"


def test_a_journal_that_cannot_be_written_costs_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assay.evaluation.journal._write_all", full)
    result = run()
    assert result.status == "completed"
    assert "cannot be written (No space left on device)" in result.problems[0]
