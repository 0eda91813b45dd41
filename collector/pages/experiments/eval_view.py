"""Experiments and their rows → what the evaluation pages show. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.collector.pages.charts.means import Shape, axis_of_means, difference_shape, mean_shape
from assay.collector.pages.formats import nanoseconds, plain
from assay.evaluation.alignment.shown import Shown, judge_scores, shown_alignments
from assay.evaluation.comparison import ComparisonRow, ItemChange, compare_rows, item_changes
from assay.evaluation.summary import summarise_rows

Row = Mapping[str, Any]
Only = Literal["", "worse", "better", "changed", "error"]
ONLY: dict[Only, str] = {"": "All", "worse": "Worse", "better": "Better", "changed": "Other output", "error": "Errors"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    row: Row
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonLine:
    row: ComparisonRow
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One item in both experiments. A side without a row did not run it."""

    item_id: str
    base: Row | None
    other: Row | None
    changes: Mapping[str, ItemChange]  # by scorer
    base_output: str
    other_output: str
    is_error: bool

    @property
    def both_answered(self) -> bool:
        return all(side is not None and side["status"] == "ok" for side in (self.base, self.other))

    @property
    def output_changed(self) -> bool:
        return self.both_answered and self.base_output != self.other_output

    @property
    def is_same(self) -> bool:
        """Whether both gave the same output, so that it need be shown only once."""
        return self.both_answered and self.base_output == self.other_output

    def has(self, change: str, scorer: str) -> bool:
        """Whether the item won or lost: under `scorer`, or under any when none is named."""
        asked = [self.changes[scorer]] if scorer in self.changes else [] if scorer else self.changes.values()
        return any(one.change == change for one in asked)


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


def running_ms(experiment: Row) -> float | None:
    """From creation to end; None while it runs."""
    if not experiment.get("finished_at"):
        return None
    return (nanoseconds(experiment["finished_at"]) - nanoseconds(experiment["created_at"])) / 1e6


def total(rows: Iterable[Row], field: str) -> float | None:
    """Sum of what is known of `field`; None when nothing is."""
    known = [row[field] for row in rows if row.get(field) is not None]
    return sum(known) if known else None


def comparison_lines(
    base: Row, base_rows: Sequence[Row], other: Row, other_rows: Sequence[Row]
) -> list[ComparisonLine]:
    compared = compare_rows(base_rows, other_rows, directions={**directions(base), **directions(other)})
    return [ComparisonLine(row=row, shape=difference_shape(row.to_dict())) for row in compared]


def pairs(base: Row, base_rows: Sequence[Row], other: Row, other_rows: Sequence[Row]) -> list[Pair]:
    """Items of either experiment, in the order of the newer one; items that only the base has come last."""
    changes: dict[str, dict[str, ItemChange]] = defaultdict(dict)
    for change in item_changes(base_rows, other_rows, directions={**directions(base), **directions(other)}):
        changes[change.item_id][change.scorer] = change
    old, new = _by_item(base_rows), _by_item(other_rows)
    return [
        Pair(
            item_id=item,
            base=old[item][0] if item in old else None,
            other=new[item][0] if item in new else None,
            changes=changes.get(item, {}),
            base_output=_output(old.get(item)),
            other_output=_output(new.get(item)),
            is_error=any(failed(row) for row in old.get(item, []) + new.get(item, [])),
        )
        for item in dict.fromkeys([*new, *old])
    ]


def select(found: Iterable[Pair], only: str, scorer: str = "") -> list[Pair]:
    """The pairs behind one of the chips; worse and better ones with the largest change first."""
    match only:
        case "worse":
            return sorted((pair for pair in found if pair.has("loss", scorer)), key=lambda pair: -_size(pair, scorer))
        case "better":
            return sorted((pair for pair in found if pair.has("win", scorer)), key=lambda pair: -_size(pair, scorer))
        case "changed":
            return [pair for pair in found if pair.output_changed]
        case "error":
            return [pair for pair in found if pair.is_error]
        case _:
            return list(found)


def _size(pair: Pair, scorer: str) -> float:
    asked = [change for name, change in pair.changes.items() if not scorer or name == scorer]
    return max((_distance(change) for change in asked), default=0.0)


def _distance(change: ItemChange) -> float:
    if isinstance(change.baseline, int | float) and isinstance(change.candidate, int | float):
        return abs(change.candidate - change.baseline)
    return 0.0 if change.baseline == change.candidate else 1.0


def _by_item(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[str(row["item_id"])].append(row)
    return dict(grouped)


def _output(rows: list[Row] | None) -> str:
    """The output of the first repeat; of a row that failed, nothing."""
    return plain(rows[0].get("output")) if rows else ""
