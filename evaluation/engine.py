"""`evaluate`: every item through the task, every result through the scorers, every row stored as it is made."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any, Literal

from assay.client import Client, current_client
from assay.errors import AssayError, ConfigurationError, DatasetError
from assay.evaluation.binding import bind_task, display_name
from assay.evaluation.dataset import Dataset, Item, read_dataset
from assay.evaluation.experiment import experiment_body
from assay.evaluation.limits import Limits
from assay.evaluation.progress import Progress, make_progress
from assay.evaluation.redacted_rows import redacted_rows
from assay.evaluation.report import counted
from assay.evaluation.result import EvaluationResult, find_baseline, summarised
from assay.evaluation.row import Row, RowRunner, has_output, spent
from assay.evaluation.row_store import RowStore
from assay.evaluation.scoring import prepare_scorers
from assay.evaluation.threads import Threads
from assay.evaluation.usage import Usage, meter
from assay.settings import current_settings
from assay.tracing import flush

MOST_BACKLOG = 2_000  # rows that may wait to be stored before new ones wait too
SAME_FAILURES = 20  # in a row, word for word: then it is not the rows
RunStatus = Literal["completed", "completed_with_errors", "interrupted", "stopped_by_budget", "failed"]


def evaluate(
    data: Any,
    task: Any = None,
    *,
    scorers: Any = None,
    name: str | None = None,
    repeats: int = 1,
    concurrency: int = 16,
    id: str = "id",
    cluster: str | None = None,
    baseline: str | EvaluationResult | None = None,
    limits: Limits | None = None,
    tags: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: bool | Progress | None = None,
    predict_fn: Any = None,
    evaluators: Any = None,
    metrics: Any = None,
) -> EvaluationResult:
    """Run a task over test data and score what comes out. Failures are data: they are counted, and never averaged.

    The first Ctrl-C lets the rows under way finish and returns what there is, with the status "interrupted"; the
    second stops at once. Works in notebooks and under a running event loop: the evaluation has a thread and a loop of
    its own.

    Args:
        data: a list of dicts or Items, a DataFrame, the path of a JSONL, JSON, CSV or Parquet file, or the name of a
            registered data set (``name`` or ``name@version``).
        task: the function under test, sync or async. An input that is a dict becomes its keyword arguments, anything
            else its first argument. A task of a single parameter whose name is none of the dict's keys is given the
            dict whole; any other mismatch is refused before the first call. None scores the outputs that the data hold.
        scorers: functions, `Scorer` objects, or names of built-in ones.
        name: of the experiment; the data set's and task's if not given (a lambda has none).
        repeats: times the task runs on each item. The item stays the unit of all statistics.
        concurrency: rows under way at once.
        id: field of the data with the items' ids; without, they come from the content.
        cluster: field that says which items are not independent of each other (a document, a user).
        baseline: "previous" (the newest finished experiment of the same name), an id, or a result: to compare with.
        limits: of money and time.
        tags: kept with the experiment.
        seed: of drawn permutations.
        progress: None shows a bar in a terminal and lines elsewhere; False shows nothing.
        predict_fn: the same as `task`. evaluators, metrics: the same as `scorers`.

    Raises:
        ConfigurationError: something does not fit together; found before the first call.
        DatasetError: a row of the data cannot be used.
        CollectorUnavailable: there is nowhere to keep the results.
    """
    run = _prepare(
        data=data,
        task=_one_of(task=task, predict_fn=predict_fn),
        scorers=_one_of(scorers=scorers, evaluators=evaluators, metrics=metrics),
        name=name,
        repeats=repeats,
        concurrency=concurrency,
        id=id,
        cluster=cluster,
        baseline=baseline,
        limits=limits or Limits(),
        tags=tags or {},
        seed=seed,
        progress=progress,
    )
    return _in_a_thread(run)


async def aevaluate(
    data: Any,
    task: Any = None,
    *,
    scorers: Any = None,
    name: str | None = None,
    repeats: int = 1,
    concurrency: int = 16,
    id: str = "id",
    cluster: str | None = None,
    baseline: str | EvaluationResult | None = None,
    limits: Limits | None = None,
    tags: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: bool | Progress | None = None,
    predict_fn: Any = None,
    evaluators: Any = None,
    metrics: Any = None,
) -> EvaluationResult:
    """`evaluate`, awaited: the task runs on the caller's event loop. Cancelling it marks the experiment as
    interrupted.
    """
    run = await asyncio.to_thread(
        _prepare,
        data=data,
        task=_one_of(task=task, predict_fn=predict_fn),
        scorers=_one_of(scorers=scorers, evaluators=evaluators, metrics=metrics),
        name=name,
        repeats=repeats,
        concurrency=concurrency,
        id=id,
        cluster=cluster,
        baseline=baseline,
        limits=limits or Limits(),
        tags=tags or {},
        seed=seed,
        progress=progress,
    )
    return await run.execute()


@dataclass(slots=True, kw_only=True)
class Run:
    """One evaluation under way."""

    id: str
    name: str
    dataset: Dataset
    runner: RowRunner
    repeats: int
    concurrency: int
    limits: Limits
    body: dict[str, Any]
    baseline: EvaluationResult | None
    client: Client
    progress: Progress
    interrupted: bool = False
    stopped: tuple[RunStatus, str] | None = None  # why no more rows begin
    rows: dict[int, Row] = field(default_factory=dict)  # by position in the plan
    spent_usd: float = 0.0
    models: set[str] = field(default_factory=set)
    prompts: set[tuple[str, int]] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)  # the newest failure, and how often it came without another
    started: float = field(default_factory=time.monotonic)

    def interrupt(self) -> None:
        """Begin no more rows. Called from any thread."""
        self.interrupted = True

    @property
    def planned(self) -> int:
        return len(self.dataset.items) * self.repeats

    async def execute(self) -> EvaluationResult:
        """Run what is planned, store it, and sum it up."""
        await asyncio.to_thread(self.client.post, "/experiments", self.body)
        store = RowStore(lambda rows: self.client.post(f"/experiments/{self.id}/rows", {"rows": redacted_rows(rows)}))
        self.progress.start(self.name, self.planned)
        self.started = time.monotonic()
        plan = enumerate(product(self.dataset.items, range(self.repeats)))
        try:
            workers = [self._work(plan, store) for _ in range(min(self.concurrency, self.planned))]
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(worker)
        except asyncio.CancelledError:
            self.stopped = self.stopped or ("interrupted", "cancelled")
            await asyncio.shield(asyncio.to_thread(self._finish, store))
            raise
        finally:
            self.runner.threads.close()
        return await asyncio.to_thread(self._finish, store)

    async def _work(self, plan: Iterator[tuple[int, tuple[Item, int]]], store: RowStore) -> None:
        """Take rows from the plan until there are none, or none may begin."""
        while not self._must_stop() and (taken := next(plan, None)) is not None:
            position, (item, repeat) = taken
            row, usage = await self.runner.run(item, repeat)
            self.rows[position] = row
            store.put(row)
            self._account(row, usage)
            while store.backlog > MOST_BACKLOG:
                await asyncio.sleep(0.02)

    def _must_stop(self) -> bool:
        if self.stopped is None:
            duration = self.limits.max_duration_s
            if self.interrupted:
                self.stopped = ("interrupted", "interrupted")
            elif duration is not None and time.monotonic() - self.started >= duration:
                self.stopped = ("stopped_by_budget", f"the limit of {duration:g} s was reached")
        return self.stopped is not None

    def _account(self, row: Row, usage: Usage) -> None:
        """Add up what the row used, and see whether the next ones may begin."""
        cost, unpriced = spent(row, usage)
        self.spent_usd += cost
        self.models |= usage.models
        self.prompts |= usage.prompts
        self.progress.row(row, cost)
        budget = self.limits.max_cost_usd
        if budget is not None and unpriced and self.stopped is None:
            why = f"no price is known of {', '.join(sorted(unpriced))}, so that max_cost_usd cannot be kept"
            self.stopped = ("stopped_by_budget", why)
        elif budget is not None and self.spent_usd >= budget and self.stopped is None:
            self.stopped = ("stopped_by_budget", f"${self.spent_usd:.4f} of ${budget:g} were spent")
        self._look_for_breakdown(row)

    def _look_for_breakdown(self, row: Row) -> None:
        """The same failure over and over is no property of the rows: a wrong key, a server that is gone."""
        failure = (
            row["error"] if row["status"] != "ok" else next((s["error"] for s in row["scores"] if s["error"]), None)
        )
        if failure is None:
            self.failures.clear()
            return
        self.failures = Counter({failure: self.failures[failure] + 1})
        if self.failures[failure] > SAME_FAILURES and self.stopped is None:
            self.stopped = ("failed", f"{SAME_FAILURES + 1} rows after each other failed alike: {failure[:300]}")

    def _finish(self, store: RowStore) -> EvaluationResult:
        """Store the rest and the summary, compare, and tell. Whatever fails here, the rows are kept and the caller is
        told.
        """
        store.close()
        flush()
        rows = [self.rows[position] for position in sorted(self.rows)]
        planned = counted(self.planned, "row")
        problems = [f"{len(rows)} of {planned} ran: {self.stopped[1]}."] if self.stopped else []
        if store.unstored:
            problems.append(
                f"Rows that could not be stored and are only in this result: {len(store.unstored)}. "
                f"{store.unstored[0][1]}"
            )
        result = EvaluationResult(
            id=self.id,
            name=self.name,
            status=self.stopped[0] if self.stopped else _status(rows),
            experiment=self.body,
            records=rows,
            summary_rows=summarised(rows, self.body["scorers"]),
            planned=self.planned,
            problems=problems,
            cost_usd=self.spent_usd or None,
            client=self.client,
        )
        self._store_end(result)
        if self.baseline is not None:
            result.compare_with_baseline(self.baseline)
        self.progress.stop(result.headline())
        return result

    def _store_end(self, result: EvaluationResult) -> None:
        used = {
            "models": sorted(self.models),
            "prompts": [{"name": name, "version": version} for name, version in sorted(self.prompts)],
            "judge_models": sorted({str(m) for row in result.records for m in _judge_models(row)}),
            "cost_usd": self.spent_usd,
            "rows_planned": self.planned,
            "rows_run": len(result.records),
            "rows_by_status": dict(Counter(row["status"] for row in result.records)),
            "problems": result.problems,
        }
        body = {
            "status": result.status,
            "summary": [row.to_dict() for row in result.summary_rows],
            "config": {**self.body["config"], "used": used},
            "finished_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        if result.status == "failed" and self.stopped:
            body["error"] = self.stopped[1]
        try:
            self.client.put(f"/experiments/{self.id}", body)
        except AssayError as error:
            result.problems.append(f"The experiment's summary could not be stored: {error}")


def _prepare(
    *,
    data: Any,
    task: Any,
    scorers: Any,
    name: str | None,
    repeats: int,
    concurrency: int,
    id: str,
    cluster: str | None,
    baseline: str | EvaluationResult | None,
    limits: Limits,
    tags: Mapping[str, str],
    seed: int,
    progress: bool | Progress | None,
) -> Run:
    """Read and check everything: what is wrong is told here, before anything is paid for."""
    counts: dict[str, Any] = {"repeats": repeats, "concurrency": concurrency}
    for what, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise ConfigurationError(f"{what}= is a whole number of 1 or more, not {value!r}.")
    if task is not None and not callable(task):
        raise ConfigurationError(f"The task {task!r} cannot be called.")
    dataset = read_dataset(data, id=id, cluster=cluster)
    if task is None:
        _check_outputs(dataset.items, repeats)
    prepared = prepare_scorers(scorers, dataset.items, has_task=task is not None)
    bind = bind_task(task, dataset.items) if task is not None else None
    name = name or _default_name(dataset, task)
    client = current_client()
    compared = find_baseline(baseline, name, client)
    experiment_id = uuid.uuid4().hex
    body = experiment_body(
        id=experiment_id,
        name=name,
        dataset=dataset,
        task=task,
        scorers=prepared,
        repeats=repeats,
        concurrency=concurrency,
        limits=limits,
        seed=seed,
        tags=tags,
        baseline_id=compared.id if compared else None,
        settings=current_settings(),
    )
    runner = RowRunner(
        experiment_id=experiment_id,
        experiment_name=name,
        task=task,
        bind=bind,
        scorers=prepared,
        timeout_s=limits.row_timeout_s,
        threads=Threads(),
        meter=meter(),
    )
    return Run(
        id=experiment_id,
        name=name,
        dataset=dataset,
        runner=runner,
        repeats=repeats,
        concurrency=concurrency,
        limits=limits,
        body=body,
        baseline=compared,
        client=client,
        progress=make_progress(progress),
    )


def _in_a_thread(run: Run) -> EvaluationResult:
    """Execute a run on an event loop of its own. The first Ctrl-C interrupts it, the second leaves it behind."""
    context = contextvars.copy_context()
    future: Future[EvaluationResult] = Future()

    def work() -> None:
        try:
            future.set_result(context.run(asyncio.run, run.execute()))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="assay-evaluate", daemon=True).start()
    while True:
        try:
            # With a timeout, so that Ctrl-C is heard on every platform. (Thread.join, once interrupted, takes a thread
            # that still runs for an ended one.)
            wait([future], timeout=0.2)
            if future.done():
                return future.result()
        except KeyboardInterrupt:
            if run.interrupted or future.done():
                raise
            run.interrupt()


def _default_name(dataset: Dataset, task: Any) -> str:
    parts = [dataset.name, None if task is None else display_name(task)]
    return "-".join(part for part in parts if part and part != "<lambda>") or "evaluation"


def _one_of(**given: Any) -> Any:
    """The one of several names for the same argument that was used."""
    used = {name: value for name, value in given.items() if value is not None}
    if len(used) > 1:
        raise ConfigurationError(f"{' and '.join(f'{name}=' for name in used)} mean the same; give one of them.")
    return next(iter(used.values()), None)


def _check_outputs(items: Sequence[Item], repeats: int) -> None:
    without = [item.id for item in items if not has_output(item)]
    if without:
        raise DatasetError(
            f"Without a task the data must hold the outputs, and {len(without)} of {len(items)} items have none "
            f"(the first is {without[0]!r}).",
            hint="Give a task, or a field named output.",
        )
    if repeats > 1:
        raise ConfigurationError("repeats= needs a task: outputs that the data hold are there once.")


def _status(rows: Sequence[Row]) -> RunStatus:
    clean = all(row["status"] == "ok" and not any(s["status"] == "scorer_error" for s in row["scores"]) for row in rows)
    return "completed" if clean else "completed_with_errors"


def _judge_models(row: Mapping[str, Any]) -> list[Any]:
    return [model for score in row["scores"] if (model := (score["metadata"] or {}).get("response_model"))]
