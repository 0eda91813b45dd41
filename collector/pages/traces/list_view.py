"""What the lists show, made of rows and figures: heads, cells, facets, the strip of bars. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.list_figures import Bar, ListFigures, Value
from assay.collector.pages import time_range, urls
from assay.collector.pages.charts.bars import bars
from assay.collector.pages.charts.chart import Chart, Series
from assay.collector.pages.charts.frame import Frame
from assay.collector.pages.charts.palette import ERROR
from assay.collector.pages.source import Row
from assay.collector.pages.traces import filters
from assay.collector.pages.traces.filter_words import conjuncts, joined
from assay.collector.pages.traces.list_address import ListAddress
from assay.collector.pages.traces.list_columns import Column, Look, next_sort

STRIP_PX = 44
FACET_LABELS = {
    "status": "Status",
    "kind": "Kind",
    "model": "Model",
    "name": "Name",
    "user": "User",
    "tag": "Tag",
    "environment": "Environment",
    "score": "Score",
}
FACET_FIELDS = {"model": "models", "user": "user_id", "tag": "tags"}
CELL_CLASSES: dict[Look, str] = {
    "when": "c-when",
    "status": "c-status",
    "text": "c-io",
    "count": "n c-n",
    "errors": "n c-n",
    "time": "n c-ms",
    "cost": "n c-cost",
    "scores": "c-scores",
    "score": "n c-score",
    "list": "c-list",
    "plain": "c-plain",
    "name": "c-name",
}
SPAN_FACET_FIELDS = {**FACET_FIELDS, "model": "response_model"}


@dataclass(frozen=True, slots=True)
class Head:
    """Of a column. `order` is what screen readers are told: "ascending", "descending", or None.

    What every cell below it asks for is a field of its own: it is read a thousand times for a page.
    """

    column: Column
    url: str | None
    order: str | None
    look: Look
    css: str  # of its cells
    said: str  # in front of each cell where the list is cards


@dataclass(frozen=True, slots=True)
class ListRow:
    """`ref` is what forms send of it: `<trace>` or `<trace>/<span>`; None where it cannot be chosen."""

    ref: str | None
    url: str
    row: Row
    values: list[Any]


@dataclass(frozen=True, slots=True)
class FacetValue:
    label: str
    count: int
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    key: str
    label: str
    values: list[FacetValue]


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands beside a list. The notes say of what the figures are, where it is not of all that match."""

    strip: Chart | None
    facets: list[Facet]
    bars_note: str | None
    facets_note: str | None


def heads(address: ListAddress, columns: Sequence[Column]) -> list[Head]:
    orders = {address.sort.removeprefix("-"): "descending" if address.sort.startswith("-") else "ascending"}
    return [
        Head(
            column=one,
            url=address.url(sort=next_sort(one, address.sort)) if one.sort else None,
            order=orders.get(one.key),
            look=one.look,
            css=CELL_CLASSES[one.look],
            said=one.label.lower(),
        )
        for one in columns
    ]


def list_row(address: ListAddress, columns: Sequence[Column], row: Row, attributes: Mapping[str, Row]) -> ListRow:
    if address.view == "traces":
        row = {**row, "attributes": attributes.get(row["trace_id"], {})}
    return ListRow(_ref(address, row), _url(address, row), row, [_value(one, row) for one in columns])


def overview(address: ListAddress, figures: ListFigures) -> Overview:
    return Overview(
        strip=_strip(address, figures.bars) if figures.bars else None,
        facets=[_facet(address, key, values) for key, values in figures.facets.items() if values],
        bars_note=_since(figures.bars_since) or (BY_ROOTS if figures.by_roots else None),
        facets_note=_since(figures.facets_since),
    )


BY_ROOTS = "Traces are counted by their first span."


def _since(moment: int | None) -> str | None:
    if moment is None:
        return None
    return f"Of the newest only, since {time_range.iso(moment)[:19].replace('T', ' ')} UTC."


def _ref(address: ListAddress, row: Row) -> str | None:
    if address.view == "sessions":
        return None
    return f"{row['trace_id']}/{row['span_id']}" if address.view == "spans" else str(row["trace_id"])


def _url(address: ListAddress, row: Row) -> str:
    """Where a row leads; a trace knows the filter it was found by, for its neighbours."""
    if address.view == "sessions":
        return urls.session(address.project, row["session_id"])
    if address.view == "spans":
        return urls.trace(row["project"], row["trace_id"], span=row["span_id"])
    return urls.trace(row["project"], row["trace_id"], **{**address.times.query, "q": address.q})


def _value(one: Column, row: Row) -> Any:
    value = one.value(row)
    if one.look == "scores":
        return sorted((value or {}).items())
    if one.key == "model" and value is None:
        return row.get("request_model")
    return value


def _strip(address: ListAddress, counts: Sequence[Bar]) -> Chart:
    width = counts[0].width_ns
    links = [address.between(bar.start_ns, bar.start_ns + width) for bar in counts]
    failed = [
        _narrowed(address, filters.equals("status", "error"), bar.start_ns, width) if bar.errors else None
        for bar in counts
    ]
    frame = Frame(start_ns=counts[0].start_ns, width_ns=width, count=len(counts), links=links)
    what = "Spans" if address.view == "spans" else "Traces"
    series = [
        Series(name="ok", values=[bar.ok for bar in counts], links=links),
        Series(name="error", values=[bar.errors for bar in counts], tone=ERROR, links=failed),
    ]
    return bars(f"{what} over time", frame, series, height=STRIP_PX)


def _narrowed(address: ListAddress, condition: str, start_ns: int, width: int) -> str:
    q = filters.as_condition(address.q)
    return address.url(q=joined(q, condition), **time_range.between(start_ns, start_ns + width))


def _facet(address: ListAddress, key: str, values: Sequence[Value]) -> Facet:
    chosen = set(conjuncts(address.q))
    return Facet(key, FACET_LABELS[key], [_facet_value(address, key, one, chosen) for one in values])


def _facet_value(address: ListAddress, key: str, one: Value, chosen: set[str]) -> FacetValue:
    if key == "score":
        condition, label = filters.scored(one.value, one.part), f"{one.value}: {one.part}" if one.part else one.value
    else:
        fields = SPAN_FACET_FIELDS if address.view == "spans" else FACET_FIELDS
        condition, label = filters.equals(fields.get(key, key), one.value), one.value
    return FacetValue(label, one.count, address.with_condition(condition), condition in chosen)
