"""Before the first row: everything is read and checked, so that what is wrong is told before anything is paid for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from assay.client import Client, current_client
from assay.errors import ConfigurationError, DatasetError
from assay.evaluation.binding import bind_task, display_name
from assay.evaluation.data.dataset import Dataset, Item, read_dataset
from assay.evaluation.experiment import experiment_body
from assay.evaluation.journal import Journal, Row, journal_path
from assay.evaluation.models import as_task, is_model
from assay.evaluation.options import Options, data_source
from assay.evaluation.prepared_scorers import PreparedScorer, prepare_scorers
from assay.evaluation.progress import make_progress
from assay.evaluation.recipe import Recipe, remember
from assay.evaluation.redacted_rows import redacted_row
from assay.evaluation.result import EvaluationResult, find_baseline
from assay.evaluation.row import RowRunner
from assay.evaluation.run import Earlier, Run
from assay.evaluation.threads import Threads
from assay.evaluation.usage import meter


def prepare(data: Any, task: Any, scorers: Any, options: Options) -> Run:
    """A new run of what `evaluate` was asked for."""
    dataset = read_dataset(data, id=options.id, cluster=options.cluster)
    task, prepared = fitted(dataset, task, scorers, options)
    name = options.name or _default_name(dataset, task)
    client = current_client()
    compared = find_baseline(options.baseline, name, client)
    experiment_id = uuid.uuid4().hex
    body = experiment_body(
        id=experiment_id,
        name=name,
        dataset=dataset,
        source=data_source(data, options),
        task=task,
        scorers=prepared,
        options=options,
        baseline_id=compared.id if compared else None,
        settings=client.settings,
    )
    remember(experiment_id, Recipe(dataset, task, scorers))
    journal = Journal(journal_path(client.settings, experiment_id))
    try:
        return make_run(body, dataset, task, prepared, options, client, journal, baseline=compared)
    except BaseException:
        journal.close(stored=True)
        raise


def fitted(dataset: Dataset, task: Any, scorers: Any, options: Options) -> tuple[Any, list[PreparedScorer]]:
    """Task and scorers, looked at beside the data.

    Raises:
        ConfigurationError, DatasetError: they do not fit together.
    """
    if task is None:
        _check_outputs(dataset.items, options.repeats)
    elif not callable(task) and not is_model(task):
        raise ConfigurationError(f"The task {task!r} cannot be called, and has no predict either.")
    prepared = prepare_scorers(scorers, dataset.items, has_task=task is not None)
    probabilities = any(getattr(scorer.function, "needs_probabilities", False) for scorer in prepared)
    return as_task(task, dataset.items, probabilities=probabilities or None), prepared


def make_run(
    body: dict[str, Any],
    dataset: Dataset,
    task: Any,
    scorers: list[PreparedScorer],
    options: Options,
    client: Client,
    journal: Journal,
    *,
    baseline: EvaluationResult | None = None,
    earlier: Earlier | None = None,
) -> Run:
    """A run with the parts that make its rows."""

    def task_done(row: Row) -> None:
        if redacted_row(row) == row:  # else the scorers of a resumed run would not see what they see now
            journal.task_done(row)

    def scorer_done(key: Any, scorer: str, scores: Sequence[Mapping[str, Any]]) -> None:
        journal.scorer_done(key, scorer, redacted_row({"scores": list(scores)})["scores"])

    runner = RowRunner(
        experiment_id=body["id"],
        experiment_name=body["name"],
        task=task,
        bind=bind_task(task, dataset.items) if task is not None else None,
        scorers=[scorer for scorer in scorers if scorer.level == "row"],
        timeout_s=options.limits.row_timeout_s,
        threads=Threads(),
        meter=meter(),
        task_done=task_done,
        scorer_done=scorer_done,
        score_on_error=options.score_on_error,
    )
    return Run(
        id=body["id"],
        name=body["name"],
        dataset=dataset,
        scorers=scorers,
        runner=runner,
        options=options,
        body=body,
        baseline=baseline,
        client=client,
        progress=make_progress(options.progress),
        journal=journal,
        earlier=earlier,
    )


def _default_name(dataset: Dataset, task: Any) -> str:
    parts = [dataset.name, None if task is None else display_name(task)]
    return "-".join(part for part in parts if part and part != "<lambda>") or "evaluation"


def _check_outputs(items: Sequence[Item], repeats: int) -> None:
    without = [item.id for item in items if not item.has_output]
    if without:
        raise DatasetError(
            f"Without a task the data must hold the outputs, and {len(without)} of {len(items)} items have none "
            f"(the first is {without[0]!r}).",
            hint="Give a task, or a field named output.",
        )
    if repeats > 1:
        raise ConfigurationError("repeats= needs a task: outputs that the data hold are there once.")
