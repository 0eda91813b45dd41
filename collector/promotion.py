"""What speaks for moving an alias: an experiment, or an A/B test. Everything is computed here, from what the collector
has stored: what a client says of its own comparison counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assay.collector import ab_service
from assay.collector.ab_evidence import ab_evidence
from assay.collector.experiment_rows import experiment_rows
from assay.collector.registry.evidence import Evidence
from assay.collector.registry.registry import Registry
from assay.collector.service import Service
from assay.collector.store import SpanStore
from assay.errors import ConfigurationError, InvalidRequest
from assay.evaluation.comparison import compare_rows
from assay.evaluation.gate import decide, parse_gate
from assay.evaluation.summary import summarise_rows

FINISHED = ("completed", "completed_with_errors")
MOST_BASELINES = 100  # of the newest comparisons, among which the one with the version in use is looked for

Experiment = Mapping[str, Any]  # an experiment object of the API


def find_evidence(
    service: Service,
    project: str,
    name: str,
    alias: str,
    version: int,
    *,
    experiment_id: str | None = None,
    ab_test: str | None = None,
) -> Evidence | None:
    """What the experiment or the A/B test that is named says of pointing `alias` of prompt `name` at `version`.

    Raises:
        InvalidRequest: both are named.
        ExperimentNotFound, AbTestNotFound: the project has none of that name.
        PromptNotFound: there is no such prompt.
    """
    if experiment_id is not None and ab_test is not None:
        raise InvalidRequest("Both an experiment and an A/B test are named.", hint="Name one of them.")
    registry = service.registry
    if experiment_id is not None:
        return experiment_evidence(service.store, registry, project, name, alias, version, experiment_id)
    if ab_test is not None:
        gate = registry.aliases.state(project, name, alias)["gate"]
        return ab_evidence(ab_service.report(service.store, registry, project, ab_test), name, version, gate)
    return None


def experiment_evidence(
    store: SpanStore, registry: Registry, project: str, name: str, alias: str, version: int, experiment_id: str
) -> Evidence:
    """What an experiment says of pointing `alias` of prompt `name` at `version`, held against the alias's gate.

    Raises:
        ExperimentNotFound: the project has no such experiment.
        PromptNotFound: there is no such prompt.
    """
    state = registry.aliases.state(project, name, alias)
    gate, current = state["gate"], state["version"]
    candidate = registry.experiments.get(experiment_id, project)
    evidence = Evidence(kind="experiment", id=candidate["id"], version=version, baseline_version=current, gate=gate)
    if problem := _not_about(candidate, name, version):
        return replace(evidence, problem=problem)
    if gate is None:
        return evidence
    baseline = _baseline(registry, project, candidate, name, current)
    if baseline is None:
        return replace(
            evidence,
            verdict="not enough evidence",
            explanation=f"it was not compared, over the same data, with a finished experiment of {name} {current}",
        )
    verdict, explanation = _decided(store, gate, baseline, candidate)
    return replace(evidence, baseline_id=baseline["id"], verdict=verdict, explanation=explanation)


def _not_about(experiment: Experiment, name: str, version: int) -> str | None:
    """Why an experiment says nothing of a version; None where it does."""
    if experiment["status"] not in FINISHED:
        return f"Experiment {experiment['id']} is {experiment['status']}, not completed."
    used = prompt_versions(experiment, name)
    if used != [version]:
        told = f"with {name} {', '.join(map(str, used))}" if used else f"without {name}"
        return f"Experiment {experiment['id']} was run {told}, not with version {version}."
    return None


def prompt_versions(experiment: Experiment, name: str) -> list[int]:
    """The versions of a prompt that an experiment's task used, by what it recorded of itself."""
    used = experiment["config"].get("used")
    prompts = used.get("prompts") if isinstance(used, dict) else None
    found = [
        prompt.get("version")
        for prompt in (prompts if isinstance(prompts, list) else [])
        if isinstance(prompt, dict) and prompt.get("name") == name
    ]
    return sorted({number for number in found if isinstance(number, int)})


def _baseline(
    registry: Registry, project: str, candidate: Experiment, name: str, version: int | None
) -> Experiment | None:
    """The experiment with `version` that the candidate was compared with last."""
    if version is None:
        return None
    compared = registry.experiments.comparisons(candidate["id"], project=project, limit=MOST_BASELINES).items
    ids = dict.fromkeys([*(comparison["baseline_id"] for comparison in compared), candidate["baseline_id"]])
    for id in ids:
        if id is None:
            continue
        baseline = registry.experiments.get(id, project)
        same_data = baseline["dataset"]["hash"] == candidate["dataset"]["hash"]
        if same_data and _not_about(baseline, name, version) is None:
            return baseline
    return None


def _decided(store: SpanStore, gate: str, baseline: Experiment, candidate: Experiment) -> tuple[str, str]:
    """Verdict of the gate, and each condition with its figures."""
    before, after = experiment_rows(store, baseline["id"]), experiment_rows(store, candidate["id"])
    scorers = _scorers(candidate)
    directions = _directions([*_scorers(baseline), *scorers])
    compared = compare_rows(before, after, directions=directions, seed=int(candidate["seed"] or 0))
    summary = summarise_rows(after, scorers=[scorer["name"] for scorer in scorers], directions=directions)
    try:
        decided = decide(parse_gate(gate), {row.scorer: row for row in compared}, {row.scorer: row for row in summary})
    except ConfigurationError as error:  # it names a scorer that these experiments lack
        return "not enough evidence", str(error)
    return decided.verdict, str(decided)


def _scorers(experiment: Experiment) -> list[dict[str, Any]]:
    return [scorer for scorer in experiment["scorers"] if isinstance(scorer.get("name"), str)]


def _directions(scorers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {scorer["name"]: scorer["direction"] for scorer in scorers if scorer.get("direction") in ("higher", "lower")}
