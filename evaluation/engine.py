"""`evaluate`, `aevaluate` and `resume`: every item through the task, every result through the scorers, every row stored
as it is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from assay.errors import ConfigurationError
from assay.evaluation.gateway.answering import Policy
from assay.evaluation.limits import Limits
from assay.evaluation.options import OnError, Options
from assay.evaluation.own_thread import run_in_own_thread
from assay.evaluation.preparing import prepare
from assay.evaluation.progress import Progress
from assay.evaluation.result import EvaluationResult
from assay.evaluation.resuming import prepare_resumed


def evaluate(
    data: Any,
    task: Any = None,
    *,
    scorers: Any = None,
    name: str | None = None,
    repeats: int = 1,
    concurrency: int | Literal["auto"] = 16,
    id: str = "id",
    cluster: str | None = None,
    baseline: str | EvaluationResult | None = None,
    limits: Limits | None = None,
    cache: Policy = "off",
    score_on_error: bool = False,
    on_error: OnError = "record",
    tags: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: bool | Progress | None = None,
    predict_fn: Any = None,
    evaluators: Any = None,
    metrics: Any = None,
) -> EvaluationResult:
    """Run a task over test data and score what comes out. Failures are data: they are counted, and never averaged.

    The first row runs alone: an error that every row would meet (a refused key, an unknown model, a call that does not
    fit) ends the run before the others are paid for.

    The first Ctrl-C lets the rows under way finish and returns what there is, with the status "interrupted"; the
    second stops at once. Works in notebooks and under a running event loop: the evaluation has a thread and a loop of
    its own. A run that was killed goes on with `assay.resume(id)`.

    Args:
        data: a list of dicts or Items, a DataFrame, traces, the path of a JSONL, JSON, CSV or Parquet file, or the name
            of a registered data set (``name`` or ``name@version``).
        task: the function under test, sync or async, or anything with a ``predict`` method. An input that is a dict
            becomes its keyword arguments, anything else its first argument. A task of a single parameter whose name is
            none of the dict's keys is given the dict whole; any other mismatch is refused before the first call. None
            scores the outputs that the data hold.
        scorers: functions, `Scorer` objects, or names of built-in ones.
        name: of the experiment; the data set's and task's if not given (a lambda has none).
        repeats: times the task runs on each item. The item stays the unit of all statistics.
        concurrency: rows under way at once. "auto" begins with 20 and follows what the provider takes.
        id: field of the data with the items' ids; without, they come from the content.
        cluster: field that says which items are not independent of each other (a document, a user).
        baseline: "previous" (the newest finished experiment of the same name), an id, or a result: to compare with.
        limits: of money, tokens, calls and time.
        cache: "reuse" takes answers of models that were kept and keeps new ones, "refresh" asks anew and keeps, "off"
            neither. It holds for calls through Assay's gateway: judges', and the task's where it uses that.
        score_on_error: scorers run on failed rows too, with an output of None.
        on_error: "raise" ends the run at the first failure of a row or scorer and raises it, once the rows are stored.
        tags: kept with the experiment.
        seed: of drawn permutations and resamples.
        progress: None shows a bar in a terminal and lines elsewhere; False shows nothing.
        predict_fn: the same as `task`. evaluators, metrics: the same as `scorers`.

    Raises:
        ConfigurationError: something does not fit together; found before the first call.
        DatasetError: a row of the data cannot be used.
        CollectorUnavailable: there is nowhere to keep the results.
    """
    options = Options(
        name=name,
        repeats=repeats,
        concurrency=concurrency,
        id=id,
        cluster=cluster,
        baseline=baseline,
        limits=limits or Limits(),
        cache=cache,
        score_on_error=score_on_error,
        on_error=on_error,
        tags=tags or {},
        seed=seed,
        progress=progress,
    )
    task = _one_of(task=task, predict_fn=predict_fn)
    scorers = _one_of(scorers=scorers, evaluators=evaluators, metrics=metrics)
    return run_in_own_thread(prepare(data, task, scorers, options))


async def aevaluate(
    data: Any,
    task: Any = None,
    *,
    scorers: Any = None,
    name: str | None = None,
    repeats: int = 1,
    concurrency: int | Literal["auto"] = 16,
    id: str = "id",
    cluster: str | None = None,
    baseline: str | EvaluationResult | None = None,
    limits: Limits | None = None,
    cache: Policy = "off",
    score_on_error: bool = False,
    on_error: OnError = "record",
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
    options = Options(
        name=name,
        repeats=repeats,
        concurrency=concurrency,
        id=id,
        cluster=cluster,
        baseline=baseline,
        limits=limits or Limits(),
        cache=cache,
        score_on_error=score_on_error,
        on_error=on_error,
        tags=tags or {},
        seed=seed,
        progress=progress,
    )
    task = _one_of(task=task, predict_fn=predict_fn)
    scorers = _one_of(scorers=scorers, evaluators=evaluators, metrics=metrics)
    run = await asyncio.to_thread(prepare, data, task, scorers, options)
    return await run.execute()


def resume(
    id: str,
    *,
    data: Any = None,
    task: Any = None,
    scorers: Any = None,
    allow_changed: bool = False,
    limits: Limits | None = None,
    progress: bool | Progress | None = None,
) -> EvaluationResult:
    """Make the rows that an experiment lacks: after a Ctrl-C, a budget that ran out, an error that ended it, a kill.

    Rows that were made are kept as they are, and what a row had paid for when its process died (its task's answer, a
    judge's verdict) is not paid for again. Rows that failed stay failed, but for those of a run that itself failed;
    see also `EvaluationResult.retry_errors`.

    Args:
        id: the experiment's.
        data, task, scorers: as they were. In the process of the run they are known; in another one data in a file or
            registered, and tasks and scorers of importable modules, are found. What is not is asked for.
        allow_changed: go on although data, task or scorers are not those of before. What changed is recorded.
        limits: in place of those of before; what was spent until now counts.
        progress: as `evaluate` takes it.

    Raises:
        ExperimentNotFound: there is none of that id.
        Conflict: it is still running.
        ConfigurationError: something has changed, or cannot be found from here; the message names it.
    """
    return run_in_own_thread(
        prepare_resumed(
            id,
            data=data,
            task=task,
            scorers=scorers,
            allow_changed=allow_changed,
            limits=limits,
            progress=progress,
        )
    )


def _one_of(**given: Any) -> Any:
    """The one of several names for the same argument that was used."""
    used = {name: value for name, value in given.items() if value is not None}
    if len(used) > 1:
        raise ConfigurationError(f"{' and '.join(f'{name}=' for name in used)} mean the same; give one of them.")
    return next(iter(used.values()), None)
