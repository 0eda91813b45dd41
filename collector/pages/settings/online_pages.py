"""Routes: online scorers, listed with their figures, declared, changed, paused, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import TypeAdapter

from assay.collector.online import declaring
from assay.collector.online.definition import Declared, ScorerName
from assay.collector.pages import urls
from assay.collector.pages.forms import Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.settings.common import (
    MENDABLE,
    AtDesk,
    Desk,
    InProject,
    address,
    checked,
    settings_page,
)
from assay.collector.pages.settings.online_form import EMPTY, declared_of, typed_of, typed_of_scorer
from assay.collector.pages.web import PageRoute, redirect
from assay.errors import AssayError, CollectorUnavailable, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SCORER_NAME: TypeAdapter[str] = TypeAdapter(ScorerName)
Name = Annotated[str, Path()]


@router.get("/settings/online")
def online(request: Request, desk: AtDesk, project: InProject) -> Response:
    scorers = desk.service.registry.online_scorers.all(project)
    return settings_page(
        request,
        "online.html",
        tab="online",
        title="Online scorers",
        project=project,
        scorers=[declaring.shown(desk.service, scorer) for scorer in scorers],
    )


@router.get("/settings/online/new")
def new(request: Request, desk: AtDesk, project: InProject, filter: str = "") -> Response:
    return _form_page(request, project, {**EMPTY, "filter": filter})


@router.post("/settings/online/new")
def declare(request: Request, desk: AtDesk, project: InProject, form: Posted) -> Response:
    try:
        name = checked(lambda: SCORER_NAME.validate_python(form.line("name") or ""))
        declared = checked(lambda: Declared.model_validate(declared_of(form)))
        declaring.declare(desk.service, project, name, declared, actor=desk.actor)
    except (*MENDABLE, CollectorUnavailable) as error:
        return _form_page(request, project, typed_of(form), problem=error)
    return _to(project, name, f"{name} scores the live traces of {project} from now on.")


@router.get("/settings/online/{name}")
def scorer(request: Request, desk: AtDesk, project: InProject, name: Name) -> Response:
    return _scorer_page(request, desk, project, urls.name_of(name))


@router.post("/settings/online/{name}")
def change(request: Request, desk: AtDesk, project: InProject, form: Posted, name: Name) -> Response:
    name = urls.name_of(name)
    try:
        match form.one("action"):
            case "pause":
                declaring.pause(desk.service, project, name, actor=desk.actor)
                return _to(project, name, f"{name} is paused.")
            case "resume":
                declaring.resume(desk.service, project, name, actor=desk.actor)
                return _to(project, name, f"{name} goes on with the traces that come now.")
            case "remove":
                desk.service.registry.online_scorers.remove(project, name, actor=desk.actor)
                gone = Notice(f"{name} is removed. Its scores stay.")
                return redirect(address("online", project=project), status_code=303, notice=gone)
            case "change":
                declared = checked(lambda: Declared.model_validate(declared_of(form)))
                changed = declaring.change(desk.service, project, name, declared, actor=desk.actor)
                return _to(project, name, f"{name} is changed; it is version {changed['version']}.")
    except (*MENDABLE, CollectorUnavailable) as error:
        return _scorer_page(request, desk, project, name, typed=typed_of(form), problem=error)
    raise InvalidRequest("The form says nothing to do.", hint="Open the page again.")


def _to(project: str, name: str, said: str) -> Response:
    return redirect(address("online", name, project=project), status_code=303, notice=Notice(said))


def _form_page(
    request: Request, project: str, typed: Mapping[str, str], *, problem: AssayError | None = None
) -> Response:
    return settings_page(
        request,
        "online_new.html",
        tab="online",
        title="New online scorer",
        project=project,
        problem=problem,
        typed=typed,
        built_in=_built_in_names(),
    )


def _scorer_page(
    request: Request,
    desk: Desk,
    project: str,
    name: str,
    *,
    typed: Mapping[str, str] | None = None,
    problem: AssayError | None = None,
) -> Response:
    found = declaring.shown(desk.service, desk.service.registry.online_scorers.get(project, name))
    return settings_page(
        request,
        "online_scorer.html",
        tab="online",
        title=name,
        project=project,
        problem=problem,
        scorer=found,
        typed=typed or typed_of_scorer(found),
        built_in=_built_in_names(),
    )


def _built_in_names() -> list[str]:
    from assay.evaluation.scorers import BUILT_IN  # names only; no scorer is loaded

    return list(BUILT_IN)
