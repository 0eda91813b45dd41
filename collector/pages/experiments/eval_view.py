"""Experiments and their rows → what the evaluation pages show. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.charts.means import Shape, axis_of_means, mean_shape
from assay.collector.pages.formats import nanoseconds, plain
from assay.evaluation.alignment.shown import Shown, judge_scores, shown_alignments
from assay.evaluation.summary import summarise_rows

Row = Mapping[str, Any]
SEARCHED = ("item_id", "input", "output", "expected", "error")
LATENCY = "duration_ms"  # what rows are sorted by, besides scores


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    row: Row
    shape: Shape


def summary_lines(experiment: Row, rows: Iterable[Row]) -> list[SummaryLine]:
    """One line per scorer of rows: what the experiment stored, or, while it runs, what its rows say so far."""
    stored = [row for row in experiment.get("summary") or () if row.get("level") != "run"]
    summary = stored or [row.to_dict() for row in summarise_rows(rows, directions=directions(experiment))]
    axis = axis_of_means(summary)
    return [SummaryLine(row=row, shape=mean_shape(row, axis)) for row in summary]


def run_lines(experiment: Row) -> list[SummaryLine]:
    """One line per figure of the whole run, each on an axis of its own: a log loss and a kappa share no scale."""
    found = [row for row in experiment.get("summary") or () if row.get("level") == "run"]
    return [SummaryLine(row=row, shape=mean_shape(row, axis_of_means([row]))) for row in found]


def aligned(
    experiment: Row, rows: Sequence[Row], alignments: Callable[[str, str | None], Sequence[Row]]
) -> dict[str, Shown]:
    """What is known of how well each judge agrees with people, by the name of its score."""
    asked = judge_scores(experiment, rows)
    found = [one for name, judge in asked for one in alignments(name, judge.get("version"))]
    return shown_alignments(experiment, rows, found)


def bases(experiments: Sequence[Row]) -> list[tuple[str | None, str]]:
    """What to compare each of these experiments (newest first) with, and how to say it: its baseline, else the run
    before it over the same data.
    """
    found: list[tuple[str | None, str]] = []
    for index, one in enumerate(experiments):
        data = (one.get("dataset") or {}).get("name")
        before = (older["id"] for older in experiments[index + 1 :] if data and older["dataset"].get("name") == data)
        if one.get("baseline_id"):
            found.append((one["baseline_id"], "Compare with baseline"))
        else:
            found.append((next(before, None), "Compare with previous"))
    return found


def directions(experiment: Row) -> dict[str, Any]:
    """Which way is better, by scorer, as the experiment declared it."""
    declared = [*(experiment.get("scorers") or []), *(experiment.get("summary") or [])]
    found = {row.get("name") or row.get("scorer"): row.get("direction") for row in declared if isinstance(row, Mapping)}
    return {name: direction for name, direction in found.items() if name and direction in ("higher", "lower")}


def scorer_names(rows: Iterable[Row]) -> list[str]:
    """Scorers in the order in which the rows mention them."""
    return list(dict.fromkeys(score["name"] for row in rows for score in row.get("scores") or []))


def failed(row: Row) -> bool:
    """Whether the task gave no output, or a scorer could not judge it."""
    return row["status"] != "ok" or any(
        score["status"] in ("scorer_error", "invalid") for score in row.get("scores") or []
    )


def scores_by_name(row: Row) -> dict[str, Row]:
    return {score["name"]: score for score in row.get("scores") or []}


def values_of(row: Row, scorers: Iterable[str]) -> list[Any]:
    """The value under each scorer; None where there is none."""
    scores = scores_by_name(row)
    return [
        scores[name]["value"] if name in scores and scores[name]["status"] == "scored" else None for name in scorers
    ]


def in_data_order(rows: Iterable[Row], items: Iterable[str]) -> list[Row]:
    """Rows in the order of the data set's items, those of none last; there, and among repeats, as they were begun."""
    places = {item: number for number, item in enumerate(items)}

    def place(row: Row) -> tuple[int, str, int]:
        return places.get(row["item_id"], len(places)), row.get("started_at") or "", row.get("repeat") or 0

    return sorted(rows, key=place)


def chosen_rows(rows: Iterable[Row], text: str, sort: str, ways: Mapping[str, str]) -> list[Row]:
    """Rows that hold `text` in item, input, output, expected or error; by LATENCY, the slowest first, or by a score,
    the worst first; those without such a figure last.
    """
    wanted = text.lower()
    found = [row for row in rows if not wanted or wanted in _text(row)]
    if not sort:
        return found
    sign = -1 if sort == LATENCY or ways.get(sort) == "lower" else 1

    def place(row: Row) -> tuple[bool, float]:
        [value] = [row.get(LATENCY)] if sort == LATENCY else values_of(row, [sort])
        return (False, sign * value) if isinstance(value, int | float) else (True, 0.0)

    return sorted(found, key=place)


def _text(row: Row) -> str:
    return "\n".join(plain(row[name]) for name in SEARCHED if row.get(name) is not None).lower()


def running_ms(experiment: Row) -> float | None:
    """From creation to end; None while it runs."""
    if not experiment.get("finished_at"):
        return None
    return (nanoseconds(experiment["finished_at"]) - nanoseconds(experiment["created_at"])) / 1e6


def total(rows: Iterable[Row], field: str) -> float | None:
    """Sum of what is known of `field`; None when nothing is."""
    known = [row[field] for row in rows if row.get(field) is not None]
    return sum(known) if known else None
