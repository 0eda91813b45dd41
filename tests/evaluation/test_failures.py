"""Rows, scorers and runs failing in every way: exact counts, exact bounds, and no value invented."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.errors import ConfigurationError, GatewayError, MissingExtra, ScorerError
from assay.evaluation import EvaluationResult, Limits
from assay.evaluation.scorers.protocol import RunRow
from assay.scorers import Score, scorer

pytestmark = pytest.mark.usefixtures("own_project")


def run(data: Any, task: Any, scorers: Any, **options: Any) -> EvaluationResult:
    return assay.evaluate(data, task, scorers=scorers, **{"progress": False, "name": "exp", **options})


def items(count: int) -> list[dict[str, Any]]:
    return [{"id": f"i{n}", "input": n, "expected": n} for n in range(count)]


# Ways of tasks: input -> (what it does, status of the row, type of the error)
def _raise(error: BaseException) -> Callable[[], Any]:
    def way() -> Any:
        raise error

    return way


TASKS: list[tuple[Callable[[], Any], str, str | None]] = [
    (lambda: 1.0, "ok", None),
    (lambda: 0.0, "ok", None),
    (lambda: None, "ok", None),
    (_raise(ValueError("no")), "task_error", "ValueError"),
    (_raise(SystemExit(3)), "task_error", "SystemExit"),
    (_raise(StopIteration()), "task_error", "RuntimeError"),
    (_raise(asyncio.CancelledError()), "task_error", "asyncio.exceptions.CancelledError"),
    (_raise(TimeoutError("its own")), "task_error", "TimeoutError"),
    (_raise(ExceptionGroup("two", [ValueError("a"), KeyError("b")])), "task_error", "ExceptionGroup"),
    (lambda: time.sleep(4.0), "timeout", "TimeoutError"),
]


def failing_task(input: int) -> Any:
    return TASKS[input][0]()


def test_every_way_in_which_a_row_can_fail() -> None:
    @scorer(range=(0, 1))
    def right(output: Any) -> Any:
        return output  # 1.0, 0.0, and None: not applicable

    result = run(items(len(TASKS)), failing_task, right, limits=Limits(row_timeout_s=1.0), concurrency=10)
    assert [(row["status"], row["error_type"]) for row in result.records] == [way[1:] for way in TASKS]
    assert [len(row["scores"]) for row in result.records] == [1] * 3 + [0] * 7, "no score of a row that failed"
    (found,) = result.summary_rows
    assert (found.n_rows, found.n_scored, found.n_na, found.n_task_error, found.failed) == (10, 2, 1, 7, 7)
    assert found.mean == 0.5
    assert (found.bound_low, found.bound_high) == (pytest.approx(1 / 9), pytest.approx(8 / 9))
    assert result.status == "completed_with_errors"
    assert result.experiment["config"]["used"]["rows_by_status"] == {"ok": 3, "task_error": 6, "timeout": 1}


# Ways of scorers: what it returns or raises, status, value
SCORERS: list[tuple[Callable[[], Any], str, Any]] = [
    (lambda: True, "scored", True),
    (lambda: 0, "scored", 0),
    (lambda: 0.25, "scored", 0.25),
    (lambda: None, "not_applicable", None),
    (lambda: 1.5, "invalid", None),
    (lambda: -1, "invalid", None),
    (lambda: float("nan"), "scorer_error", None),
    (lambda: float("inf"), "scorer_error", None),
    (lambda: object(), "scorer_error", None),
    (lambda: b"bytes", "scorer_error", None),
    (lambda: {}, "scorer_error", None),
    (lambda: [], "scorer_error", None),
    (lambda: 10**400, "scorer_error", None),
    (_raise(ScorerError("cannot judge")), "scorer_error", None),
    (_raise(SystemExit("enough")), "scorer_error", None),
    (_raise(asyncio.CancelledError()), "scorer_error", None),
    (_raise(RecursionError("deep")), "scorer_error", None),
    (lambda: Score(name="ways", value=2), "invalid", None),
    (lambda: time.sleep(4.0), "scorer_error", None),
]


@pytest.mark.parametrize("kind", ["sync", "async", "quick"])
def test_every_way_in_which_a_scorer_can_fail(kind: str) -> None:
    @scorer(name="ways", range=(0, 1))
    def sync(output: int) -> Any:
        return SCORERS[output][0]()

    @scorer(name="ways", range=(0, 1))
    async def coroutine(output: int) -> Any:
        if output == len(SCORERS) - 1:
            await asyncio.sleep(30)
        return SCORERS[output][0]()

    # without a limit the last one would only be slow: it is left out
    count, limits = (len(SCORERS) - 1, Limits()) if kind == "quick" else (len(SCORERS), Limits(row_timeout_s=1.0))
    asked = coroutine if kind == "async" else sync
    result = run(items(count), lambda input: input, asked, limits=limits, concurrency=1 if kind == "quick" else 8)
    scores = [row["scores"][0] for row in result.records]
    assert [(score["status"], score["value"]) for score in scores] == [way[1:] for way in SCORERS[:count]]
    assert [score["metadata"].get("value") for score in scores if score["status"] == "invalid"] == [1.5, -1, 2]
    assert all(score["error"] for score in scores if score["status"] in ("scorer_error", "invalid"))
    (found,) = result.summary_rows
    failed = count - 4
    assert (found.n_scored, found.n_na, found.n_invalid, found.n_scorer_error) == (3, 1, 3, failed - 3)
    assert (found.failed, found.n_task_error, found.n_rows) == (failed, 0, count)
    assert found.mean == pytest.approx(1.25 / 3)
    assert found.bound_low == pytest.approx(1.25 / (count - 1))
    assert found.bound_high == pytest.approx((1.25 + failed) / (count - 1))


def test_where_nothing_was_scored_nothing_is_said() -> None:
    def broken(output: int) -> bool:
        raise ValueError("always")

    (found,) = run(items(3), lambda input: input, broken).summary_rows
    assert (found.mean, found.ci_low, found.ci_high, found.n_scored, found.n_scorer_error) == (None, None, None, 0, 3)
    assert found.reason


def test_scorers_run_on_failed_rows_when_asked_to() -> None:
    def task(input: int) -> int:
        if input:
            raise ValueError("no")
        return 1

    def answered(output: Any) -> bool:
        return output is not None

    assert [len(row["scores"]) for row in run(items(2), task, answered).records] == [1, 0]
    result = run(items(2), task, answered, score_on_error=True)
    assert [row["scores"][0]["value"] for row in result.records] == [True, False]
    assert (result.summary_rows[0].mean, result.summary_rows[0].n_scored) == (0.5, 2)


def test_the_first_error_is_raised_when_asked_to_and_the_rows_are_kept() -> None:
    def task(input: int) -> int:
        if input == 2:
            raise KeyError("row 2")
        return input

    with pytest.raises(KeyError, match="row 2") as raised:
        run(items(9), task, lambda output: True, on_error="raise", concurrency=1)
    (experiment,) = current_client().pages("/experiments")
    assert experiment["id"] in raised.value.__notes__[0]
    assert experiment["status"] == "failed"
    rows = list(current_client().pages(f"/experiments/{experiment['id']}/rows"))
    assert [row["status"] for row in rows] == ["ok", "ok", "task_error"]


# The first row ----------------------------------------------------------------------------------------------------


class Refused(Exception):
    status_code = 401


def forwards(**kwargs: Any) -> Any:
    return (lambda question: question)(**kwargs)


CONFIGURATION: list[Any] = [
    pytest.param(_raise(Refused("wrong key")), "Refused: wrong key", id="401"),
    pytest.param(_raise(GatewayError("no such model", status=404)), "no such model", id="unknown-model"),
    pytest.param(_raise(MissingExtra("Calling a model", "eval")), "MissingExtra", id="missing-extra"),
    pytest.param(_raise(ModuleNotFoundError("No module named 'x'")), "No module named", id="import"),
]
OWN_DOING: list[Any] = [
    pytest.param(_raise(ValueError("no")), id="value"),
    pytest.param(_raise(GatewayError("context too long for this model", status=400)), id="bad-request"),
    pytest.param(_raise(FileNotFoundError("page")), id="file"),
]


@pytest.mark.parametrize("concurrency", [1, 16])
@pytest.mark.parametrize(("way", "message"), CONFIGURATION)
def test_an_error_that_every_row_would_meet_ends_the_run_at_once(
    way: Callable[[], Any], message: str, concurrency: int
) -> None:
    calls: list[int] = []

    def task(input: int) -> Any:
        calls.append(input)
        return way()

    result = run(items(30), task, lambda output: True, concurrency=concurrency)
    assert (result.status, calls, len(result.records)) == ("failed", [0], 1)
    assert message in result.problems[0]


@pytest.mark.parametrize(("way", "message"), CONFIGURATION[:2])
def test_a_judge_that_cannot_work_ends_the_run_before_the_rest_is_paid_for(
    way: Callable[[], Any], message: str
) -> None:
    calls: list[int] = []

    def task(input: int) -> int:
        calls.append(input)
        return input

    async def judge(output: int) -> bool:
        return bool(way())

    result = run(items(30), task, judge, concurrency=16)
    assert (result.status, calls) == ("failed", [0])
    assert message in result.problems[0]


@pytest.mark.parametrize("way", OWN_DOING)
def test_what_may_be_the_rows_own_doing_does_not(way: Callable[[], Any]) -> None:
    def task(input: int) -> Any:
        return way() if input == 0 else input

    result = run(items(5), task, lambda output: True)
    assert [row["status"] for row in result.records] == ["task_error", "ok", "ok", "ok", "ok"]


def test_a_task_that_hands_on_arguments_that_do_not_fit_is_found_at_the_first_row() -> None:
    result = run([{"input": {"text": f"t{n}"}} for n in range(9)], forwards, lambda output: True)
    assert (result.status, len(result.records)) == ("failed", 1)
    assert "unexpected keyword argument 'text'" in result.problems[0]


def test_a_type_error_deeper_in_the_task_is_its_own_affair() -> None:
    def deeper(number: int) -> int:
        return forwards(1, number)  # type: ignore[call-arg]

    def task(input: int) -> Any:
        return deeper(input) if input < 2 else input

    result = run(items(4), task, lambda output: True)
    assert [row["status"] for row in result.records] == ["task_error", "task_error", "ok", "ok"]


def test_the_first_row_says_what_all_will_cost() -> None:
    told: list[float] = []

    class Watching:
        def start(self, name: str, rows: int) -> None: ...
        def row(self, row: dict[str, Any], cost_usd: float) -> None: ...
        def stop(self, line: str) -> None: ...
        def estimate(self, cost_usd: float) -> None:
            told.append(cost_usd)

    @scorer
    def costly(output: int) -> Score:
        return Score(name="costly", value=True, metadata={"calls": 1, "cost_usd": 0.25, "response_model": "m"})

    result = run(items(8), lambda input: input, costly, progress=Watching())
    assert told == [2.0]
    assert result.experiment["config"]["used"]["estimated_cost_usd"] == 2.0


# Scorers of the whole run -----------------------------------------------------------------------------------------


class MeanLength:
    name = "mean_length"
    level = "run"
    bootstrap = True

    def __call__(self, rows: Sequence[RunRow]) -> float:
        return sum(len(row.output) for row in rows) / len(rows)

    def prepare(self) -> dict[str, Any]:
        return {"tokenizer": "characters"}


class Broken(MeanLength):
    name = "broken"
    bootstrap = False

    def __call__(self, rows: Sequence[RunRow]) -> float:
        raise ValueError("not of these rows")


def words(input: int) -> str:
    if input == 3:
        raise ValueError("no")
    return "x" * input


def test_a_scorer_of_the_whole_run_sees_the_rows_that_succeeded() -> None:
    result = run(items(9), words, [MeanLength(), Broken(), lambda output: True])
    length, broken = (row for row in result.summary_rows if row.level == "run")
    assert (length.mean, length.n, length.n_rows, length.n_task_error) == (pytest.approx(33 / 8), 8, 9, 1)
    assert length.ci_low is not None
    assert length.ci_high is not None
    assert length.ci_low < 33 / 8 < length.ci_high
    assert "percentile bootstrap over 8 items" in str(length.method)
    assert (broken.mean, broken.n_scored, broken.n_scorer_error, broken.failed) == (None, 0, 8, 9)
    assert broken.reason == "ValueError: not of these rows"
    loaded = EvaluationResult.load(result.id)
    assert [row for row in loaded.summary_rows if row.level == "run"] == [length, broken]
    assert loaded.status == "completed_with_errors"
    assert result.experiment["scorers"][0]["prepared"] == {"tokenizer": "characters"}


def test_the_interval_of_a_run_depends_on_its_seed_and_on_nothing_else() -> None:
    def interval(**options: Any) -> tuple[Any, Any]:
        (row, *_) = (r for r in run(items(9), words, [MeanLength()], **options).summary_rows if r.level == "run")
        return row.ci_low, row.ci_high

    assert interval(concurrency=1) == interval(concurrency=8)


def test_a_scorer_of_the_run_that_cannot_take_rows_is_refused() -> None:
    class TakesTwo(MeanLength):
        def __call__(self, rows: Any, others: Any) -> float:  # type: ignore[override]
            return 0.0

    with pytest.raises(ConfigurationError, match="cannot be called with its rows alone"):
        run(items(2), words, TakesTwo())


def test_a_scorer_that_cannot_prepare_costs_nothing() -> None:
    class Unprepared(MeanLength):
        def prepare(self) -> dict[str, Any]:
            raise ConfigurationError("there is no such prompt")

    with pytest.raises(ConfigurationError, match="no such prompt"):
        run(items(2), lambda input: sys.exit("it was called"), Unprepared())
    assert list(current_client().pages("/experiments")) == []
