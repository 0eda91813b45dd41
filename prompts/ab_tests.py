"""A/B tests from a program's side: declare one, get the arm of a unit, look at the report, end it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.client import current_client
from assay.errors import ConfigurationError
from assay.prompts.ab_definition import AbDefinition, Assignment
from assay.prompts.ab_loading import load_definition, refresh_definition
from assay.prompts.ab_report import AbReport
from assay.prompts.arguments import check_ttl, mapping, number, url_part
from assay.prompts.assignment import Unit, unit_text
from assay.prompts.loading import DEFAULT_CACHE_TTL_S, Fallback, refresh_loaded
from assay.prompts.registry import user_name
from assay.prompts.version import PromptVersion

logger = logging.getLogger("assay.prompts")

DEFAULT_ALIAS = "production"
ARMS = '{"control": "prompts:/qa/1", "short": "prompts:/qa/2"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class AbTestSummary:
    """One test of a project, as a list shows it."""

    name: str
    status: str
    phase: int
    coverage: float
    weights: Mapping[str, float]
    primary: str
    promoted: str | None
    created_at: datetime


def create_ab_test(
    name: str,
    arms: Mapping[str, str | Mapping[str, Any]],
    weights: Mapping[str, float] | None = None,
    *,
    primary: str,
    unit: str = "user_id",
    guardrails: Mapping[str, str] | None = None,
    metrics: Mapping[str, str | Mapping[str, Any]] | Sequence[str] | None = None,
    coverage: float = 1.0,
    baseline: str | None = None,
    alpha: float | None = None,
    min_units: int | None = None,
    min_days: float | None = None,
    max_days: float | None = None,
    window_hours: float | None = None,
    salt: str | None = None,
    description: str | None = None,
    cache_ttl: float = DEFAULT_CACHE_TTL_S,
) -> AbTest:
    """Begin a test, and return it. Declared once more as it was, it goes on as it stands.

    Args:
        arms: arm -> `"prompts:/qa/2"`, or `{"prompt": …, "config": {…}}`. An alias is pinned to what it means now.
        weights: share of each arm among those who take part; even ones by default.
        primary: the one metric that decides: `scores.<name>`, a figure of traces, `error_rate`, a name of `metrics`.
        unit: who stays in one arm: `user_id`, `session_id` or `trace_id`.
        guardrails: metric -> how much worse than the baseline is still fine, e.g. `{"cost_usd": "<= +10%"}`.
        metrics: name -> a filter expression, or what docs/ab_tests.md lists; those named here alone are exploratory.
        coverage: share of all units that take part.
        baseline: the arm that others are compared with; `control`, or the first, by default.
        min_units, min_days: what must be there before an arm is called better for good.
        max_days: when the test ends undecided.
        window_hours: how long after its first exposure a unit's outcomes count.

    Raises:
        InvalidRequest, ConfigurationError: something that is declared cannot be used; the message says what.
        PromptNotFound: there is no such prompt.
        Conflict: there is a test of this name that was declared otherwise.
        CollectorUnavailable: nobody answers.
    """
    said = {
        "name": name,
        "arms": {arm: _arm(arm, given) for arm, given in mapping("arms", arms, ARMS).items()},
        "weights": None if weights is None else _weights(weights),
        "primary": primary,
        "unit": unit,
        "guardrails": mapping("guardrails", guardrails or {}, '{"cost_usd": "<= +10%"}'),
        "metrics": _metrics(metrics or {}),
        "coverage": number("coverage", coverage, "0.1"),
        "baseline": baseline,
        "alpha": alpha,
        "min_units": min_units,
        "min_days": min_days,
        "max_days": max_days,
        "window_hours": window_hours,
        "salt": salt,
        "description": description,
        "author": user_name(),
    }
    check_ttl(cache_ttl)
    client = current_client()
    client.post("/ab-tests", {key: value for key, value in said.items() if value is not None})
    refresh_definition(client, name)
    return AbTest(name, cache_ttl=cache_ttl)


def ab_test(name: str, *, cache_ttl: float = DEFAULT_CACHE_TTL_S, fallback: Fallback | None = None) -> AbTest:
    """A test that was begun somewhere. Only this first load in a process waits for the collector.

    What changes about it (coverage, weights, its end) is seen within `cache_ttl` seconds. While the collector is away
    units are placed as before, also after a restart, from a copy on disk.

    Args:
        fallback: a template, or a prompt version, for everybody while the test could never be loaded.

    Raises:
        ConfigurationError: the name can be that of no test.
        AbTestNotFound: there is no such test, and no fallback.
        CollectorUnavailable: nobody answers, nothing is known of the test, and there is no fallback.
    """
    test = AbTest(name, cache_ttl=cache_ttl, fallback=fallback)
    _ = test.status
    return test


def list_ab_tests(status: str | None = None) -> list[AbTestSummary]:
    """Tests of the project in the order of their names; `running` ones, those that are `stopped`, or all."""
    return [
        AbTestSummary(
            name=row["name"],
            status=row["status"],
            phase=row["phase"],
            coverage=row["coverage"],
            weights=row["weights"],
            primary=row["primary"],
            promoted=row["promoted"],
            created_at=datetime.fromisoformat(row["created_at"]),
        )
        for row in current_client().pages("/ab-tests", status=status)
    ]


class AbTest:
    """A running or stopped test. Cheap to keep, and safe to use from any thread."""

    def __init__(self, name: str, *, cache_ttl: float = DEFAULT_CACHE_TTL_S, fallback: Fallback | None = None) -> None:
        self._path = f"/ab-tests/{url_part('An A/B test', name)}"
        check_ttl(cache_ttl)
        self.name = name
        self._cache_ttl = cache_ttl
        self._fallback: AbDefinition | None = None
        self._warned = False
        if fallback is not None:
            version = fallback if isinstance(fallback, PromptVersion) else PromptVersion.unregistered(name, fallback)
            self._fallback = AbDefinition.fallback(name, version)

    # For each request -----------------------------------------------------------------------------------------------

    def prompt(self, unit: Unit) -> PromptVersion:
        """The prompt of the unit's arm, with the arm's config. The current trace is marked with the exposure.

        Who is not covered, and everybody once the test has been stopped, gets the baseline's prompt or the promoted
        one, and is not counted.

        Raises:
            ConfigurationError: this can be no unit (None or empty), or the arm has no prompt.
        """
        definition, placed = self._exposed(unit)
        if placed.arm not in definition.prompts:
            raise ConfigurationError(
                f"The arm {placed.arm!r} of the A/B test {self.name!r} is a config without a prompt.",
                hint="Ask for test.config(unit).",
            )
        version = definition.prompts[placed.arm]
        twin = version.served(version.source, version.age_s, version.is_stale)
        given = definition.arms[placed.arm]
        if not isinstance(given, str) and given["config"]:
            object.__setattr__(twin, "config", definition.config(placed.arm))
        return twin

    def config(self, unit: Unit) -> dict[str, Any]:
        """The config of the unit's arm, over that of its prompt. The current trace is marked with the exposure.

        Raises:
            ConfigurationError: this can be no unit.
        """
        definition, placed = self._exposed(unit)
        return definition.config(placed.arm)

    def assign(self, unit: Unit) -> Assignment:
        """The arm of a unit, without an exposure: for those who only want to know.

        Raises:
            ConfigurationError: this can be no unit.
        """
        return self._definition().assignment(unit_text(unit))

    # How it stands --------------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """`running` or `stopped`."""
        return "running" if self._definition().running else "stopped"

    @property
    def arms(self) -> dict[str, Any]:
        return dict(self._definition().arms)

    @property
    def weights(self) -> dict[str, float]:
        definition = self._definition()
        return dict(definition.weights[definition.phase])

    @property
    def coverage(self) -> float:
        return self._definition().coverage

    @property
    def phase(self) -> int:
        return self._definition().phase

    def definition(self) -> dict[str, Any]:
        """The test as the collector has it now: what was declared, its phases, the decisions about it.

        Raises:
            AbTestNotFound: there is no such test.
            CollectorUnavailable: nobody answers.
        """
        found: dict[str, Any] = current_client().get(self._path)
        return found

    def report(self) -> AbReport:
        """How the test stands by now: health first, then each arm, the differences and what they mean.

        It may be looked at as often as wished: its intervals hold at every look at once.

        Raises:
            AbTestNotFound: there is no such test.
            CollectorUnavailable: nobody answers.
        """
        return AbReport(current_client().get(f"{self._path}/report"))

    # Decisions ------------------------------------------------------------------------------------------------------

    def ramp(self, coverage: float, *, reason: str | None = None) -> AbTest:
        """Let more or fewer units take part. Nobody changes arms.

        Raises:
            InvalidRequest, ConfigurationError: it is no share.
            Conflict: the test has been stopped.
        """
        return self._change("PUT", "coverage", coverage=number("coverage", coverage, "0.1"), reason=reason)

    def set_weights(self, weights: Mapping[str, float], *, reason: str | None = None) -> AbTest:
        """Begin a new phase with other weights. Units that were exposed before keep their arm.

        Raises:
            InvalidRequest, ConfigurationError: these are no weights of its arms.
            Conflict: the test has been stopped.
        """
        return self._change("PUT", "weights", weights=_weights(weights), reason=reason)

    def stop(
        self, promote: str | None = None, *, alias: str | None = DEFAULT_ALIAS, reason: str | None = None
    ) -> dict[str, Any]:
        """End the test; the decision as it was recorded, with what was known then and its hash.

        Args:
            promote: the arm that everybody gets from now on; None: the baseline.
            alias: of the promoted arm's prompt, moved to its version; None: no alias is moved.

        Raises:
            InvalidRequest: there is no such arm.
            Conflict: it was stopped before, with another outcome.
            Forbidden: the alias is protected; the test goes on.
        """
        client = current_client()
        body = {"promote": promote, "alias": alias, "reason": reason, "author": user_name()}
        test = client.post(f"{self._path}/stop", body)
        decision: dict[str, Any] = test["decisions"][-1]
        refresh_definition(client, self.name)
        if prompt := decision["detail"].get("prompt"):
            refresh_loaded(client, prompt)
        return decision

    def __repr__(self) -> str:
        return f"<assay.AbTest {self.name!r}>"

    def _definition(self) -> AbDefinition:
        return load_definition(self.name, ttl=self._cache_ttl, fallback=self._fallback)

    def _change(self, method: str, what: str, **said: Any) -> AbTest:
        client = current_client()
        client.request(method, f"{self._path}/{what}", json={**said, "author": user_name()})
        refresh_definition(client, self.name)
        return self

    def _exposed(self, unit: Unit) -> tuple[AbDefinition, Assignment]:
        definition = self._definition()
        placed = definition.assignment(unit_text(unit))
        if placed.covered:
            self._expose(definition, placed)
        return definition, placed

    def _expose(self, definition: AbDefinition, placed: Assignment) -> None:
        from assay.tracing.ab_link import Exposure, link_exposure, shown_unit

        definition.remembered.add(definition.salt, placed.unit, placed.arm, placed.phase)
        exposure = Exposure(
            test=placed.test,
            arm=placed.arm,
            phase=placed.phase,
            weight=placed.weight,
            salt_version=placed.salt_version,
        )
        linked = link_exposure(exposure, placed.unit, lambda unit: definition.recorded(unit, shown_unit(unit)))
        if not linked and not self._warned:
            self._warned = True
            logger.warning(
                "The A/B test %r was asked for a prompt outside of any trace: whom that showed it to is not counted. "
                "Ask for it inside a traced function.",
                self.name,
            )


def _arm(arm: str, given: object) -> str | dict[str, Any]:
    return given if isinstance(given, str) else mapping(f"The arm {arm!r}", given, '{"prompt": "prompts:/qa/2"}')


def _weights(weights: object) -> dict[str, float]:
    said = mapping("weights", weights, '{"control": 0.5, "short": 0.5}')
    return {arm: number(f"The weight of {arm!r}", weight, "0.5") for arm, weight in said.items()}


def _metrics(metrics: object) -> dict[str, Any] | list[str]:
    if isinstance(metrics, Sequence) and not isinstance(metrics, str):
        return list(metrics)
    return mapping("metrics", metrics, '{"fast": "duration_ms < 2000"}, or a list of names')
