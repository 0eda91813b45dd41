"""How an alignment looks in a terminal. Text only: no figure is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.evaluation.alignment.corrected import FEWEST_LABELS
from assay.evaluation.alignment.figures import name_of
from assay.evaluation.report import number, shortened

if TYPE_CHECKING:
    from assay.evaluation.alignment.alignment import Alignment

SHOWN = 5  # disagreements
MOST_LABELS = 8  # a larger matrix is not drawn


def alignment_table(alignment: Alignment) -> RenderableType:
    """Figures with their intervals, the confusion matrix, what may sway the judge, and some disagreements."""
    found = alignment.figures
    left = [f"{found.failed} failed"] if found.failed else []
    left += [f"{found.not_applicable} not applicable"] if found.not_applicable else []
    left += [f"{found.clusters} clusters"] if found.clusters else []
    asked = f" ({alignment.model})" if alignment.model else ""
    title = f"judge: {alignment.judge}{asked} against people on {found.n} labels"
    parts: list[RenderableType] = [Text(f"{title}{', ' if left else ''}{', '.join(left)}", style="bold"), Text()]
    parts += [_figures(alignment), Text()]
    if 2 <= len(found.labels) <= MOST_LABELS:
        parts += [_confusion(alignment), Text()]
    for bias in alignment.bias:
        parts.append(Text(f"{'! ' if bias.warning else '  '}{bias.name.replace('_', ' ')}: {bias.told}"))
    if found.n < FEWEST_LABELS:
        parts.append(Text(f"  no score is corrected: that needs {FEWEST_LABELS} labels, and there are {found.n}"))
    parts += [Text(f"  {note}") for note in alignment.notes]
    apart = [p for p in alignment.pairs if p.outcome == "scored" and p.verdict != p.label]
    if apart:
        parts += [Text(), Text(f"{len(apart)} disagreements")]
        parts += [
            Text(
                f"  {pair.id}: people {name_of(pair.label)}, judge {name_of(pair.verdict)}: "
                f"{shortened(pair.explanation or '', 160)}"
            )
            for pair in apart[:SHOWN]
        ]
    return Group(*parts)


def _figures(alignment: Alignment) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("interval", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("method")
    for name, estimate in alignment.estimates().items():
        known = estimate.low is not None and estimate.high is not None
        interval = f"[{number(estimate.low)}, {number(estimate.high)}]" if known else "-"
        told = "; ".join(text for text in (estimate.method, estimate.reason) if text)
        table.add_row(name, number(estimate.value), interval, str(estimate.n), Text(told))
    return table


def _confusion(alignment: Alignment) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("people \\ judge", no_wrap=True)
    for label in alignment.figures.labels:
        table.add_column(Text(shortened(label, 20)), justify="right", no_wrap=True)
    for label, counts in zip(alignment.figures.labels, alignment.figures.confusion, strict=True):
        table.add_row(Text(shortened(label, 20)), *map(str, counts))
    return table
