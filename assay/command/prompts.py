"""`assay prompts …`: the registry from the command line. How it ends is told by the `epilog` below."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from assay.command.columns import Column, time
from assay.command.complete import prompt_versions, prompts
from assay.command.connection import client
from assay.command.ending import EXIT_ERROR, EXIT_MISSED
from assay.command.frame import command, group
from assay.command.options import Json, NamePart, Reason
from assay.command.printing import print_json, print_plain, print_result, print_rows
from assay.errors import GateMissed, PromptNotFound

if TYPE_CHECKING:
    from assay.prompts.files import Outcome

# What the tables show. Names and ids that other commands take are whole; `least` marks what may be cut or wrapped.
PROMPTS = (
    Column("name"),
    Column("latest_version", "version", right=True),
    Column("aliases", least=14, most=40),
    Column("commit_message", least=18),
    Column("updated_at", "updated_at UTC", show=time),
)
VERSIONS = (
    Column("version", right=True),
    Column("aliases", least=14, most=40),
    Column("commit_message", least=18),
    Column("author", least=12, most=30),
    Column("created_at", "created_at UTC", show=time),
    Column("variables", least=12, most=40),
)
ALIASES = (
    Column("alias"),
    Column("version", right=True),
    Column("protected"),
    Column("gate", least=14, wrap=True),
)
MOVES = (
    Column("moved_at", "moved_at UTC", show=time),
    Column("from_version", "from", right=True),
    Column("to_version", "to", right=True),
    Column("author", least=8, most=30),
    Column("reason", least=18, wrap=True),
)
FILES = (
    Column("file"),
    Column("result"),
    Column("version", right=True),
    Column("detail", least=24, wrap=True),
)

Name = Annotated[str, typer.Argument(help="Name of the prompt, e.g. support/answer.", autocompletion=prompts)]
NameOrUri = Annotated[
    str,
    typer.Argument(
        help="Name of the prompt, e.g. support/answer, or prompts:/support/answer/2.", autocompletion=prompts
    ),
]
Names = Annotated[list[str] | None, typer.Argument(help="Prompts to take. [default: all]", autocompletion=prompts)]
Reference = Annotated[
    str, typer.Argument(help="A version by its number or an alias, or latest.", autocompletion=prompt_versions)
]
Folder = Annotated[Path, typer.Argument(help="Folder of *.prompt.md files.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print what would happen.")]

app = group(
    "The prompt registry: versions that never change, and aliases such as `production` that point at them.",
    "Exit codes: 0; 1 an error, or something refused; 2 asked wrongly; 100 a gate was missed.",
)


@command(app, "list", "assay prompts list --filter support")
def list_prompts(
    filter: NamePart = None,
    as_json: Json = False,
) -> None:
    """List prompts with their newest version and aliases."""
    rows = list(client().pages("/prompts", filter=filter))
    print_rows(rows, as_json, PROMPTS, drop=("updated_at", "aliases", "commit_message"), asked=filter)


@command(app, "show", "assay prompts show support/answer production")
def show_prompt(name: NameOrUri, reference: Reference = "latest", as_json: Json = False) -> None:
    """Show one version: its template, config and message, as `pull` writes them to a file."""
    row = _version(name, reference)
    if as_json:
        print_json(row)
        return
    from assay.prompts.prompt_file import PromptFile, write_prompt_file

    print_plain(write_prompt_file(PromptFile.of_row(row)).decode())


@command(app, "history", "assay prompts history support/answer")
def history(name: Name, as_json: Json = False) -> None:
    """List the versions of a prompt, newest first."""
    rows = list(client().pages(f"{_path(name)}/versions"))
    print_rows(rows, as_json, VERSIONS, drop=("variables", "author", "created_at"))


@command(app, "diff", "assay prompts diff support/answer 1 2")
def diff(
    name: Name,
    old: Reference,
    new: Reference = "latest",
    as_json: Json = False,
) -> None:
    """Show what changes from one version to another: words, messages, config, variables."""
    from assay.prompts.diff import diff_versions

    found = diff_versions(_version(name, old), _version(name, new))
    if as_json:
        print_json(asdict(found))
    else:
        from rich.console import Console

        Console(highlight=False, soft_wrap=True).print(found)


@command(
    app, "alias", "assay prompts alias support/answer", "assay prompts alias support/answer production --at 2026-10-15"
)
def alias_of(
    name: Name,
    alias: Annotated[str | None, typer.Argument(help="One alias: where it points, and its moves.")] = None,
    at: Annotated[
        datetime | None, typer.Option(help="What the alias was then (UTC), e.g. 2026-10-15 or 2026-10-15T12:00:00.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove the alias. The log of its moves stays.")] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """List a prompt's aliases; or of one alias its moves, or what it was at a time. To move one: promote, rollback."""
    if alias is None:
        print_rows(client().get(f"{_path(name)}/aliases")["items"], as_json, ALIASES, drop=("gate",))
        return
    path = f"{_path(name)}/aliases/{quote(alias, safe='')}"
    if delete:
        from assay.prompts.registry import user_name

        client().request("DELETE", path, params={"reason": reason, "author": user_name()})
        print_result({"alias": alias, "version": None}, f"{alias} of {name} is gone.", as_json)
    elif at is not None:
        from assay.prompts import prompt_alias_at

        client()  # there is something to ask
        version = prompt_alias_at(name, alias, at)
        was = f"was version {version}" if version is not None else "was not there"
        print_result({"alias": alias, "at": at, "version": version}, f"{alias} of {name} {was} at {at} UTC.", as_json)
    else:
        print_rows(list(client().pages(path)), as_json, MOVES, drop=("author", "from_version"))


@command(app, "promote", 'assay prompts promote support/answer 2 --reason "shorter, and as correct"')
def promote(
    name: Name,
    version: Annotated[int, typer.Argument(help="Number of the version.")],
    alias: Annotated[str, typer.Option(help="The alias that is to point at it.")] = "production",
    experiment: Annotated[
        str | None,
        typer.Option(help="Id of an experiment with this version, compared with one of the present version."),
    ] = None,
    ab_test: Annotated[str | None, typer.Option(help="Name of an A/B test of the two versions.")] = None,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Point an alias at a version. Ends with 100, and moves nothing, when what is named misses the alias's gate.

    The gate is stated once, by `assay prompts protect`, and decided by the collector from its own data.
    """
    from assay.prompts import set_prompt_alias

    client()  # there is something to change
    with _gate():
        set_prompt_alias(name, alias, version, reason, experiment_id=experiment, ab_test=ab_test)
    print_result({"alias": alias, "version": version}, f"{alias} of {name} is version {version}.", as_json)


@command(app, "rollback", "assay prompts rollback support/answer")
def rollback(
    name: Name,
    alias: Annotated[str, typer.Option(help="The alias to take back.")] = "production",
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Point an alias back at the version it had before its last move."""
    from assay.prompts import rollback_prompt_alias

    client()  # there is something to change
    version = rollback_prompt_alias(name, alias, reason)
    print_result({"alias": alias, "version": version}, f"{alias} of {name} is version {version} again.", as_json)


@command(app, "protect", "assay prompts protect support/answer production --gate 'correctness >= baseline - 0.02'")
def protect(
    name: Name,
    alias: Annotated[str, typer.Argument(help="Need not be there yet.")] = "production",
    gate: Annotated[
        str | None,
        typer.Option(help="What an experiment or A/B test must pass, e.g. 'correctness >= baseline - 0.02'."),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="End the protection.")] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Let only admins move an alias, or also what passes a gate. Needs an admin's key where keys are needed."""
    from assay.prompts import protect_prompt_alias

    client()  # there is something to change
    protect_prompt_alias(name, alias, gate, protected=not off, reason=reason)
    told = (
        "is no longer protected" if off else f"is moved by what passes {gate!r}" if gate else "is moved by admins only"
    )
    print_result({"alias": alias, "protected": not off, "gate": gate}, f"{alias} of {name} {told}.", as_json)


@command(app, "push", 'assay prompts push prompts -m "shorter answers"')
def push_files(
    directory: Folder,
    names: Names = None,
    message: Annotated[
        str | None,
        typer.Option(
            "--message", "-m", help="Commit message. [default: the file's new one, else git's last of the file]"
        ),
    ] = None,
    author: Annotated[str | None, typer.Option(help="Author of the versions. [default: git's, else you]")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where the registry has moved on: on top of its latest version.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Register the files of a folder that have changed, as new versions. One that conflicts stops all of them."""
    from assay.prompts.push import push

    found = push(
        directory,
        client(may_make=not dry_run),
        names=names or (),
        message=message,
        author=author,
        force=force,
        dry_run=dry_run,
    )
    refused = "Nothing was pushed: see above." if any(each.is_refused for each in found) else ""
    _print_outcomes(found, dry_run, as_json, refused)


@command(app, "pull", "assay prompts pull prompts --dry-run")
def pull_files(
    directory: Folder,
    names: Names = None,
    force: Annotated[bool, typer.Option("--force", help="Also over files that have changed here.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write the latest version of every prompt to its file in a folder. Files that have changed here are left alone."""
    from assay.prompts.pull import pull

    found = pull(directory, client(), names=names or (), force=force, dry_run=dry_run)
    refused = "Some files were left as they are: see above." if any(each.is_refused for each in found) else ""
    _print_outcomes(found, dry_run, as_json, refused)


# Helpers ----------------------------------------------------------------------------------------------------------


def _path(name: str) -> str:
    return f"/prompts/{quote(name, safe='')}"


def _version(name: str, reference: str) -> dict[str, Any]:
    from assay.prompts.reference import LATEST, SCHEME, parse_reference

    if name.startswith(SCHEME):
        named = parse_reference(name, alias=None if reference == LATEST else reference)
        name, reference = named.name, str(named.version)
    if not reference.strip("./"):  # would be another path of the API's
        raise PromptNotFound(
            f"Prompt {name!r} has no version {reference!r}.", hint=f"Try: assay prompts history {name}"
        )
    row: dict[str, Any] = client().get(f"{_path(name)}/versions/{quote(reference, safe='')}")
    return row


@contextmanager
def _gate() -> Iterator[None]:
    try:
        yield
    except GateMissed as error:
        typer.echo(f"gate missed: {error}", err=True)
        raise typer.Exit(EXIT_MISSED) from error


def _print_outcomes(found: list[Outcome], dry_run: bool, as_json: bool, refused: str) -> None:
    rows = [asdict(each) for each in found]
    print_rows(rows, as_json, FILES, drop=("version",))
    if dry_run and not as_json:
        print("Dry run: nothing was changed.")
    if refused:
        typer.echo(refused, err=True)
        raise typer.Exit(EXIT_ERROR)
