"""Declaring online scorers: what the API and the pages do, in the name of whoever asks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assay.collector.online.definition import Declared
from assay.collector.registry import Actor
from assay.collector.service import Service


def declare(
    service: Service, project: str, name: str, declared: Declared, *, since: datetime | None = None, actor: Actor
) -> dict[str, Any]:
    """A new scorer.

    Args:
        since: it gets traces that are stored already too, from then on.

    Raises:
        InvalidRequest: the filter or the definition cannot be used.
        Conflict: there is one of this name.
        CollectorUnavailable: no child can be asked about the definition.
    """
    checked = _checked(service, project, name, declared)
    cursor_ns = int((since.timestamp() if since else time.time()) * 1e9)
    made = service.registry.online_scorers.create(project, name, checked, cursor_ns=max(0, cursor_ns), actor=actor)
    service.online.wake()
    return shown(service, made)


def change(service: Service, project: str, name: str, declared: Declared, *, actor: Actor) -> dict[str, Any]:
    """Another declaration. Raises as `declare`, and NotFound."""
    service.registry.online_scorers.get(project, name)
    checked = _checked(service, project, name, declared)
    changed = service.registry.online_scorers.change(project, name, checked, actor=actor)
    service.online.wake()
    return shown(service, changed)


def pause(service: Service, project: str, name: str, *, actor: Actor) -> dict[str, Any]:
    return shown(service, service.registry.online_scorers.pause(project, name, actor=actor))


def resume(service: Service, project: str, name: str, *, actor: Actor) -> dict[str, Any]:
    """Go on, with the traces that become complete from now on and those that waited."""
    resumed = service.registry.online_scorers.resume(project, name, cursor_ns=time.time_ns(), actor=actor)
    service.online.wake()
    return shown(service, resumed)


def shown(service: Service, scorer: Mapping[str, Any]) -> dict[str, Any]:
    """A scorer with its figures, as readers get it."""
    figures = service.registry.online_work.figures(scorer["id"])
    told = {key: value for key, value in scorer.items() if key != "cursor_ns"}
    return {**told, **figures, **service.online.status(scorer["id"])}


def _checked(service: Service, project: str, name: str, declared: Declared) -> dict[str, Any]:
    text = declared.checked_filter()
    definition = declared.definition.model_dump(exclude_none=True)
    told = service.online.check(project, name, definition)
    return {
        "definition": definition,
        "source": told["source"],
        "filter": text,
        "sample_rate": declared.sample_rate,
        "quiet_s": declared.quiet_s,
        "limits": declared.limits.model_dump(),
    }
