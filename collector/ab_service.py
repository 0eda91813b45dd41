"""A/B tests where the registry and the store meet: the report, where a unit belongs, and how a test ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from assay.collector import ab_outcomes
from assay.collector.ab_evidence import ab_evidence
from assay.collector.ab_metrics import MetricSpec
from assay.collector.store import SpanStore
from assay.errors import AssayError
from assay.evaluation.ab.report import Design, Metric, UnitOutcome, analyse, parse_guardrail
from assay.prompts.assignment import SALT_VERSION, place, pseudonym, unit_text
from assay.prompts.reference import parse_reference

if TYPE_CHECKING:
    from assay.collector.registry import Actor, Registry
    from assay.collector.registry.prompt_aliases import Change

Test = Mapping[str, Any]
MAX_STICKY = 200_000
KEPT = ("at", "health", "decision", "effects", "arms", "counts", "data_hash", "unavailable")  # with a decision
AS_BINARY = frozenset({0.0, 1.0})


def report(store: SpanStore, registry: Registry, project: str, name: str) -> dict[str, Any]:
    """The report of a test as it stands now.

    Raises:
        AbTestNotFound: there is no such test.
        CollectorUnavailable: the store is too busy.
    """
    test, now = registry.ab_tests.get(project, name), registry.ab_tests.clock()
    told = _outcomes(store, test, now)
    phases = {phase["phase"] for phase in test["phases"]}
    units = [unit for unit in told if unit.arm in test["arms"] and unit.phase in phases]
    found = analyse(design_of(test, units), units, now).to_dict()
    return {
        **found,
        "decision": as_decided(test, found["decision"]),
        "counts": {**found["counts"], "unknown": len(told) - len(units)},  # arms or phases that the test never had
        "test": {key: value for key, value in test.items() if key not in ("phases", "decisions")},
        "phases": test["phases"],
        "decisions": test["decisions"],
        "prompts": {arm: prompt_object(arm_prompt(given)) for arm, given in test["arms"].items()},
    }


def as_decided(test: Test, now: Mapping[str, Any]) -> Mapping[str, Any]:
    """The decision of a report: that of `now` while the test runs. A stopped test gives no more orders: its decision is
    the one that was known when it was stopped, and the words say what was done.
    """
    stop = next((one for one in reversed(test["decisions"]) if one["action"] == "stop"), None)
    if stop is None:
        return now
    known = (stop["report"] or {}).get("decision")
    then = known or now
    when = "Known then" if known else "No report could be made then. Known now"
    done = f"Stopped on {stop['at'][:10]}; {stop['arm'] or 'nothing'} was promoted."
    return {**then, "words": f"{done} {when}: {then['words']}"}


def design_of(test: Test, units: list[UnitOutcome]) -> Design:
    """What the analysis is to know of a test as it was declared.

    `units` settle which of its metrics are binary where it left that open: those of which no unit has another value
    than 0 and 1.
    """
    arms = [test["baseline"], *(arm for arm in test["arms"] if arm != test["baseline"])]
    specs = _specs(test)
    return Design(
        name=test["name"],
        arms=arms,
        phases={phase["phase"]: phase["weights"] for phase in test["phases"]},
        metrics=[_metric(test, name, spec, units) for name, spec in specs.items()],
        alpha=test["alpha"],
        min_units=test["min_units"],
        min_days=test["min_days"],
        started_at=datetime.fromisoformat(test["created_at"]),
        ends_at=datetime.fromisoformat(test["ends_at"]),
        status=test["status"],
        same_prompts=len({str(given) for given in test["arms"].values()}) == 1,
    )


def resolved(store: SpanStore, registry: Registry, project: str, name: str) -> dict[str, Any]:
    """A test with all that a program needs to go on with it when the collector is away.

    `prompts`: the version of each arm, with what it includes put in; `sticky`: arm and phase of units that keep them.

    Raises:
        AbTestNotFound: there is no such test.
    """
    test = registry.ab_tests.get(project, name)
    prompts = {arm: prompt_object(arm_prompt(given)) for arm, given in test["arms"].items()}
    kept = sticky(store, registry, project, name)["items"] if test["status"] == "running" else []
    return {
        **test,
        "prompts": {
            arm: registry.prompts.version(project, named["name"], named["version"], resolve=True)
            for arm, named in prompts.items()
            if named is not None
        },
        "sticky": {each["unit"]: [each["arm"], each["phase"]] for each in kept},
    }


def assign(store: SpanStore, registry: Registry, project: str, name: str, unit: str) -> dict[str, Any]:
    """Where a unit belongs: by its first exposure where there was one in an earlier phase, else by the rule.

    Raises:
        AbTestNotFound: there is no such test.
        ConfigurationError: this can be no unit.
    """
    test, text = registry.ab_tests.get(project, name), unit_text(unit)
    found = place(text, salt=test["salt"], test=name, coverage=test["coverage"], weights=test["weights"])
    arm, phase, covered = found.arm, test["phase"], found.covered and test["status"] == "running"
    if not covered:
        arm = test["promoted"] or test["baseline"]
    elif test["phase"] > 1:
        since = datetime.fromisoformat(test["created_at"])
        recorded = [text, pseudonym(text, test["salt"])]
        first = ab_outcomes.first_exposure(store, project, name, since, recorded)
        arm, phase = first if first and _is_of(test, *first) else (arm, phase)
    given = test["arms"][arm]
    return {
        "test": name,
        "unit": text,
        "arm": arm,
        "phase": phase,
        "weight": next(each["weights"] for each in test["phases"] if each["phase"] == phase)[arm],
        "covered": covered,
        "salt_version": SALT_VERSION,
        "prompt": arm_prompt(given),
        "config": None if isinstance(given, str) else given["config"],
    }


def _is_of(test: Mapping[str, Any], arm: str, phase: int) -> bool:
    """Programs of others write exposures too: has the test ever had such an arm and such a phase?"""
    return arm in test["arms"] and any(each["phase"] == phase for each in test["phases"])


def sticky(store: SpanStore, registry: Registry, project: str, name: str) -> dict[str, Any]:
    """Units that keep the arm of their first exposure, in an earlier phase, though the rule would say another now.

    Raises:
        AbTestNotFound: there is no such test.
    """
    test = registry.ab_tests.get(project, name)
    found: list[dict[str, Any]] = []
    if test["phase"] > 1:
        since = datetime.fromisoformat(test["created_at"])
        earlier = ab_outcomes.first_exposures(store, project, name, since, before_phase=test["phase"], limit=MAX_STICKY)
        found = [{"unit": unit, "arm": arm, "phase": phase} for unit, arm, phase in earlier if _is_of(test, arm, phase)]
    return {"phase": test["phase"], "items": found}


def stop(
    store: SpanStore,
    registry: Registry,
    project: str,
    name: str,
    *,
    promote: str | None,
    alias: str | None,
    reason: str | None,
    author: str | None,
    actor: Actor,
) -> dict[str, Any]:
    """End a test, and point `alias` of the promoted arm's prompt at its version, with the report as evidence.

    The alias moves first: where it is protected and the report is not enough, the test goes on.

    Raises:
        AbTestNotFound: there is no such test.
        InvalidRequest: it has no such arm.
        Conflict: it was stopped before, with another outcome.
        Forbidden: the alias is protected.
    """
    from assay.collector.registry.ab_tests import STOPPED, check_arm
    from assay.collector.registry.prompt_aliases import Change

    test = registry.ab_tests.get(project, name)
    check_arm(test["arms"], promote)
    known, moved = None, None
    if test["status"] != STOPPED:
        known = _report_or_why_not(store, registry, project, name)
        if promote is not None and alias is not None and (uri := arm_prompt(test["arms"][promote])):
            why = reason or f"A/B test {name}: {known['decision']['words'] if 'test' in known else 'stopped'}"
            moved = _promote(registry, test, uri, alias, known, Change(reason=why, author=author, actor=actor))
    return registry.ab_tests.stop(
        project,
        name,
        promote=promote,
        alias=alias,
        moved=moved,
        reason=reason,
        author=author,
        report={key: known[key] for key in KEPT if key in known} if known else None,
        actor=actor,
    )


def arm_prompt(given: Any) -> str | None:
    """The URI of an arm's prompt version; None for an arm that is a config alone."""
    prompt: str | None = given if isinstance(given, str) else given["prompt"]
    return prompt


def prompt_object(uri: str | None) -> dict[str, Any] | None:
    """A pinned URI in its parts."""
    if uri is None:
        return None
    reference = parse_reference(uri)
    return {"uri": uri, "name": reference.name, "version": reference.version}


def _outcomes(store: SpanStore, test: Test, now: datetime) -> list[UnitOutcome]:
    return ab_outcomes.units_of(
        store,
        test["project"],
        test["name"],
        _specs(test),
        since=datetime.fromisoformat(test["created_at"]),
        now=now,
        window_hours=test["window_hours"],
    )


def _specs(test: Test) -> dict[str, MetricSpec]:
    return {name: MetricSpec(**spec) for name, spec in test["metrics"].items()}


def _metric(test: Test, name: str, spec: MetricSpec, units: list[UnitOutcome]) -> Metric:
    role: Literal["primary", "guardrail", "exploratory"] = "exploratory"
    margin, relative = 0.0, False
    if name == test["primary"]:
        role, margin = "primary", spec.margin
    elif name in test["guardrails"]:
        said = parse_guardrail(test["guardrails"][name])
        role, margin, relative = "guardrail", said.margin, said.relative
    kind = spec.kind
    if kind == "auto":
        known = {unit.values[name] for unit in units}
        kind = "binary" if known - {None} <= AS_BINARY else "bounded"
    return Metric(
        name=name,
        kind=kind,
        low=spec.low,
        high=spec.high,
        higher_is_better=spec.higher_is_better,
        role=role,
        margin=margin,
        relative=relative,
        equivalence=spec.equivalence if role == "primary" else None,
    )


def _report_or_why_not(store: SpanStore, registry: Registry, project: str, name: str) -> dict[str, Any]:
    """The report, as a test must be stoppable also when the store cannot tell how it stands."""
    try:
        return report(store, registry, project, name)
    except AssayError as error:
        return {"unavailable": error.message}


def _promote(
    registry: Registry, test: Test, uri: str, alias: str, known: Mapping[str, Any], change: Change
) -> dict[str, Any]:
    """Move the alias of a prompt to the version `uri`; from where, and to where."""
    reference = parse_reference(uri)
    project, name, version = test["project"], reference.name, int(reference.version)
    gate = registry.aliases.state(project, name, alias)["gate"]
    evidence = ab_evidence(known, name, version, gate) if "test" in known else None
    moved = registry.aliases.set(project, name, alias, version, change, evidence=evidence)
    return {"prompt": name, "from": moved["previous"], "to": moved["version"]}
