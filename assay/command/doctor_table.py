"""What `assay doctor` shows to people: one row for each check, what to do below what was found, a last word."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.command.columns import text
from assay.finding import Check, State

STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "failed": "bold red"}
WIDEST_NAME = 22  # variables of OpenTelemetry have long names; the rest of a line is for what was found


def print_checks(checks: Sequence[Check]) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what", max_width=WIDEST_NAME, overflow="fold")
    table.add_column("state", no_wrap=True)
    table.add_column("found", overflow="fold")
    before = None
    for check in checks:
        name = "" if check.name == before else check.name
        before = check.name
        found = Text(text(check.detail))
        if check.hint:
            found.append(f"\n-> {text(check.hint)}", style="dim" if check.state == "ok" else "bold")
        table.add_row(Text(text(name)), Text(check.state, STYLES[check.state]), found)
    console.print(table)
    console.print(Text(f"\n{last_word(checks)}"))


def last_word(checks: Sequence[Check]) -> str:
    """What the rows come down to."""
    failed = [check.name for check in checks if check.state == "failed"]
    warned = [check.name for check in checks if check.state == "warning"]
    if failed:
        return f"Has to be done: {', '.join(dict.fromkeys(failed))}."
    if warned:
        return f"Works. Worth a look: {', '.join(dict.fromkeys(warned))}."
    return "All is well."
