"""Figures and pictures of a whole run on the experiment's page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assay.collector.pages.experiments import eval_view
from assay.collector.pages.experiments.artifact_view import pictures
from assay.evaluation.artifacts import is_drawable
from support.page_data import FakeSource
from support.page_times import OTHER_ID, PROJECT
from support.pages_app import pages_app
from support.run_figures import CURVE, MATRIX, figure, run_figures


@pytest.fixture(scope="module")
def html() -> str:
    with TestClient(pages_app(FakeSource()), headers={"accept": "text/html"}) as client:
        return client.get(f"/p/{PROJECT}/evals/{OTHER_ID}").text


def test_figures_of_the_run_stand_apart_from_the_scores_of_rows() -> None:
    experiment = {
        "scorers": [],
        "summary": [*run_figures(), {"scorer": "s", "mean": 0.5, "ci_low": None, "ci_high": None}],
    }
    assert [line.row["scorer"] for line in eval_view.summary_lines(experiment, [])] == ["s"]
    lines = {line.row["scorer"]: line for line in eval_view.run_lines(experiment)}
    assert list(lines) == [row["scorer"] for row in run_figures()]
    assert lines["accuracy"].shape.mean == pytest.approx(84, abs=2)  # of 0 to 1, whatever the log loss is
    assert lines["matthews_correlation"].shape.mean is None


def test_the_page_tells_values_reasons_and_failures_of_the_run(html: str) -> None:
    table = html.split('id="whole-run"')[1].split("</table>")[0]
    assert "always answering &#39;refund&#39; would score 0.81" in table
    assert "0/0: every answer is &#39;refund&#39;" in table
    assert re.search(r'<span class="errors">failed</span>\s*the outputs hold scores', table)
    scores_of_rows = html.split('id="scores"')[1].split("</table>")[0]
    assert "accuracy" not in scores_of_rows


def test_a_confusion_matrix_is_a_table_with_headers_and_shades(html: str) -> None:
    table = html.split('<table class="matrix">')[1].split("</table>")[0]
    assert table.count('scope="col"') == table.count('scope="row"') == 3
    assert '<td class="n shade-8 right">12</td>' in table
    assert '<td class="n shade-0">0</td>' in table
    assert "style=" not in table


def test_a_curve_is_drawn_and_told_as_a_table(html: str) -> None:
    svg = html.split('<svg class="curve"')[1].split("</svg>")[0]
    assert 'points="0,220 0,110 30,44 120,11 300,0"' in svg
    assert "true positive rate over false positive rate, 0.885" in svg
    assert svg.count('class="diagonal"') == 1
    assert svg.count("<circle") == 5


def test_long_curves_have_a_short_table_with_both_ends() -> None:
    long = {**CURVE, "x": [n / 199 for n in range(200)], "y": [n / 199 for n in range(200)]}
    [curve] = pictures({"summary": [figure("roc_auc", 0.9, None, artifact=long)]})[1]
    assert (len(curve.table), curve.table[0], curve.table[-1]) == (25, (0, 0), (1, 1))
    assert len(curve.plot.points) == 200


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"kind": "bars"},
        {**MATRIX, "counts": [[1]]},
        {**MATRIX, "counts": [[1, 2, "x"]] * 3},
        {**MATRIX, "labels": []},
        {**CURVE, "x": [0, 1]},
        {**CURVE, "y": [0, 1, 2, 3, float("nan")]},
        {**CURVE, "title": None},
        {**CURVE, "x": [], "y": []},
    ],
)
def test_what_cannot_be_drawn_is_left_out(broken: dict[str, Any]) -> None:
    assert not is_drawable(broken)
    assert pictures({"summary": [figure("s", 0.5, None, artifact=broken)]}) == ([], [])
