"""Whether an A/B test speaks for moving an alias: its report, held against the gate of the alias. Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.collector.registry.evidence import Evidence
from assay.evaluation.gate import Condition, parse_gate
from assay.prompts.reference import parse_reference

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
Bounds = tuple[float | None, float | None]


def ab_evidence(report: Mapping[str, Any], prompt: str, version: int, gate: str | None) -> Evidence:
    """What a test says of pointing an alias of `prompt` at `version`.

    Args:
        report: as `ab_service.report` draws it up.
        gate: of the alias; None: it has none.
    """
    test = report["test"]
    arms = {arm: _version(given, prompt) for arm, given in test["arms"].items()}
    arm = next((arm for arm, found in arms.items() if found == version), None)
    verdict, explanation = (None, None) if gate is None or arm is None else _decided(gate, report, arm)
    return Evidence(
        kind="ab_test",
        id=test["name"],
        version=version,
        baseline_version=arms[test["baseline"]],
        gate=gate,
        verdict=verdict,
        explanation=explanation,
        problem=None if arm else f"A/B test {test['name']!r} has no arm with version {version} of {prompt!r}.",
    )


def _version(given: Any, prompt: str) -> int | None:
    """The version of `prompt` that an arm has."""
    uri = given if isinstance(given, str) else given["prompt"]
    reference = None if uri is None else parse_reference(uri)
    return int(reference.version) if reference is not None and reference.name == prompt else None


def _decided(gate: str, report: Mapping[str, Any], arm: str) -> tuple[str, str]:
    """The verdict over all conditions, and each with its figures."""
    conditions = parse_gate(gate)
    told = [(each, *_bounds(each, report, arm)) for each in conditions]
    verdicts = [_verdict(each, bounds) for each, bounds, _ in told]
    words = [f"{verdict}: {each} ({why})" for verdict, (each, _, why) in zip(verdicts, told, strict=True)]
    if report["health"]["verdict"] != "ok":
        return "not enough evidence", f"the test's health is not good; {'; '.join(words)}"
    if all(verdict == "passed" for verdict in verdicts):
        return "passed", "; ".join(words)
    return "failed" if "failed" in verdicts else "not enough evidence", "; ".join(words)


def _bounds(condition: Condition, report: Mapping[str, Any], arm: str) -> tuple[Bounds, str]:
    """The interval that the condition is held against, and where it comes from."""
    metric = _metric(condition.scorer, report["test"]["metrics"])
    if metric is None:
        return (None, None), f"{condition.scorer!r} is no metric of the test"
    if not condition.relative:
        found = next(each for each in report["arms"] if each["arm"] == arm)["metrics"].get(metric)
        kind = "mean"
    else:
        effects: Sequence[Mapping[str, Any]] = report["effects"]
        found = next(
            (e for e in effects if (e["metric"], e["arm"], e["scale"]) == (metric, arm, "absolute")),
            None,
        )
        kind = "difference"
    if found is None:
        return (None, None), f"the {kind} of {metric!r} is not known"
    low, high = found["low"], found["high"]
    return (low, high), f"{kind} from {_figure(low)} to {_figure(high)}"


def _metric(said: str, metrics: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The metric that a gate means by `said`: its name, what it is made of, or the score of that name."""
    return next(
        (name for name, spec in metrics.items() if said in (name, spec["of"], spec["of"].removeprefix("scores."))), None
    )


def _verdict(condition: Condition, bounds: Bounds) -> str:
    """Of one condition. An interval of the difference that ends at 0 exactly is that of a test that does not reject."""
    holds = COMPARE[condition.operator]
    lower_decides = condition.operator.startswith(">")
    if condition.relative and condition.number == 0 and 0 in bounds:
        return "not enough evidence"
    worst, best = bounds if lower_decides else bounds[::-1]
    if worst is not None and holds(worst, condition.number):
        return "passed"
    if best is not None and not holds(best, condition.number):
        return "failed"
    return "not enough evidence"


def _figure(value: float | None) -> str:
    return "?" if value is None else f"{value:.4g}"
