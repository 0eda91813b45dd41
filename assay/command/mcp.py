"""`assay mcp`: what agents read with."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.command.connection import client
from assay.command.frame import command

HOST = "127.0.0.1"  # whoever reaches the port reads with the key of this process


def add_commands(app: typer.Typer) -> None:
    command(app, "mcp", "assay mcp --project support-bot", "assay mcp --http --port 8020")(mcp)


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve streamable HTTP at /mcp, on this machine only.")] = False,
    port: Annotated[int, typer.Option(metavar="PORT", min=1, max=65535, help="With --http.")] = 8020,
) -> None:
    """Let agents read traces, prompts, experiments and SQL: a server of the Model Context Protocol.

    It speaks over standard input and output, as clients start it, and asks the collector that the settings name, with
    the key of ASSAY_API_KEY. It changes nothing.
    """
    from assay.mcp_server.reader import Reader
    from assay.mcp_server.server import build_server

    server = build_server(Reader(client))
    if http:
        server.run("streamable-http", host=HOST, port=port, stateless_http=True, json_response=True)
    else:
        server.run()
