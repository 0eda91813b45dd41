"""Routes: alerts, listed with what was measured last, declared, changed, switched off, tried out; their history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from assay.collector.alerts import declaring
from assay.collector.alerts.action import Action
from assay.collector.alerts.rule import Rule
from assay.collector.online.definition import ScorerName
from assay.collector.pages import urls
from assay.collector.pages.forms import Form, Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.settings.common import (
    MENDABLE,
    AtDesk,
    Desk,
    InProject,
    address,
    checked,
    number,
    settings_page,
)
from assay.collector.pages.web import PageRoute, redirect
from assay.collector.stats import MEASURES
from assay.errors import AssayError, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)

NAME: TypeAdapter[str] = TypeAdapter(ScorerName)
KEEP = "keep"
EMPTY = {
    "name": "",
    "measure": "error_rate",
    "of": "traces",
    "filter": "",
    "window_min": "60",
    "side": "above",
    "line": "",
    "clears_at": "",
    "min_n": "10",
    "every_s": "60",
    "tells": "nobody",
    "webhook": "",
    "command": "",
}


@router.get("/settings/alerts")
def alerts(request: Request, desk: AtDesk, project: InProject) -> Response:
    found = desk.service.registry.alerts.all(project)
    return settings_page(
        request,
        "alerts.html",
        tab="alerts",
        title="Alerts",
        project=project,
        alerts=[declaring.shown(desk.service, alert) for alert in found],
    )


@router.get("/settings/alerts/new")
def new(request: Request, desk: AtDesk, project: InProject, filter: str = "") -> Response:
    return _form_page(request, desk, project, {**EMPTY, "filter": filter})


@router.post("/settings/alerts/new")
def declare(request: Request, desk: AtDesk, project: InProject, form: Posted) -> Response:
    try:
        name = checked(lambda: NAME.validate_python(form.line("name") or ""))
        rule, action = checked(lambda: _rule(form)), checked(lambda: _action(form))
        declaring.declare(
            desk.service, project, name, rule, action, actor=desk.actor, only_project=desk.only_project is not None
        )
    except MENDABLE as error:
        return _form_page(request, desk, project, _typed(form), problem=error)
    return _to(project, name, f"{name} is watched from now on.")


@router.get("/settings/alerts/{name}")
def alert(request: Request, desk: AtDesk, project: InProject, name: str, cursor: str | None = None) -> Response:
    return _alert_page(request, desk, project, urls.name_of(name), cursor=cursor)


@router.post("/settings/alerts/{name}")
def change(request: Request, desk: AtDesk, project: InProject, form: Posted, name: str) -> Response:
    name = urls.name_of(name)
    try:
        match form.one("action"):
            case "on" | "off" as action:
                declaring.switch(desk.service, project, name, on=action == "on", actor=desk.actor)
                return _to(project, name, f"{name} is {action}.")
            case "test":
                declaring.try_out(desk.service, project, name, actor=desk.actor)
                return _to(project, name, "It is tried out; the history tells what comes of it.")
            case "remove":
                desk.service.registry.alerts.remove(project, name, actor=desk.actor)
                gone = Notice(f"{name} is removed.")
                return redirect(address("alerts", project=project), status_code=303, notice=gone)
            case "change":
                declaring.change(
                    desk.service,
                    project,
                    name,
                    checked(lambda: _rule(form)),
                    checked(lambda: _action(form)),
                    keep_action=form.one("tells") == KEEP,
                    actor=desk.actor,
                    only_project=desk.only_project is not None,
                )
                return _to(project, name, f"{name} is changed.")
    except MENDABLE as error:
        return _alert_page(request, desk, project, name, typed=_typed(form), problem=error)
    raise InvalidRequest("The form says nothing to do.", hint="Open the page again.")


def _rule(form: Form) -> Rule:
    line, window = number(form.one("line"), "The line"), number(form.one("window_min"), "The window")
    given: dict[str, Any] = {
        "measure": form.line("measure") or "",
        "of": form.one("of"),
        "filter": form.line("filter"),
        "window_s": None if window is None else round(window * 60),
        form.one("side") if form.one("side") in ("above", "below") else "above": line,
        "clears_at": number(form.one("clears_at"), "Where it is resolved"),
        "min_n": number(form.one("min_n"), "The least number"),
        "every_s": number(form.one("every_s"), "How often"),
    }
    return Rule.model_validate({name: value for name, value in given.items() if value is not None})


def _action(form: Form) -> Action | None:
    match form.one("tells"):
        case "webhook":
            return Action(webhook=form.line("webhook") or "")
        case "command":
            return Action(command=[line for line in form.one("command").splitlines() if line])
    return None


def _typed(form: Form) -> dict[str, str]:
    return {name: form.one(name) for name in EMPTY}


def _typed_of_alert(alert: Mapping[str, Any]) -> dict[str, str]:
    rule = alert["rule"]
    side = "above" if rule["above"] is not None else "below"
    shown = {
        **rule,
        "name": alert["name"],
        "window_min": f"{rule['window_s'] / 60:g}",
        "side": side,
        "line": f"{rule[side]:.15g}",
        "tells": KEEP if alert["action"] else "nobody",
    }
    return {name: "" if shown.get(name) is None else str(shown[name]) for name in EMPTY}


def _to(project: str, name: str, said: str) -> Response:
    return redirect(address("alerts", name, project=project), status_code=303, notice=Notice(said))


def _choices(desk: Desk) -> dict[str, Any]:
    measures = sorted({*MEASURES["traces"], *MEASURES["spans"]})
    return {"measures": measures, "commands": desk.service.settings.given.alert_commands and not desk.only_project}


def _form_page(
    request: Request, desk: Desk, project: str, typed: Mapping[str, str], *, problem: AssayError | None = None
) -> Response:
    return settings_page(
        request,
        "alert_new.html",
        tab="alerts",
        title="New alert",
        project=project,
        problem=problem,
        typed=typed,
        **_choices(desk),
    )


def _alert_page(
    request: Request,
    desk: Desk,
    project: str,
    name: str,
    *,
    cursor: str | None = None,
    typed: Mapping[str, str] | None = None,
    problem: AssayError | None = None,
) -> Response:
    found = declaring.shown(desk.service, desk.service.registry.alerts.get(project, name))
    events = desk.service.registry.alerts.events(project, name, limit=50, cursor=cursor)
    return settings_page(
        request,
        "alert.html",
        tab="alerts",
        title=name,
        project=project,
        problem=problem,
        alert=found,
        events=events.items,
        next=events.next_cursor and address("alerts", name, project=project, cursor=events.next_cursor),
        typed=typed or _typed_of_alert(found),
        **_choices(desk),
    )
