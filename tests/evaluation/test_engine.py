"""evaluate(): every way a row can fail, against a real collector."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.errors import ConfigurationError, DatasetError, ExperimentNotFound
from assay.evaluation import EvaluationResult, Limits, aevaluate, evaluate
from assay.evaluation.run import Run
from assay.scorers import Contains, ExactMatch, scorer
from assay.settings import current_settings

pytestmark = pytest.mark.usefixtures("own_project")


def items(count: int = 4) -> list[dict[str, Any]]:
    return [{"id": f"i{n}", "input": {"text": f"t{n}"}, "expected": f"T{n}"} for n in range(count)]


def upper(text: str) -> str:
    return text.upper()


def run(data: Any = None, task: Any = upper, **options: Any) -> EvaluationResult:
    given = {"scorers": [ExactMatch()], "progress": False, "name": "exp", **options}
    return evaluate(items() if data is None else data, task, **given)


def stored(result: EvaluationResult) -> list[dict[str, Any]]:
    return list(current_client().pages(f"/experiments/{result.id}/rows"))


def test_a_run_is_stored_with_its_rows_summary_and_how_to_run_it_again() -> None:
    result = run(tags={"branch": "main"}, seed=7, concurrency=2)
    experiment = current_client().get(f"/experiments/{result.id}")
    assert (experiment["status"], experiment["name"], experiment["seed"]) == ("completed", "exp", 7)
    assert experiment["tags"] == {"branch": "main"}
    assert experiment["dataset"]["item_count"] == 4
    assert experiment["summary"][0]["mean"] == 1.0
    config = experiment["config"]
    assert config["task"]["name"] == f"{__name__}.upper"
    assert config["environment"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert config["used"]["rows_by_status"] == {"ok": 4}
    assert experiment["scorers"][0]["version"]
    assert sorted(row["item_id"] for row in stored(result)) == ["i0", "i1", "i2", "i3"]


def by_text(text: str) -> Any:
    """Fails in a way of its own for every item."""
    match text:
        case "t0":
            raise ValueError("no t0")
        case "t1":
            raise SystemExit(3)
        case "t2":
            raise TimeoutError("the task's own")
        case "t3":
            raise StopIteration
        case "t4":
            time.sleep(0.5)
        case "t5":
            raise asyncio.CancelledError
    return text.upper()


@scorer
def sometimes(output: str) -> bool | None:
    """Breaks on T6, does not apply to T7."""
    if output == "T6":
        raise KeyError("T6")
    return None if output == "T7" else True


def test_failures_are_data_and_never_end_the_run() -> None:
    result = run(items(9), by_text, scorers=[ExactMatch(), sometimes], limits=Limits(row_timeout_s=0.2))
    assert [(row["status"], row["error_type"], row["error"]) for row in result.records] == [
        ("task_error", "ValueError", "ValueError: no t0"),
        ("task_error", "SystemExit", "SystemExit: 3"),
        ("task_error", "TimeoutError", "TimeoutError: the task's own"),
        ("task_error", "RuntimeError", "RuntimeError: StopIteration: "),
        ("timeout", "TimeoutError", "the task took longer than 0.2 s"),
        ("task_error", "asyncio.exceptions.CancelledError", "asyncio.exceptions.CancelledError"),
        ("ok", None, None),
        ("ok", None, None),
        ("ok", None, None),
    ]
    assert result.status == "completed_with_errors"
    exact, other = result.summary_rows
    assert (exact.n, exact.n_task_error, exact.n_scorer_error, exact.mean) == (3, 6, 0, 1.0)
    assert (other.n, other.n_task_error, other.n_scorer_error, other.n_na) == (1, 6, 1, 1)
    assert [row["scores"] for row in result.records[:6]] == [[]] * 6


def test_a_scorer_that_exits_does_not_end_the_run() -> None:
    @scorer
    def exits(output: str) -> bool:
        if output == "T1":
            sys.exit("enough")
        return True

    result = run(scorers=[exits])
    assert [row["scores"][0]["error"] for row in result.records] == [None, "SystemExit: enough", None, None]
    assert result.status == "completed_with_errors"


def test_a_lambda_gives_an_experiment_no_name(tmp_path: Path) -> None:
    data = tmp_path / "capitals.jsonl"
    data.write_text('{"input": "a", "expected": "a"}\n')
    named = run(str(data), lambda text: text, name=None)
    assert named.name == run(str(data), task=functools.partial(lambda text: text), name=None).name == "capitals"
    assert run(items(1), lambda text: text, name=None).name == "evaluation"
    assert run(items(1), upper, name=None).name == "upper"


async def test_async_tasks_fail_and_time_out_alike() -> None:
    async def task(text: str) -> str:
        if text == "t0":
            raise ValueError("no")
        if text == "t1":
            await asyncio.Event().wait()
        if text == "t2":
            raise asyncio.CancelledError
        return text.upper()

    result = await aevaluate(
        items(4), task, scorers=[ExactMatch()], progress=False, limits=Limits(row_timeout_s=0.1), concurrency=4
    )
    assert [row["status"] for row in result.records] == ["task_error", "timeout", "task_error", "ok"]


async def test_evaluate_works_under_a_running_event_loop() -> None:
    assert run().status == "completed"


def test_records_are_the_same_at_any_concurrency() -> None:
    def records(concurrency: int) -> list[dict[str, Any]]:
        result = run(items(40), by_text_fast, scorers=[ExactMatch(), Contains(), sometimes], concurrency=concurrency)
        varying = ("trace_id", "started_at", "duration_ms")
        return [{key: value for key, value in row.items() if key not in varying} for row in result.records]

    assert records(1) == records(32)


def by_text_fast(text: str) -> str:
    if text.endswith("3"):
        raise ValueError(text)
    return text.upper()


def test_repeats_are_rows_of_the_same_item() -> None:
    counter = iter(range(100))
    lock = threading.Lock()

    def flaky(text: str) -> str:
        with lock:
            return text.upper() if next(counter) % 2 else "wrong"

    result = run(items(3), flaky, repeats=2, concurrency=1)
    assert [(row["item_id"], row["repeat"]) for row in result.records] == [
        ("i0", 0), ("i0", 1), ("i1", 0), ("i1", 1), ("i2", 0), ("i2", 1),
    ]  # fmt: skip
    (summary,) = result.summary_rows
    assert (summary.n, summary.n_rows, summary.mean) == (3, 6, 0.5)


def test_every_row_is_a_trace_that_names_experiment_and_item() -> None:
    @assay.trace
    def inner(text: str) -> str:
        return text.upper()

    with assay.start_span("outside"), assay.context(tags=["nightly"]):
        result = run(items(2), lambda text: inner(text), repeats=2)
    traces = {row["trace_id"]: row for row in result.records}
    assert len(traces) == 4
    for trace_id, row in traces.items():
        trace = assay.get_trace(trace_id)
        root, below = trace.spans
        assert (root.name, root.kind, root.parent_span_id) == ("exp", "task", None)
        assert (root.attributes["assay.experiment.id"], root.item_id) == (result.id, row["item_id"])
        assert root.attributes["assay.item.repeat"] == row["repeat"]
        assert below.name.endswith("inner")
        assert trace.tags == ["nightly"]


def test_a_failed_row_is_a_failed_trace() -> None:
    result = run(items(1), by_text)
    trace = assay.get_trace(result.records[0]["trace_id"])
    assert trace.status == "error"


def test_scorers_can_read_the_rows_trace_and_their_spans_are_not_in_it() -> None:
    @scorer
    def span_count(trace: Any) -> int:
        with assay.start_span("scoring"):
            return len(trace.spans)

    result = run(items(2), scorers=[span_count])
    assert [row["scores"][0]["value"] for row in result.records] == [1, 1]
    assert len(assay.get_trace(result.records[0]["trace_id"]).spans) == 1


def test_without_a_task_the_outputs_of_the_data_are_scored() -> None:
    data = [{"input": "x", "output": "X", "expected": "X"}, {"input": "y", "output": None, "expected": "Y"}]
    result = run(data, None)
    assert [row["scores"][0]["value"] for row in result.records] == [True, False]
    assert [row["trace_id"] for row in result.records] == [None, None]


def test_streams_are_joined() -> None:
    def stream(text: str) -> Iterator[str]:
        yield from text.upper()

    async def astream(text: str) -> Any:
        for letter in text.upper():
            yield letter

    assert run(items(1), stream).records[0]["output"] == "T0"
    assert run(items(1), astream).records[0]["output"] == "T0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": 3}, "The task 3 cannot be called"),
        ({"repeats": 0}, "repeats= is a whole number of 1 or more, not 0"),
        ({"concurrency": 1.5}, "concurrency= is a whole number"),
        ({"scorers": None}, "needs a scorer"),
        ({"metrics": [ExactMatch()]}, "scorers= and metrics= mean the same"),
        ({"predict_fn": upper}, "task= and predict_fn= mean the same"),
        ({"task": lambda question, page: question}, "Item 'i0' does not fit the task"),
        ({"cache": "always"}, "cache= is one of"),
        ({"on_error": "ignore"}, 'on_error= is "record" or "raise"'),
        ({"limits": 5.0}, "limits= is an assay.Limits"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_the_first_call(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run(**options)
    assert list(current_client().pages("/experiments")) == []
    assert list((current_settings().data_dir / "evaluations").glob("*")) == []


def test_other_names_of_the_arguments_are_understood() -> None:
    result = evaluate(items(1), predict_fn=upper, evaluators=[ExactMatch()], progress=False)
    assert result.summary_rows[0].mean == 1.0


def test_outputs_are_missed_where_there_is_no_task() -> None:
    with pytest.raises(DatasetError, match=r"4 of 4 items have none \(the first is 'i0'\)"):
        run(task=None)


def statuses(result: EvaluationResult) -> dict[str, int]:
    return dict(Counter(row["status"] for row in result.records))


def test_a_budget_in_time_ends_the_run_and_what_never_ran_says_so() -> None:
    limits = Limits(max_duration_s=0.2)
    result = run(items(50), lambda text: time.sleep(0.05), scorers=[lambda output: True], concurrency=1, limits=limits)
    assert result.status == "stopped_by_budget"
    ran = statuses(result)["ok"]
    assert statuses(result) == {"ok": ran, "skipped_budget": 50 - ran}
    assert result.problems == [f"{ran} of 50 rows ran: the limit of 0.2 s was reached."]
    assert len(stored(result)) == 50


@scorer
def costly(output: str) -> assay.Score:
    metadata = {"calls": 1, "cost_usd": 0.4 if output != "T9" else None, "response_model": "m-1"}
    return assay.Score(name="costly", value=True, metadata=metadata)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_budget_in_money_is_not_passed(concurrency: int) -> None:
    limits = Limits(max_cost_usd=1.0)
    result = run(items(9), scorers=[costly], concurrency=concurrency, limits=limits)
    assert (result.status, statuses(result)) == ("stopped_by_budget", {"ok": 2, "skipped_budget": 7})
    assert "7 rows skipped: a limit left no room" in result.notes()  # not: failed
    assert result.cost_usd == pytest.approx(0.8)
    (problem,) = result.problems
    assert "2 of 9 rows ran: what is left of max_cost_usd=1 is less than one more row" in problem
    (summary,) = result.summary_rows
    assert (summary.n_scored, summary.failed, summary.mean) == (2, 7, 1.0)


def test_a_budget_cannot_be_kept_without_prices() -> None:
    result = run(items(12)[9:], scorers=[costly], concurrency=1, limits=Limits(max_cost_usd=100.0))
    assert (result.status, statuses(result)) == ("stopped_by_budget", {"ok": 1, "skipped_budget": 2})
    assert "no price is known of m-1" in result.problems[0]


@pytest.mark.parametrize("name", ["max_cost_usd", "max_duration_s", "row_timeout_s"])
def test_limits_are_above_0(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Limits(**{name: 0})


def test_the_same_failure_over_and_over_ends_the_run() -> None:
    def broken(text: str) -> None:
        raise ConnectionError("nobody there")

    result = run(items(60), broken, concurrency=1)
    assert (result.status, len(result.records)) == ("failed_infrastructure", 21)
    assert "21 failures after each other were alike: ConnectionError: nobody there" in result.problems[0]


def test_different_failures_do_not() -> None:
    def broken(text: str) -> None:
        raise ValueError(text)

    assert len(run(items(60), broken, concurrency=1).records) == 60


def test_an_interrupted_run_finishes_what_is_under_way_and_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow(text: str) -> str:
        started.set()
        go_on.wait(10)
        return text.upper()

    def press_ctrl_c() -> None:
        started.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    def interrupt(run: Run) -> None:
        heard(run)
        go_on.set()

    heard = Run.interrupt
    monkeypatch.setattr(Run, "interrupt", interrupt)
    threading.Thread(target=press_ctrl_c).start()
    result = run(items(10), slow, concurrency=2)
    assert result.status == "interrupted"
    assert 1 <= len(result.records) <= 2
    assert all(row["status"] == "ok" for row in result.records)
    assert len(stored(result)) == len(result.records)


def test_ctrl_c_during_the_last_row_stops_the_program_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = threading.Event()
    monkeypatch.setattr(Run, "interrupt", lambda run: (setattr(run, "interrupted", True), heard.set()))

    def press_ctrl_c(text: str) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        assert heard.wait(30)
        return text.upper()

    with pytest.raises(KeyboardInterrupt):
        run(items(1), press_ctrl_c)
    (experiment,) = current_client().pages("/experiments")
    assert experiment["status"] == "completed"


def test_the_second_ctrl_c_stops_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    started, heard_once = threading.Event(), threading.Event()

    async def endless(text: str) -> str:
        started.set()
        await asyncio.Event().wait()
        return text

    def press_ctrl_c_twice() -> None:
        for event in (started, heard_once):
            event.wait(30)
            os.kill(os.getpid(), signal.SIGINT)

    def interrupt(run: Run) -> None:
        heard(run)
        heard_once.set()

    heard = Run.interrupt
    monkeypatch.setattr(Run, "interrupt", interrupt)
    thread = threading.Thread(target=press_ctrl_c_twice)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(items(10), endless, concurrency=2)
    thread.join()
    (experiment,) = current_client().pages("/experiments")
    assert experiment["status"] == "interrupted"
    rows = list(current_client().pages(f"/experiments/{experiment['id']}/rows"))
    assert [row["status"] for row in rows] == ["cancelled"]  # the first row runs alone


def test_concurrency_may_follow_the_provider() -> None:
    result = run(items(60), concurrency="auto")
    assert (result.status, len(result.records)) == ("completed", 60)


async def test_a_cancelled_evaluation_is_marked_as_interrupted() -> None:
    begun = asyncio.Event()

    async def task(text: str) -> str:
        if text == "t0":
            return "T0"
        begun.set()
        await asyncio.Event().wait()
        return ""

    running = asyncio.create_task(aevaluate(items(4), task, scorers=[ExactMatch()], progress=False, concurrency=1))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (experiment,) = current_client().pages("/experiments")
    assert experiment["status"] == "interrupted"
    rows = list(current_client().pages(f"/experiments/{experiment['id']}/rows"))
    assert [(row["item_id"], row["status"]) for row in rows] == [("i0", "ok"), ("i1", "cancelled")]


def test_a_baseline_is_compared_with_and_the_comparison_kept() -> None:
    first = run(items(20), lambda text: text)
    second = run(items(20), upper, baseline="previous")
    assert second.comparison is not None
    assert second.comparison.baseline.id == first.id
    assert second.comparison.verdict == "improved: exact_match"
    (kept,) = current_client().pages(f"/experiments/{second.id}/comparisons")
    assert (kept["baseline_id"], kept["verdict"]) == (first.id, "improved: exact_match")


def test_the_first_run_has_no_previous_one() -> None:
    assert run(baseline="previous").comparison is None


def test_an_unknown_baseline_is_refused_before_the_first_call() -> None:
    with pytest.raises(ExperimentNotFound):
        run(task=lambda text: pytest.fail("it was called"), baseline="0" * 32)


def test_rows_that_cannot_be_stored_are_told_and_cost_no_other() -> None:
    data = [{"id": "fine", "input": {"text": "t"}}, {"id": "x" * 1000, "input": {"text": "t"}}]  # ids end at 500
    result = run(data, scorers=[lambda output: True])
    (problem,) = result.problems
    assert problem.startswith("Rows that could not be stored and are only in this result: 1.")
    assert [row["item_id"] for row in stored(result)] == ["fine"]
    assert len(result.records) == 2


def test_a_cost_that_is_not_known_is_not_nothing() -> None:
    result = run(items(12)[9:], scorers=[costly], concurrency=1)  # the first of them has no price
    assert result.cost_usd == pytest.approx(0.8)
    assert result.unpriced_models == ["m-1"]
    assert "cost: $0.8000 and m-1 of unknown price" in result.notes()
    assert "$0.8000 and m-1 of unknown price" in result.headline()
