"""Routes: the lists of traces, spans and sessions, as pages, as parts of pages, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import time_range, urls
from assay.collector.pages.snippets import tracing_snippets
from assay.collector.pages.source import Rows, Source
from assay.collector.pages.tables import csv_answer
from assay.collector.pages.time_range import TimeRange
from assay.collector.pages.traces import filters, list_columns
from assay.collector.pages.traces.list_address import EVER, VIEWS, ListAddress
from assay.collector.pages.traces.list_columns import Column, View
from assay.collector.pages.traces.list_source import TraceLists, get_trace_lists
from assay.collector.pages.traces.list_view import ListRow, heads, list_row, overview
from assay.collector.pages.web import PageRoute, fragment, get_source, page
from assay.errors import InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
FromLists = Annotated[TraceLists, Depends(get_trace_lists)]

ROWS_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """The query of a list as it came: nothing of it is checked yet."""

    project: str
    view: str
    q: str
    start: str
    end: str
    cols: str
    sort: str
    after: str

    @property
    def known_view(self) -> View:
        """`traces` for what there is no such view of."""
        return next((view for view in VIEWS if view == self.view), "traces")

    def address(self) -> ListAddress:
        """Raises:
        InvalidRequest: the time cannot be read.
        """
        return self._address(time_range.parse(self.start, self.end))

    def lenient(self) -> ListAddress:
        """The address without what cannot be used: what a page with the mistake on it links to."""
        try:
            return self.address()
        except InvalidRequest:
            return self._address(EVER)

    def _address(self, times: TimeRange) -> ListAddress:
        return ListAddress(self.project, self.known_view, self.q.strip(), self.sort, self.cols, times, self.after)


async def asked(
    project: str,
    view: str = "traces",
    q: str = "",
    start: Annotated[str, Query(alias="from")] = "",
    end: Annotated[str, Query(alias="to")] = "",
    cols: str = "",
    col: Annotated[list[str] | None, Query()] = None,
    sort: str = "",
    after: str = "",
) -> Asked:
    """`col`: as `cols`, one for each box of the form that chooses them."""
    cols = ",".join(part for part in (*(col or ()), cols) if part) if col else cols
    return Asked(urls.name_of(project), view, q, start, end, cols, sort, after)


FromAddress = Annotated[Asked, Depends(asked)]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list."""

    columns: list[Column] = field(default_factory=list)
    rows: list[ListRow] = field(default_factory=list)
    next_cursor: str | None = None


@router.get("/p/{project}/traces")
def trace_list(
    request: Request,
    source: FromSource,
    lists: FromLists,
    asked: FromAddress,
    part: Literal["", "rows", "figures"] = "",
    figures: bool = False,
) -> Response:
    """`part`: without the page around it. `figures`: the page has its figures at once, not by a script."""
    if part == "figures":
        return fragment("traces/list_figures.html", **_figures(lists, asked.address()))
    if part == "rows":
        address = asked.address()
        return fragment("traces/list_rows.html", **_table(address, find(lists, address)))
    address, found, problem = asked.lenient(), Found(), None
    since = lists.last_row()  # before the rows are read: what comes meanwhile is told twice rather than never
    try:
        found = find(lists, asked.address())
    except InvalidRequest as error:
        problem = filters.problem(address.q, error)
    shows_figures = figures and problem is None
    return page(
        request,
        "traces/list.html",
        title=VIEWS[address.view],
        source=source,
        project=address.project,
        section="sessions" if address.view == "sessions" else "traces",
        status_code=400 if problem else 200,
        problem=problem,
        q=address.q,
        views=VIEWS,
        picker=time_range.picker(address.times, address.path, address.kept),
        ready_filters=[] if address.view == "spans" else filters.READY_FILTERS,
        choices=column_choices(address, found.columns),
        snippets=tracing_snippets(str(request.base_url).rstrip("/"), address.project),
        events=urls.with_query(urls.events(address.project), **_heard(address), after=since),
        may_delete=lists.may_delete(),
        has_forms=not found.rows and problem is None,  # of sample data
        figures=_figures(lists, address) if shows_figures else None,
        **_table(address, found),
    )


@router.get("/p/{project}/traces.json")
def trace_list_json(lists: FromLists, asked: FromAddress) -> Response:
    address = asked.address()
    rows = read(lists, address, list_columns.order_by(address.view, address.sort), ROWS_A_PAGE)
    return JSONResponse({"items": rows.items, "next_cursor": rows.next_cursor})


@router.get("/p/{project}/traces.csv")
def trace_list_csv(lists: FromLists, asked: FromAddress) -> Response:
    found = find(lists, asked.address())
    return csv_answer(asked.known_view, [one.key for one in found.columns], [row.values for row in found.rows])


def find(lists: TraceLists, address: ListAddress) -> Found:
    """The page of the list that an address means.

    Raises:
        InvalidRequest: something in it cannot be used; of the filter, the message points at the character.
    """
    columns = list_columns.chosen(address.view, address.cols)
    rows = read(lists, address, list_columns.order_by(address.view, address.sort), ROWS_A_PAGE)
    return Found(columns, shown(lists, address, columns, rows), rows.next_cursor)


def read(lists: TraceLists, address: ListAddress, order_by: str | None, limit: int) -> Rows:
    lists.check(address.view, filters.to_filter(address.q))  # alone: so its mistakes are where they were typed
    cursor = address.after or None
    return lists.rows(
        address.view, address.project, filter=address.filter, order_by=order_by, limit=limit, cursor=cursor
    )


def shown(lists: TraceLists, address: ListAddress, columns: Sequence[Column], rows: Rows) -> list[ListRow]:
    """The rows with their cells, and the attributes that columns ask for."""
    keys = list_columns.attribute_keys(columns) if address.view == "traces" else []
    attributes = lists.attributes(address.project, [row["trace_id"] for row in rows.items], keys) if keys else {}
    return [list_row(address, columns, row, attributes) for row in rows.items]


def column_choices(address: ListAddress, columns: Sequence[Column]) -> dict[str, Any]:
    """What the dialog of columns shows: those there are, whether each is chosen, and the chosen ones with a key."""
    chosen = {one.key for one in columns}
    return {
        "known": [(one, one.key in chosen) for one in list_columns.COLUMNS[address.view]],
        "keyed": ",".join(one.key for one in columns if one.part),
        "hidden": address.hidden(without=("cols",)),
        "key_fields": list_columns.KEYED[address.view],
    }


def _table(address: ListAddress, found: Found) -> dict[str, Any]:
    return {
        "address": address,
        "heads": heads(address, found.columns),
        "rows": found.rows,
        "next_cursor": found.next_cursor,
    }


def _figures(lists: TraceLists, address: ListAddress) -> dict[str, Any]:
    times = address.times
    figures = lists.figures(
        address.view,
        address.project,
        filter=filters.to_filter(address.q),
        start=times.start_ns,
        end=times.end_ns,
    )
    return {"address": address, "overview": overview(address, figures)}


def _heard(address: ListAddress) -> dict[str, str]:
    """What a page of this list hears of while it is open."""
    topic = "spans" if address.view == "spans" else "traces"
    return {"topic": topic, "q": address.q, **address.times.query}
