"""Routes: the prompts of a project, one version, the difference of two."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.prompt_view import find_version, role_class, template_messages
from assay.collector.pages.runs import without_islands
from assay.collector.pages.snippets import load_prompt_snippet, prompt_snippet
from assay.collector.pages.source import Row, Source
from assay.collector.pages.web import PageRoute, get_source, page
from assay.errors import PromptNotFound
from assay.prompts.diff import diff_versions

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]


@router.get("/p/{project}/prompts")
def prompt_list(request: Request, source: FromSource, project: str, after: str = "") -> Response:
    project = urls.name_of(project)
    found = source.prompts(project, cursor=after or None)
    return page(
        request,
        "prompts.html",
        title="Prompts",
        source=source,
        project=project,
        section="prompts",
        prompts=found.items,
        next_cursor=found.next_cursor,
        snippets=[prompt_snippet(str(request.base_url).rstrip("/"), project)],
    )


# The name takes the rest of the path: people write prompts:/team/qa as it is. The longer routes come first.
@router.get("/p/{project}/prompts/{name:path}/diff/{old:int}..{new:int}")
def prompt_diff(request: Request, source: FromSource, project: str, name: str, old: int, new: int) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    versions = source.prompt_versions(project, name)
    before, after = _version(versions, name, old), _version(versions, name, new)
    return page(
        request,
        "prompt_diff.html",
        title=f"{name}: {old} to {new}",
        source=source,
        project=project,
        section="prompts",
        name=name,
        versions=versions,
        before=before,
        after=after,
        diff=diff_versions(before, after),
        without_islands=without_islands,
        role_class=role_class,
    )


@router.get("/p/{project}/prompts/{name:path}/v/{number:int}")
def prompt_version(request: Request, source: FromSource, project: str, name: str, number: int) -> Response:
    return _version_page(request, source, urls.name_of(project), urls.name_of(name), number)


@router.get("/p/{project}/prompts/{name:path}")
def prompt(request: Request, source: FromSource, project: str, name: str) -> Response:
    return _version_page(request, source, urls.name_of(project), urls.name_of(name), None)


def _version_page(request: Request, source: Source, project: str, name: str, number: int | None) -> Response:
    versions = source.prompt_versions(project, name)
    version = versions[0] if number is None else _version(versions, name, number)
    return page(
        request,
        "prompt.html",
        title=f"{name} v{version['version']}",
        source=source,
        project=project,
        section="prompts",
        name=name,
        versions=versions,
        version=version,
        messages=template_messages(version),
        snippet=load_prompt_snippet(name, version["version"], version["aliases"], version["variables"]),
    )


def _version(versions: list[Row], name: str, number: int) -> Row:
    found = find_version(versions, number)
    if found is None:
        known = ", ".join(str(version["version"]) for version in versions[:20])
        raise PromptNotFound(f"Prompt {name!r} has no version {number}.", hint=f"It has: {known}.")
    return dict(found)
