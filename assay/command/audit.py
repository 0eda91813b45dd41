"""`assay audit`: what was changed, by whom."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.command.columns import Column, time
from assay.command.connection import client
from assay.command.frame import command
from assay.command.options import Json
from assay.command.printing import print_rows

AUDIT = (
    Column("at", "at UTC", show=time),
    Column("actor", least=12),
    Column("address"),
    Column("action"),
    Column("project"),
    Column("object", least=12, most=40),
    Column("result"),
)


def add_commands(app: typer.Typer) -> None:
    command(app, "audit", "assay audit --action key", project=False)(audit)


def audit(
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 50,
    action: Annotated[
        str | None, typer.Option(metavar="ACTION", help="As key.create, or its first word alone: key.")
    ] = None,
    actor: Annotated[str | None, typer.Option(metavar="ID", help="Id of a key, or local.")] = None,
    as_json: Json = False,
) -> None:
    """List who changed what, and who was refused, newest first."""
    rows = list(client().pages("/audit", limit=limit, project=None, action=action, actor=actor))
    print_rows(rows, as_json, AUDIT, drop=("address", "project", "actor", "at"), asked=action or actor)
