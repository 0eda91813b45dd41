"""Scores: what people, code, judges and users think of a trace, a span, a session or an experiment's row."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Discriminator, Field, FiniteFloat, Tag, model_validator

from assay.collector import queries
from assay.collector.api.deps import DEFAULT, AnyProject, Cursor, Limit, Project, ServiceDep, page
from assay.collector.scores import score_row
from assay.scores import MAX_ID_CHARS, MAX_NAME_CHARS, MAX_SCORES, SPAN_ID_DIGITS, TRACE_ID_DIGITS, ScoreSource

router = APIRouter(prefix="/api/v1", tags=["scores"])


class NewScore(BaseModel):
    """One judgement. `value` is null only when `error` says why there is none."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
    value: bool | int | FiniteFloat | str | None = None
    explanation: str | None = None
    source: ScoreSource = "user"
    author: str | None = None
    trace_id: Annotated[str | None, Field(pattern=f"^[0-9a-f]{{{TRACE_ID_DIGITS}}}$")] = None
    span_id: Annotated[str | None, Field(pattern=f"^[0-9a-f]{{{SPAN_ID_DIGITS}}}$")] = None
    session_id: str | None = None
    experiment_id: str | None = None
    item_id: str | None = None
    repeat: Annotated[int | None, Field(ge=0, lt=2**31)] = None
    error: str | None = None
    metadata: dict[str, Any] = {}
    id: Annotated[
        str | None, Field(min_length=1, max_length=MAX_ID_CHARS, description="Sent twice, it counts once.")
    ] = None

    @model_validator(mode="after")
    def _complete(self) -> NewScore:
        if not (self.trace_id or self.session_id or self.experiment_id):
            raise ValueError("a score needs a trace_id, a session_id or an experiment_id")
        if self.value is None and not self.error:
            raise ValueError("a score needs a value, or an error that says why it has none")
        return self


class NewScores(BaseModel):
    """Several at once; they are stored together or not at all."""

    model_config = ConfigDict(extra="forbid")

    scores: Annotated[list[NewScore], Field(max_length=MAX_SCORES)]


def _one_or_several(body: Any) -> str:
    several = "scores" in body if isinstance(body, dict) else isinstance(body, NewScores)
    return "several" if several else "one"


# Told apart before they are checked, so that a mistake is reported once and not for both forms.
OneOrSeveral = Annotated[
    Annotated[NewScore, Tag("one")] | Annotated[NewScores, Tag("several")], Discriminator(_one_or_several)
]


@router.post("/scores", status_code=201)
def add_scores(body: OneOrSeveral, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Store one score or several.

    The newest of the same name, source and author on the same thing is the one that counts.
    """
    scores = body.scores if isinstance(body, NewScores) else [body]
    rows = [score_row(project=project, **score.model_dump()) for score in scores]
    service.append({"score_log": rows})
    return page([{"id": row["id"]} for row in rows])


@router.get("/scores")
def list_scores(
    service: ServiceDep,
    project: AnyProject = None,
    trace_id: Annotated[str | None, Query()] = None,
    experiment_id: Annotated[str | None, Query()] = None,
    name: Annotated[str | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Scores, newest first."""
    found = queries.list_scores(
        service.store,
        project=project,
        trace_id=trace_id,
        experiment_id=experiment_id,
        name=name,
        limit=limit,
        cursor=cursor,
    )
    return page(found.items, found.next_cursor)
