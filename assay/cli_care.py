"""The commands that look after an installation and its data: doctor, repair."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.cli_columns import Column
from assay.errors import MissingExtra
from assay.settings import configure

DataDir = Annotated[Path | None, typer.Option(help="Directory of the collector's data. [default: ./.assay]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

EXIT_FAILED = 1
EXIT_LOST = 3

CHECKS = (
    Column("name", "what"),
    Column("state"),
    Column("detail", least=30, wrap=True),
    Column("hint", "what to do", least=20, wrap=True),
)


def add_commands(app: typer.Typer) -> None:
    """Make these commands of `assay`."""
    app.command("doctor")(doctor)
    app.command("repair")(repair)


def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Look over settings, packages, the collector and its store; ends with 1 when something has to be done."""
    from assay.doctor import check_environment

    settings = configure(data_dir=data_dir)
    checks = check_environment(settings)
    if settings.endpoint is None:
        try:
            from assay.collector.checkup import check_directory
        except ImportError:
            pass  # told already: the extra `server` is not installed
        else:
            checks += check_directory(settings.data_dir.absolute())
    rows = [asdict(check) for check in checks]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        from assay.cli_table import print_table

        print_table(rows, CHECKS, drop=("hint",))
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(EXIT_FAILED)


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
