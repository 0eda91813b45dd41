"""What scorers of a whole run keep as pictures → what the experiment's page draws. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.evaluation.artifacts import Artifact, Plot, artifacts_of, plot, shade

WIDTH, HEIGHT = 300, 220  # of a curve's box
MOST_TABLE_ROWS = 25  # of a curve told as a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    count: float
    shade: int  # 0 to 9
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Counts with a row for each expected label and a column for each answered one."""

    name: str
    labels: list[str]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    name: str
    title: str
    x_label: str
    y_label: str
    area: float | None
    plot: Plot
    table: list[tuple[float, float]]  # points of it, evenly chosen, both ends among them


def pictures(experiment: Mapping[str, Any]) -> tuple[list[Matrix], list[Curve]]:
    """The matrices and curves of an experiment's summary, in its order."""
    found = artifacts_of(experiment.get("summary") or []).values()
    return (
        [_matrix(one) for one in found if one.kind == "confusion_matrix"],
        [_curve(one) for one in found if one.kind == "curve"],
    )


def _matrix(artifact: Artifact) -> Matrix:
    labels = [str(label) for label in artifact.data["labels"]]
    rows = [
        (label, [Cell(count=n, shade=shade(n, row), is_right=place == number) for number, n in enumerate(row)])
        for place, (label, row) in enumerate(zip(labels, artifact.data["counts"], strict=True))
    ]
    return Matrix(name=artifact.name, labels=labels, rows=rows)


def _curve(artifact: Artifact) -> Curve:
    data = artifact.data
    points = list(zip(data["x"], data["y"], strict=True))
    last = len(points) - 1
    shown = min(len(points), MOST_TABLE_ROWS)
    chosen = [points[round(last * number / max(shown - 1, 1))] for number in range(shown)]
    area = data.get("area")
    return Curve(
        name=artifact.name,
        title=data["title"],
        x_label=data["x_label"],
        y_label=data["y_label"],
        area=area if isinstance(area, int | float) else None,
        plot=plot(data, WIDTH, HEIGHT),
        table=chosen,
    )
