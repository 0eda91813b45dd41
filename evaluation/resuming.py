"""A run taken up again: by the same process or another, after an interruption, a budget's end, or a kill.

What there is of it comes from two places: the rows that the collector has, and the journal of the process that made
them, which holds what had not arrived yet. Data, task and scorers must be those of before: their hashes say so.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from assay.client import Client, current_client
from assay.errors import ConfigurationError, Conflict
from assay.evaluation.data.dataset import Dataset
from assay.evaluation.experiment import describe_task, is_alive, process_state
from assay.evaluation.journal import Journal, Key, Remembered, Row, journal_path, key_of, read_journal
from assay.evaluation.ledger import LISTS
from assay.evaluation.limits import Limits
from assay.evaluation.options import Options
from assay.evaluation.plain import plain
from assay.evaluation.preparing import fitted, make_run
from assay.evaluation.recipe import Recipe, recall
from assay.evaluation.result import find_baseline
from assay.evaluation.row import Begun
from assay.evaluation.run import Earlier, Run

HEARD_OF_S = 120.0  # after this long without a sign of life a run is held for dead, wherever it was
FINISHED_ROW = ("ok", "task_error", "timeout")
FAILED_SCORE = ("scorer_error", "invalid")


def prepare_resumed(
    id: str,
    *,
    data: Any = None,
    task: Any = None,
    scorers: Any = None,
    allow_changed: bool = False,
    limits: Limits | None = None,
    progress: Any = None,
    again: Callable[[Row], bool] | None = None,
) -> Run:
    """The run that makes the rows that an experiment lacks.

    Args:
        again: which finished rows are to be made again; None: none, unless the run itself failed: then those that did.

    Raises:
        ExperimentNotFound: there is none of that id.
        Conflict: it is still running.
        ConfigurationError: data, task or scorers have changed, or cannot be found from here.
    """
    client = current_client()
    experiment = client.get(f"/experiments/{quote(id, safe='')}")
    path = journal_path(client.settings, experiment["id"])
    was_here = path.exists()
    journal = Journal(path)
    try:
        if not was_here:
            _refuse_if_running(experiment)
        options = _options(experiment, limits, progress)
        recipe = recall(experiment, options, data=data, task=task, scorers=scorers)
        fitting_task, prepared = fitted(recipe.dataset, recipe.task, recipe.scorers, options)
        changed = _changed(experiment, recipe, [scorer.described() for scorer in prepared])
        if changed and not allow_changed:
            raise ConfigurationError(
                f"Experiment {id} cannot be resumed as it was: {'; '.join(changed)}.",
                hint="allow_changed=True resumes it all the same, and records what changed; evaluate() starts anew.",
            )
        if again is None:
            again = _has_failed if experiment["status"] in ("failed", "failed_infrastructure") else _never
        earlier = _earlier(experiment, recipe.dataset, _stored_rows(client, id), read_journal(path), again, changed)
        body = _body(experiment, earlier, changed)
        before = find_baseline(experiment.get("baseline_id"), experiment["name"], client)
        made_of = (recipe.dataset, fitting_task, prepared, options, client, journal)
        return make_run(body, *made_of, baseline=before, earlier=earlier)
    except BaseException:
        journal.close(stored=not was_here)
        raise


def failed_row(row: Row) -> bool:
    """The task failed on it, or a scorer did."""
    return _has_failed(row) or any(score["status"] in FAILED_SCORE for score in row["scores"] or ())


def _has_failed(row: Row) -> bool:
    return bool(row["status"] != "ok")


def _never(row: Row) -> bool:
    return False


def _refuse_if_running(experiment: Mapping[str, Any]) -> None:
    """Without a journal to lock, the process and its last sign of life are all there is to go by."""
    if experiment["status"] != "running":
        return
    process = (experiment.get("config") or {}).get("process") or {}
    silent_s = (datetime.now(UTC) - datetime.fromisoformat(experiment["updated_at"])).total_seconds()
    gone = process.get("host") == socket.gethostname() and not is_alive(process.get("pid"))
    if silent_s < HEARD_OF_S and not gone and process:
        raise Conflict(
            f"Experiment {experiment['id']} seems to be running: process {process.get('pid')} on "
            f"{process.get('host')} was heard of {silent_s:.0f} s ago.",
            hint=f"If it is dead, wait until it has been silent for {HEARD_OF_S:.0f} s.",
        )


def _options(experiment: Mapping[str, Any], limits: Limits | None, progress: Any) -> Options:
    config = experiment.get("config") or {}
    known = {"cache": "off", "score_on_error": False, "on_error": "record", "concurrency": 16}
    source = config.get("data") or {}
    return Options(
        name=experiment["name"],
        repeats=experiment["repeats"],
        id=source.get("id") or "id",
        cluster=source.get("cluster"),
        limits=limits or Limits(**(config.get("limits") or {})),
        tags=experiment.get("tags") or {},
        seed=experiment.get("seed") or 0,
        progress=progress,
        **{name: config.get(name, default) for name, default in known.items()},
    )


def _changed(experiment: Mapping[str, Any], recipe: Recipe, scorers: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is not as it was when the experiment began, in words. What has no hash is told by its name."""
    found = []
    if (experiment.get("dataset") or {}).get("hash") != recipe.dataset.hash:
        found.append("the data are others")
    task, before = describe_task(recipe.task), (experiment.get("config") or {}).get("task")
    if _differ(before, task, "source_hash", "name"):
        found.append(
            "the task is another one"
            if before and task and before["name"] != task["name"]
            else "the task's source differs"
        )
    recorded = {scorer["name"]: scorer for scorer in experiment.get("scorers") or ()}
    for scorer in scorers:
        before = recorded.pop(scorer["name"], None)
        if before is None:
            found.append(f"scorer {scorer['name']!r} is new")
        elif _differ(before, scorer, "version", "name") or before.get("parameters") != scorer["parameters"]:
            found.append(f"scorer {scorer['name']!r} differs")
    return [*found, *(f"scorer {name!r} is missing" for name in recorded)]


def _differ(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None, hash: str, name: str) -> bool:
    if before is None or now is None:
        return before is not now
    if before.get(hash) and now.get(hash):
        return bool(before[hash] != now[hash])
    return bool(before[name] != now[name])


def _stored_rows(client: Client, id: str) -> dict[Key, Row]:
    rows = client.pages(f"/experiments/{quote(id, safe='')}/rows")
    return {key_of(row): {name: value for name, value in row.items() if name != "experiment_id"} for row in rows}


def _earlier(
    experiment: Mapping[str, Any],
    dataset: Dataset,
    stored: Mapping[Key, Row],
    remembered: Remembered,
    again: Callable[[Row], bool],
    changed: Sequence[str],
) -> Earlier:
    """What need not be made again, and what is half done."""
    unstored = [row for key, row in remembered.rows.items() if key not in stored or _said(stored[key]) != _said(row)]
    finished = {key: row for key, row in {**stored, **remembered.rows}.items() if row["status"] in FINISHED_ROW}
    if changed:
        items = {item.id: item for item in dataset.items}
        finished = {
            key: row
            for key, row in finished.items()
            if (item := items.get(key[0])) is None
            or (row["input"], row["expected"]) == (plain(item.input), plain(item.expected))
        }
    kept = {key: row for key, row in finished.items() if not again(row)}
    begun = {} if changed else {
        **{key: rescored for key, row in finished.items() if key not in kept and (rescored := _rescored(row))},
        **{key: Begun(row, remembered.scores.get(key, {})) for key, row in remembered.tasks.items() if key not in kept},
    }  # fmt: skip
    used = (experiment.get("config") or {}).get("used") or {}
    return Earlier(rows=kept, begun=begun, unstored=unstored, noted=remembered.used, used=_noted(used))


def _rescored(row: Row) -> Begun | None:
    """A row of which only scorers failed, for those to be asked again. Its output must be what the task gave: of a
    list or a dict one cannot tell, it may have been an object.
    """
    if row["status"] != "ok" or not isinstance(row["output"], str | int | float | bool | None):
        return None
    scores: dict[str, list[dict[str, Any]]] = {}
    for score in row["scores"]:
        scores.setdefault(score["name"].partition("/")[0], []).append(score)
    fine = {name: said for name, said in scores.items() if not any(s["status"] in FAILED_SCORE for s in said)}
    return Begun(row, fine)


def _said(row: Row) -> tuple[Any, ...]:
    """What tells two states of a row apart."""
    return row["status"], row["trace_id"], [(score["name"], score["status"], score["value"]) for score in row["scores"]]


def _noted(used: Mapping[str, Any]) -> dict[str, Any]:
    """The record of an earlier end, as `Ledger.note` takes it."""
    noted = {name: list(used.get(recorded) or ()) for name, recorded in LISTS.items()}
    noted["prompts"] = [[prompt["name"], prompt["version"]] for prompt in noted["prompts"]]
    noted["parameters"] = [[parameter["name"], parameter["value"]] for parameter in noted["parameters"]]
    return noted


def _body(experiment: Mapping[str, Any], earlier: Earlier, changed: Sequence[str]) -> dict[str, Any]:
    """The experiment as it is stored, with who resumed it and what there was by then."""
    config = dict(experiment.get("config") or {})
    resumed = {
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "status": experiment["status"],
        "rows_kept": len(earlier.rows),
        "changed": list(changed),
        **process_state(),
    }
    config["resumes"] = [*(config.get("resumes") or ()), resumed]
    config["process"] = resumed["process"]
    fields = ("id", "name", "dataset", "scorers", "baseline_id", "tags", "repeats", "seed")
    return {**{field: experiment.get(field) for field in fields}, "config": config}
