"""The commands that look after an installation and its data: doctor, repair."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import Any

import typer

from assay.command.ending import EXIT_ERROR, EXIT_LOST
from assay.command.frame import command
from assay.command.options import Json
from assay.command.printing import print_json, print_plain
from assay.errors import MissingExtra

SQL_TIMEOUT_S = 60.0  # the first statement has everything exported that is new


def add_commands(app: typer.Typer) -> None:
    """Make these commands of `assay`."""
    command(app, "doctor", "assay doctor", project=False)(doctor)
    command(app, "repair", "assay repair --data-dir .assay", project=False)(repair)


def doctor(as_json: Json = False) -> None:
    """Look over settings, libraries, collector and store, and send a span; ends with 1 when something is to be done."""
    from assay.client import Client
    from assay.doctor import check_environment
    from assay.prompts.checkup import check_copies, check_late
    from assay.settings import current_settings
    from assay.tracing.autolog import LIBRARIES
    from assay.tracing.checkup import check_libraries, check_orphans, check_spool

    settings = current_settings()
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
            checks += check_directory(settings.data_dir)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        from assay.command.doctor_table import print_checks

        print_checks(checks)
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(EXIT_ERROR)


def _to_file(endpoint: str | None) -> bool:
    return endpoint is not None and endpoint.startswith("file:")


def repair(as_json: Json = False) -> None:
    """Make a damaged store open again. Ends with 0 when everything is there, with 3 when something is gone.

    The files as they were found are copied aside first.
    """
    from assay.settings import current_settings

    try:
        from assay.collector.repair import repair as mend
    except ImportError as error:
        raise MissingExtra("assay repair", "server") from error

    report = mend(current_settings().data_dir)
    if as_json:
        print_json(asdict(report))
    else:
        for line in report.found:
            print_plain(f"found: {line}")
        for line in report.lost:
            print_plain(f"lost: {line}")
        if report.copies:
            print(f"The files as they were are in {report.copies}")
        whole = "Nothing was wrong" if not (report.found or report.lost) else "The store opens again"
        print(f"{whole}: {report.spans} spans are in it.")
    if report.lost:
        raise typer.Exit(EXIT_LOST)
