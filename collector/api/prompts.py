"""Prompts: versions, aliases, and the log of how aliases moved.

A prompt's name may hold slashes, so it is a path in these routes; which parts of names would make that ambiguous is in
registry/names.py. More specific routes stand first.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["prompts"])


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: str
    content: str


class NewPromptVersion(BaseModel):
    """A version to register. The template is text, or chat messages; `{{name}}` is where a value goes."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(examples=["support/answer"])]
    template: str | list[Message]
    commit_message: Annotated[str, Field(description="What changed, and why.", max_length=10_000)]
    config: dict[str, Any] = {}
    tags: dict[str, str] = {}
    author: Annotated[str | None, Field(max_length=200)] = None


class AliasTarget(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int
    reason: Annotated[str | None, Field(max_length=10_000)] = None
    author: Annotated[str | None, Field(max_length=200)] = None


@router.post("/prompts", status_code=201)
def register_prompt(
    body: NewPromptVersion, service: ServiceDep, actor: ActorDep, response: Response, project: Project = DEFAULT
) -> dict[str, Any]:
    """Register a version. When a version with the same template and config exists, that one is answered, with 200."""
    template = body.template if isinstance(body.template, str) else [message.model_dump() for message in body.template]
    version, is_new = service.registry.prompts.register(
        project,
        body.name,
        template,
        body.commit_message,
        config=body.config,
        tags=body.tags,
        author=body.author,
        actor=actor,
    )
    response.status_code = 201 if is_new else 200
    return version


@router.get("/prompts")
def list_prompts(
    service: ServiceDep,
    project: Project = DEFAULT,
    filter: Annotated[str | None, Query(description="A part of the name, in any case.", max_length=200)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Prompts in the order of their names."""
    found = service.registry.prompts.page(project, filter=filter, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/prompts/{name:path}/versions/{version}")
def get_prompt_version(name: str, version: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """One version: by number, by alias, or `latest`."""
    return service.registry.prompts.version(project, name, version)


@router.get("/prompts/{name:path}/versions")
def list_prompt_versions(
    name: str, service: ServiceDep, project: Project = DEFAULT, limit: Limit = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """Versions of a prompt, newest first."""
    found = service.registry.prompts.versions(project, name, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/prompts/{name:path}/aliases/{alias}")
def list_alias_moves(name: str, alias: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Every move of an alias, newest first: what it pointed at, since when, who decided it and why."""
    return page(service.registry.prompts.alias_moves(project, name, alias))


@router.put("/prompts/{name:path}/aliases/{alias}")
def set_prompt_alias(
    name: str, alias: str, body: AliasTarget, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Point an alias at a version."""
    return service.registry.prompts.set_alias(
        project, name, alias, body.version, reason=body.reason, author=body.author, actor=actor
    )


@router.delete("/prompts/{name:path}/aliases/{alias}")
def delete_prompt_alias(
    name: str,
    alias: str,
    service: ServiceDep,
    actor: ActorDep,
    project: Project = DEFAULT,
    reason: Annotated[str | None, Query(max_length=10_000)] = None,
    author: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Remove an alias. The log of its moves stays."""
    return service.registry.prompts.delete_alias(project, name, alias, reason=reason, author=author, actor=actor)
