"""Where a version of a prompt came to: its use, as the store tells it, beside what the registry remembers of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.collector import queries
from assay.collector.store import SpanStore

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
    return {
        "project": project,
        "name": name,
        "version": version,
        **use,
        "experiments": [_experiment(one, traces.get(one["id"])) for one in experiments],
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


def _experiment(one: Mapping[str, Any], traces: int | None) -> dict[str, Any]:
    """An experiment in short. `traces` is None where no stored trace of it used the version."""
    kept = ("id", "name", "status", "dataset", "baseline_id", "summary", "created_at", "finished_at")
    return {**{field: one[field] for field in kept}, "traces": traces}
