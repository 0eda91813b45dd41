"""Declaring alerts: what the API and the pages do, in the name of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.collector.alerts.action import Action, as_told
from assay.collector.alerts.rule import Rule
from assay.collector.registry import Actor
from assay.collector.service import Service
from assay.errors import Forbidden


def declare(
    service: Service, project: str, name: str, rule: Rule, action: Action | None, *, actor: Actor, only_project: bool
) -> dict[str, Any]:
    """A new alert.

    Args:
        only_project: whoever asks has a key for one project, and no business with commands of the machine.

    Raises:
        InvalidRequest: the rule or the address of the webhook cannot be used.
        Forbidden: commands are not allowed.
        Conflict: there is one of this name.
    """
    kept = _checked(service, action, only_project)
    made = service.registry.alerts.create(project, name, rule.checked(), kept, told=as_told(kept), actor=actor)
    service.alerts.wake()
    return shown(service, made)


def change(
    service: Service,
    project: str,
    name: str,
    rule: Rule,
    action: Action | None,
    *,
    keep_action: bool,
    actor: Actor,
    only_project: bool,
) -> dict[str, Any]:
    """Another rule or action. Raises as `declare`, and NotFound.

    Args:
        keep_action: the action stays what it is: its address is not shown, so nobody can send it back.
    """
    before = service.registry.alerts.get(project, name)
    kept = before["action"] if keep_action else _checked(service, action, only_project)
    changed = service.registry.alerts.change(project, name, rule.checked(), kept, told=as_told(kept), actor=actor)
    service.alerts.wake()
    return shown(service, changed)


def switch(service: Service, project: str, name: str, *, on: bool, actor: Actor) -> dict[str, Any]:
    switched = service.registry.alerts.switch(project, name, on=on, actor=actor)
    service.alerts.wake()
    return shown(service, switched)


def try_out(service: Service, project: str, name: str, *, actor: Actor) -> dict[str, Any]:
    """Have the action carried out once with what was measured last; the alert's state stays."""
    alert = service.registry.alerts.get(project, name)
    seen = service.alerts.seen(alert["id"])
    service.registry.alerts.turn(alert["id"], "test", value=seen["value"], n=seen["n"], rule=alert["rule"])
    service.registry.audit.add(actor, "alert.test", name, project=project)
    service.alerts.wake()
    return shown(service, alert)


def shown(service: Service, alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert with what was measured last, as readers get it: without what its action may hold of secrets."""
    return {**alert, "action": as_told(alert["action"]), **service.alerts.seen(alert["id"])}


def _checked(service: Service, action: Action | None, only_project: bool) -> dict[str, Any] | None:
    if action is None:
        return None
    if action.command is not None and only_project:
        raise Forbidden("A command runs on the collector's machine.", hint="Use a key for every project.")
    return action.checked(commands_allowed=service.settings.given.alert_commands)
