"""Aliases of prompts: where they point, how they move, who may move them, and what they were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page
from assay.collector.promotion import find_evidence
from assay.collector.registry.prompt_aliases import Change
from assay.errors import InvalidRequest

router = APIRouter(prefix="/api/v1", tags=["prompts"])

Reason = Annotated[str | None, Field(description="Why; kept in the log of moves.", max_length=10_000)]
Author = Annotated[str | None, Field(description="Who, as they call themselves.", max_length=200)]


class AliasTarget(BaseModel):
    """Where an alias is to point. What passes the gate of a protected alias moves it without an admin."""

    model_config = ConfigDict(extra="forbid")

    version: int
    reason: Reason = None
    author: Author = None
    experiment_id: Annotated[
        str | None,
        Field(description="An experiment with this version, compared with where the alias is now.", max_length=200),
    ] = None
    ab_test: Annotated[
        str | None, Field(description="An A/B test of this version against where the alias is now.", max_length=200)
    ] = None


class Rollback(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason = None
    author: Author = None
    from_version: Annotated[
        int | None, Field(description="Where the alias is now; 409 when it is not: sent twice, it goes back once.")
    ] = None


class Protection(BaseModel):
    model_config = ConfigDict(extra="forbid")

    protected: bool = True
    gate: Annotated[
        str | None,
        Field(
            description="What an experiment or A/B test must pass to move it; absent: only admins may.",
            examples=["correctness >= baseline - 0.02"],
            max_length=1_000,
        ),
    ] = None
    reason: Reason = None
    author: Author = None


@router.get("/prompts/{name:path}/aliases")
def list_aliases(name: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Where every alias of a prompt points, and which are protected."""
    return page(service.registry.aliases.states(project, name))


@router.get("/prompts/{name:path}/aliases/{alias}")
def get_alias(
    name: str,
    alias: str,
    service: ServiceDep,
    project: Project = DEFAULT,
    at: Annotated[
        AwareDatetime | None, Query(description="A time: what the alias was then, and the move that put it there.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Where an alias points, how it is protected, and its moves, newest first; or, with `at`, what it was then."""
    aliases = service.registry.aliases
    if at is not None:
        return aliases.at(project, name, alias, _utc(at))
    state = aliases.state(project, name, alias)
    found = aliases.moves(project, name, alias, limit=limit, cursor=cursor)
    return {**state, **page(found.items, found.next_cursor)}


@router.put("/prompts/{name:path}/aliases/{alias}")
def set_alias(
    name: str, alias: str, body: AliasTarget, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Point an alias at a version."""
    move = (service, project, name, alias, body.version)
    evidence = find_evidence(*move, experiment_id=body.experiment_id, ab_test=body.ab_test)
    change = Change(reason=body.reason, author=body.author, actor=actor)
    return service.registry.aliases.set(project, name, alias, body.version, change, evidence=evidence)


@router.delete("/prompts/{name:path}/aliases/{alias}")
def delete_alias(
    name: str,
    alias: str,
    service: ServiceDep,
    actor: ActorDep,
    project: Project = DEFAULT,
    reason: Annotated[str | None, Query(max_length=10_000)] = None,
    author: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Remove an alias. The log of its moves stays."""
    change = Change(reason=reason, author=author, actor=actor)
    return service.registry.aliases.delete(project, name, alias, change)


@router.post("/prompts/{name:path}/aliases/{alias}/rollback")
def roll_back_alias(
    name: str, alias: str, body: Rollback, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Take back the last move of an alias that has not been taken back."""
    change = Change(reason=body.reason, author=body.author, actor=actor)
    return service.registry.aliases.rollback(project, name, alias, change, from_version=body.from_version)


@router.put("/prompts/{name:path}/aliases/{alias}/protection")
def protect_alias(
    name: str, alias: str, body: Protection, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Protect an alias, which need not be there yet, or end its protection."""
    change = Change(reason=body.reason, author=body.author, actor=actor)
    return service.registry.aliases.protect(project, name, alias, change, protected=body.protected, gate=body.gate)


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:  # on the first or the last day that there is
        raise InvalidRequest(f"{time.isoformat()} cannot be told in UTC.", hint="Give a time of our days.") from error
