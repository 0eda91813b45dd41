"""The `assay` command: what there is, in the order of its help. The commands are in `assay/command/`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import assay
from assay.command import (
    ab,
    audit,
    care,
    datasets,
    delete,
    ending,
    evals,
    files,
    keys,
    mcp,
    projects,
    prompts,
    serve,
    sessions,
    sql,
    stats,
    traces,
)
from assay.command.frame import Group, group
from assay.command.wrong_values import in_our_words

SECTIONS = {
    "Look at what happened": ("traces", "sessions", "stats", "sql", "projects"),
    "Prompts and evaluations": ("prompts", "datasets", "eval", "ab"),
    "Run the collector": ("serve", "demo", "doctor", "settings", "repair", "mcp"),
    "Data in and out": ("export", "import", "backup", "restore", "delete", "compact", "retention", "reprice"),
    "Who may do what": ("keys", "audit"),
}
ENDS = "Exit codes: 0; 1 an error; 2 asked wrongly; 100 done, but a threshold or gate was missed."


class Assay(Group):
    """The command itself."""

    sections = SECTIONS

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = in_our_words(error.message, error.__cause__)
            raise


app = group("Trace and evaluate LLM applications: one process, OTLP in, DuckDB inside.", ENDS, cls=Assay)
for name, commands in (
    ("traces", traces.app),
    ("sessions", sessions.app),
    ("prompts", prompts.app),
    ("datasets", datasets.app),
    ("eval", evals.app),
    ("ab", ab.app),
    ("keys", keys.app),
):
    app.add_typer(commands, name=name)
for module in (stats, sql, projects, serve, care, mcp, files, delete, audit):
    module.add_commands(app)


def main() -> None:
    """Entry point of the `assay` command."""
    ending.run(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"assay {assay.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = (
        False
    ),
) -> None:
    """Trace and evaluate LLM applications: one process, OTLP in, DuckDB inside."""
