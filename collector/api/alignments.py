"""Alignments: how well judges agree with people's labels."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page
from assay.scores import MAX_NAME_CHARS

router = APIRouter(prefix="/api/v1", tags=["alignments"])

Hash = Annotated[str | None, Field(max_length=200)]


class NewAlignment(BaseModel):
    """A judge's verdicts against people's labels: `record` has the figures, and no text of any row."""

    model_config = ConfigDict(extra="forbid")

    judge: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
    prompt_hash: Hash = None
    model: Annotated[str | None, Field(max_length=1000)] = None
    labels: Annotated[int, Field(description="Rows with a label and a verdict.", ge=0, le=2**31 - 1)]
    record: dict[str, Any]


@router.post("/alignments", status_code=201)
def add_alignment(
    body: NewAlignment, service: ServiceDep, actor: ActorDep, project: Project = DEFAULT
) -> dict[str, Any]:
    """Keep how well a judge agreed with people. The newest of a judge's name, prompt and model counts."""
    return service.registry.alignments.add(
        project,
        body.judge,
        prompt_hash=body.prompt_hash,
        model=body.model,
        labels=body.labels,
        record=body.record,
        actor=actor,
    )


@router.get("/alignments")
def list_alignments(
    service: ServiceDep,
    project: Project = DEFAULT,
    judge: Annotated[str | None, Query(description="Name of the judge's scores.", max_length=200)] = None,
    prompt_hash: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Alignments, newest first."""
    found = service.registry.alignments.page(project, judge=judge, prompt_hash=prompt_hash, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/alignments/{alignment_id}")
def get_alignment(alignment_id: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """One alignment."""
    return service.registry.alignments.get(project, alignment_id)
