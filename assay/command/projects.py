"""`assay projects`: what there is to look into."""

from __future__ import annotations

from typing import Any

import typer

from assay.command.columns import Column, cost, count, time
from assay.command.connection import client
from assay.command.frame import command
from assay.command.options import Json
from assay.command.printing import print_rows

MEASURES = "count,error_count,cost_usd"
PROJECTS = (
    Column("name"),
    Column("traces", show=count, right=True),
    Column("errors", show=count, right=True),
    Column("cost_usd", "cost", show=cost, right=True),
    Column("created_at", "created_at UTC", show=time),
)


def add_commands(app: typer.Typer) -> None:
    command(app, "projects", "assay projects", project=False)(projects)


def projects(as_json: Json = False) -> None:
    """List projects: their traces, how many failed, what they cost."""
    listed = client().pages("/projects", project=None)
    asked = {"of": "traces", "measures": MEASURES, "group_by": "project", "limit": 1000, "project": None}
    figures = {row["project"]: row for row in client().get("/stats", **asked)["items"]}
    rows = [_row(project, figures.get(project["name"], {})) for project in listed]
    print_rows(rows, as_json, PROJECTS, drop=("created_at", "cost_usd", "errors"))


def _row(project: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    return {
        **project,
        "traces": figures.get("count", 0),
        "errors": figures.get("error_count", 0),
        "cost_usd": figures.get("cost_usd"),
    }
