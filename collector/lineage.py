"""Where a version of a prompt came to: its use, as the store tells it, beside what the registry remembers of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.collector import queries
from assay.collector.ab_service import arm_prompt
from assay.collector.store import SpanStore
from assay.prompts.reference import Reference

if TYPE_CHECKING:
    from assay.collector.registry import Registry

Move = Mapping[str, Any]


def lineage(store: SpanStore, registry: Registry, project: str, name: str, reference: int | str) -> dict[str, Any]:
    """Everything that is known of a version: see `queries.prompt_use`, with experiments and aliases in full.

    Raises:
        PromptNotFound: there is no such prompt, version or alias.
    """
    version = registry.prompts.version(project, name, reference)["version"]
    use = queries.prompt_use(store, project, name, version)
    traces = use["experiments"]
    experiments = registry.experiments.with_prompt(project, name, version, also=traces)
    declared = registry.ab_tests.with_prompt(project, name, version)
    return {
        "project": project,
        "name": name,
        "version": version,
        **use,
        "experiments": [_experiment(one, traces.get(one["id"])) for one in experiments],
        "ab_tests": [*use["ab_tests"], *_without_traces(declared, use["ab_tests"], str(Reference(name, version)))],
        "aliases": carried(registry.aliases.every_move(project, name), version),
    }


def carried(moves: Sequence[Move], version: int) -> list[dict[str, Any]]:
    """When which alias pointed at `version`, the newest first; `to` is None while it still does.

    `moves`: of one prompt, the newest first, as the registry logs them.
    """
    found: list[dict[str, Any]] = []
    open_since: dict[str, dict[str, Any]] = {}
    for move in reversed(moves):
        if ended := open_since.pop(move["alias"], None):
            ended |= {"to": move["moved_at"], "next_version": move["to_version"], "ended_by": move["author"]}
            ended["end_reason"] = move["reason"]
        if move["to_version"] == version:
            stay = {"alias": move["alias"], "from": move["moved_at"], "to": None, "moved_by": move["author"]}
            stay |= {"reason": move["reason"], "next_version": None, "ended_by": None, "end_reason": None}
            open_since[move["alias"]] = stay
            found.append(stay)
    return found[::-1]


def _without_traces(
    tests: Iterable[Mapping[str, Any]], known: Sequence[Mapping[str, Any]], uri: str
) -> list[dict[str, Any]]:
    """The arms that are declared to be the version and of which no trace has come yet."""
    seen = {(one["name"], one["arm"]) for one in known}
    arms = [(test["name"], arm) for test in tests for arm, given in test["arms"].items() if arm_prompt(given) == uri]
    nothing: dict[str, Any] = {"traces": 0, "first": None, "last": None}
    return [{"name": test, "arm": arm, **nothing} for test, arm in arms if (test, arm) not in seen]


def _experiment(one: Mapping[str, Any], traces: int | None) -> dict[str, Any]:
    """An experiment in short. `traces` is None where no stored trace of it used the version."""
    kept = ("id", "name", "status", "stalled", "dataset", "baseline_id", "summary", "created_at", "finished_at")
    return {**{field: one[field] for field in kept}, "traces": traces}
