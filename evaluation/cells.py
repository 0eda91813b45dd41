"""From rows as they are stored to what statistics want: for each scorer, one value per item, failures counted apart.

A row is the dict of the API: item_id, repeat, status, cluster and scores. A score that several keys came from is named
"scorer/key"; when such a scorer fails there is one failed score under its own name, and it counts for all its keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Row = Mapping[str, Any]
Outcome = Literal["scored", "task_error", "scorer_error", "invalid", "not_applicable"]
Dtype = Literal["bool", "number", "category"]

FAILED: tuple[Outcome, ...] = ("task_error", "scorer_error", "invalid")
SAID: tuple[Outcome, ...] = ("scored", "invalid", "not_applicable")  # what a score may say of itself; else it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one scorer said of one row. `value` is set when, and only when, the outcome is "scored"."""

    item_id: str
    repeat: int
    outcome: Outcome
    value: bool | int | float | str | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerCells:
    """All rows under one scorer's name, in the order of the rows; a repeat that was stored twice is there once."""

    name: str
    cells: Sequence[Cell]
    source: str | None = None  # code, llm, human or user, as the first score says
    dtype: Dtype = "number"
    item_values: Mapping[str, Sequence[float]] = field(
        default_factory=dict
    )  # scored repeats as numbers; empty for labels

    def item_means(self) -> dict[str, float]:
        """One number per item that was scored: the mean of its scored repeats."""
        return {item: sum(values) / len(values) for item, values in self.item_values.items()}

    def clusters(self) -> dict[str, str]:
        """The cluster of every item that has one."""
        return {cell.item_id: cell.cluster for cell in self.cells if cell.cluster is not None}

    def count(self, outcome: Outcome) -> int:
        return sum(cell.outcome == outcome for cell in self.cells)

    @property
    def binary(self) -> bool:
        """Every value is 0 or 1, whichever type it has."""
        return bool(self.item_values) and all(v in (0.0, 1.0) for values in self.item_values.values() for v in values)

    @property
    def scored_once(self) -> bool:
        """No item has more than one scored repeat."""
        return all(len(values) == 1 for values in self.item_values.values())


def scorer_cells(rows: Iterable[Row], names: Sequence[str] = ()) -> list[ScorerCells]:
    """Group rows by scorer, in order of first appearance; `names` come first and are there even if nothing was
    scored.
    """
    latest = {(str(row["item_id"]), int(row.get("repeat") or 0)): row for row in rows}
    scores = {key: _by_name(row) for key, row in latest.items()}
    found = dict.fromkeys([*names, *(name for by_name in scores.values() for name in by_name)])
    families = {name.partition("/")[0] for name in found if "/" in name}
    values = {name for by_name in scores.values() for name, score in by_name.items() if score["status"] == "scored"}
    kept = [name for name in found if name in values or name not in families]
    return [_column(name, latest, scores) for name in kept]


def _column(
    name: str, rows: Mapping[tuple[str, int], Row], scores: Mapping[tuple[str, int], Mapping[str, Row]]
) -> ScorerCells:
    cells = [_cell(name, key, row, scores[key]) for key, row in rows.items()]
    scored = [cell for cell in cells if cell.outcome == "scored"]
    dtype = _dtype([cell.value for cell in scored])
    item_values: dict[str, list[float]] = {}
    for cell in scored if dtype != "category" else ():
        assert cell.value is not None
        item_values.setdefault(cell.item_id, []).append(float(cell.value))
    source = next((by_name[name].get("source") for by_name in scores.values() if name in by_name), None)
    return ScorerCells(name=name, cells=cells, source=source, dtype=dtype, item_values=item_values)


def _cell(name: str, key: tuple[str, int], row: Row, scores: Mapping[str, Row]) -> Cell:
    score = scores.get(name) or scores.get(name.partition("/")[0])
    outcome: Outcome
    if score is None:
        # A finished row without this score: its scorer had nothing to say here (a dict that lacks the key).
        outcome = "not_applicable" if row["status"] == "ok" else "task_error"
    else:
        outcome = score["status"] if score["status"] in SAID else "scorer_error"
    value = score["value"] if score is not None and outcome == "scored" else None
    if outcome == "scored" and value is None:
        outcome = "scorer_error"
    cluster = row.get("cluster")
    return Cell(
        item_id=key[0],
        repeat=key[1],
        outcome=outcome,
        value=value,
        cluster=None if cluster is None else str(cluster),
    )


def _by_name(row: Row) -> dict[str, Row]:
    """The row's scores by name, each with a status: what stored none has one by having a value."""
    found: dict[str, Row] = {}
    for score in row.get("scores") or ():
        status = score.get("status") or ("scored" if score.get("value") is not None else "scorer_error")
        found[str(score["name"])] = score if score.get("status") == status else {**score, "status": status}
    return found


def _dtype(values: Sequence[Any]) -> Dtype:
    if any(isinstance(value, str) for value in values):
        return "category"
    return "bool" if values and all(isinstance(value, bool) for value in values) else "number"
