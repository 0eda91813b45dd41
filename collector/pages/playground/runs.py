"""Columns that run over data sets, as far as they are: kept in memory, for the page that shows them."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from assay.errors import AssayError, NotFound

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
    state: Literal["running", "done", "stopped", "failed"] = "running"
    problem: AssayError | None = None

    def experiments(self) -> list[str]:
        """Those that there are, in the order of the columns."""
        return [column.experiment for column in self.columns if column.experiment]


class DataRuns:
    """The runs of this collector since it started. Any thread may ask."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._runs: dict[str, DataRun] = {}
        self._told: dict[str, Told] = {}

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
        if run is None or run.project != project:
            raise NotFound(
                "This run is not known any more.",
                hint="Runs are followed until the collector stops; the experiments they made are under Evaluations.",
            )
        return run

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
