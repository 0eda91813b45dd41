"""SQL: one SELECT over the tables of one project."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from assay.collector.api.deps import DEFAULT, Project, ServiceDep

router = APIRouter(prefix="/api/v1", tags=["sql"])

MAX_ROWS = 100_000


class Statement(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sql: Annotated[str, Field(min_length=1, max_length=100_000, description="One SELECT, in DuckDB's dialect.")]
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS, description="How many rows at most.")] = 1000


@router.post("/sql")
def run_sql(body: Statement, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """Columns and rows; `truncated` says whether there were more. Everything that is stored by now is seen.

    The tables are spans, traces, scores, prompts, prompt_versions, prompt_aliases, prompt_alias_moves, datasets,
    dataset_versions, dataset_items, experiments, experiment_rows, comparisons, ab_tests and exposures, each with the
    rows of the project alone.
    """
    return service.sql(body.sql, project=project, limit=body.limit)
