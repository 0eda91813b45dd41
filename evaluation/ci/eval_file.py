"""What `assay eval run FILE` runs: a TOML file or a Python module that says data, task, scorers and more."""

from __future__ import annotations

import difflib
import importlib
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.data.data_files import FILE_TYPES
from assay.evaluation.gate import confidence_of, parse_gate
from assay.evaluation.limits import Limits

# What `evaluate` takes, and what a build adds: the gate and its level
ARGUMENTS = (
    "data",
    "task",
    "scorers",
    "name",
    "repeats",
    "concurrency",
    "id",
    "cluster",
    "baseline",
    "limits",
    "cache",
    "score_on_error",
    "tags",
    "seed",
)
OF_THE_BUILD = ("gate", "alpha")
KEYS = (*ARGUMENTS, *OF_THE_BUILD)
EVAL_FILE_TAG = "eval_file"  # of an experiment: where `assay eval resume` finds what it is made of


@dataclass(frozen=True, slots=True)
class EvalFile:
    """An evaluation as it was written down, ready to run."""

    path: Path
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of `evaluate`
    gate: str | None = None
    alpha: float = 0.05

    def to_resume(self) -> dict[str, Any]:
        """Data, task, scorers and limits, as `resume` takes them. Limits may have been changed since."""
        made_of = {name: self.arguments.get(name) for name in ("data", "task", "scorers")}
        return {**made_of, "limits": self.arguments.get("limits") or Limits()}


def read_eval_file(path: Path) -> EvalFile:
    """Read an evaluation's file. Names in it are looked up beside it: paths of data, modules, Python files.

    Raises:
        ConfigurationError: there is no such file, or something in it cannot be used; the message names it.
    """
    if not path.is_file():
        raise ConfigurationError(f"There is no file {path}.", hint=f"The working directory is {Path.cwd()}.")
    folder = path.resolve().parent
    if path.suffix == ".toml":
        said = _read_toml(path)
        if said.get("task") is not None:
            said["task"] = _named(said["task"], folder, "task")
        if "scorers" in said:
            said["scorers"] = [_scorer(scorer, folder) for scorer in _listed(said["scorers"])]
    elif path.suffix == ".py":
        module = _module_of(path.name, folder)
        said = {name: getattr(module, name) for name in KEYS if hasattr(module, name)}
    else:
        raise ConfigurationError(f"{path} is neither a TOML file nor a Python module.", hint="E.g. evals/qa.toml")
    for needed in ("data", "scorers"):
        if said.get(needed) is None:
            raise ConfigurationError(f"{path} does not say {needed}.", hint=f"It may say: {', '.join(KEYS)}.")
    return _eval_file(path, folder, said)


def _eval_file(path: Path, folder: Path, said: dict[str, Any]) -> EvalFile:
    if isinstance(said["data"], str) and (Path(said["data"]).suffix.lower() in FILE_TYPES):
        beside = folder / said["data"]
        said["data"] = str(beside) if beside.is_file() else said["data"]
    if isinstance(said.get("limits"), Mapping):
        try:
            said["limits"] = Limits(**said["limits"])
        except TypeError as error:
            raise ConfigurationError(f"{path} has limits that there are not: {error}") from error
    gate, alpha = said.get("gate"), said.get("alpha", 0.05)
    if gate is not None and not isinstance(gate, str):
        raise ConfigurationError(f"{path}: gate is a text, not {gate!r}.", hint='E.g. "correctness >= 0.8"')
    try:
        confidence_of(alpha)
        if gate is not None:
            parse_gate(gate)  # before the run is paid for
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    arguments = {name: said[name] for name in ARGUMENTS if said.get(name) is not None}
    arguments.setdefault("name", path.stem)
    arguments["tags"] = {**(said.get("tags") or {}), EVAL_FILE_TAG: str(path)}
    return EvalFile(path=path, arguments=arguments, gate=gate, alpha=float(alpha))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from error
    for name in said:
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            known = f"There are: {', '.join(KEYS)}."
            raise ConfigurationError(f"{path} says {name!r}, which is nothing here.", hint=f"{meant}{known}")
    return said


def _listed(scorers: Any) -> Sequence[Any]:
    return scorers if isinstance(scorers, list) else [scorers]


def _scorer(said: Any, folder: Path) -> Any:
    """A scorer by its built-in name or as "module:name"; a table has it under `scorer`, with its parameters."""
    from assay.evaluation.scorers import BUILT_IN
    from assay.evaluation.scorers.by_name import scorer_by_name

    parameters: dict[str, Any] = {}
    if isinstance(said, dict):
        parameters = dict(said)
        said = parameters.pop("scorer", None)
    if not isinstance(said, str):
        raise ConfigurationError(
            f"A scorer is a name or a table with one, not {said!r}.",
            hint='E.g. "exact_match", "checks:polite" or {scorer = "contains", ignore_case = true}',
        )
    if ":" in said:
        found = _named(said, folder, "scorers")
    elif not parameters or said not in BUILT_IN:
        return scorer_by_name(said, BUILT_IN)
    else:
        found = BUILT_IN[said]
    if not parameters and not isinstance(found, type):
        return found
    try:
        return found(**parameters)
    except TypeError as error:
        raise ConfigurationError(f"Scorer {said!r} cannot be made with {parameters}: {error}") from error


def _named(said: Any, folder: Path, key: str) -> Any:
    """What "module:name" or "file.py:name" names."""
    module_name, colon, name = said.rpartition(":") if isinstance(said, str) else ("", "", "")
    if not colon or not module_name or not name:
        raise ConfigurationError(f"{key} names {said!r}.", hint='Write "module:name" or "file.py:name".')
    found: Any = _module_of(module_name, folder)
    for part in name.split("."):
        if not hasattr(found, part):
            raise ConfigurationError(f"{key}: there is no {name!r} in {module_name}.")
        found = getattr(found, part)
    return found


def _module_of(name: str, folder: Path) -> Any:
    """A module by its name or file. The folder of the evaluation goes first, as that of a script does, so that the
    module has the same name in the process that resumes the run.
    """
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    path = (folder / name).resolve() if name.endswith(".py") else None
    if path is not None:
        if not path.is_file():
            raise ConfigurationError(f"There is no file {path}.")
        if str(path.parent) not in sys.path:
            sys.path.insert(0, str(path.parent))
        name = path.stem
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0] and error.name != name:
            raise  # the module is there, and what it imports is not
        raise ConfigurationError(
            f"There is no module {name!r}.", hint=f"It was looked for in {folder} first."
        ) from error
    if path is not None and Path(module.__file__ or "").resolve() != path:
        raise ConfigurationError(
            f"{path} has the name of another module, {module.__file__}.", hint="Give the file a name of its own."
        )
    return module
