"""One figure in one line: nothing it must not be read without is missing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from assay.evaluation.figure_line import figure_line, judge_name
from assay.evaluation.summary import summarise_rows
from support.evaluation_rows import FAILED, row


def test_everything_that_belongs_to_a_figure_is_in_its_line() -> None:
    rows = [row(f"i{i}", r, x=(i + r) % 3 > 0, cluster=f"d{i // 4}") for i in range(32) for r in range(3)]
    rows[0] = row("i0", 0, status="task_error", cluster="d0")
    rows[4] = row("i1", 1, x=FAILED, cluster="d0")
    rows[8]["scores"][0]["status"] = "invalid"
    (found,) = summarise_rows(rows)
    line = figure_line(replace(found, kind="judge"), judge="m@judges/x v4", aligned="human agreement 0.910")
    assert re.fullmatch(
        r"judge: x 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] 95 % Wilson, clustered \(8 clusters\), "
        r"n=32 items, 93 of 96 rows \(1 task error, 1 judge error, 1 invalid score; bounds 0\.\d{3}-0\.\d{3}\), "
        r"K=\d\.?\d* repeats, within-row sd 0\.\d{3}, judge m@judges/x v4 \(human agreement 0\.910\)",
        line,
    )


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([row("a", x="dry"), row("b", x="dry"), row("c", x="warm")], "x dry 2, warm 1, n=3 of 3 rows"),
        (
            [row("a", x=FAILED)],
            "x unknown (nothing was scored), n=0 of 1 rows (1 scorer error)",
        ),
        (
            [row("a", x=0.5), row("b", x=None)],
            "x 0.500 without interval (one item has no spread), n=1 of 2 rows (1 not applicable)",
        ),
    ],
    ids=["labels", "nothing", "one-item"],
)
def test_what_is_not_known_is_said(rows: list[dict[str, object]], line: str) -> None:
    assert figure_line(summarise_rows(rows)[0]) == line


def test_a_judge_is_named_by_its_model_and_prompt() -> None:
    scorer = {"source": "llm", "parameters": {"model": "m"}, "prepared": {"prompt": "judges/x", "version": 3}}
    assert judge_name(scorer) == "m@judges/x v3"
    assert judge_name({"source": "llm", "parameters": {"model": "m"}}) == "m"
    assert judge_name({"source": "code"}) is None
