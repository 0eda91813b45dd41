"""The collector's settings: what holds now, why, and what can be changed; prices, redaction, the collector's state."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from assay.collector import care
from assay.collector.api.actor import ActorDep
from assay.collector.api.deps import AnyProject, Limit, ServiceDep, page

router = APIRouter(prefix="/api/v1", tags=["settings"])


class Value(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: Annotated[Any, Field(description="null: as if nobody had changed it.")]


class Text(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=100_000)]


@router.get("/settings")
def list_settings(service: ServiceDep) -> dict[str, Any]:
    """The collector's settings. `source` is `environment`, `registry` (changed here) or `default`."""
    return page(service.settings.rows())


@router.put("/settings/{name}")
def change_setting(name: str, body: Value, service: ServiceDep, actor: ActorDep) -> dict[str, Any]:
    """Change a setting of the running collector, now and for its next starts. `own_prices` takes a list of prices."""
    service.settings.set(service.registry, name, body.value, actor=actor)
    return {"setting": name, "value": care.value_of(service, name), "source": service.settings.source(name)}


@router.get("/prices")
def get_prices(service: ServiceDep, project: AnyProject = None) -> dict[str, Any]:
    """Own prices and where they come from, and the models whose calls have no price."""
    return care.prices(service, project)


@router.get("/redaction")
def get_redaction(service: ServiceDep) -> dict[str, Any]:
    """Every redaction rule there is, and whether the collector applies it to what it stores."""
    return {"rules": care.redaction_rules(service), "source": service.settings.source("redact")}


@router.post("/redaction/test")
def try_redaction(body: Text, service: ServiceDep) -> dict[str, Any]:
    """What would be stored of a text, and how often each rule found something. The text is kept nowhere."""
    return care.redacted_text(service, body.text)


@router.get("/status")
def get_status(service: ServiceDep) -> dict[str, Any]:
    """How the collector is: versions, sizes on disk, what waits, what was rejected, dropped or put aside."""
    return care.status(service)


@router.get("/dead-letters")
def list_dead_letters(
    service: ServiceDep,
    project: AnyProject = None,
    limit: Limit = 100,
    raw: Annotated[bool, Query(description="With the spans as they came.")] = False,
) -> dict[str, Any]:
    """Spans that could not be stored, newest first, with the reason."""
    return page(care.dead_letters(service.store, project, limit=limit, raw=raw))
