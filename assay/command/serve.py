"""`assay serve`, `demo`, `settings`: the collector itself, and how it is set up."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.command.columns import Column, lines
from assay.command.frame import command
from assay.command.options import Json
from assay.command.printing import print_rows
from assay.errors import MissingExtra

SETTINGS = (
    Column("setting"),
    Column("variables", show=lines, least=31, wrap=True),
    Column("value", least=12, wrap=True),
    Column("help", least=30, wrap=True),
)

Host = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[
    int | None, typer.Option(metavar="PORT", help="Port of OTLP, API and pages; 0: a free one. [default: 4318]")
]
GrpcPort = Annotated[
    str | None,
    typer.Option(
        metavar="PORT",
        help="Port of OTLP/gRPC; 0: a free one; off: none. [default: 4317; a free one beside another port]",
    ),
]

Dev = Annotated[bool, typer.Option("--dev", help="Also serve /dev/components: every part of the pages on one page.")]


def add_commands(app: typer.Typer) -> None:
    """Make these commands of `assay`."""
    command(
        app,
        "serve",
        "assay serve",
        "assay serve --data-dir ~/traces --port 8000",
        project=False,
    )(serve)
    command(app, "demo", "assay demo", project=False)(demo)
    command(app, "settings", "assay settings", project=False, data_dir=False)(settings)


def serve(host: Host = None, port: Port = None, grpc_port: GrpcPort = None, dev: Dev = False) -> None:
    """Run the collector: OTLP, the API and the web pages on one port, OTLP/gRPC on another, until Ctrl-C."""
    from assay.own_prices import read_own_prices
    from assay.settings import configure

    settings = configure(host=host, port=port, grpc_port=grpc_port)
    read_own_prices(settings.prices)  # better now than never: later a mistake in them is only told in the log
    try:
        from assay.collector.life import LifeRules
        from assay.collector.logs import log_to_stderr
        from assay.collector.server import Server
    except ImportError as error:
        raise MissingExtra("assay serve", "server") from error
    log_to_stderr(settings.log_level, settings.log_format)
    Server(
        data_dir=settings.data_dir,
        host=settings.host,
        port=settings.port,
        grpc_port=settings.port_of_grpc(),
        max_body_bytes=settings.max_request_bytes,
        cors_origins=settings.cors_origins,
        rules=LifeRules.of(settings),
        sql_timeout_s=settings.sql_timeout_s,
        dev=dev,
    ).run()


def demo(
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port of the pages. [default: 4318, or a free one]")
    ] = None,
    exit: Annotated[bool, typer.Option("--exit", help="End when the demo is done; do not go on serving.")] = False,
) -> None:
    """Show what Assay does: trace a small assistant, compare two prompts, serve the pages."""
    from assay.demo import run

    run(port=port, exit=exit)


def settings(as_json: Json = False) -> None:
    """List every setting: its variables, its value now, what it does."""
    from assay.settings import current_settings
    from assay.settings_table import setting_rows

    print_rows(setting_rows(current_settings()), as_json, SETTINGS, drop=("setting",))
