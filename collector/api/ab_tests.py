"""A/B tests: declared, ramped, reported and stopped."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from assay.collector import ab_outcomes, ab_service
from assay.collector.ab_definition import (
    DEFAULT_ALPHA,
    DEFAULT_MAX_DAYS,
    DEFAULT_MIN_DAYS,
    DEFAULT_MIN_UNITS,
    UNITS,
    definition,
)
from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["A/B tests"])

DEFAULT_ALIAS = "production"

Author = Annotated[str | None, Field(max_length=200)]
Reason = Annotated[str | None, Field(max_length=10_000)]


class NewAbTest(BaseModel):
    """A test to begin. What is declared here never changes; coverage and weights do, by routes of their own."""

    model_config = ConfigDict(extra="forbid")

    name: str
    arms: Annotated[
        dict[str, str | dict[str, Any]],
        Field(description="Arm -> `prompts:/qa/2`, or `{prompt, config}`; the order counts."),
    ]
    primary: Annotated[str, Field(description="The metric that decides: `scores.helpful`, or a name of `metrics`.")]
    weights: dict[str, FiniteFloat] | None = None
    coverage: FiniteFloat = 1.0
    salt: str | None = None
    unit: str = UNITS[0]
    baseline: str | None = None
    metrics: dict[str, str | dict[str, Any]] | list[str] = {}
    guardrails: dict[str, str] = {}
    description: Annotated[str | None, Field(max_length=10_000)] = None
    alpha: FiniteFloat = DEFAULT_ALPHA
    min_units: int = DEFAULT_MIN_UNITS
    min_days: FiniteFloat = DEFAULT_MIN_DAYS
    max_days: FiniteFloat = DEFAULT_MAX_DAYS
    window_hours: FiniteFloat | None = None
    author: Author = None


class NewCoverage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    coverage: FiniteFloat
    reason: Reason = None
    author: Author = None


class NewWeights(BaseModel):
    model_config = ConfigDict(extra="forbid")

    weights: dict[str, FiniteFloat]
    reason: Reason = None
    author: Author = None


class End(BaseModel):
    """How a test ends. Without an arm to promote everybody gets the baseline again."""

    model_config = ConfigDict(extra="forbid")

    promote: str | None = None
    alias: Annotated[
        str | None, Field(description="Moved to the version of the promoted arm's prompt; null: none.")
    ] = DEFAULT_ALIAS
    reason: Reason = None
    author: Author = None


@router.post("/ab-tests", status_code=201)
def create_ab_test(
    body: NewAbTest, service: ServiceDep, actor: ActorDep, response: Response, project: Project = DEFAULT
) -> dict[str, Any]:
    """Begin a test. Declared once more as it was, it is answered as it stands now, with 200."""
    said = body.model_dump(exclude={"author"})
    wanted = definition(**said, caps=ab_outcomes.usual_caps(service.store, project))
    test, is_new = service.registry.ab_tests.create(project, wanted, author=body.author, actor=actor)
    response.status_code = 201 if is_new else 200
    return test


@router.get("/ab-tests")
def list_ab_tests(
    service: ServiceDep,
    project: Project = DEFAULT,
    status: Annotated[Literal["running", "stopped"] | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Tests in the order of their names."""
    found = service.registry.ab_tests.page(project, status=status, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/ab-tests/{name}")
def get_ab_test(
    name: str,
    service: ServiceDep,
    project: Project = DEFAULT,
    resolve: Annotated[
        bool, Query(description="With `prompts`, the version object of each arm, and `sticky`: see below.")
    ] = False,
) -> dict[str, Any]:
    """One test: all that a program needs to assign units by itself, its phases and the decisions about it."""
    if resolve:
        return ab_service.resolved(service.store, service.registry, project, name)
    return service.registry.ab_tests.get(project, name)


@router.get("/ab-tests/{name}/assign")
def assign_unit(
    name: str,
    service: ServiceDep,
    unit: Annotated[str, Query(description="Who stays in one arm, e.g. the id of a user.", max_length=1000)],
    project: Project = DEFAULT,
) -> dict[str, Any]:
    """The arm of a unit, for programs that have no client of their own. It records no exposure: spans do."""
    return ab_service.assign(service.store, service.registry, project, name, unit)


@router.get("/ab-tests/{name}/sticky")
def list_sticky_units(name: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Units whose first exposure was in an earlier phase: they keep the arm they had."""
    return ab_service.sticky(service.store, service.registry, project, name)


@router.get("/ab-tests/{name}/report")
def get_ab_report(name: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """How a test stands: health first, then arms, effects and the decision. It may be looked at as often as wished."""
    return ab_service.report(service.store, service.registry, project, name)


@router.put("/ab-tests/{name}/coverage")
def ramp_ab_test(
    name: str, body: NewCoverage, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Let more or fewer units in. Nobody changes arms."""
    return service.registry.ab_tests.ramp(
        project, name, body.coverage, reason=body.reason, author=body.author, actor=actor
    )


@router.put("/ab-tests/{name}/weights")
def set_ab_weights(
    name: str, body: NewWeights, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Begin a new phase with other weights. Units that were exposed before keep their arm."""
    return service.registry.ab_tests.set_weights(
        project, name, body.weights, reason=body.reason, author=body.author, actor=actor
    )


@router.post("/ab-tests/{name}/stop")
def stop_ab_test(
    name: str, body: End, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """End a test, and point an alias at the version of the promoted arm. What was known then is kept with it."""
    return ab_service.stop(
        service.store,
        service.registry,
        project,
        name,
        promote=body.promote,
        alias=body.alias,
        reason=body.reason,
        author=body.author,
        actor=actor,
    )
