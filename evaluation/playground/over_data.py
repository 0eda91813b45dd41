"""Columns of the playground over a data set: each becomes an experiment, the first is what the others compare with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from assay.errors import AssayError
from assay.evaluation.engine import aevaluate
from assay.evaluation.judges.model_scorer import ModelScorer
from assay.evaluation.limits import Limits
from assay.evaluation.playground.request import Column, OverData, values_of
from assay.evaluation.playground.running import ask, text_of
from assay.evaluation.playground.tags import COLUMN_TAG, RUN_TAG, TAG
from assay.evaluation.progress import Tally
from assay.evaluation.scorers import BUILT_IN
from assay.evaluation.scorers.by_name import scorer_by_name
from assay.tracing import flush

Tell = Callable[[Any], None]


async def run_over_data(over: OverData, tell: Tell) -> list[str | None]:
    """Run the columns one after the other; the ids of their experiments, None for a column that could not be run.

    Told of a column: how many rows it has, each row with the figures so far, and its end or why it failed. A column
    that fails does not keep the others from running.
    """
    found: list[str | None] = []
    for number, column in enumerate(over.columns):
        try:
            scorers = [chosen_scorer(name, over.judge_model) for name in over.scorers]
            result = await aevaluate(
                f"{over.dataset}@{over.version}",
                task_of(column, over.variables),
                scorers=scorers,
                name=over.names[number],
                repeats=over.repeats,
                concurrency=over.concurrency,
                baseline=next((id for id in found if id), None),
                limits=Limits(max_cost_usd=over.max_cost_usd),
                tags={TAG: "yes", **_run_tags(over, number), "model": column.model, **_prompt_tag(column)},
                progress=Telling(number, tell),
            )
        except AssayError as error:
            found.append(None)
            tell({"column": number, "problem": str(error)})
        else:
            found.append(result.id)
            tell({"column": number, "experiment": result.id, "status": result.status})
    await asyncio.to_thread(flush)
    return found


def chosen_scorer(name: str, judge_model: str | None) -> Any:
    """A built-in scorer by its name; judges ask this model, where one was chosen.

    Raises:
        ConfigurationError: there is no such scorer, or it cannot be made without arguments.
    """
    found: Any = BUILT_IN.get(name)
    if judge_model and found is not None and issubclass(found, ModelScorer):
        return found(model=judge_model)
    return scorer_by_name(name, BUILT_IN)


def task_of(column: Column, shared: Mapping[str, Any]) -> Callable[[Any], Any]:
    """What an experiment runs on each item."""
    names = column.names()

    async def playground(_item_input: Any) -> str:
        return text_of(await ask(column, column.messages(values_of(_item_input, names, shared))))

    return playground


class Telling:
    """A `Progress` that tells the collector."""

    def __init__(self, column: int, tell: Tell) -> None:
        self._column = column
        self._tell = tell
        self._tally = Tally()

    def start(self, name: str, rows: int) -> None:
        self._tell({"column": self._column, "rows": rows})

    def row(self, row: dict[str, Any], cost_usd: float) -> None:
        self._tally.add(row, cost_usd)
        failed = sum(self._tally.problems.values())
        told = {
            "done": self._tally.done,
            "failed": failed,
            "cost_usd": self._tally.cost_usd,
            "so_far": str(self._tally),
        }
        self._tell({"column": self._column, **told})

    def stop(self, line: str) -> None: ...


def _run_tags(over: OverData, number: int) -> dict[str, str]:
    """What the collector finds the run by after it was started again."""
    return {RUN_TAG: over.run, COLUMN_TAG: f"{number + 1} of {len(over.columns)}"} if over.run else {}


def _prompt_tag(column: Column) -> dict[str, str]:
    return {"prompt": f"{column.prompt.name}@{column.prompt.version}"} if column.prompt else {}
