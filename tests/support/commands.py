"""The `assay` command is made of its functions once: doing so for every run takes longer than most of what is run."""

from __future__ import annotations

from functools import cache

import typer.main
import typer.testing


def keep_made_commands() -> None:
    """From now on, Typer makes each application's commands once in this process."""
    made = cache(typer.main.get_command)
    typer.main.get_command = typer.testing._get_command = made
