"""Columns that run over data sets, as far as they are. How far is kept in memory; after the collector was started
again, what there is of a run is told by its experiments.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from assay.errors import AssayError, NotFound
from assay.evaluation.playground.tags import COLUMN_TAG

logger = logging.getLogger(__name__)

MOST_KEPT = 100


class Told(Iterable[Any], Protocol):
    def close(self) -> None: ...


@dataclass(slots=True)
class ColumnRun:
    """One column: an experiment once it is over."""

    name: str
    model: str
    rows: int | None = None
    done: int = 0
    failed: int = 0
    cost_usd: float = 0.0
    so_far: str = ""
    experiment: str | None = None
    status: str | None = None
    problem: str | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """Take up what was told: see evaluation/playground/over_data.py."""
        for name in ("rows", "done", "failed", "cost_usd", "so_far", "experiment", "status", "problem"):
            if name in event:
                setattr(self, name, event[name])


@dataclass(slots=True)
class DataRun:
    project: str
    dataset: str
    version: int
    scorers: Sequence[str]
    columns: list[ColumnRun]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: Literal["running", "done", "stopped", "failed", "interrupted"] = "running"
    problem: AssayError | None = None

    def experiments(self) -> list[str]:
        """Those that there are, in the order of the columns."""
        return [column.experiment for column in self.columns if column.experiment]


Earlier = Callable[[str, str], Sequence[Mapping[str, Any]]]  # project, run -> the experiments that it made


class DataRuns:
    """The runs of this collector. Any thread may ask."""

    def __init__(self, earlier: Earlier = lambda project, run_id: ()) -> None:
        self._guard = threading.Lock()
        self._runs: dict[str, DataRun] = {}
        self._told: dict[str, Told] = {}
        self._earlier = earlier

    def start(self, run: DataRun, told: Told) -> str:
        """Follow what is told of a run; its id."""
        with self._guard:
            over = [old for old in self._runs.values() if old.state != "running"]
            for old in over[: max(0, len(self._runs) + 1 - MOST_KEPT)]:
                del self._runs[old.id]
            self._runs[run.id], self._told[run.id] = run, told
        threading.Thread(target=self._follow, args=(run, told), name="assay-playground", daemon=True).start()
        return run.id

    def get(self, project: str, run_id: str) -> DataRun:
        """
        Raises:
            NotFound: this collector knows of none.
        """
        run = self._runs.get(run_id)
        if run is not None and run.project == project:
            return run
        experiments = [] if run is not None else self._earlier(project, run_id)
        if not experiments:
            raise NotFound(
                "There is no such run of the playground.", hint="The experiments that runs made are under Evaluations."
            )
        return told_by_experiments(project, run_id, experiments)

    def stop(self, project: str, run_id: str) -> None:
        """Rows that are under way are given up; those that are done stay."""
        run = self.get(project, run_id)
        if run.state == "running":
            run.state = "stopped"
            self._told[run_id].close()

    def _follow(self, run: DataRun, told: Told) -> None:
        try:
            for event in told:
                if isinstance(event, dict):
                    run.columns[event["column"]].take(event)
        except AssayError as error:
            run.problem, run.state = error, "failed"
        except Exception:
            logger.exception("a run over a data set could not be followed")
            run.problem, run.state = AssayError("The run failed.", hint="The collector's log says why."), "failed"
        if run.state == "running":
            run.state = "done"
        with self._guard:
            self._told.pop(run.id, None)


def told_by_experiments(project: str, run_id: str, experiments: Sequence[Mapping[str, Any]]) -> DataRun:
    """A run that nobody follows any more. Columns whose turn never came have no experiment."""
    columns = [
        ColumnRun(
            name=one["name"],
            model=one["tags"].get("model", ""),
            experiment=one["id"],
            status=one["status"],
            problem=one["error"],
        )
        for one in experiments
    ]
    began, _, planned = experiments[-1]["tags"].get(COLUMN_TAG, "").partition(" of ")
    is_over = began == planned and experiments[-1]["status"] not in ("running", "interrupted")
    dataset = experiments[0]["dataset"]
    return DataRun(
        project=project,
        dataset=dataset["name"] or "",
        version=dataset["version"] or 0,
        scorers=[scorer["name"] for scorer in experiments[0]["scorers"]],
        columns=columns,
        id=run_id,
        state="done" if is_over else "interrupted",
    )
