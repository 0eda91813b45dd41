"""`assay delete`, `compact`, `retention`, `reprice`: what changes data that is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

import typer

from assay.command.complete import projects, sessions
from assay.command.connection import client
from assay.command.frame import command
from assay.command.options import Json
from assay.command.printing import print_result
from assay.errors import ConfigurationError

TRACE_ID_DIGITS = 32


def add_commands(app: typer.Typer) -> None:
    """Make these commands of `assay`."""
    command(
        app,
        "delete",
        "assay delete --user u-4711",
        "assay delete --trace 6ce8497eaa86f0ac4290e3aa49502e1d",
    )(delete)
    command(app, "compact", "assay compact", project=False)(compact)
    command(app, "retention", "assay retention 30", "assay retention forever")(retention)
    command(app, "reprice", "assay reprice --since 2026-11-01", project=False)(reprice)


def delete(
    trace: Annotated[str | None, typer.Option(metavar="ID", help="Id of a trace.")] = None,
    session: Annotated[
        str | None, typer.Option(metavar="ID", help="Every trace of this session.", autocompletion=sessions)
    ] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="Every trace of this user.")] = None,
    as_json: Json = False,
) -> None:
    """Delete traces with all that belongs to them. Their bytes are given back within a minute; `assay compact`: now."""
    named = {"traces": trace, "sessions": session, "users": user}
    asked = [(path, value) for path, value in named.items() if value]
    if len(asked) != 1:
        raise ConfigurationError("Say what to delete, and one thing.", hint="Give --trace, --session or --user.")
    [(path, value)] = asked
    if trace and len(trace) < TRACE_ID_DIGITS:
        raise ConfigurationError(
            f"--trace {trace} is the beginning of an id.", hint=f"The whole of it: assay traces show {trace}"
        )
    gone = client().request("DELETE", f"/{path}/{quote(value, safe='')}")["deleted"]
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in gone.items())
    print_result(gone, f"{told} deleted", as_json)


def compact(as_json: Json = False) -> None:
    """Give the bytes of what was deleted back to the disk. Senders wait meanwhile."""
    with client().stream("POST", "/compactions") as response:
        done = json.loads(response.read())
    print_result(done, f"{done['bytes_before']} bytes before, {done['bytes_after']} after", as_json)


def retention(
    days: Annotated[str | None, typer.Argument(help="Days to keep traces, or `forever`; absent: print it.")] = None,
    as_json: Json = False,
) -> None:
    """How many days a project keeps its traces."""
    if days is None:
        kept = client().get("/retention")["days"]
    elif days == "forever" or days.isdigit():
        kept = client().put("/retention", json={"days": None if days == "forever" else int(days)})["days"]
    else:
        raise ConfigurationError(f"{days!r} is no number of days.", hint="Give a number, or: forever")
    print_result({"days": kept}, "forever" if kept is None else f"{kept} days", as_json)


def reprice(
    since: Annotated[
        datetime | None, typer.Option(help="Only calls that started then or later (UTC). [default: all]")
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The one project to price. [default: every one]", autocompletion=projects),
    ] = None,
    as_json: Json = False,
) -> None:
    """Price what is stored again, after your own prices changed or the price list was renewed."""
    start = since.replace(tzinfo=UTC).isoformat() if since else None
    with client().stream("POST", "/repricings", project=project, since=start) as response:  # may take minutes
        done = json.loads(response.read())
    print_result(done, f"{done['changed']} costs changed.", as_json)
