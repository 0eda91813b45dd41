"""`assay keys …`: who gets in where a collector is open to other machines."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from assay.command.columns import Column, time
from assay.command.complete import one_of, projects
from assay.command.connection import client
from assay.command.frame import command, group
from assay.command.options import Json
from assay.command.printing import print_result, print_rows

SCOPES = ("ingest", "read", "write", "admin")
KEYS = (
    Column("id"),
    Column("name", least=12),
    Column("scopes", least=12),
    Column("project"),
    Column("created_at", "created_at UTC", show=time),
    Column("revoked_at", "revoked_at UTC", show=time),
)

app = group("Keys of a collector that other machines can reach.")


@command(app, "create", "assay keys create laptop --scope ingest --scope read", project=False)
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, in your words.")],
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="SCOPE",
            help="ingest, read, write or admin; may be given several times.",
            autocompletion=one_of(*SCOPES),
        ),
    ],
    project: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The one project it is good for. [default: every one]", autocompletion=projects
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    made = client(may_make=True).request("POST", "/keys", json={"name": name, "scopes": scope, "project": project})
    print_result(made, made["key"], as_json)


@command(app, "list", "assay keys list", project=False)
def list_keys(as_json: Json = False) -> None:
    """List keys, without their secrets."""
    found = list(client().pages("/keys", project=None))
    print_rows(found, as_json, KEYS, drop=("created_at", "project", "scopes"))


@command(app, "revoke", "assay keys revoke 3f9c2a7b41d0", project=False)
def revoke(
    key_id: Annotated[str, typer.Argument(help="Its id, as `assay keys list` prints it.")], as_json: Json = False
) -> None:
    """End a key, for good: within five seconds nobody gets in with it."""
    ended = client().request("DELETE", f"/keys/{quote(key_id, safe='')}")
    print_result(ended, f"The key {ended['name']!r} has ended.", as_json)
