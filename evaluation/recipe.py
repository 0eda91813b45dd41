"""Data, task and scorers of a run taken up again: given anew, known to this process, or found where they were."""

from __future__ import annotations

import importlib
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.errors import AssayError, ConfigurationError
from assay.evaluation.data.dataset import Dataset, read_dataset
from assay.evaluation.options import Options
from assay.evaluation.scorers.protocol import scorer_name

REMEMBERED_RUNS = 16


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is made of."""

    dataset: Dataset
    task: Any
    scorers: Any


_known: OrderedDict[str, Recipe] = OrderedDict()  # by experiment id, the newest last


def remember(experiment_id: str, recipe: Recipe) -> None:
    """Keep what a run of this process is made of, for as long as it is one of the newest."""
    _known[experiment_id] = recipe
    while len(_known) > REMEMBERED_RUNS:
        _known.popitem(last=False)


def recall(experiment: Mapping[str, Any], options: Options, *, data: Any, task: Any, scorers: Any) -> Recipe:
    """What the experiment is made of: what is given, else what this process knows, else what can be found.

    Raises:
        ConfigurationError: something cannot be found; it has to be given.
    """
    known = _known.get(experiment["id"])
    if data is not None:
        dataset = read_dataset(data, id=options.id, cluster=options.cluster)
    else:
        dataset = known.dataset if known else _find_data(experiment, options)
    if task is None:
        task = known.task if known else _find_task(experiment)
    if scorers is None:
        scorers = known.scorers if known else [_find_scorer(scorer) for scorer in experiment.get("scorers") or ()]
    return Recipe(dataset, task, scorers)


def _find_data(experiment: Mapping[str, Any], options: Options) -> Dataset:
    recorded = experiment.get("dataset") or {}
    given = (experiment.get("config") or {}).get("data") or {}
    source = given.get("source")
    if recorded.get("version"):
        source = f"{recorded['name']}@{recorded['version']}" + (f":{given['split']}" if given.get("split") else "")
    if source is None:
        raise _not_found("data", "they were held in memory")
    try:
        return read_dataset(source, id=options.id, cluster=options.cluster)
    except (AssayError, OSError) as error:
        raise _not_found("data", str(error)) from error


def _find_task(experiment: Mapping[str, Any]) -> Any:
    task = (experiment.get("config") or {}).get("task")
    return None if task is None else _imported("task", task.get("defined"), task["name"])


def _find_scorer(recorded: Mapping[str, Any]) -> Any:
    name, parameters = recorded["name"], recorded.get("parameters") or {}
    found = _imported("scorers", recorded.get("defined"), f"scorer {name!r}")
    if not isinstance(found, type):
        return found
    try:
        scorer = found(**parameters)
        return scorer if scorer_name(scorer) == name else found(**parameters, name=name)
    except Exception as error:  # somebody's class, which may want what was not recorded
        raise _not_found("scorers", f"{name!r} cannot be made again of {parameters}: {error}") from error


def _imported(argument: str, path: str | None, what: str) -> Any:
    """What "module:name" names."""
    if not path:
        raise _not_found(argument, f"{what} is in no module")
    module, _, name = path.partition(":")
    try:
        found: Any = sys.modules[module] if module == "__main__" else importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise _not_found(argument, f"{what} is not to be had from {path} ({error})") from error
    return found


def _not_found(argument: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The experiment cannot be resumed from here without its {argument}: {why}.", hint=f"Give {argument}=..."
    )
