"""Options that many commands take, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.command import complete

Project = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Project to look in. [default: ASSAY_PROJECT, else `default`]",
        autocompletion=complete.projects,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Directory of the collector's data. [default: ASSAY_DATA_DIR, else ./.assay]"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Filter = Annotated[
    str | None,
    typer.Option(
        metavar="EXPRESSION",
        help="Which traces: one SQL condition over their fields, such as \"status = 'error' and duration_ms > 2000\".",
        autocompletion=complete.filters,
    ),
]
NamePart = Annotated[str | None, typer.Option(metavar="TEXT", help="A part of the name, in any case.")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept in the log of what was decided.")]
