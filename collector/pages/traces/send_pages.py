"""Routes: traces, spans and rows of experiments that were chosen elsewhere, sent to a data set."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.forms import Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.prompts.prompt_edit_pages import MENDABLE, status_of
from assay.collector.pages.security import local_path
from assay.collector.pages.source import Source
from assay.collector.pages.traces.send_form import EXPECTED, Choice, prepared, without_expected
from assay.collector.pages.traces.send_source import Chosen, SendSource, get_send_source
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.errors import AssayError, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
ToSend = Annotated[SendSource, Depends(get_send_source)]
Refs = Annotated[list[str] | None, Query()]
PREVIEWED = 20


@router.get("/p/{project}/send/dataset")
def choose_dataset(
    request: Request,
    source: FromSource,
    sending: ToSend,
    project: str,
    ref: Refs = None,
    next: str = "",
    dataset: str = "",
    expected: str = "none",
) -> Response:
    refs, choice = ref or [], Choice(dataset=dataset, expected=expected if expected in EXPECTED else "none")
    return _page(request, source, sending, urls.name_of(project), refs, choice, next)


@router.post("/p/{project}/send/dataset")
def sent_to_dataset(request: Request, source: FromSource, sending: ToSend, form: Posted, project: str) -> Response:
    """`ref` (repeated), `dataset` (one there is, or a new one), `expected`, `next` (where to go back to)."""
    project = urls.name_of(project)
    refs, choice = form.all("ref"), Choice(dataset=form.one("dataset").strip(), expected=form.one("expected") or "none")
    try:
        if not refs:
            raise InvalidRequest("Nothing was chosen.", hint="Go back and choose traces or spans.")
        chosen = sending.chosen(project, refs)
        if not chosen.items:
            raise InvalidRequest("None of what was chosen makes an item.", hint=". ".join(chosen.notes))
        items = prepared(chosen.items, choice)
        count = f"{len(items):,} {'item' if len(items) == 1 else 'items'}"
        version = sending.add(project, choice.dataset, items, message=f"{count} from traces")
    except MENDABLE as error:
        return _page(request, source, sending, project, refs, choice, form.one("next"), problem=error)
    said = "; ".join([f"{count} added to {choice.dataset}, version {version['version']}", *chosen.notes])
    link = urls.dataset(project, choice.dataset)
    back = local_path(form.one("next")) if form.line("next") else link
    return redirect(back, status_code=303, notice=Notice(f"{said}.", link))


def _page(
    request: Request,
    source: Source,
    sending: SendSource,
    project: str,
    refs: list[str],
    choice: Choice,
    next: str,
    *,
    problem: AssayError | None = None,
) -> Response:
    chosen = Chosen()
    try:
        chosen = sending.chosen(project, refs)
    except InvalidRequest as error:
        problem = problem or error
    items = prepared(chosen.items, choice)
    datasets = sending.datasets(project)
    return page(
        request,
        "traces/send.html",
        title="Add to a data set",
        source=source,
        project=project,
        section="datasets",
        has_forms=True,
        status_code=status_of(problem),
        problem=problem,
        refs=refs,
        next=local_path(next) if next else "",
        choice=choice,
        expectations=EXPECTED,
        datasets=datasets,
        suggested=choice.dataset or (datasets[0]["name"] if datasets else ""),
        items=items[:PREVIEWED],
        item_count=len(items),
        without_expected=without_expected(items),
        notes=chosen.notes,
    )
