"""What the collector tells as it happens: `GET /api/v1/live`, followed over broken connections and restarts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from assay.client import Client
from assay.errors import CollectorUnavailable

SILENCE_S = 45.0  # the collector says something every 15
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """`trace` or `span` with its row, or `missed` with how many spans were passed over."""

    name: str
    data: dict[str, Any]
    id: str | None


def follow(
    connect: Callable[[], Client],
    *,
    of: Literal["traces", "spans"] = "traces",
    filter: str | None = None,
    trouble: Callable[[str], object] = lambda message: None,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[LiveEvent]:
    """Events for as long as they are read. A connection that breaks is made again, where it left off.

    Args:
        connect: the client to ask, asked for anew with every connection: the collector may have moved.
        trouble: told of each connection that broke.

    Raises:
        InvalidRequest: the filter cannot be read.
        CollectorUnavailable: nobody answered the first time.
    """
    last_id: str | None = None
    has_begun, pause = False, FIRST_WAIT_S
    while True:
        try:
            with closing(connect()) as client, _opened(client, of, filter, last_id) as response:
                has_begun = True
                for event in events(response.iter_lines()):
                    last_id, pause = event.id or last_id, FIRST_WAIT_S
                    yield event
            trouble("The collector has ended the connection.")
        except CollectorUnavailable as error:
            if not has_begun:
                raise
            trouble(error.message)
        wait(pause)
        pause = min(pause * 2, LONGEST_WAIT_S)


def events(lines: Iterator[str]) -> Iterator[LiveEvent]:
    """Server-sent events, as the HTML standard has them; comments are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield LiveEvent(fields.get("event", "message"), json.loads(fields["data"]), fields.get("id"))
            fields = {}
            continue
        name, _, value = line.partition(":")
        if name:
            value = value.removeprefix(" ")
            fields[name] = f"{fields['data']}\n{value}" if name == "data" and "data" in fields else value


def _opened(client: Client, of: str, filter: str | None, last_id: str | None) -> Any:
    headers = {} if last_id is None else {"last-event-id": last_id}
    return client.stream("GET", "/live", headers=headers, read_timeout_s=SILENCE_S, of=of, filter=filter)
