"""What came of one version of a prompt: a route of its own, since it reads the store and the registry together."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from assay.collector.api.deps import DEFAULT, Project, ServiceDep
from assay.collector.lineage import lineage

router = APIRouter(prefix="/api/v1", tags=["prompts"])


@router.get("/prompts/{name:path}/versions/{version}/lineage")
def get_prompt_lineage(name: str, version: str, service: ServiceDep, project: Project = DEFAULT) -> dict[str, Any]:
    """The traces that used a version, its cost and latency per call, scores over time, experiments, tests, aliases."""
    return lineage(service.store, service.registry, project, name, version)
