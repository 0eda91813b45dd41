"""Routes: keys are made, shown once, and revoked; the audit log; how the collector is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from assay.collector import care
from assay.collector.pages import urls
from assay.collector.pages.forms import Form, Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.settings.common import MENDABLE, AtDesk, Desk, address, settings_page
from assay.collector.pages.tables import csv_answer
from assay.collector.pages.web import PageRoute, redirect
from assay.collector.registry.keys import SCOPES
from assay.errors import AssayError, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)

AUDIT_COLUMNS = ("id", "at", "actor", "address", "action", "project", "object", "result", "detail")
CSV_ROWS = 1000


@router.get("/settings")
def settings() -> Response:
    return redirect(address("keys"))


@router.get("/settings/keys")
def keys(request: Request, desk: AtDesk, cursor: str | None = None) -> Response:
    return _keys_page(request, desk, cursor=cursor)


@router.post("/settings/keys")
def make_key(request: Request, desk: AtDesk, form: Posted) -> Response:
    """The answer itself shows the key, once: it is in no address and in no cookie."""
    try:
        made = desk.service.registry.keys.create(
            form.line("name") or "",
            form.all("scope"),
            project=form.line("project"),
            expires_at=_end_of(form.line("expires")),
            actor=desk.actor,
        )
    except MENDABLE as error:
        return _keys_page(request, desk, typed=form, problem=error)
    response = _keys_page(request, desk, made=made)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post("/settings/keys/{key_id}/revoke")
def revoke_key(desk: AtDesk, form: Posted, key_id: str) -> Response:
    revoked = desk.service.registry.keys.revoke(key_id, actor=desk.actor)
    return redirect(address("keys"), status_code=303, notice=Notice(f"The key {revoked['name']!r} is revoked."))


@router.get("/settings/audit")
def audit(
    request: Request,
    desk: AtDesk,
    project: Annotated[str | None, Query(max_length=200)] = None,
    actor: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=200)] = None,
    cursor: str | None = None,
) -> Response:
    asked = {"project": project or None, "actor": actor or None, "action": action or None}
    found = desk.service.registry.audit.page(**asked, limit=100, cursor=cursor)
    return settings_page(
        request,
        "audit.html",
        tab="audit",
        title="Audit log",
        entries=found.items,
        asked=asked,
        next=found.next_cursor and address("audit", **asked, cursor=found.next_cursor),
        csv=address("audit.csv", **asked),
        names={key["id"]: key["name"] for key in desk.service.registry.keys.page(limit=1000).items},
    )


@router.get("/settings/audit.csv")
def audit_csv(
    desk: AtDesk,
    project: Annotated[str | None, Query(max_length=200)] = None,
    actor: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    found = desk.service.registry.audit.page(
        project or None, actor=actor or None, action=action or None, limit=CSV_ROWS
    )
    return csv_answer("audit", AUDIT_COLUMNS, ([entry[name] for name in AUDIT_COLUMNS] for entry in found.items))


@router.get("/settings/health")
def health(request: Request, desk: AtDesk) -> Response:
    return settings_page(
        request,
        "health.html",
        tab="health",
        title="Health",
        status=care.status(desk.service),
        letters=care.dead_letters(desk.service.store, None, limit=20),
        rows=desk.service.settings.rows(),
    )


def _keys_page(
    request: Request,
    desk: Desk,
    *,
    cursor: str | None = None,
    made: dict[str, Any] | None = None,
    typed: Form | None = None,
    problem: AssayError | None = None,
) -> Response:
    desk.service.registry.keys.note_used()
    found = desk.service.registry.keys.page(limit=100, cursor=cursor)
    return settings_page(
        request,
        "keys.html",
        tab="keys",
        title="Keys",
        problem=problem,
        keys=found.items,
        next=found.next_cursor and urls.with_query("/settings/keys", cursor=found.next_cursor),
        scopes=SCOPES,
        all_projects=desk.projects(),
        made=made,
        typed=typed or Form({"scope": ["ingest"]}),
    )


def _end_of(day: str | None) -> datetime | None:
    """The end of a day, in UTC."""
    if day is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(day), time.max, UTC)
    except ValueError:
        raise InvalidRequest(f"{day!r} is no day.", hint="Write it as 2026-12-31, or leave it empty.") from None
