"""The commands about data itself: SQL, files in and out, backups, deleting."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from assay.command.columns import Column
from assay.command.connection import client
from assay.errors import ConfigurationError, MissingExtra
from assay.settings import configure, current_settings

DataDir = Annotated[Path | None, typer.Option(help="Directory of the collector's data. [default: ./.assay]")]
Project = Annotated[str | None, typer.Option(help="Project to look in. [default: that of the settings]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

MOST_IN_A_CELL = 80


def add_commands(app: typer.Typer) -> None:
    """Make these commands of `assay`."""
    app.command("sql")(sql)
    app.command("export")(export)
    app.command("import")(import_)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("delete")(delete)
    app.command("compact")(compact)
    app.command("retention")(retention)


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's dialect; - reads it from standard input.")],
    project: Project = None,
    data_dir: DataDir = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows at most.")] = 1000,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Ask in SQL: spans, traces, scores, prompts, datasets, experiments, … of one project."""
    from assay.sql_query import run

    configure(project=project, data_dir=data_dir)
    client()  # there is something to ask
    answer = run(sys.stdin.read() if statement == "-" else statement, limit=limit)
    names = [column["name"] for column in answer["columns"]]
    if as_json:
        print(json.dumps([dict(zip(names, row, strict=True)) for row in answer["rows"]], ensure_ascii=False))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in answer["rows"])
    else:
        from assay.command.table import print_table

        columns = tuple(
            Column(str(position), name, least=min(12, len(name)), most=MOST_IN_A_CELL)
            for position, name in enumerate(names)
        )
        rows = [{str(position): value for position, value in enumerate(row)} for row in answer["rows"]]
        print_table(rows, columns)
    if answer["truncated"]:
        _say(f"Only the first {len(answer['rows'])} rows are shown; --limit says how many.")


def export(
    directory: Annotated[Path, typer.Argument(help="A new directory for the files.")],
    format: Annotated[str, typer.Option(help="jsonl, otlp or parquet.")] = "jsonl",
    project: Project = None,
    data_dir: DataDir = None,
) -> None:
    """Write the spans and scores of a project into files; `assay import` reads them again."""
    from assay import transfer

    if format not in ("jsonl", "otlp", "parquet"):
        raise ConfigurationError(f"{format!r} is no format.", hint="Use jsonl, otlp or parquet.")
    configure(project=project, data_dir=data_dir)
    progress = _Progress("files" if format == "parquet" else "spans")
    written = transfer.export(client(), directory, format, tell=progress)  # type: ignore[arg-type]
    progress.end()
    print(f"{len(written)} files in {directory}")


def import_(
    files: Annotated[list[Path], typer.Argument(help="Files or directories: OTLP requests, JSON lines, Parquet.")],
    project: Annotated[str | None, typer.Option(help="For OTLP spans that name no project.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Send spans and scores from files to the collector. What is there already is not stored twice."""
    from assay import transfer

    configure(data_dir=data_dir)
    progress = _Progress("rows or requests")
    done = transfer.import_files(client(may_make=True), files, project=project, tell=progress)
    progress.end()
    print(f"{done.requests} requests sent, {done.scores} scores, {done.rejected} spans refused")
    if done.rejected:
        raise typer.Exit(1)


def backup(
    directory: Annotated[Path, typer.Argument(help="A new directory for the backup.")], data_dir: DataDir = None
) -> None:
    """Copy the store and the registry as they are now, while the collector goes on."""
    from assay.backup_files import receive_backup

    configure(data_dir=data_dir)
    described = receive_backup(client(), directory)
    print(f"{described['spans']} spans and the registry are in {directory}")


def restore(
    directory: Annotated[Path, typer.Argument(help="A backup.")],
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move a store that is there aside.")] = False,
) -> None:
    """Put a backup into a data directory that no collector serves."""
    try:
        from assay.collector.backup import restore_backup
    except ImportError as error:
        raise MissingExtra("assay restore", "server") from error
    configure(data_dir=data_dir)
    target = current_settings().data_dir.absolute()
    described = restore_backup(directory, target, replace=replace)
    print(f"{described['spans']} spans and the registry are in {target}")


def delete(
    trace: Annotated[str | None, typer.Option(help="Id of a trace.")] = None,
    session: Annotated[str | None, typer.Option(help="Every trace of this session.")] = None,
    user: Annotated[str | None, typer.Option(help="Every trace of this user.")] = None,
    project: Project = None,
    data_dir: DataDir = None,
) -> None:
    """Delete traces with all that belongs to them. Their bytes are given back within a minute; `assay compact`: now."""
    named = {"traces": trace, "sessions": session, "users": user}
    asked = [(path, value) for path, value in named.items() if value]
    if len(asked) != 1:
        raise ConfigurationError("Say what to delete, and one thing.", hint="Give --trace, --session or --user.")
    [(path, value)] = asked
    configure(project=project, data_dir=data_dir)
    gone = client().request("DELETE", f"/{path}/{quote(value, safe='')}")["deleted"]
    print(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in gone.items()), "deleted")


def compact(data_dir: DataDir = None) -> None:
    """Give the bytes of what was deleted back to the disk. Senders wait meanwhile."""
    configure(data_dir=data_dir)
    with client().stream("POST", "/compactions") as response:
        done = json.loads(response.read())
    print(f"{done['bytes_before']} bytes before, {done['bytes_after']} after")


def retention(
    days: Annotated[str | None, typer.Argument(help="Days to keep traces, or `forever`; absent: print it.")] = None,
    project: Project = None,
    data_dir: DataDir = None,
) -> None:
    """How many days a project keeps its traces."""
    configure(project=project, data_dir=data_dir)
    if days is None:
        kept = client().get("/retention")["days"]
    elif days == "forever" or days.isdigit():
        kept = client().put("/retention", json={"days": None if days == "forever" else int(days)})["days"]
    else:
        raise ConfigurationError(f"{days!r} is no number of days.", hint="Give a number, or: forever")
    print("forever" if kept is None else f"{kept} days")


# Helpers ----------------------------------------------------------------------------------------------------------


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class _Progress:
    """Counts on one line of a terminal; silent elsewhere."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._shown = sys.stderr.isatty()

    def __call__(self, count: int) -> None:
        self._count += count
        if self._shown and self._count % 100 < count:
            print(f"\r{self._count} {self._what}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print(f"\r{self._count} {self._what}", file=sys.stderr)
