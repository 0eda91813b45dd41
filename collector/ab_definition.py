"""What an A/B test declares before its first unit, checked and made whole. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.ab_metrics import MetricSpec, metric_spec
from assay.collector.registry.names import check_name
from assay.content_hash import canonical_json
from assay.errors import ConfigurationError, InvalidRequest
from assay.evaluation.ab.report import parse_guardrail
from assay.prompts.assignment import SALT
from assay.prompts.reference import Reference, parse_reference

ARM = re.compile(
    r"[A-Za-z][A-Za-z0-9_.\-]{0,63}"
)  # never a number alone: JSON objects of JavaScript would reorder those
CONTROL = "control"
UNITS = ("user_id", "session_id", "trace_id")
MAX_ARMS = 20
ARM_KEYS = ("prompt", "config")
ROUNDING = 1e-6  # of each weight: 0.333333 three times is 1

DEFAULT_ALPHA = 0.05
DEFAULT_MIN_UNITS = 100  # of each arm
DEFAULT_MIN_DAYS = 7.0  # a whole week: weekdays differ
DEFAULT_MAX_DAYS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A test as it was declared. Arms and weights stand in the order in which the arms were declared."""

    name: str
    description: str | None
    arms: Mapping[str, Any]  # arm -> {"prompt": URI or None, "config": object or None}
    baseline: str
    weights: Mapping[str, float]
    coverage: float
    salt: str | None  # None: one is to be drawn
    unit: str
    primary: str
    metrics: Mapping[str, MetricSpec]
    guardrails: Mapping[str, str]
    alpha: float
    min_units: int
    min_days: float
    max_days: float
    window_hours: float | None


def definition(
    *,
    name: str,
    arms: Mapping[str, Any],
    primary: str,
    weights: Mapping[str, float] | None = None,
    coverage: float = 1.0,
    salt: str | None = None,
    unit: str = UNITS[0],
    baseline: str | None = None,
    metrics: Mapping[str, str | Mapping[str, Any]] | Sequence[str] = (),
    guardrails: Mapping[str, str] | None = None,
    description: str | None = None,
    alpha: float = DEFAULT_ALPHA,
    min_units: int = DEFAULT_MIN_UNITS,
    min_days: float = DEFAULT_MIN_DAYS,
    max_days: float = DEFAULT_MAX_DAYS,
    window_hours: float | None = None,
    caps: Mapping[str, float] | None = None,
) -> Definition:
    """Check what a test declares, and fill in what it leaves out.

    Args:
        caps: figure of traces -> the cap where the test says none.

    Raises:
        InvalidRequest, ConfigurationError: it cannot be used; the message says why.
    """
    check_test_name(name)
    found_arms = {arm: _arm(arm, given) for arm, given in arms.items()}
    if not 2 <= len(found_arms) <= MAX_ARMS:
        raise InvalidRequest(f"The test {name!r} has {len(found_arms)} arms.", hint=f"It takes 2 to {MAX_ARMS}.")
    if baseline is None:
        baseline = CONTROL if CONTROL in found_arms else next(iter(found_arms))
    if baseline not in found_arms:
        raise InvalidRequest(f"The test {name!r} has no arm {baseline!r} to compare with.", hint=_arms_hint(found_arms))
    if unit not in UNITS:
        raise InvalidRequest(f"The unit of the test {name!r} is {unit!r}.", hint=f"It is one of: {', '.join(UNITS)}.")
    if salt is not None and not SALT.fullmatch(salt):
        raise InvalidRequest(f"{salt!r} cannot be a salt.", hint="Use up to 64 letters, digits, '_' and '-', or none.")
    for key, value, low, high in (
        ("alpha", alpha, 0.0, 0.5),
        ("max_days", max_days, 0.0, 3650.0),
        ("window_hours", window_hours, 0.0, 24.0 * 365),
    ):
        if value is not None and not low < value <= high:
            raise InvalidRequest(f"{key} is {value:g}.", hint=f"It is above {low:g}, and at most {high:g}.")
    if min_units < 1 or min_days < 0:
        raise InvalidRequest("min_units is at least 1, and min_days at least 0.")
    guards = dict(guardrails or {})
    return Definition(
        name=name,
        description=description,
        arms=found_arms,
        baseline=baseline,
        weights=normalised(weights, list(found_arms)),
        coverage=checked_coverage(coverage),
        salt=salt,
        unit=unit,
        primary=primary,
        metrics=_metrics(primary, guards, metrics, caps or {}),
        guardrails=guards,
        alpha=alpha,
        min_units=min_units,
        min_days=min_days,
        max_days=max_days,
        window_hours=window_hours,
    )


def check_test_name(name: str) -> str:
    """`name`, when a test may have it.

    Raises:
        InvalidRequest: it may not.
    """
    check_name("test", name)
    if "/" in name:
        raise InvalidRequest(f"{name!r} cannot be the name of a test.", hint="Leave the '/' out.")
    return name


def checked_coverage(coverage: float) -> float:
    """
    Raises:
        InvalidRequest: it is no share.
    """
    if not 0 <= coverage <= 1:
        raise InvalidRequest(f"coverage is {coverage:g}.", hint="It is a share of all units: 0.1 for a tenth.")
    return float(coverage)


def normalised(weights: Mapping[str, float] | None, arms: Sequence[str]) -> dict[str, float]:
    """Weights of all arms, in their order, that add up to 1; even ones where none are given.

    Raises:
        InvalidRequest: an arm has none, there is a weight of none of the arms, one is no positive number, or they add
            up to something else than 1, other than by rounding.
    """
    given = dict.fromkeys(arms, 1 / len(arms)) if weights is None else dict(weights)
    if missing := [arm for arm in arms if arm not in given]:
        raise InvalidRequest(f"{missing[0]!r} has no weight.", hint=_arms_hint(arms))
    if odd := sorted(set(given) - set(arms)):
        raise InvalidRequest(f"There is no arm {odd[0]!r} to give a weight to.", hint=_arms_hint(arms))
    for arm, weight in given.items():
        if isinstance(weight, bool) or not 0 < weight < math.inf:
            raise InvalidRequest(f"The weight of {arm!r} is {weight!r}.", hint="It is above 0; stop a test to end it.")
    total = _total(given.values())
    if abs(total - 1) > ROUNDING * len(arms):
        shares = {arm: float(f"{given[arm] / total:.6g}") for arm in arms}
        meant = f" Did you mean {shares}?" if all(shares.values()) else ""
        raise InvalidRequest(f"The weights add up to {total:.6g}.", hint=f"They are shares that add up to 1.{meant}")
    if abs(total - 1) <= 1e-9:
        total = 1.0
    return {arm: given[arm] / total for arm in arms}


def _total(weights: Iterable[float]) -> float:
    try:
        return math.fsum(weights)
    except OverflowError:
        return math.inf


def prompt_of(arm: str, given: str) -> Reference:
    """The prompt that an arm names.

    Raises:
        InvalidRequest: it names none.
    """
    try:
        return parse_reference(given)
    except ConfigurationError as error:
        raise InvalidRequest(f"The arm {arm!r}: {error.message}", hint=error.hint) from error


def _arm(arm: str, given: Any) -> dict[str, Any]:
    if not ARM.fullmatch(arm):
        raise InvalidRequest(
            f"{arm!r} cannot be an arm.", hint="Begin with a letter; then up to 63 letters, digits, '_', '-' or '.'."
        )
    said = {"prompt": given} if isinstance(given, str) else given
    if not isinstance(said, Mapping) or set(said) - set(ARM_KEYS) or not any(said.values()):
        raise InvalidRequest(
            f"The arm {arm!r} is {given!r}.",
            hint="An arm is a prompt such as 'prompts:/qa/2', or {'prompt': …, 'config': {…}}, of which one is enough.",
        )
    prompt, config = said.get("prompt"), said.get("config")
    if prompt is not None and not isinstance(prompt, str):
        raise InvalidRequest(f"The prompt of the arm {arm!r} is {prompt!r}.", hint="Write it as 'prompts:/qa/2'.")
    if config is not None and not isinstance(config, Mapping):
        raise InvalidRequest(
            f"The config of the arm {arm!r} is {config!r}.", hint="It is an object of keys and values."
        )
    canonical_json(config)
    return {"prompt": prompt, "config": dict(config) if config else None}


def _metrics(
    primary: str,
    guardrails: Mapping[str, str],
    others: Mapping[str, str | Mapping[str, Any]] | Sequence[str],
    caps: Mapping[str, float],
) -> dict[str, MetricSpec]:
    """Every metric: the primary one first, then the guardrails, then the rest."""
    if not primary.strip():
        raise InvalidRequest("The test has no primary metric.", hint="Name one, e.g. primary='scores.helpful'.")
    if primary in guardrails:
        raise InvalidRequest(f"{primary!r} is the primary metric, and a guardrail too.", hint="Let it be one of both.")
    said: dict[str, Any] = dict(others) if isinstance(others, Mapping) else dict.fromkeys(others)
    specs = {}
    for name in dict.fromkeys([primary, *guardrails, *said]):
        given = said.get(name)
        if name in guardrails:
            more_is_better = parse_guardrail(guardrails[name]).higher_is_better
            declared = {"of": given} if isinstance(given, str) else dict(given or {})
            if declared.setdefault("higher_is_better", more_is_better) != more_is_better:
                raise InvalidRequest(
                    f"The guardrail {name!r} is {guardrails[name]!r}, but its metric calls the other direction better."
                )
            given = declared
        specs[name] = metric_spec(name, given, caps)
    return specs


def _arms_hint(arms: Sequence[str] | Mapping[str, Any]) -> str:
    return f"Its arms are: {', '.join(arms)}."
