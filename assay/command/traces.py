"""`assay traces …`: what happened, listed, drawn as a tree, followed as it happens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from assay.command import complete
from assay.command.columns import Column, cost, duration, time
from assay.command.connection import client
from assay.command.frame import command, group
from assay.command.options import Filter, Json
from assay.command.printing import nothing_in, print_json, print_rows
from assay.command.tail import tail
from assay.errors import ConfigurationError, NotFound, TraceNotFound
from assay.outline import MOST_LINES, Line, Outline

if TYPE_CHECKING:
    from assay.command.ink import Ink

TRACE_ID = re.compile(r"[0-9a-f]{32}")
PREFIX = re.compile(r"[0-9a-f]{3,31}")
FEWEST_DIGITS = 3
SPANS_AT_ONCE = 100  # asked for by their ids
LIST_HINT = "Ids are what `assay traces list` prints, in the project {!r}."

# What the tables show. Names and ids that other commands take are whole; `least` marks what may be cut or wrapped.
TRACES = (
    Column("start_time", "start_time UTC", show=time),
    Column("trace_id"),
    Column("name", least=12, most=30),
    Column("status"),
    Column("duration_ms", "duration", show=duration, right=True),
    Column("span_count", "spans", right=True),
    Column("total_tokens", "tokens", right=True),
    Column("cost_usd", "cost", show=cost, right=True),
    Column("input", least=18),
)

app = group("Traces: requests from end to end, and their spans.")


@command(
    app,
    "list",
    "assay traces list --limit 50",
    "assay traces list --filter \"status = 'error' and start_time > now() - interval 1 day\"",
    "assay traces list --filter \"scores.helpful = false and input ilike '%refund%'\" --json",
)
def list_traces(
    filter: Filter = None,
    order_by: Annotated[
        str | None, typer.Option(metavar="FIELD", help="A field, with asc or desc. [default: start_time desc]")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List traces, newest first."""
    rows = list(client().pages("/traces", limit=limit, filter=filter, order_by=order_by))
    drop = ("span_count", "total_tokens", "cost_usd", "duration_ms", "input", "start_time")
    print_rows(rows, as_json, TRACES, drop=drop, asked=filter, nothing=nothing_in(client().project))


@command(
    app,
    "show",
    "assay traces show 6ce8497e",
    "assay traces show 6ce8497e --io",
    "assay traces show 6ce8497e --span 9a14ccfe --io",
)
def show_trace(
    trace_id: Annotated[str, typer.Argument(help="Its id, or the beginning of it.", autocompletion=complete.traces)],
    span: Annotated[
        str | None,
        typer.Option(metavar="ID", help="One span with what is below it; its id, or the beginning of it."),
    ] = None,
    io: Annotated[bool, typer.Option("--io", help="Also inputs and outputs: short in the tree, whole with --span.")] = (
        False
    ),
    all: Annotated[bool, typer.Option("--all", help=f"Fold nothing, however many spans; else {MOST_LINES}.")] = False,
    as_json: Json = False,
) -> None:
    """Show one trace as a tree: each span with its kind, when it ran, how long, tokens, cost, and why it failed.

    What failed is always shown, with all that leads to it. Of a trace with more than 200 spans the rest is folded, and
    counted where it is left out.
    """
    whole_id = find_trace_id(trace_id)
    path = f"/traces/{whole_id}"
    if as_json:
        print_json(_whole_trace(path) if span is None else _span(whole_id, _outline(path), span))
        return
    from assay.command.ink import terminal

    ink = terminal()
    for line in _told(whole_id, span, ink, io=io, most=None if all else MOST_LINES):
        print(line)


command(
    app,
    "tail",
    "assay traces tail",
    "assay traces tail --filter \"status = 'error'\" --json",
    'assay traces tail --filter "duration_ms > 5000" --limit 1',
)(tail)


def find_trace_id(given: str) -> str:
    """The id that is meant.

    Raises:
        TraceNotFound: no trace has an id that begins so.
        ConfigurationError: several have.
    """
    begun = given.strip().lower()
    if TRACE_ID.fullmatch(begun):
        return begun
    if not PREFIX.fullmatch(begun):
        raise TraceNotFound(f"There is no trace {given!r}.", hint=LIST_HINT.format(client().project))
    found = client().get("/traces", filter=f"trace_id like '{begun}%'", limit=2)["items"]
    if not found:
        raise TraceNotFound(f"There is no trace {given!r}.", hint=LIST_HINT.format(client().project))
    if len(found) > 1:
        raise ConfigurationError(f"Several traces have ids that begin with {given!r}.", hint="Give more of its digits.")
    return str(found[0]["trace_id"])


# Helpers ----------------------------------------------------------------------------------------------------------


def _told(trace_id: str, span: str | None, ink: Ink, *, io: bool, most: int | None) -> Iterator[str]:
    from assay.command.trace_facts import span_facts, trace_facts
    from assay.command.trace_lines import tree_lines
    from assay.outline import lines

    path = f"/traces/{trace_id}"
    outline = _outline(path)
    if span is None:
        yield from trace_facts(client().get(path, limit=1), ink)
        top = None
    else:
        top = _place(outline, span)
        yield from span_facts(_span(trace_id, outline, span), ink, io=io)
    shown = list(lines(outline, most=most, top=top))
    if top is None or len(shown) > 1:
        yield ""
        yield from tree_lines(outline, shown, _contents(trace_id, outline, shown, io=io), ink, io=io and span is None)


def _outline(path: str) -> Outline:
    outline, cursor = Outline(), None
    while True:
        page = client().get(f"{path}/skeleton", cursor=cursor)
        outline.take(page)
        cursor = page["next_cursor"]
        if cursor is None:
            return outline


def _contents(trace_id: str, outline: Outline, shown: list[Line], *, io: bool) -> dict[str, Mapping[str, Any]]:
    """The spans whose contents the tree tells of: those that failed, with `io` all that have a line."""
    places = [line.place for line in shown if line.place is not None]
    wanted = [outline.span_id[place] for place in (places if io else outline.failed(places))]
    ids = [span_id for span_id in wanted if span_id is not None]
    found: dict[str, Mapping[str, Any]] = {}
    for at in range(0, len(ids), SPANS_AT_ONCE):
        some = ", ".join(f"'{span_id}'" for span_id in ids[at : at + SPANS_AT_ONCE])
        asked = f"trace_id = '{trace_id}' and span_id in ({some})"
        found |= {span["span_id"]: span for span in client().pages("/spans", filter=asked)}
    return found


def _place(outline: Outline, begun: str) -> int:
    """Where the span stands whose id begins so.

    Raises:
        NotFound: there is none.
        ConfigurationError: there are several.
    """
    wanted = begun.strip().lower()
    found = [place for place, span_id in enumerate(outline.span_id) if span_id and span_id.startswith(wanted)]
    if not found or len(wanted) < FEWEST_DIGITS:
        raise NotFound(f"The trace has no span {begun!r}.", hint="Ids of spans are what --json prints.")
    if len(found) > 1:
        raise ConfigurationError(f"{len(found)} spans have ids that begin with {begun!r}.", hint="Give more digits.")
    return found[0]


def _span(trace_id: str, outline: Outline, begun: str) -> dict[str, Any]:
    span_id = outline.span_id[_place(outline, begun)]
    found: dict[str, Any] = client().get(f"/spans/{trace_id}/{quote(str(span_id), safe='')}")
    return found


def _whole_trace(path: str) -> dict[str, Any]:
    """The trace as the API answers it, with the spans of all pages."""
    asked = client()
    trace: dict[str, Any] = asked.get(path)
    cursor = trace.pop("next_cursor")
    while cursor is not None:
        page = asked.get(path, cursor=cursor)
        trace["spans"] += page["spans"]
        cursor = page["next_cursor"]
    return trace
