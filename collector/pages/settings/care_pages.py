"""Routes: how long traces are kept, own prices, redaction, limits. Each change holds at once and after a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from assay.collector import care
from assay.collector.live_settings import OWN_PRICES
from assay.collector.pages.forms import Form, Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.settings.common import (
    MENDABLE,
    AtDesk,
    Desk,
    address,
    number,
    settings_page,
)
from assay.collector.pages.web import PageRoute, redirect
from assay.collector.repricing import days_with_calls, reprice
from assay.errors import AssayError, InvalidRequest
from assay.prices import forget_own_prices
from assay.redaction import GROUPS

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LONGEST_DAYS = 36_500
RULES_OF_LIFE = ("tail_share", "tail_slow_ms", "tail_quiet_s")
RATES = ("input", "output", "cache_read", "cache_write")
Show = Callable[..., Response]


def _done(tab: str, text: str) -> Response:
    return redirect(address(tab), status_code=303, notice=Notice(text))


def _value(desk: Desk, name: str) -> dict[str, Any]:
    return {"value": care.value_of(desk.service, name), "source": desk.service.settings.source(name)}


def _set(desk: Desk, name: str, value: Any) -> None:
    desk.service.settings.set(desk.service.registry, name, value, actor=desk.actor)


# Retention --------------------------------------------------------------------------------------------------------


@router.get("/settings/retention")
def retention(request: Request, desk: AtDesk) -> Response:
    return _retention_page(request, desk)


@router.post("/settings/retention")
def set_retention(request: Request, desk: AtDesk, form: Posted) -> Response:
    try:
        days = _days(form.one("days"))
        if form.one("what") == "default":
            _set(desk, "retention_days", days)
            return _done("retention", "How long traces are kept is set.")
        project = form.one("project")
        desk.service.check_project(project)
        desk.service.life.set_retention(project, days)
        desk.service.registry.audit.add(desk.actor, "retention.set", project, project=project, days=days)
    except MENDABLE as error:
        return _retention_page(request, desk, problem=error)
    return _done("retention", f"{project} keeps its traces {'for ever' if days is None else f'for {days} days'}.")


def _retention_page(request: Request, desk: Desk, problem: AssayError | None = None) -> Response:
    return settings_page(
        request,
        "retention.html",
        tab="retention",
        title="Retention",
        problem=problem,
        default=_value(desk, "retention_days"),
        kept=[(project, desk.service.life.retention(project)) for project in desk.projects()],
        tail={name: _value(desk, name) for name in RULES_OF_LIFE},
    )


def _days(text: str) -> int | None:
    found = number(text, "The number of days")
    if found is None:
        return None
    if found != int(found) or not 1 <= found <= LONGEST_DAYS:
        raise InvalidRequest(f"{text} days cannot be.", hint=f"A whole number from 1 to {LONGEST_DAYS:,}, or nothing.")
    return int(found)


# Limits -----------------------------------------------------------------------------------------------------------


@router.get("/settings/limits")
def limits(request: Request, desk: AtDesk) -> Response:
    return _limits_page(request, desk)


@router.post("/settings/limits")
def set_limits(request: Request, desk: AtDesk, form: Posted) -> Response:
    """One of them; where a form comes from says which."""
    name = form.one("name")
    try:
        _set(desk, name, number(form.one("value"), name))
    except MENDABLE as error:
        show = _retention_page if name in RULES_OF_LIFE else _limits_page
        return show(request, desk, problem=error)
    return _done("retention" if name in RULES_OF_LIFE else "limits", f"{name} is set.")


def _limits_page(request: Request, desk: Desk, problem: AssayError | None = None) -> Response:
    return settings_page(
        request,
        "limits.html",
        tab="limits",
        title="Limits",
        problem=problem,
        limits={name: _value(desk, name) for name in ("requests_per_s", "mb_per_s")},
        fixed={
            name: _value(desk, name) for name in ("max_request_bytes", "sql_timeout_s", "cors_origins", "allowed_hosts")
        },
    )


# Prices -----------------------------------------------------------------------------------------------------------


@router.get("/settings/prices")
def prices(request: Request, desk: AtDesk) -> Response:
    return _prices_page(request, desk)


@router.post("/settings/prices")
def set_prices(request: Request, desk: AtDesk, form: Posted) -> Response:
    """Add a price, remove one by its place in the list, or price stored calls again."""
    own = care.value_of(desk.service, OWN_PRICES)
    try:
        match form.one("action"):
            case "add":
                _set(desk, OWN_PRICES, [*own, _price(form)])
                return _done("prices", "The price is added. Calls that come now are priced by it.")
            case "remove":
                place = form.number("place")
                if form.one("model") != (own[place]["model"] if place < len(own) else None):
                    raise InvalidRequest("The list has changed meanwhile.", hint="Look at it again.")
                _set(desk, OWN_PRICES, own[:place] + own[place + 1 :] or None)
                return _done("prices", "The price is removed.")
            case "reprice":
                return _done("prices", f"{_reprice(desk):,} costs changed.")
    except MENDABLE as error:
        return _prices_page(request, desk, problem=error, typed=form)
    raise InvalidRequest("The form says nothing to do.", hint="Open the page again.")


def _prices_page(
    request: Request, desk: Desk, problem: AssayError | None = None, typed: Form | None = None
) -> Response:
    found = care.prices(desk.service, None)
    return settings_page(
        request,
        "prices.html",
        tab="prices",
        title="Prices",
        problem=problem,
        typed=typed or Form({}),
        said_by=found["source"],
        file=found["file"],
        own=found["own"],
        unpriced=found["unpriced"],
    )


def _price(form: Form) -> dict[str, Any]:
    given: dict[str, Any] = {
        "model": form.line("model"),
        "provider": form.line("provider"),
        "since": form.line("since"),
    }
    given |= {name: number(form.one(name), name) for name in RATES}
    given["above_input_tokens"] = number(form.one("above_input_tokens"), "above_input_tokens")
    return {name: value for name, value in given.items() if value is not None}


def _reprice(desk: Desk) -> int:
    forget_own_prices()
    with desk.service.store.read() as db:
        days = days_with_calls(db, since_ns=0, project=None)
    changed = reprice(desk.service.writer.put_job, days)
    desk.service.registry.audit.add(desk.actor, "traces.reprice", "traces", project=None, changed=changed)
    return changed


# Redaction --------------------------------------------------------------------------------------------------------


@router.get("/settings/redaction")
def redaction(request: Request, desk: AtDesk) -> Response:
    return _redaction_page(request, desk)


@router.post("/settings/redaction")
def set_redaction(request: Request, desk: AtDesk, form: Posted) -> Response:
    """Choose built-in rules, add or remove one of one's own, or try the rules on a text, which is kept nowhere."""
    own = dict(care.value_of(desk.service, "redact_patterns"))
    try:
        match form.one("action"):
            case "try":
                return _redaction_page(request, desk, tried=form.one("text"))
            case "rules":
                _set(desk, "redact", ",".join(form.all("rule")) or None)
            case "names":
                _set(desk, "redact_names", form.line("names"))
            case "add":
                _set(desk, "redact_patterns", {**own, (form.line("name") or ""): form.one("pattern")})
            case "remove":
                _set(desk, "redact_patterns", {k: v for k, v in own.items() if k != form.one("name")} or None)
            case _:
                raise InvalidRequest("The form says nothing to do.", hint="Open the page again.")
    except MENDABLE as error:
        return _redaction_page(request, desk, problem=error, typed=form)
    return _done("redaction", "Redaction is changed. It holds for what is received from now on.")


def _redaction_page(
    request: Request,
    desk: Desk,
    problem: AssayError | None = None,
    typed: Form | None = None,
    tried: str | None = None,
) -> Response:
    rules = care.redaction_rules(desk.service)
    return settings_page(
        request,
        "redaction.html",
        tab="redaction",
        title="Redaction",
        problem=problem,
        typed=typed or Form({}),
        groups={group: [rule for rule in rules if rule["group"] == group] for group in GROUPS},
        redact=_value(desk, "redact"),
        names=_value(desk, "redact_names"),
        patterns=_value(desk, "redact_patterns"),
        tried=None if tried is None else {"given": tried, **care.redacted_text(desk.service, tried)},
        at=datetime.now(UTC).date().isoformat(),
    )
