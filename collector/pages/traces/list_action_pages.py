"""Routes: what is done with the rows of a list: taken out as a file, compared, deleted; and its filter, completed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from assay.collector.filter import Target
from assay.collector.pages import urls
from assay.collector.pages.forms import Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.security import local_path
from assay.collector.pages.source import Source
from assay.collector.pages.tables import CSV_TYPE, file_headers
from assay.collector.pages.traces.completion import options
from assay.collector.pages.traces.list_export import Format, export, file_name, only
from assay.collector.pages.traces.list_pages import FromAddress, FromLists
from assay.collector.pages.web import PageRoute, fragment, get_source, page, redirect
from assay.errors import Forbidden, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
Refs = Annotated[list[str] | None, Query()]

MOST_DELETED = 1000
MOST_SHOWN = 100
TYPES = {"csv": CSV_TYPE, "jsonl": "application/x-ndjson; charset=utf-8"}


@router.get("/p/{project}/traces/export")
def export_list(lists: FromLists, asked: FromAddress, ref: Refs = None, format: Format = "jsonl") -> Response:
    """The chosen rows, or all that match, as a file."""
    address = asked.address()
    lines = export(lists, address, ref or [], format)
    return StreamingResponse(lines, media_type=TYPES[format], headers=file_headers(file_name(address, format)))


@router.get("/p/{project}/traces/pair")
def compare_two(project: str, ref: Refs = None) -> Response:
    """Lead to the comparison of the two rows that were chosen."""
    refs = [each.partition("/")[0] for each in dict.fromkeys(ref or [])]
    if len(refs) != 2:
        raise InvalidRequest(
            f"{len(refs)} traces are selected; two can be compared.", hint="Go back and select two of them."
        )
    path = f"{urls.traces(urls.name_of(project))}/compare"
    return redirect(urls.with_query(path, a=refs[0], b=refs[1]))


@router.get("/p/{project}/traces/delete")
def confirm_deletion(
    request: Request, source: FromSource, lists: FromLists, asked: FromAddress, ref: Refs = None, next: str = ""
) -> Response:
    """Show what is about to be deleted; nothing is, yet."""
    if not lists.may_delete():
        raise Forbidden("Traces are deleted with an admin's key only.", hint="assay keys create --scope admin")
    trace_ids = _chosen(ref or [])
    address = only(asked.lenient(), trace_ids[:MOST_SHOWN])
    found = lists.rows("traces", address.project, filter=address.filter, order_by=None, limit=MOST_SHOWN, cursor=None)
    return page(
        request,
        "traces/delete.html",
        title="Delete traces",
        source=source,
        project=address.project,
        section="traces",
        has_forms=True,
        rows=found.items,
        more=max(0, len(trace_ids) - len(found.items)),
        trace_ids=trace_ids,
        back=local_path(next) if next else urls.traces(address.project),
    )


@router.post("/p/{project}/traces/delete")
def delete(lists: FromLists, form: Posted, project: str) -> Response:
    name = urls.name_of(project)
    gone = lists.delete(name, _chosen(form.all("ref")))
    back = local_path(form.one("next")) if form.one("next") else urls.traces(name)
    said = f"Deleted {_number(gone['traces'], 'trace')}: {_number(gone['spans'], 'span')}"
    scores = f" and {_number(gone['scores'], 'score')}" if gone["scores"] else ""
    return redirect(back, status_code=303, notice=Notice(f"{said}{scores}."))


@router.get("/p/{project}/traces/complete")
def complete(lists: FromLists, asked: FromAddress, at: Annotated[int, Query(ge=0)] = 0) -> Response:
    """What can stand at the character `at` of the filter `q`, as the box shows it."""

    def values(field: str, prefix: str, limit: int) -> list[str]:
        return [str(row["value"]) for row in lists.values(asked.project, field, prefix, limit)]

    target: Target = "spans" if asked.known_view == "spans" else "traces"
    return fragment("traces/completion.html", options=options(target, asked.q, at, values))


def _chosen(refs: list[str]) -> list[str]:
    """The traces that were chosen, each once.

    Raises:
        InvalidRequest: none were, or more than are deleted at once.
    """
    trace_ids = list(dict.fromkeys(ref.partition("/")[0] for ref in refs))
    if not trace_ids:
        raise InvalidRequest("No trace is selected.", hint="Go back and select the traces to delete.")
    if len(trace_ids) > MOST_DELETED:
        raise InvalidRequest(f"{len(trace_ids)} traces are selected; {MOST_DELETED} can be deleted at once.")
    return trace_ids


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
