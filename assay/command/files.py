"""`assay export`, `import`, `backup`, `restore`: data as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.command.complete import one_of, projects
from assay.command.connection import client
from assay.command.ending import EXIT_ERROR
from assay.command.frame import command
from assay.command.options import Json
from assay.command.printing import print_result
from assay.command.progress import Progress
from assay.errors import ConfigurationError, MissingExtra

FORMATS = ("jsonl", "otlp", "parquet")


def add_commands(app: typer.Typer) -> None:
    """Make these commands of `assay`."""
    command(app, "export", "assay export traces --format parquet")(export)
    command(app, "import", "assay import traces", project=False)(import_)
    command(app, "backup", "assay backup backups/2026-11-22", project=False)(backup)
    command(app, "restore", "assay restore backups/2026-11-22 --data-dir .assay", project=False)(restore)


def export(
    directory: Annotated[Path, typer.Argument(help="A new directory for the files.")],
    format: Annotated[
        str, typer.Option(metavar="FORMAT", help="jsonl, otlp or parquet.", autocompletion=one_of(*FORMATS))
    ] = "jsonl",
    as_json: Json = False,
) -> None:
    """Write the spans and scores of a project into files; `assay import` reads them again."""
    from assay import transfer

    if format not in FORMATS:
        raise ConfigurationError(f"{format!r} is no format.", hint="Use jsonl, otlp or parquet.")
    progress = Progress("files" if format == "parquet" else "spans")
    written = transfer.export(client(), directory, format, tell=progress)  # type: ignore[arg-type]
    progress.end()
    told = {"directory": str(directory), "files": [str(path) for path in written]}
    print_result(told, f"{len(written)} files in {directory}", as_json)


def import_(
    files: Annotated[list[Path], typer.Argument(help="Files or directories: OTLP requests, JSON lines, Parquet.")],
    project: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For OTLP spans that name no project.", autocompletion=projects),
    ] = None,
    as_json: Json = False,
) -> None:
    """Send spans and scores from files to the collector. What is there already is not stored twice."""
    from assay import transfer

    progress = Progress("rows or requests")
    done = transfer.import_files(client(may_make=True), files, project=project, tell=progress)
    progress.end()
    told = f"{done.requests} requests sent, {done.scores} scores, {done.rejected} spans refused"
    print_result(asdict(done), told, as_json)
    if done.rejected:
        raise typer.Exit(EXIT_ERROR)


def backup(
    directory: Annotated[Path, typer.Argument(help="A new directory for the backup.")], as_json: Json = False
) -> None:
    """Copy the store and the registry as they are now, while the collector goes on."""
    from assay.backup_files import receive_backup

    described = receive_backup(client(), directory)
    print_result(described, f"{described['spans']} spans and the registry are in {directory}", as_json)


def restore(
    directory: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move a store that is there aside.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup into a data directory that no collector serves."""
    from assay.settings import current_settings

    try:
        from assay.collector.backup import restore_backup
    except ImportError as error:
        raise MissingExtra("assay restore", "server") from error
    target = current_settings().data_dir
    described = restore_backup(directory, target, replace=replace)
    print_result(described, f"{described['spans']} spans and the registry are in {target}", as_json)
