"""Routes: the data sets of a project, one version with its items, one item, what changed between two versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from assay.collector.pages import urls
from assay.collector.pages.datasets.dataset_changes import changes
from assay.collector.pages.datasets.dataset_source import DatasetSource, FromDatasets
from assay.collector.pages.datasets.item_form import KINDS, ItemForm, empty_form, form_of_item, read_item, sent_form
from assay.collector.pages.forms import Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.snippets import dataset_snippet
from assay.collector.pages.source import Source
from assay.collector.pages.tables import CSV_TYPE, csv_lines, file_headers
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.errors import AssayError, Conflict, Forbidden, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
MENDABLE = (InvalidRequest, Conflict, Forbidden)
STATUS = {Forbidden: 403, Conflict: 409}
COLUMNS = ("id", "input", "expected", "metadata", "split")


@router.get("/p/{project}/datasets")
def dataset_list(
    request: Request, source: FromSource, sets: FromDatasets, project: str, q: str = "", after: str = ""
) -> Response:
    project = urls.name_of(project)
    found = sets.page(project, filter=q.strip() or None, cursor=after or None)
    return page(
        request,
        "datasets/list.html",
        title="Data sets",
        source=source,
        project=project,
        section="datasets",
        q=q.strip(),
        datasets=found.items,
        next_cursor=found.next_cursor,
        snippets=[dataset_snippet(str(request.base_url).rstrip("/"), project)],
    )


@router.get("/p/{project}/datasets.json")
def dataset_list_json(sets: FromDatasets, project: str, q: str = "", after: str = "") -> Response:
    found = sets.page(urls.name_of(project), filter=q.strip() or None, cursor=after or None)
    return JSONResponse({"items": found.items, "next_cursor": found.next_cursor})


@router.get("/p/{project}/datasets/{name}.jsonl")
def dataset_jsonl(sets: FromDatasets, project: str, name: str, version: int | None = None) -> Response:
    """Every item of a version as a file that `assay.evaluate` reads."""
    project, name = urls.name_of(project), urls.name_of(name)
    number = sets.version(project, name, version)["version"]

    def lines() -> Iterator[str]:
        for item in sets.all_items(project, name, number):
            yield (
                json.dumps({key: value for key, value in item.items() if key != "position"}, ensure_ascii=False) + "\n"
            )

    headers = file_headers(f"{name}-v{number}.jsonl")
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)


@router.get("/p/{project}/datasets/{name}.csv")
def dataset_csv(sets: FromDatasets, project: str, name: str, version: int | None = None) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    number = sets.version(project, name, version)["version"]
    rows = ([item.get(column) for column in COLUMNS] for item in sets.all_items(project, name, number))
    headers = file_headers(f"{name}-v{number}.csv")
    return StreamingResponse(csv_lines(COLUMNS, rows), media_type=CSV_TYPE, headers=headers)


@router.get("/p/{project}/datasets/{name}")
def dataset(
    request: Request,
    source: FromSource,
    sets: FromDatasets,
    project: str,
    name: str,
    version: int | None = None,
    split: str = "",
    q: str = "",
    after: str = "",
) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    found = sets.version(project, name, version)
    items = sets.items(
        project, name, found["version"], split=split or None, contains=q.strip() or None, cursor=after or None
    )
    return page(
        request,
        "datasets/dataset.html",
        title=name,
        source=source,
        project=project,
        section="datasets",
        dataset=found,
        versions=sets.versions(project, name),
        experiments=sets.experiments(project, name),
        items=items.items,
        next_cursor=items.next_cursor,
        asked={"version": version, "split": split, "q": q.strip()},
        after=after,
    )


@router.get("/p/{project}/datasets/{name}/diff/{old:int}..{new:int}")
def dataset_diff(
    request: Request, source: FromSource, sets: FromDatasets, project: str, name: str, old: int, new: int
) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    return page(
        request,
        "datasets/diff.html",
        title=f"{name}: v{old} and v{new}",
        source=source,
        project=project,
        section="datasets",
        old=sets.version(project, name, old),
        new=sets.version(project, name, new),
        changes=changes(sets.all_items(project, name, old), sets.all_items(project, name, new)),
        most=MOST_CHANGES,
    )


MOST_CHANGES = 200  # of each kind on one page; the files have all of them


@router.get("/p/{project}/datasets/{name}/items/new")
def new_item(request: Request, source: FromSource, sets: FromDatasets, project: str, name: str) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    latest = sets.version(project, name, None)["version"]
    return _item_page(request, source, project, name, empty_form(), seen=latest, replaces=None)


@router.get("/p/{project}/datasets/{name}/items/{item}")
def item_page(
    request: Request,
    source: FromSource,
    sets: FromDatasets,
    project: str,
    name: str,
    item: str,
    version: int | None = None,
) -> Response:
    project, name, item = urls.name_of(project), urls.name_of(name), urls.name_of(item)
    found = sets.version(project, name, version)
    row = sets.item(project, name, found["version"], item)
    latest = sets.version(project, name, None)["version"]
    return _item_page(
        request, source, project, name, form_of_item(row), seen=latest, replaces=item, shown=(found["version"], row)
    )


@router.post("/p/{project}/datasets/{name}/items")
def save_item(
    request: Request, source: FromSource, sets: FromDatasets, form: Posted, project: str, name: str
) -> Response:
    """A new version: with one item more, one changed, or one less."""
    project, name = urls.name_of(project), urls.name_of(name)
    replaces, seen = form.line("replaces"), form.number("seen")
    written = sent_form(form)
    try:
        version = _changed(sets, project, name, written, form.one("action"), seen, replaces, form.line("message"))
    except MENDABLE as error:
        latest = sets.version(project, name, None)["version"]
        return _item_page(request, source, project, name, written, seen=latest, replaces=replaces, problem=error)
    number = version["version"]
    path = urls.dataset(project, name)
    return redirect(
        path, status_code=303, notice=Notice(f"{name} has {version['item_count']} items in version {number}")
    )


def _changed(
    sets: DatasetSource,
    project: str,
    name: str,
    written: ItemForm,
    action: str,
    seen: int,
    replaces: str | None,
    message: str | None,
) -> dict[str, object]:
    if action == "remove" and replaces is not None:
        return sets.remove(project, name, seen, replaces, message=message)
    return sets.put(project, name, seen, read_item(written), replaces=replaces, message=message)


def _item_page(
    request: Request,
    source: Source,
    project: str,
    name: str,
    form: ItemForm,
    *,
    seen: int,
    replaces: str | None,
    shown: tuple[int, dict[str, object]] | None = None,
    problem: AssayError | None = None,
) -> Response:
    return page(
        request,
        "datasets/item.html",
        title=replaces or "New item",
        source=source,
        project=project,
        section="datasets",
        status_code=200 if problem is None else STATUS.get(type(problem), 400),
        has_forms=True,
        name=name,
        form=form,
        kinds=KINDS,
        seen=seen,
        replaces=replaces,
        shown_version=shown and shown[0],
        item=shown and shown[1],
        problem=problem,
    )
