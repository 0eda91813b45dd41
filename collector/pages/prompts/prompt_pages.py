"""Routes: the prompts of a project, one version with what came of it, the history, the difference of two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.prompts.lineage_view import filter_of_arm, filter_of_version, score_lines
from assay.collector.pages.prompts.prompt_view import (
    find_version,
    history,
    role_class,
    scored_versions,
    template_messages,
)
from assay.collector.pages.runs import without_islands
from assay.collector.pages.snippets import load_prompt_snippet, prompt_snippet
from assay.collector.pages.source import Row, Source
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.errors import InvalidRequest, PromptNotFound
from assay.prompts.diff import diff_versions

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

CALLS_OF_DAYS = 7
DONE = {
    "registered": "Registered as a new version. Aliases stay where they are until you move them.",
    "same": "This content is registered already: here is its version. Nothing was added.",
    "moved": "The alias was moved.",
    "removed": "The alias was removed; the log of its moves stays.",
    "back": "The last move was taken back.",
    "protected": "The alias is protected now.",
    "unprotected": "The alias is not protected any more.",
}
"""What a page says after a form was sent, by the word in its address."""


@router.get("/p/{project}/prompts")
def prompt_list(request: Request, source: FromSource, project: str, q: str = "", after: str = "") -> Response:
    project, q = urls.name_of(project), q.strip()
    found = source.prompts(project, filter=q or None, cursor=after or None)
    return page(
        request,
        "prompts/list.html",
        title="Prompts",
        source=source,
        project=project,
        section="prompts",
        q=q,
        prompts=found.items,
        calls=source.prompt_calls(project, days=CALLS_OF_DAYS) if found.items else {},
        scores=scored_versions(found.items, source.prompt_scores(project, days=CALLS_OF_DAYS)) if found.items else {},
        days=CALLS_OF_DAYS,
        next_cursor=found.next_cursor,
        snippets=[prompt_snippet(str(request.base_url).rstrip("/"), project)],
    )


# The name takes the rest of the path: people write prompts:/team/qa as it is. The longer routes come first.
@router.get("/p/{project}/prompts/{name:path}/diff/{old:int}..{new:int}")
def prompt_diff(
    request: Request, source: FromSource, project: str, name: str, old: int, new: int, view: str = "split"
) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    versions = source.prompt_versions(project, name)
    before, after = version_of(versions, name, old), version_of(versions, name, new)
    return page(
        request,
        "prompts/diff.html",
        title=f"{name}: {old} to {new}",
        source=source,
        project=project,
        section="prompts",
        name=name,
        versions=versions,
        before=before,
        after=after,
        unified=view == "unified",
        **diff_context(before, after),
    )


@router.get("/p/{project}/prompts/{name:path}/diff")
def choose_diff(project: str, name: str, old: int, new: int) -> Response:
    """Where the forms lead that choose two versions: the older one is always on the left."""
    return redirect(urls.prompt_diff(urls.name_of(project), urls.name_of(name), min(old, new), max(old, new)))


@router.get("/p/{project}/prompts/{name:path}/versions")
def prompt_history(
    request: Request, source: FromSource, project: str, name: str, alias: str = "", on: str = ""
) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    versions, moves = source.prompt_versions(project, name), source.alias_moves(project, name)
    asked = source.alias_at(project, name, alias, _time(on)) if alias and on else None
    return page(
        request,
        "prompts/history.html",
        title=f"{name}: history",
        source=source,
        project=project,
        section="prompts",
        name=name,
        versions=versions,
        events=history(versions, moves),
        aliases=sorted({move["alias"] for move in moves}),
        alias=alias,
        on=on,
        asked=asked,
    )


@router.get("/p/{project}/prompts/{name:path}/v/{number:int}")
def prompt_version(
    request: Request, source: FromSource, project: str, name: str, number: int, done: str = ""
) -> Response:
    return _version_page(request, source, urls.name_of(project), urls.name_of(name), number, done)


@router.get("/p/{project}/prompts/{name:path}")
def prompt(request: Request, source: FromSource, project: str, name: str) -> Response:
    return _version_page(request, source, urls.name_of(project), urls.name_of(name), None)


def _version_page(
    request: Request, source: Source, project: str, name: str, number: int | None, done: str = ""
) -> Response:
    versions = source.prompt_versions(project, name)
    version = versions[0] if number is None else version_of(versions, name, number)
    lineage = source.lineage(project, name, version["version"])
    return page(
        request,
        "prompts/prompt.html",
        title=f"{name} v{version['version']}",
        source=source,
        project=project,
        section="prompts",
        name=name,
        versions=versions,
        version=version,
        done=DONE.get(done),
        messages=template_messages(version),
        snippet=load_prompt_snippet(
            name,
            version["version"],
            version["aliases"],
            [*version["variables"], *(version.get("placeholders") or [])],
        ),
        lineage=lineage,
        scores=score_lines(lineage),
        traces_filter=filter_of_version(name, version["version"]),
        filter_of_arm=filter_of_arm,
    )


def version_of(versions: list[Row], name: str, number: int) -> Row:
    """One of the versions.

    Raises:
        PromptNotFound: it is none of them; the message says what there is.
    """
    found = find_version(versions, number)
    if found is None:
        known = ", ".join(str(version["version"]) for version in versions[:20])
        raise PromptNotFound(f"Prompt {name!r} has no version {number}.", hint=f"It has: {known}.")
    return dict(found)


def diff_context(before: Row, after: Row) -> dict[str, Any]:
    """What prompt_changes.html needs."""
    return {"diff": diff_versions(before, after), "without_islands": without_islands, "role_class": role_class}


def _time(on: str) -> datetime:
    """A day, which means its end, or a time of it; UTC where it names no zone.

    Raises:
        InvalidRequest: it is neither.
    """
    try:
        moment = datetime.fromisoformat(f"{on}T23:59:59.999999" if len(on) == 10 else on)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(f"{on!r} is no day.", hint="For example: 2026-10-15, or 2026-10-15T12:00.") from error
