"""Routes: a new version written on a page, and the aliases of a prompt: moved, protected, rolled back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.forms import Form, Posted
from assay.collector.pages.prompts.alias_evidence import Evidence, evidence
from assay.collector.pages.prompts.prompt_draft import (
    JSON_FIELDS,
    Draft,
    draft_of_form,
    draft_of_version,
    draft_version,
)
from assay.collector.pages.prompts.prompt_pages import DONE, diff_context, version_of
from assay.collector.pages.prompts.prompt_view import find_version
from assay.collector.pages.source import Desk, Row, Source
from assay.collector.pages.web import PageRoute, get_desk, get_source, page, redirect
from assay.errors import AssayError, ConfigurationError, Conflict, Forbidden, InvalidRequest, NotFound, TemplateError

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
AtDesk = Annotated[Desk, Depends(get_desk)]

# What somebody can put right on the page they sent: said there, with everything they typed
MENDABLE = (InvalidRequest, TemplateError, ConfigurationError, Conflict, Forbidden, NotFound)
STATUS: Mapping[type[AssayError], int] = {Forbidden: 403, Conflict: 409, NotFound: 404}


# A new version ----------------------------------------------------------------------------------------------------


@router.get("/p/{project}/prompts/{name:path}/v/{number:int}/edit")
def edit(request: Request, source: FromSource, project: str, name: str, number: int) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    versions = source.prompt_versions(project, name)
    draft = draft_of_version(version_of(versions, name, number), versions[0]["version"])
    return edit_page(request, source, project, name, versions, number, draft)


@router.post("/p/{project}/prompts/{name:path}/v/{number:int}/edit")
def edited(
    request: Request, source: FromSource, desk: AtDesk, form: Posted, project: str, name: str, number: int
) -> Response:
    """Whatever button was pressed: the same page again, with the difference when that was asked for; or it is done."""
    project, name = urls.name_of(project), urls.name_of(name)
    versions = source.prompt_versions(project, name)
    base, latest = version_of(versions, name, number), versions[0]["version"]
    draft, action = draft_of_form(form), form.one("action")
    problem: AssayError | None = None
    changes: dict[str, Any] | None = None
    try:
        if action in ("review", "register"):
            content = draft.content()
            changes = diff_context(base, draft_version(base, content, latest + 1))
            if action == "register":
                made, is_new = desk.register(
                    project,
                    name,
                    content,
                    commit_message=draft.commit_message,
                    author=draft.author.strip() or None,
                    parent=number,
                    seen=draft.seen,
                )
                done = "registered" if is_new else "same"
                return redirect(
                    urls.with_query(urls.prompt(project, name, made["version"]), done=done), status_code=303
                )
    except MENDABLE as error:
        problem = error
    return edit_page(request, source, project, name, versions, number, draft, changes=changes, problem=problem)


def edit_page(
    request: Request,
    source: Source,
    project: str,
    name: str,
    versions: list[Row],
    number: int,
    draft: Draft,
    *,
    changes: dict[str, Any] | None = None,
    problem: AssayError | None = None,
) -> Response:
    latest = versions[0]["version"]
    return page(
        request,
        "prompts/edit.html",
        title=f"{name}: new version",
        source=source,
        project=project,
        section="prompts",
        has_forms=True,
        status_code=status_of(problem),
        name=name,
        base=find_version(versions, number),
        latest=latest,
        draft=draft,
        json_fields=JSON_FIELDS,
        before={"version": number},
        after={"version": latest + 1},
        changes=changes,
        problem=problem,
    )


# Aliases ----------------------------------------------------------------------------------------------------------


@router.get("/p/{project}/prompts/{name:path}/aliases")
def aliases(
    request: Request, source: FromSource, project: str, name: str, done: str = "", version: int | None = None
) -> Response:
    return _aliases_page(request, source, urls.name_of(project), urls.name_of(name), done=done, version=version)


@router.post("/p/{project}/prompts/{name:path}/aliases")
def alias_changed(
    request: Request, source: FromSource, desk: AtDesk, form: Posted, project: str, name: str
) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    change = CHANGES.get(form.one("action"))
    try:
        if change is None:
            raise InvalidRequest("Nothing was chosen to do.", hint="Use one of the buttons of this page.")
        done = change(desk, project, name, form)
    except MENDABLE as error:
        return _aliases_page(request, source, project, name, problem=error)
    return redirect(urls.prompt_aliases(project, name, done=done), status_code=303)


def _move(desk: Desk, project: str, name: str, form: Form) -> str:
    desk.set_alias(project, name, _alias(form), form.number("version"), **_said(form))
    return "moved"


def _remove(desk: Desk, project: str, name: str, form: Form) -> str:
    desk.delete_alias(project, name, _alias(form), **_said(form))
    return "removed"


def _roll_back(desk: Desk, project: str, name: str, form: Form) -> str:
    desk.roll_back_alias(project, name, _alias(form), from_version=form.number("from_version"), **_said(form))
    return "back"


def _protect(desk: Desk, project: str, name: str, form: Form) -> str:
    desk.protect_alias(project, name, _alias(form), protected=True, gate=form.line("gate"), **_said(form))
    return "protected"


def _unprotect(desk: Desk, project: str, name: str, form: Form) -> str:
    desk.protect_alias(project, name, _alias(form), protected=False, gate=None, **_said(form))
    return "unprotected"


CHANGES: Mapping[str, Callable[[Desk, str, str, Form], str]] = {
    "move": _move,
    "remove": _remove,
    "roll back": _roll_back,
    "protect": _protect,
    "unprotect": _unprotect,
}


def _alias(form: Form) -> str:
    alias = form.line("alias")
    if alias is None:
        raise InvalidRequest("No alias was named.", hint="Write one, such as production.")
    return alias


def _said(form: Form) -> dict[str, str | None]:
    """Why, and who: an alias is what others run on, so that a reason is asked for on the page."""
    reason = form.line("reason")
    if reason is None:
        raise InvalidRequest("No reason was given.", hint="Say in a few words why; it is kept in the log of moves.")
    return {"reason": reason, "author": form.line("author")}


def _aliases_page(
    request: Request,
    source: Source,
    project: str,
    name: str,
    *,
    done: str = "",
    version: int | None = None,
    problem: AssayError | None = None,
) -> Response:
    versions, aliases = source.prompt_versions(project, name), source.aliases(project, name)
    return page(
        request,
        "prompts/aliases.html",
        title=f"{name}: aliases",
        source=source,
        project=project,
        section="prompts",
        has_forms=True,
        status_code=status_of(problem),
        name=name,
        versions=versions,
        chosen=version or versions[0]["version"],
        aliases=aliases,
        evidence=_evidence(source, project, name, aliases, version) if version else [],
        moves=source.alias_moves(project, name),
        done=DONE.get(done),
        problem=problem,
    )


def _evidence(source: Source, project: str, name: str, aliases: list[Row], chosen: int) -> list[Evidence]:
    """Of each version that an alias points at now, what evaluations say beside the one it is to move to."""
    pointed: dict[int, list[str]] = {}
    for one in aliases:
        if one["version"] and one["version"] != chosen:
            pointed.setdefault(one["version"], []).append(one["alias"])
    if not pointed:
        return []
    new = source.lineage(project, name, chosen)["experiments"]
    found = (
        evidence(at, named, source.lineage(project, name, at)["experiments"], new) for at, named in pointed.items()
    )
    return [one for one in found if one is not None]


def status_of(problem: AssayError | None) -> int:
    """The status of a page that says what went wrong, above the form that was sent."""
    if problem is None:
        return 200
    return next((status for kind, status in STATUS.items() if isinstance(problem, kind)), 400)
