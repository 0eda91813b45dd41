"""An evaluation as Markdown, for the summary of a build or a comment on a change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from assay.evaluation.ci.verdict import Verdict
from assay.evaluation.comparison import ComparisonRow, item_changes
from assay.evaluation.report import counted, interval, number, p_value, shortened
from assay.evaluation.summary import SummaryRow

MOST_REGRESSIONS = 20
LONGEST_TEXT = 200


def markdown(verdict: Verdict) -> str:
    """The whole report: verdict, gate, figures, what got worse, and what else there is to know."""
    return "\n".join(_lines(verdict)) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    result = verdict.result
    yield f"## {_cell(result.name)}: {_cell(verdict.words)}"
    if verdict.gate is not None:
        yield ""
        yield from (
            f"- **{each.verdict}**: `{each.condition}` ({_cell(each.explanation)})" for each in verdict.gate.results
        )
    yield ""
    yield from _table(
        ("scorer", "mean", "interval", "items", "failed", "method"),
        [_summary_cells(row) for row in result.summary_rows],
        numbers=(1, 3, 4),
    )
    if verdict.comparison is not None:
        yield from ("", f"### Against {_cell(verdict.comparison.baseline.name)} `{verdict.comparison.baseline.id}`", "")
        yield from _table(
            ("scorer", "baseline", "candidate", "difference", "interval", "p", "won/tied/lost", "verdict"),
            [_comparison_cells(row) for row in verdict.comparison.scorers],
            numbers=(1, 2, 3, 5, 6),
        )
        yield from _regressions(verdict)
    notes = [*(verdict.comparison.notes() if verdict.comparison else ()), *result.notes()]
    if notes:
        yield ""
        yield from (f"- {_cell(note)}" for note in notes)
    yield from (
        "",
        f"{counted(len(result.records), 'row')}, experiment `{result.id}`: {result.told_address(result.url)}",
    )


def _summary_cells(row: SummaryRow) -> list[str]:
    name = f"judge: {row.scorer}" if row.kind == "judge" else row.scorer
    how = row.method or row.reason or ", ".join(f"{label} {count}" for label, count in row.counts.items())
    return [name, number(row.mean), interval(row.ci_low, row.ci_high), str(row.n), str(row.failed), how]


def _comparison_cells(row: ComparisonRow) -> list[str]:
    return [
        row.scorer,
        number(row.baseline_mean),
        number(row.mean),
        number(row.difference, sign=True),
        interval(row.ci_low, row.ci_high, sign=True),
        p_value(row.p_corrected),
        f"{row.wins}/{row.ties}/{row.losses}",
        row.verdict,
    ]


def _regressions(verdict: Verdict) -> Iterator[str]:
    """Items that got worse, folded away."""
    comparison = verdict.comparison
    assert comparison is not None
    changes = item_changes(comparison.baseline.records, comparison.candidate.records, directions=comparison.directions)
    worse = [change for change in changes if change.change == "loss"]
    if not worse:
        return
    before, after = comparison.baseline.first_records(), comparison.candidate.first_records()
    yield from (
        "",
        f"<details><summary>{counted(len({change.item_id for change in worse}), 'item')} got worse</summary>",
        "",
    )
    yield from _table(
        ("scorer", "item", "before", "after", "output before", "output after"),
        [
            [
                change.scorer,
                change.item_id,
                _value(change.baseline),
                _value(change.candidate),
                shortened(_value(before[change.item_id]["output"]), LONGEST_TEXT),
                shortened(_value(after[change.item_id]["output"]), LONGEST_TEXT),
            ]
            for change in worse[:MOST_REGRESSIONS]
        ],
        numbers=(2, 3),
    )
    if len(worse) > MOST_REGRESSIONS:
        yield from ("", f"… and {len(worse) - MOST_REGRESSIONS} more.")
    yield from ("", "</details>")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"| {' | '.join('---:' if column in numbers else '---' for column in range(len(headings)))} |"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _value(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    """On one line, and nothing in it that is Markdown or HTML: answers of models may hold anything."""
    line = " ".join(str(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]|~#!@])", r"\\\1", line)
