"""The commands that look after an installation and its data: doctor, repair."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.errors import MissingExtra
from assay.settings import configure

DataDir = Annotated[Path | None, typer.Option(help="Directory of the collector's data. [default: ./.assay]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

SQL_TIMEOUT_S = 60.0  # the first statement has everything exported that is new
EXIT_FAILED = 1
EXIT_LOST = 3


def add_commands(app: typer.Typer) -> None:
    """Make these commands of `assay`."""
    app.command("doctor")(doctor)
    app.command("repair")(repair)


def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Look over settings, libraries, collector and store, and send a span; ends with 1 when something is to be done."""
    from assay.client import Client
    from assay.doctor import check_environment
    from assay.prompts.checkup import check_copies, check_late
    from assay.tracing.autolog import LIBRARIES
    from assay.tracing.checkup import check_libraries, check_orphans, check_spool

    settings = configure(data_dir=data_dir)
    checks = [*check_libraries(LIBRARIES.values()), *check_environment(settings), check_spool(settings)]
    checks.append(check_copies(settings))
    if any(check.name == "delivery" and check.state == "ok" for check in checks) and not _to_file(settings.endpoint):
        with contextlib.closing(Client(settings.with_values(timeout_s=SQL_TIMEOUT_S))) as client:

            def ask(statement: str) -> list[list[Any]]:
                rows: list[list[Any]] = client.post("/sql", json={"sql": statement})["rows"]
                return rows

            checks += check_orphans(ask)
            checks += check_late(ask)
    if settings.endpoint is None:
        try:
            from assay.collector.checkup import check_directory
        except ImportError:
            pass  # told already: the extra `server` is not installed
        else:
            checks += check_directory(settings.data_dir.absolute())
    if as_json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False))
    else:
        from assay.command.doctor_table import print_checks

        print_checks(checks)
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(EXIT_FAILED)


def _to_file(endpoint: str | None) -> bool:
    return endpoint is not None and endpoint.startswith("file:")


def repair(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Make a damaged store open again. Ends with 0 when everything is there, with 3 when something is gone.

    The files as they were found are copied aside first.
    """
    try:
        from assay.collector.repair import repair as mend
    except ImportError as error:
        raise MissingExtra("assay repair", "server") from error

    directory = configure(data_dir=data_dir).data_dir.absolute()
    report = mend(directory)
    if as_json:
        print(json.dumps(asdict(report), ensure_ascii=False, default=str))
    else:
        for line in report.found:
            print(f"found: {line}")
        for line in report.lost:
            print(f"lost: {line}")
        if report.copies:
            print(f"The files as they were are in {report.copies}")
        whole = "Nothing was wrong" if not (report.found or report.lost) else "The store opens again"
        print(f"{whole}: {report.spans} spans are in it.")
    if report.lost:
        raise typer.Exit(EXIT_LOST)
