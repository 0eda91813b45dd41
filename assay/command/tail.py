"""`assay traces tail`: traces and spans as they arrive."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.command.columns import Column, cost, duration, text, time
from assay.command.ending import say
from assay.command.options import Filter, Json
from assay.command.printing import print_json

if TYPE_CHECKING:
    from assay.client import Client
    from assay.command.ink import Ink
    from assay.live_events import LiveEvent

# Fields with the cells they get; what is left of the line is for the last one.
COLUMNS = (
    (Column("at", show=time), 19),
    (Column("trace_id"), 32),
    (Column("name"), 24),
    (Column("status"), 11),
    (Column("duration_ms", show=duration, right=True), 8),
    (Column("total_tokens", right=True), 7),
    (Column("cost_usd", show=cost, right=True), 8),
    (Column("told"), 18),
)
LEFT_OUT = ("cost_usd", "total_tokens", "at", "told", "duration_ms")  # in turn, where a line is too narrow
GAP = 2


def tail(
    filter: Filter = None,
    spans: Annotated[bool, typer.Option("--spans", help="Spans, one by one; the filter is then one of spans.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after so many. [default: never]")] = None,
    as_json: Json = False,
) -> None:
    """Follow what arrives, until Ctrl-C: traces as they end, and again if a late span makes one fail.

    With --json one line for each, also for those that are still running. A connection that breaks is made again, and
    nothing is left out meanwhile but what is told on standard error.
    """
    from assay.live_events import follow

    found = follow(_connect, of="spans" if spans else "traces", filter=filter, trouble=_trouble)
    try:
        for event in _counted(_wanted(found, as_json), limit):
            if as_json:
                print_json(event.data)
                sys.stdout.flush()
            else:
                print(line(event.data, _ink()), flush=True)
    except KeyboardInterrupt:
        return


def line(row: Mapping[str, Any], ink: Ink) -> str:
    """A trace or a span on one line, as wide as the terminal."""
    from assay.command.ink import padded

    shown = {**row, "at": row.get("start_time"), "told": _told(row)}
    columns = _columns_for(ink.width)
    room = ink.width - sum(cells + GAP for _, cells in columns[:-1])
    widths = [cells for _, cells in columns[:-1]] + [max(room, columns[-1][1])]
    cells = [
        padded(column.cell(shown), width, right=column.right)
        for (column, _), width in zip(columns, widths, strict=True)
    ]
    return ink.paint((" " * GAP).join(cells).rstrip(), "error" if row.get("status") == "error" else None)


# Helpers ----------------------------------------------------------------------------------------------------------


def _connect() -> Client:
    """A client of the collector that runs. None is started: what arrives would go to that one, and not to this."""
    from assay.client import Client
    from assay.destination import find_destination
    from assay.settings import current_settings

    settings = current_settings()
    return Client(settings.with_values(endpoint=find_destination(settings, start=False).url))


def _trouble(message: str) -> None:
    say(f"{text(message)} Trying again.")


def _wanted(found: Iterator[LiveEvent], as_json: bool) -> Iterator[LiveEvent]:
    """What has a line: for people a trace when it has ended, and once more when it fails after all."""
    told: dict[str, str] = {}
    for event in found:
        if event.name == "missed":
            say(f"{event.data.get('spans')} spans came faster than they could be told.")
            continue
        status = event.data["status"]
        key = f"{event.data['trace_id']}/{event.data.get('span_id', '')}"
        is_news = told.get(key) != status and (key not in told or status == "error")
        if as_json or (status != "in_progress" and is_news):
            told[key] = status
            yield event
        if len(told) > 10_000:
            del told[next(iter(told))]


def _counted(events: Iterator[LiveEvent], limit: int | None) -> Iterator[LiveEvent]:
    for number, event in enumerate(events, start=1):
        yield event
        if number == limit:
            return


def _told(row: Mapping[str, Any]) -> Any:
    return row.get("status_message") if row.get("status") == "error" and row.get("status_message") else row.get("input")


def _ink() -> Ink:
    """Asked for with every line: terminals are made wider and narrower while something is followed in them."""
    from assay.command.ink import terminal

    return terminal()


def _columns_for(width: int) -> list[tuple[Column, int]]:
    columns = list(COLUMNS)
    for field in LEFT_OUT:
        if sum(cells + GAP for _, cells in columns) - GAP <= width:
            break
        columns = [(column, cells) for column, cells in columns if column.field != field]
    return columns
