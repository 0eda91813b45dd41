"""The `assay` command. Thin: each command calls one function and prints what it returns."""

from __future__ import annotations

import errno
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

import assay
from assay.command import ab, care, datasets, evals, prompts
from assay.command.columns import Column, cost, duration, lines, time
from assay.command.connection import client
from assay.command.data import add_commands
from assay.command.printing import print_rows
from assay.errors import AssayError, ConfigurationError, TraceNotFound
from assay.own_prices import read_own_prices
from assay.settings import configure, current_settings
from assay.settings_table import setting_rows

EXIT_ERROR = 1
EXIT_USAGE = 2
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

app = typer.Typer(
    name="assay",
    help="Trace and evaluate LLM applications: one process, OTLP in, DuckDB inside.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="Keys of a collector that other machines can reach.", no_args_is_help=True)
traces = typer.Typer(help="Traces.", no_args_is_help=True)
add_commands(app)
care.add_commands(app)
app.add_typer(ab.app, name="ab")
app.add_typer(datasets.app, name="datasets")
app.add_typer(evals.app, name="eval")
app.add_typer(keys, name="keys")
app.add_typer(prompts.app, name="prompts")
app.add_typer(traces, name="traces")

# What the tables show. Names and ids that other commands take are whole; `least` marks what may be cut or wrapped.
SETTINGS = (
    Column("setting"),
    Column("variables", show=lines, least=31, wrap=True),
    Column("value", least=12, wrap=True),
    Column("help", least=30, wrap=True),
)
KEYS = (
    Column("id"),
    Column("name", least=12),
    Column("scopes", least=12),
    Column("project"),
    Column("created_at", "created_at UTC", show=time),
    Column("revoked_at", "revoked_at UTC", show=time),
)
AUDIT = (
    Column("at", "at UTC", show=time),
    Column("actor", least=12),
    Column("address"),
    Column("action"),
    Column("project"),
    Column("object", least=12, most=40),
    Column("result"),
)
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

DataDir = Annotated[Path | None, typer.Option(help="Directory of the collector's data. [default: ./.assay]")]
Project = Annotated[str | None, typer.Option(help="Project to look in. [default: that of the settings]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def main() -> None:
    """Entry point: errors that are ours end with one line, never with a traceback; the status is 2 for what was asked
    wrongly, as for an option that does not exist, else 1.
    """
    try:
        app()
    except AssayError as error:
        _say_error(str(error))
        sys.exit(EXIT_USAGE if isinstance(error, ConfigurationError) else EXIT_ERROR)
    except OSError as error:
        if error.filename is None and error.errno not in NO_ROOM:
            raise
        where = "" if error.filename is None else f"{error.filename}: "
        no_room = error.errno in NO_ROOM
        hint = "Free some space, or choose another place." if no_room else "Is the path right, and may you write there?"
        _say_error(f"{where}{error.strerror}. {hint}")
        sys.exit(EXIT_ERROR)


def _say_error(message: str) -> None:
    from rich.console import Console
    from rich.markup import escape

    Console(stderr=True, highlight=False).print(f"[red]error:[/] {escape(message)}", soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"assay {assay.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = (
        False
    ),
) -> None:
    """Trace and evaluate LLM applications: one process, OTLP in, DuckDB inside."""


@app.command()
def serve(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of OTLP, API and pages; 0: a free one. [default: 4318]")
    ] = None,
    grpc_port: Annotated[
        str | None,
        typer.Option(
            help="Port of OTLP/gRPC; 0: a free one; off: none. [default: 4317; a free one beside another port]"
        ),
    ] = None,
) -> None:
    """Run the collector: OTLP, the API and the web pages on one port, OTLP/gRPC on another, until Ctrl-C."""
    from assay.errors import MissingExtra

    settings = configure(data_dir=data_dir, host=host, port=port, grpc_port=grpc_port)
    read_own_prices(settings.prices)  # better now than never: later a mistake in them is only told in the log
    try:
        from assay.collector.life import LifeRules
        from assay.collector.logs import log_to_stderr
        from assay.collector.server import Server
    except ImportError as error:
        raise MissingExtra("assay serve", "server") from error
    log_to_stderr(settings.log_level, settings.log_format)
    Server(
        data_dir=settings.data_dir.absolute(),
        host=settings.host,
        port=settings.port,
        grpc_port=settings.port_of_grpc(),
        max_body_bytes=settings.max_request_bytes,
        cors_origins=settings.cors_origins,
        rules=LifeRules.of(settings),
        sql_timeout_s=settings.sql_timeout_s,
    ).run()


@app.command()
def demo(
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(help="Port of the pages. [default: 4318, or a free one]")] = None,
    exit: Annotated[bool, typer.Option("--exit", help="End when the demo is done; do not go on serving.")] = False,
) -> None:
    """Show what Assay does: trace a small assistant, compare two prompts, serve the pages."""
    from assay.demo import run

    run(data_dir=data_dir, port=port, exit=exit)


@app.command()
def settings(as_json: Json = False) -> None:
    """List every setting: its variables, its value now, what it does."""
    print_rows(setting_rows(current_settings()), as_json, SETTINGS, drop=("setting",))


@app.command()
def reprice(
    since: Annotated[
        datetime | None, typer.Option(help="Only calls that started then or later (UTC). [default: all]")
    ] = None,
    project: Annotated[str | None, typer.Option(help="The one project to price. [default: every one]")] = None,
    data_dir: DataDir = None,
) -> None:
    """Price what is stored again, after your own prices changed or the price list was renewed."""
    configure(data_dir=data_dir)
    start = since.replace(tzinfo=UTC).isoformat() if since else None
    with client().stream("POST", "/repricings", project=project, since=start) as response:  # may take minutes
        response.read()
    print(f"{response.json()['changed']} costs changed.")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for, in your words.")],
    scope: Annotated[list[str], typer.Option(help="ingest, read, write or admin; may be given several times.")],
    project: Annotated[str | None, typer.Option(help="The one project it is good for. [default: every one]")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    configure(data_dir=data_dir)
    made = client(may_make=True).request("POST", "/keys", json={"name": name, "scopes": scope, "project": project})
    print(json.dumps(made) if as_json else made["key"])


@keys.command("list")
def list_keys(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List keys, without their secrets."""
    configure(data_dir=data_dir)
    found = client().request("GET", "/keys", params={"project": None, "limit": 1000})["items"]
    print_rows(found, as_json, KEYS, drop=("created_at", "project", "scopes"))


@keys.command("revoke")
def revoke_key(key_id: str, data_dir: DataDir = None) -> None:
    """End a key, for good: within five seconds nobody gets in with it."""
    configure(data_dir=data_dir)
    ended = client().request("DELETE", f"/keys/{quote(key_id, safe='')}")
    print(f"The key {ended['name']!r} has ended.")


@app.command()
def audit(
    limit: Annotated[int, typer.Option(min=1)] = 50,
    action: Annotated[str | None, typer.Option(help="As key.create, or its first word alone: key.")] = None,
    actor: Annotated[str | None, typer.Option(help="Id of a key, or local.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List who changed what, and who was refused, newest first."""
    configure(data_dir=data_dir)
    rows = list(client().pages("/audit", limit=limit, project=None, action=action, actor=actor))
    print_rows(rows, as_json, AUDIT, drop=("address", "project", "actor", "at"))


@traces.command("list")
def list_traces(
    filter: Annotated[str | None, typer.Option(help="For example: status = 'error' and duration_ms > 2000")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """List traces, newest first."""
    configure(project=project)
    rows = list(client().pages("/traces", limit=limit, filter=filter))
    print_rows(
        rows, as_json, TRACES, drop=("span_count", "total_tokens", "cost_usd", "duration_ms", "input", "start_time")
    )


@traces.command("show")
def show_trace(trace_id: str, project: Project = None, as_json: Json = False) -> None:
    """Show one trace as a tree."""
    configure(project=project)
    if "/" in trace_id or not trace_id.strip("."):  # would be another path of the API's
        raise TraceNotFound(f"There is no trace {trace_id!r}.", hint="Ids are what `assay traces list` prints.")
    if as_json:
        print(json.dumps(client().get(f"/traces/{quote(trace_id, safe='')}"), ensure_ascii=False))
    else:
        client()  # there is something to show
        print(assay.get_trace(trace_id))
