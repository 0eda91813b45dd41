"""Tools over evaluations: what was measured, what differs, which rows came out worst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from assay.errors import ExperimentNotFound, MissingExtra
from assay.mcp_server.brief import as_json, bounded, briefly, listed, rows, without_empty
from assay.mcp_server.reader import Cursor, Limit, Project, Reader, part

EXPERIMENT_FIELDS = ("id", "name", "status", "created_at", "dataset", "tags")
ITEM_FIELDS = ("id", "split", "input", "expected", "metadata")
DATASET_FIELDS = ("name", "latest_version", "item_count", "description", "updated_at")
Experiment = Annotated[str, Field(description="Its id, or its name for the newest of that name.")]
HEX = frozenset("0123456789abcdef")


class ExperimentTools:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def list_experiments(
        self,
        name: Annotated[str | None, Field(description="Only those of this name.")] = None,
        dataset: Annotated[str | None, Field(description="Only those over this data set.")] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        project: Project = None,
    ) -> str:
        """List evaluations of a task over a data set, newest first."""
        page = self._reader.get("/experiments", project, name=name, dataset=dataset, limit=limit, cursor=cursor)
        return listed(rows(page["items"], EXPERIMENT_FIELDS), page["next_cursor"], "There is no such experiment.")

    def get_experiment(self, experiment: Experiment, project: Project = None) -> str:
        """The figures of an experiment: each scorer's mean with its interval, what failed, what it cost."""
        return bounded(str(self._result(experiment, project)), "")

    def compare_experiments(self, baseline: Experiment, candidate: Experiment, project: Project = None) -> str:
        """Compare two experiments item by item: difference, interval, corrected p, and what it means in words."""
        before, after = self._result(baseline, project), self._result(candidate, project)
        return bounded(str(after.compare(before)), "")

    def worst_rows(
        self,
        experiment: Experiment,
        scorer: Annotated[str, Field(description="Name of the score, as get_experiment prints it.")],
        limit: Annotated[int, Field(ge=1, le=100, description="How many.")] = 10,
        project: Project = None,
    ) -> str:
        """The rows that came out worst: failed ones first, then by score. With input, expected, output, explanation and
        trace_id, which get_trace reads.
        """
        found = self._find(experiment, project)
        higher = next((each.get("direction") != "lower" for each in found["scorers"] if each["name"] == scorer), None)
        if higher is None:
            names = ", ".join(each["name"] for each in found["scorers"])
            return f"The experiment has no score {scorer!r}. It has: {names}."
        client = self._reader.client
        all_rows = client.pages(f"/experiments/{part(found['id'])}/rows", project=project or client.project)
        ranked = sorted((_badness(row, scorer, higher), number, row) for number, row in enumerate(all_rows))
        return listed([_row(row, scorer) for _, _, row in ranked[:limit]], None, "The experiment has no rows yet.")

    def list_datasets(
        self,
        name: Annotated[str | None, Field(description="A part of the name.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        project: Project = None,
    ) -> str:
        """List data sets: test data in versions."""
        page = self._reader.get("/datasets", project, filter=name, limit=limit, cursor=cursor)
        return listed(rows(page["items"], DATASET_FIELDS), page["next_cursor"], "There is no such data set.")

    def get_dataset_items(
        self,
        name: Annotated[str, Field(description="Name of the data set.")],
        version: Annotated[int | None, Field(ge=1, description="The newest when absent.")] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        project: Project = None,
    ) -> str:
        """Read items of a data set: input, expected output, metadata."""
        page = self._reader.get(
            f"/datasets/{part(name)}/items", project, version=version, limit=min(limit, 200), cursor=cursor
        )
        return listed(rows(page["items"], ITEM_FIELDS, most=1000), page["next_cursor"], "The version has no items.")

    def _find(self, experiment: str, project: str | None) -> Mapping[str, Any]:
        if len(experiment) == 32 and set(experiment) <= HEX:
            found: Mapping[str, Any] = self._reader.get(f"/experiments/{part(experiment)}", project)
            return found
        named = self._reader.get("/experiments", project, name=experiment, limit=1)["items"]
        if not named:
            raise ExperimentNotFound(f"There is no experiment {experiment!r}.", hint="Call list_experiments.")
        return dict(named[0])

    def _result(self, experiment: str, project: str | None) -> Any:
        try:
            from assay.evaluation.result import EvaluationResult
        except ImportError as error:
            raise MissingExtra("The figures of experiments", "eval") from error
        from assay.client import Client

        found = self._find(experiment, project)
        client = self._reader.client
        named = Client(client.settings.with_values(project=project)) if project else client
        return EvaluationResult.load(found["id"], client=named)


# Helpers ----------------------------------------------------------------------------------------------------------


def _badness(row: Mapping[str, Any], scorer: str, higher_is_better: bool) -> tuple[int, float]:
    """What sorts first is worst: rows that failed, scores that failed, then by value; what is not scored is last."""
    if row["status"] != "ok":
        return (0, 0.0)
    score = _score(row, scorer)
    if score is None:
        return (3, 0.0)
    value = score.get("value")
    if score.get("status") == "failed":
        return (1, 0.0)
    if not isinstance(value, (bool, int, float)):
        return (3, 0.0)
    return (2, float(value) if higher_is_better else -float(value))


def _score(row: Mapping[str, Any], scorer: str) -> Mapping[str, Any] | None:
    return next((each for each in row.get("scores") or () if each["name"] == scorer), None)


def _row(row: Mapping[str, Any], scorer: str) -> str:
    score = _score(row, scorer) or {}
    told = {
        "item_id": row["item_id"],
        "status": None if row["status"] == "ok" else row["status"],
        scorer: score.get("value"),
        "explanation": score.get("explanation") or score.get("error"),
        **{name: row.get(name) for name in ("error", "input", "expected", "output", "trace_id")},
    }
    return as_json({name: briefly(value, 600) for name, value in without_empty(told).items()})
