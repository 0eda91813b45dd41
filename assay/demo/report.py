"""What the demo says: where the answers come from, how the versions did, what follows, and where to look."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from assay.evaluation import Comparison

COLOURS = {"improved": "green", "regressed": "red"}  # by outcome; the others keep the terminal's colour


def introduction(model: str, data_dir: Path, url: str) -> RenderableType:
    """What to know before anything is shown: who answers, where everything is kept, and where it is seen."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row("model", model)
    table.add_row("data", str(data_dir))
    table.add_row("pages", url)
    return Padding(table, (0, 0, 1, 2))


def comparison(compared: Comparison) -> RenderableType:
    """Mean and interval of every scorer for both versions, the paired difference, and each verdict in words."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in ("", "version 1", "version 2", "difference"):
        table.add_column(heading, no_wrap=True)
    before = {row.scorer: row for row in compared.baseline.summary_rows}
    after = {row.scorer: row for row in compared.candidate.summary_rows}
    verdicts = Table.grid(padding=(0, 2, 0, 0))
    for row in compared.scorers:
        old, new = before[row.scorer], after[row.scorer]
        table.add_row(
            row.scorer,
            interval(old.mean, old.ci_low, old.ci_high),
            interval(new.mean, new.ci_low, new.ci_high),
            Text(interval(row.difference, row.ci_low, row.ci_high, sign="+"), COLOURS.get(row.outcome, "")),
        )
        verdicts.add_row(row.scorer, row.verdict)
    items = max((row.n_paired for row in compared.scorers), default=0)
    note = Text(f"means with 95 % intervals; differences are paired by question, {items} of them", "dim")
    problems = [Text(note, "yellow") for result in (compared.baseline, compared.candidate) for note in result.notes()]
    return Padding(Group(table, note, Text(), verdicts, *problems), (1, 0, 1, 2))


def interval(value: float | None, low: float | None, high: float | None, *, sign: str = "") -> str:
    if value is None:
        return "not known"
    if low is None or high is None:
        return f"{value:{sign}.2f}"
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def addresses(pages: Mapping[str, str]) -> RenderableType:
    """Pages by name. Their addresses are never wrapped: they are there to be clicked on."""
    width = max(map(len, pages))
    return Text(
        "\n".join(f"    {name:<{width}}  {url}" for name, url in pages.items()), no_wrap=True, overflow="ignore"
    )
