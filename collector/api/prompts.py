"""Prompts: their versions, registered and read. Aliases are in prompt_aliases.py.

A prompt's name may hold slashes, so it is a path in these routes; which parts of names would make that ambiguous is in
registry/names.py. More specific routes stand first.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["prompts"])


class Message(BaseModel):
    """One message of a chat template. The role `placeholder` stands for messages given later, under the name that is
    its content.
    """

    model_config = ConfigDict(extra="forbid")

    role: str
    content: str | list[dict[str, Any]]


class NewPromptVersion(BaseModel):
    """A version to register. The template is text, or chat messages; `{{name}}` is where a value goes."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(examples=["support/answer"])]
    template: str | list[Message]
    commit_message: Annotated[str, Field(description="What changed, and why.", max_length=10_000)]
    format: Annotated[Literal["simple", "jinja"], Field(description="How the template is read.")] = "simple"
    config: dict[str, Any] = {}
    response_format: Annotated[dict[str, Any] | None, Field(description="JSON schema of the answer.")] = None
    tools: Annotated[list[dict[str, Any]] | None, Field(description="Tools that the model may call.")] = None
    tags: dict[str, str] = {}
    author: Annotated[str | None, Field(max_length=200)] = None
    parent_version: Annotated[
        int | None,
        Field(
            description="The version that this one was made from; 0: there was none. 409 when it is not the latest.",
            ge=0,
            le=2**31 - 1,
        ),
    ] = None
    force: Annotated[bool, Field(description="Register it although its parent is not the latest.")] = False


@router.post("/prompts", status_code=201)
def register_prompt(
    body: NewPromptVersion, service: ServiceDep, actor: ActorDep, response: Response, project: Project = DEFAULT
) -> dict[str, Any]:
    """Register a version. When one with the same content exists, that one is answered, with 200."""
    template = body.template if isinstance(body.template, str) else [message.model_dump() for message in body.template]
    version, is_new = service.registry.prompts.register(
        project,
        body.name,
        template,
        body.commit_message,
        format=body.format,
        config=body.config,
        response_format=body.response_format,
        tools=body.tools,
        tags=body.tags,
        author=body.author,
        parent_version=body.parent_version,
        force=body.force,
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
def get_prompt_version(
    name: str,
    version: str,
    service: ServiceDep,
    project: Project = DEFAULT,
    resolve: Annotated[
        bool, Query(description="Put in what it includes; `resolved` then says which versions that was.")
    ] = False,
) -> dict[str, Any]:
    """One version: by number, by alias, or `latest`."""
    return service.registry.prompts.version(project, name, version, resolve=resolve)


@router.get("/prompts/{name:path}/versions")
def list_prompt_versions(
    name: str, service: ServiceDep, project: Project = DEFAULT, limit: Limit = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """Versions of a prompt, newest first."""
    found = service.registry.prompts.versions(project, name, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)
