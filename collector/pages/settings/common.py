"""What all pages of settings share: the tabs, who asks, and forms that say what was wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import ValidationError

from assay.collector.api.actor import actor, caller_key
from assay.collector.pages import urls
from assay.collector.pages.web import page, seen_project, source_of
from assay.collector.registry import Actor
from assay.collector.service import Service
from assay.errors import AssayError, Conflict, Forbidden, InvalidRequest, NotFound
from assay.settings import DEFAULT_PROJECT

T = TypeVar("T")

TABS = (
    ("keys", "Keys"),
    ("online", "Online scorers"),
    ("alerts", "Alerts"),
    ("retention", "Retention"),
    ("prices", "Prices"),
    ("redaction", "Redaction"),
    ("limits", "Limits"),
    ("audit", "Audit log"),
    ("health", "Health"),
)
# What somebody can put right on the page they sent: said there, with everything they typed
MENDABLE = (InvalidRequest, Conflict, Forbidden, NotFound)
STATUS: Mapping[type[AssayError], int] = {Forbidden: 403, Conflict: 409, NotFound: 404}


@dataclass(frozen=True, slots=True)
class Desk:
    """Whoever asks, at the service."""

    service: Service
    actor: Actor
    only_project: str | None  # of their key

    def projects(self) -> list[str]:
        if self.only_project is not None:
            return [self.only_project]
        self.service.register_projects()
        return [project["name"] for project in self.service.registry.projects.page(limit=1000).items]


def get_settings_desk(request: Request) -> Desk:
    key = caller_key(request)
    return Desk(request.app.state.service, actor(request, key), key.project if key else None)


AtDesk = Annotated[Desk, Depends(get_settings_desk)]


def chosen_project(request: Request, desk: AtDesk, project: Annotated[str | None, Query(max_length=200)] = None) -> str:
    """The project that a page is about: the one it names, else the one that this browser saw last."""
    return project or desk.only_project or seen_project(request) or DEFAULT_PROJECT


InProject = Annotated[str, Depends(chosen_project)]


def settings_page(
    request: Request,
    template: str,
    *,
    tab: str,
    title: str,
    problem: AssayError | None = None,
    project: str | None = None,
    **context: Any,
) -> Response:
    """A page below /settings, with the shell of the project that this browser saw last."""
    return page(
        request,
        f"settings/{template}",
        title=title,
        source=source_of(request),
        project=project or seen_project(request),
        section="settings",
        has_forms=True,
        status_code=200 if problem is None else STATUS.get(type(problem), 400),
        tab=tab,
        tabs=TABS,
        problem=problem,
        **context,
    )


def checked(make: Callable[[], T]) -> T:
    """What `make` makes of a form.

    Raises:
        InvalidRequest: something in it cannot be; the message names the fields.
    """
    try:
        return make()
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in each['loc']) or 'the form'}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()[:5]
        ]
        raise InvalidRequest("; ".join(problems) + ".") from error


def number(text: str, name: str) -> float | None:
    """A number from a field; None where nothing is in it.

    Raises:
        InvalidRequest: it is none.
    """
    if not text.strip():
        return None
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise InvalidRequest(f"{name} is no number: {text.strip()!r}.") from None


def address(tab: str, *parts: str, **query: Any) -> str:
    return urls.with_query("/".join(["/settings", tab, *map(urls.segment, parts)]), **query)
