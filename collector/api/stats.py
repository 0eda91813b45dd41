"""Figures over many spans or traces, and which values a field has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from assay.collector import queries
from assay.collector.api.deps import AnyProject, ServiceDep, page
from assay.collector.api.traces import Filter
from assay.errors import InvalidRequest

router = APIRouter(prefix="/api/v1", tags=["stats"])

Names = Annotated[list[str] | None, Query(description="Several: repeated, or with commas between.")]


@router.get("/stats")
def get_stats(
    service: ServiceDep,
    project: AnyProject = None,
    of: Annotated[Literal["spans", "traces"], Query(description="What is counted and filtered.")] = "spans",
    measures: Names = None,
    group_by: Names = None,
    bucket: Annotated[str | None, Query(description="1m, 5m, 15m, 1h, 6h, 1d, 1w, 4w or 52w.")] = None,
    filter: Filter = None,
    trace_filter: Annotated[str | None, Query(description="A filter over traces: only their spans count.")] = None,
    start: Annotated[str | None, Query(alias="from", description="ISO 8601, UTC where it names no zone.")] = None,
    end: Annotated[str | None, Query(alias="to", description="ISO 8601; what starts then is not counted.")] = None,
    previous: Annotated[bool, Query(description="Beside each row, the same of the period before.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many groups, the largest by the first measure.")] = 100,
) -> dict[str, Any]:
    """One row per group and bucket.

    Measures: `count`, `error_count`, `error_rate`, `latency_mean_ms`, `latency_p50_ms` (90, 95, 99), `sessions`,
    `users`, the six token fields, `cost_usd`, and `scores.<name>` (mean, n, 95 % interval); of spans also `traces`,
    `model_calls` and `unpriced_calls`, `root_count` and `tool_calls`, and `root_`, `model_` or `tool_` before
    `error_count` and `latency_p95_ms` (50, 99); of traces `spans`. Tokens and cost
    count model calls only, as in trace rows.
    """
    query = queries.StatsQuery(
        of=of,
        measures=_names(measures) or ("count",),
        group_by=_names(group_by),
        bucket=bucket,
        filter=filter,
        trace_filter=trace_filter,
        project=project,
        start=_nanoseconds("from", start),
        end=_nanoseconds("to", end) if end or not (start and previous) else _now(),
        limit=limit,
    )
    return page(queries.stats(service.store, query, previous=previous))


@router.get("/values")
def get_values(
    service: ServiceDep,
    field: Annotated[str, Query(min_length=1, max_length=300)],
    prefix: Annotated[str, Query(max_length=300)] = "",
    project: AnyProject = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
) -> dict[str, Any]:
    """Values of a field among the newest spans, the most frequent first: for completion and facets.

    `field` is a field of spans that holds short text, `attributes` for the names there are, `attributes.<name>`, or
    `scores`.
    """
    return page(queries.distinct_values(service.store, field, project=project, prefix=prefix, limit=limit))


def _names(given: list[str] | None) -> tuple[str, ...]:
    names = [name.strip() for each in given or () for name in each.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))


def _nanoseconds(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"{name} {text!r} is not a time.", hint="For example: 2026-11-21T10:00:00Z") from error
    return _since_epoch(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _now() -> int:
    return _since_epoch(datetime.now(UTC))


def _since_epoch(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6) * 1000
