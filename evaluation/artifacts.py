"""Pictures of a run that its scorers made: a confusion matrix, a curve. As data, as a table, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("confusion_matrix", "curve")
TICKS = 5
CELL = 48  # pixels of a matrix's cell
LABEL = 140  # pixels for the labels of its rows
LONGEST_LABEL = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One picture. `data` is what its scorer kept: "labels" and "counts" of a confusion matrix, "title", "x_label",
    "y_label", "x", "y" and "area" of a curve.
    """

    name: str  # of the score it belongs to
    kind: str  # one of KINDS
    data: Mapping[str, Any]

    def to_dataframe(self) -> pd.DataFrame:
        """Counts with a row for each expected label and a column for each answered one; of a curve, x and y."""
        import pandas as pd

        if self.kind == "confusion_matrix":
            labels = list(self.data["labels"])
            index = pd.Index(labels, name="expected")
            return pd.DataFrame(self.data["counts"], index=index, columns=pd.Index(labels, name="answered"))
        return pd.DataFrame({self.data["x_label"]: self.data["x"], self.data["y_label"]: self.data["y"]})

    def svg(self) -> str:
        """A file of its own, for reports and notebooks."""
        return _matrix_svg(self.data) if self.kind == "confusion_matrix" else _curve_svg(self.data)

    def _repr_svg_(self) -> str:
        return self.svg()


def artifacts_of(summary: Sequence[Mapping[str, Any]]) -> dict[str, Artifact]:
    """The artifacts of an experiment's summary rows, by score name; those of a kind that is not known here are left
    out.
    """
    found = {str(row["scorer"]): row.get("artifact") for row in summary}
    return {
        name: Artifact(name=name, kind=kept["kind"], data=kept)
        for name, kept in found.items()
        if isinstance(kept, Mapping) and is_drawable(kept)
    }


def is_drawable(artifact: Mapping[str, Any]) -> bool:
    """Whether it is of a known kind and whole: what is stored may come from anywhere."""
    if artifact.get("kind") == "confusion_matrix":
        labels, counts = artifact.get("labels"), artifact.get("counts")
        return (
            isinstance(labels, list)
            and isinstance(counts, list)
            and len(labels) == len(counts) > 0
            and all(isinstance(row, list) and len(row) == len(labels) and all(map(_is_number, row)) for row in counts)
        )
    if artifact.get("kind") == "curve":
        x, y = artifact.get("x"), artifact.get("y")
        return (
            isinstance(x, list)
            and isinstance(y, list)
            and len(x) == len(y) > 0
            and all(map(_is_number, [*x, *y]))
            and all(isinstance(artifact.get(name), str) for name in ("title", "x_label", "y_label"))
        )
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A curve in a box whose corner (0, 0) is at the top left."""

    line: str  # "x,y x,y ..."
    points: list[tuple[float, float]]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    diagonal: tuple[float, float, float, float] | None  # where both are equal, where the curve is to be held against it


def plot(curve: Mapping[str, Any], width: float, height: float) -> Plot:
    """Where the points of a curve lie in a box of that size. Shares are drawn from 0 to 1."""
    (x_low, x_high), (y_low, y_high) = _span(curve["x"]), _span(curve["y"])

    def across(value: float) -> float:
        return round(width * (value - x_low) / (x_high - x_low), 1)

    def down(value: float) -> float:
        return round(height * (1 - (value - y_low) / (y_high - y_low)), 1)

    points = [(across(x), down(y)) for x, y in zip(curve["x"], curve["y"], strict=True)]
    low, high = max(x_low, y_low), min(x_high, y_high)
    held_against = bool(curve.get("diagonal")) and low < high
    return Plot(
        line=" ".join(f"{x:g},{y:g}" for x, y in points),
        points=points,
        x_ticks=[(across(tick), f"{tick:g}") for tick in _ticks(x_low, x_high)],
        y_ticks=[(down(tick), f"{tick:g}") for tick in _ticks(y_low, y_high)],
        diagonal=(across(low), down(low), across(high), down(high)) if held_against else None,
    )


def shade(count: float, row: Sequence[float]) -> int:
    """How dark a cell is, 0 to 9, by its share of its row: classes of any size look alike."""
    total = sum(row)
    return 0 if not total or not count else min(9, 1 + int(8 * count / total))


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float) -> list[float]:
    return [round(low + (high - low) * number / TICKS, 6) for number in range(TICKS + 1)]


def _curve_svg(curve: Mapping[str, Any]) -> str:
    width, height, left, top = 320, 240, 60, 36
    drawn = plot(curve, width, height)
    area = f" (area {curve['area']:.3f})" if _is_number(curve.get("area")) else ""
    parts = [
        _text(left, 20, f"{curve['title']}{area}", "start", bold=True),
        *(f'<path d="M{left + x:g} {top}V{top + height}" stroke="#e5e8ed"/>' for x, _ in drawn.x_ticks),
        *(f'<path d="M{left} {top + y:g}H{left + width}" stroke="#e5e8ed"/>' for y, _ in drawn.y_ticks),
        *(_text(left + x, top + height + 16, label, "middle") for x, label in drawn.x_ticks),
        *(_text(left - 6, top + y + 4, label, "end") for y, label in drawn.y_ticks),
        _text(left + width / 2, top + height + 36, curve["x_label"], "middle"),
        f'<g transform="translate(16 {top + height / 2:g}) rotate(-90)">{_text(0, 0, curve["y_label"], "middle")}</g>',
    ]
    if drawn.diagonal:
        x1, y1, x2, y2 = drawn.diagonal
        parts.append(
            f'<path d="M{left + x1:g} {top + y1:g}L{left + x2:g} {top + y2:g}" stroke="#566070"'
            ' stroke-dasharray="4 4"/>'
        )
    line = f'<polyline points="{drawn.line}" fill="none" stroke="#3b4bcb" stroke-width="2"/>'
    parts.append(f'<g transform="translate({left} {top})">{line}</g>')
    return _document(left + width + 20, top + height + 48, curve["title"], parts)


def _matrix_svg(matrix: Mapping[str, Any]) -> str:
    labels, counts = [_short(label) for label in matrix["labels"]], matrix["counts"]
    size, top = len(labels), 60
    parts = [_text(LABEL, 20, "answered (columns), expected (rows)", "start", bold=True)]
    for column, label in enumerate(labels):
        parts.append(_text(LABEL + CELL * (column + 0.5), top - 10, _short(label, CELL // 7), "middle"))
    for number, (label, row) in enumerate(zip(labels, counts, strict=True)):
        y = top + CELL * number
        parts.append(_text(LABEL - 8, y + CELL / 2 + 4, label, "end"))
        for column, count in enumerate(row):
            x, dark = LABEL + CELL * column, shade(count, row)
            opacity = f"{dark / 9:.2f}"
            parts.append(
                f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="#3b4bcb" fill-opacity="{opacity}"'
                ' stroke="#cdd3dc"/>'
            )
            colour = "#ffffff" if dark > 5 else "#14181f"
            parts.append(_text(x + CELL / 2, y + CELL / 2 + 4, f"{count:g}", "middle", colour=colour))
    return _document(LABEL + CELL * size + 12, top + CELL * size + 12, "Confusion matrix", parts)


def _text(x: float, y: float, text: Any, anchor: str, *, bold: bool = False, colour: str = "#14181f") -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(str(text))}</text>'


def _short(label: Any, length: int = LONGEST_LABEL) -> str:
    text = str(label)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _document(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" role="img"'
    style = 'font-family="sans-serif" font-size="12"'
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    body = "".join(parts)
    return f"{opening} {style}><title>{escape(str(title))}</title>{ground}{body}</svg>"
