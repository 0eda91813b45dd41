"""Rows of an experiment, as they are made: what went in, what came out, what the scorers thought."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from assay.collector import queries
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page
from assay.collector.paging import in_range
from assay.collector.registry.experiments import HEARD_EVERY_S
from assay.collector.values import to_json
from assay.scores import MAX_NAME_CHARS, TRACE_ID_DIGITS, ScoreSource

router = APIRouter(prefix="/api/v1", tags=["experiments"])


class RowScore(BaseModel):
    """What one scorer made of one row."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
    value: bool | int | FiniteFloat | str | None = None
    explanation: str | None = None
    status: Literal["scored", "scorer_error", "not_applicable", "invalid"] = "scored"
    error: str | None = None
    source: ScoreSource = "code"
    metadata: dict[str, Any] = {}


class Row(BaseModel):
    """One run of the task on one item."""

    model_config = ConfigDict(extra="forbid")

    item_id: Annotated[str, Field(min_length=1, max_length=500)]
    repeat: Annotated[int, Field(ge=0, lt=2**31)] = 0
    status: Literal["ok", "task_error", "timeout", "skipped_budget", "cancelled"]
    input: Any = None
    expected: Any = None
    output: Any = None
    error: str | None = None
    error_type: str | None = None
    trace_id: Annotated[str | None, Field(pattern=f"^[0-9a-f]{{{TRACE_ID_DIGITS}}}$")] = None
    cluster: str | None = None
    started_at: datetime | None = None
    duration_ms: float | None = None
    input_tokens: Annotated[int | None, Field(ge=0, lt=2**63)] = None
    output_tokens: Annotated[int | None, Field(ge=0, lt=2**63)] = None
    cost_usd: float | None = None
    scores: list[RowScore] = []


class Rows(BaseModel):
    """Some rows; they are stored together or not at all."""

    model_config = ConfigDict(extra="forbid")

    rows: Annotated[list[Row], Field(max_length=10_000)]


@router.post("/experiments/{experiment_id}/rows", status_code=201)
def add_rows(experiment_id: str, body: Rows, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Store rows.

    A row sent again, by item and repeat, replaces the one before. Its scores are put on its trace too. No rows at all
    are a sign of life: an experiment that gives none for two minutes is `stalled`.
    """
    experiment = service.registry.experiments.get(experiment_id, project)
    now = time.time_ns()
    if experiment["status"] == "running" and now / 1e9 - seconds(experiment["updated_at"]) > HEARD_EVERY_S:
        service.registry.experiments.heard_of(experiment_id)
    if not body.rows:
        return {"accepted": 0}
    rows = [_row(row, experiment_id, project, now) for row in body.rows]
    scores = [_score(score, row, experiment_id, project, now) for row in body.rows for score in row.scores]
    service.append({"experiment_row_log": rows, "score_log": scores})
    return {"accepted": len(rows)}


@router.get("/experiments/{experiment_id}/rows")
def list_rows(
    experiment_id: str, service: ServiceDep, project: Project = DEFAULT, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """The newest state of every row, in the order in which they first arrived."""
    service.registry.experiments.get(experiment_id, project)
    found = queries.list_experiment_rows(service.store, experiment_id, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


def seconds(time: str) -> float:
    """Since the epoch, of a time as the API spells it."""
    return datetime.fromisoformat(time).timestamp()


def _row(row: Row, experiment_id: str, project: str, now: int) -> dict[str, Any]:
    started = row.started_at
    return {
        "experiment_id": experiment_id,
        "project": project,
        "item_id": row.item_id,
        "repeat": row.repeat,
        "status": row.status,
        "input": to_json(row.input),
        "expected": to_json(row.expected),
        "output": to_json(row.output),
        "error": row.error,
        "error_type": row.error_type,
        "trace_id": row.trace_id,
        "cluster": row.cluster,
        "started_at": in_range(int(started.timestamp() * 1e6) * 1000) if started else None,
        "duration_ms": row.duration_ms,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost_usd": row.cost_usd,
        "scores": to_json([score.model_dump() for score in row.scores]),
        "received_at": now,
    }


def _score(score: RowScore, row: Row, experiment_id: str, project: str, now: int) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(16),
        "project": project,
        "name": score.name,
        "value": None if score.value is None else to_json(score.value),
        "explanation": score.explanation,
        "source": score.source,
        "author": None,
        "trace_id": row.trace_id,
        "span_id": None,
        "session_id": None,
        "experiment_id": experiment_id,
        "item_id": row.item_id,
        "repeat": row.repeat,
        "status": score.status,
        "error": score.error,
        "metadata": to_json(score.metadata) if score.metadata else None,
        "created_at": now,
    }
