"""The `assay` command. Thin: each command calls one function and prints what it returns."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

import assay
from assay.errors import AssayError
from assay.settings import Settings, configure, current_settings
from assay.settings_table import setting_rows

EXIT_ERROR = 1

app = typer.Typer(
    name="assay",
    help="Trace and evaluate LLM applications: one process, OTLP in, DuckDB inside.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="Keys of a collector that other machines can reach.", no_args_is_help=True)
prompts = typer.Typer(help="The prompt registry.", no_args_is_help=True)
traces = typer.Typer(help="Traces.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(prompts, name="prompts")
app.add_typer(traces, name="traces")

console = Console(highlight=False)

CUT_COLUMNS = ("input", "commit_message")  # long text, of which a table shows the beginning

DataDir = Annotated[Path | None, typer.Option(help="Directory of the collector's data. [default: ./.assay]")]
Project = Annotated[str | None, typer.Option(help="Project to look in. [default: that of the settings]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def main() -> None:
    """Entry point: errors that are ours end with one line and status 1, never with a traceback."""
    try:
        app()
    except AssayError as error:
        Console(stderr=True, highlight=False).print(f"[red]error:[/] {_escaped(str(error))}")
        sys.exit(EXIT_ERROR)


@app.command()
def serve(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of OTLP, API and pages; 0: a free one. [default: 4318]")
    ] = None,
) -> None:
    """Run the collector: OTLP/HTTP, the API and the web pages on one port, until Ctrl-C."""
    from assay.errors import MissingExtra

    settings = configure(data_dir=data_dir, host=host, port=port)
    try:
        from assay.collector.server import Server
    except ImportError as error:
        raise MissingExtra("assay serve", "server") from error
    _log_to_stderr(settings)
    Server(data_dir=settings.data_dir.absolute(), host=settings.host, port=settings.port).run()


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
    _print(setting_rows(current_settings()), as_json, ("setting", "variables", "value", "help"))


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
    made = _client().request("POST", "/keys", json={"name": name, "scopes": scope, "project": project})
    print(json.dumps(made) if as_json else made["key"])


@keys.command("list")
def list_keys(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List keys, without their secrets."""
    configure(data_dir=data_dir)
    found = _client().request("GET", "/keys", params={"project": None, "limit": 1000})["items"]
    _print(found, as_json, ("id", "name", "scopes", "project", "created_at", "revoked_at"))


@prompts.command("list")
def list_prompts(project: Project = None, as_json: Json = False) -> None:
    """List prompts with their newest version and aliases."""
    configure(project=project)
    rows = list(_client().pages("/prompts"))
    _print(rows, as_json, ("name", "latest_version", "aliases", "commit_message", "updated_at"))


@prompts.command("show")
def show_prompt(name: str, project: Project = None, as_json: Json = False) -> None:
    """List the versions of a prompt, newest first."""
    configure(project=project)
    rows = list(_client().pages(f"/prompts/{quote(name, safe='')}/versions"))
    _print(rows, as_json, ("version", "aliases", "commit_message", "author", "created_at", "variables"))


@traces.command("list")
def list_traces(
    filter: Annotated[str | None, typer.Option(help="For example: status = 'error' and duration_ms > 2000")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """List traces, newest first."""
    configure(project=project)
    rows = list(_client().pages("/traces", limit=limit, filter=filter))
    _print(
        rows,
        as_json,
        ("start_time", "trace_id", "name", "status", "duration_ms", "span_count", "total_tokens", "cost_usd", "input"),
    )


@traces.command("show")
def show_trace(trace_id: str, project: Project = None, as_json: Json = False) -> None:
    """Show one trace as a tree."""
    configure(project=project)
    if as_json:
        print(json.dumps(_client().get(f"/traces/{trace_id}"), ensure_ascii=False))
    else:
        print(assay.get_trace(trace_id))


# Helpers ----------------------------------------------------------------------------------------------------------


def _client() -> Any:
    from assay.client import current_client

    return current_client()


def _log_to_stderr(settings: Settings) -> None:
    import logging

    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _print(rows: list[dict[str, Any]], as_json: bool, columns: tuple[str, ...]) -> None:
    """Rows as a table of some columns, or whole as JSON."""
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, default=str))
        return
    if not rows:
        console.print("Nothing here yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        cut = column in CUT_COLUMNS
        table.add_column(column, overflow="ellipsis" if cut else "fold", no_wrap=cut)
    for row in rows:
        table.add_row(*(_escaped(_text(row.get(column))) for column in columns))
    console.print(table)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return " ".join(str(value).split())


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
