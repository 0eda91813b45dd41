"""Pictures of a run as data, tables and SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from assay.evaluation.artifacts import Artifact, artifacts_of, plot, shade
from support.run_figures import CURVE, MATRIX, run_figures

SVG = "{http://www.w3.org/2000/svg}"


def drawn(artifact: Artifact) -> ET.Element:
    return ET.fromstring(artifact.svg())


def test_artifacts_go_by_the_names_of_their_scores() -> None:
    found = artifacts_of(run_figures())
    assert {name: one.kind for name, one in found.items()} == {
        "confusion_matrix": "confusion_matrix",
        "roc_auc": "curve",
    }
    assert found["roc_auc"].data["area"] == 0.885


def test_a_matrix_is_a_table_of_expected_by_answered() -> None:
    table = artifacts_of(run_figures())["confusion_matrix"].to_dataframe()
    assert (table.index.name, table.columns.name) == ("expected", "answered")
    assert table.loc["shipping", "refund"] == 2


def test_a_matrix_is_drawn_with_its_counts_and_labels_whatever_they_hold() -> None:
    hostile = {**MATRIX, "labels": ["<script>", "a & b", '"']}
    svg = drawn(Artifact(name="m", kind="confusion_matrix", data=hostile))
    texts = [one.text for one in svg.iter(f"{SVG}text")]
    assert {"<script>", "a & b", '"', "12", "20"} <= set(texts)
    assert len(list(svg.iter(f"{SVG}rect"))) == 10  # nine cells and the ground


def test_a_curve_is_a_table_and_a_line() -> None:
    artifact = artifacts_of(run_figures())["roc_auc"]
    assert list(artifact.to_dataframe().columns) == ["false positive rate", "true positive rate"]
    [line] = drawn(artifact).iter(f"{SVG}polyline")
    assert line.get("points") == "0,240 0,120 32,48 128,12 320,0"
    assert artifact._repr_svg_() == artifact.svg()


@pytest.mark.parametrize(
    ("x", "y", "first", "last"),
    [
        ([0.2, 0.8], [0.1, 0.9], (20.0, 90.0), (80.0, 10.0)),  # shares: from 0 to 1
        ([10, 30], [5, 5], (0.0, 50.0), (100.0, 50.0)),  # anything else: what it spans
    ],
)
def test_where_points_lie(x: list[float], y: list[float], first: Any, last: Any) -> None:
    found = plot({**CURVE, "x": x, "y": y, "diagonal": False}, 100, 100)
    assert (found.points[0], found.points[-1], found.diagonal) == (first, last, None)


def test_a_cell_is_as_dark_as_its_share_of_its_row() -> None:
    assert [shade(count, [0, 1, 50, 49]) for count in (0, 1, 50, 49)] == [0, 1, 5, 4]
    assert shade(100, [100]) == 9
    assert shade(0, [0]) == 0
