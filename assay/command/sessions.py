"""`assay sessions …`: conversations over several traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from assay.command import complete
from assay.command.columns import Column, cost, count, duration, harmless, text, time
from assay.command.connection import client
from assay.command.frame import command, group
from assay.command.options import Filter, Json
from assay.command.printing import nothing_in, print_json, print_rows
from assay.errors import NotFound

if TYPE_CHECKING:
    from assay.command.ink import Ink

SESSIONS = (
    Column("end_time", "last UTC", show=time),
    Column("session_id", most=60),
    Column("user_ids", "users", least=8, most=24),
    Column("trace_count", "traces", right=True),
    Column("error_count", "errors", right=True),
    Column("total_tokens", "tokens", show=count, right=True),
    Column("cost_usd", "cost", show=cost, right=True),
    Column("last_input", least=18),
)
TURN_LINES = 12  # of what was said, without --io

app = group("Sessions: what one user and the application said to each other, over several traces.")


@command(app, "list", "assay sessions list", "assay sessions list --filter \"user_id = 'u-4711'\"")
def list_sessions(
    filter: Filter = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List sessions, those that were heard of last first; with a filter, those with a trace that matches."""
    rows = list(client().pages("/sessions", limit=limit, filter=filter))
    drop = ("total_tokens", "cost_usd", "error_count", "user_ids", "last_input")
    print_rows(rows, as_json, SESSIONS, drop=drop, asked=filter, nothing=nothing_in(client().project))


@command(app, "show", "assay sessions show session-7", "assay sessions show session-7 --io")
def show_session(
    session_id: Annotated[str, typer.Argument(help="Its id.", autocompletion=complete.sessions)],
    io: Annotated[bool, typer.Option("--io", help="Everything that was said, however long.")] = False,
    as_json: Json = False,
) -> None:
    """Show a session as a conversation: each trace with what went in, what came out, how long it took."""
    session = _whole(session_id)
    if as_json:
        print_json(session)
        return
    from assay.command.ink import terminal

    for line in _told(session, terminal(), None if io else TURN_LINES):
        print(line)


# Helpers ----------------------------------------------------------------------------------------------------------


def _whole(session_id: str) -> dict[str, Any]:
    if not session_id.strip("./"):  # would be another path of the API's
        raise NotFound(f"There is no session {session_id!r}.", hint="Try: assay sessions list")
    path = f"/sessions/{quote(session_id, safe='')}"
    session: dict[str, Any] = client().get(path, limit=1000)
    cursor = session.pop("next_cursor")
    while cursor is not None:
        page = client().get(path, limit=1000, cursor=cursor)
        session["traces"] += page["traces"]
        cursor = page["next_cursor"]
    return session


def _told(session: Mapping[str, Any], ink: Ink, most: int | None) -> Iterator[str]:
    yield ink.paint(f"session {text(session['session_id'])}", "name")
    facts = [f"{count(session['trace_count'])} traces", f"{count(session['span_count'])} spans"]
    facts += [f"{count(session['error_count'])} failed"] if session["error_count"] else []
    facts += [f"users {text(session['user_ids'])}"] if session["user_ids"] else []
    facts += [f"{count(session['total_tokens'])} tokens"] if session["total_tokens"] is not None else []
    facts += [cost(session["cost_usd"])] if session["cost_usd"] is not None else []
    yield ", ".join(facts)
    for trace in session["traces"]:
        yield ""
        yield from _turn(trace, ink, most)


def _turn(trace: Mapping[str, Any], ink: Ink, most: int | None) -> Iterator[str]:
    took = "running" if trace["duration_ms"] is None else duration(trace["duration_ms"])
    begin = f"{time(trace['start_time'])}  {trace['trace_id']}  {took}"
    yield ink.paint(begin, "error" if trace["status"] == "error" else "quiet")
    for name, field in (("in", "input"), ("out", "output"), ("error", "status_message")):
        if trace.get(field):
            yield from _said(name, str(trace[field]), ink, most)


def _said(name: str, told: str, ink: Ink, most: int | None) -> Iterator[str]:
    from assay.command.ink import wrapped

    begin = f"  {name:>5}: "
    room = max(ink.width - len(begin), 16)
    pieces = [piece for line in told.splitlines() for piece in wrapped(harmless(line.expandtabs(4)), room)]
    for number, piece in enumerate(pieces[:most]):
        yield ink.paint((" " * len(begin) if number else begin) + piece, "error" if name == "error" else None)
    if most is not None and len(pieces) > most:
        yield ink.paint(f"{' ' * len(begin)}… {count(len(pieces) - most)} more lines: --io", "quiet")
