"""docs/classic_models.md and docs/agents.md run as they stand; what they lead to is stored and shown."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sklearn.linear_model import LinearRegression

from assay.client import current_client
from assay.evaluation import EvaluationResult, evaluate, resume
from assay.scorers import R2, AbsoluteError
from support.snippets import snippets

CLASSIC = snippets("docs/classic_models.md")
AGENTS = snippets("docs/agents.md")


def test_a_classifier_is_evaluated_kept_and_shown(own_project: str, capsys: pytest.CaptureFixture[str]) -> None:
    result: EvaluationResult = CLASSIC[0].run_here()["result"]
    printed = capsys.readouterr().out
    assert printed.index("correct ") < printed.index("whole run") < printed.index("roc_auc")
    table = result.summary.set_index("scorer")
    assert table.loc["correct", "mean"] == table.loc["accuracy", "mean"] > 0.9
    assert list(result.rows["status"].unique()) == ["ok"]
    assert result.rows["output"][0]["classes"] == ["benign", "malignant"]
    assert all(result.rows["trace_id"])
    assert result.experiment["config"]["task"]["name"] == "sklearn.pipeline.Pipeline"

    kept = EvaluationResult.load(result.id)
    assert set(kept.artifacts) == {
        "confusion_matrix",
        "roc_auc",
        "average_precision_score",
        "expected_calibration_error",
    }
    assert kept.artifacts["confusion_matrix"].data == result.artifacts["confusion_matrix"].data

    page = httpx.get(f"{current_client().url}/p/{own_project}/evals/{result.id}", headers={"accept": "text/html"}).text
    assert page.count('<table class="matrix">') == 1
    assert page.count('<svg class="curve"') == 3


def test_a_regressor_with_a_broken_row(own_project: str) -> None:
    result: EvaluationResult = CLASSIC[1].run_here()["result"]
    assert result.status == "completed_with_errors"
    error = result.summary.set_index("scorer").loc["mean_absolute_error"]
    assert (error["n"], error["failed"]) == (2, 1)


def test_an_agent_is_read_from_its_trace(own_project: str) -> None:
    [snippet] = AGENTS
    result: EvaluationResult = snippet.run_here()["result"]
    row = result.rows.iloc[0]
    assert (row["tool_call_recall"], row["step_count"]) == (1, 3)
    assert row["latency_ms"] > 0


def test_a_run_of_a_model_is_resumed_with_the_model(own_project: str) -> None:
    model = LinearRegression().fit([[0], [1]], [0.0, 1.0])
    data = [{"id": str(n), "input": [n], "expected": n} for n in range(4)]
    given: dict[str, Any] = {"task": model, "scorers": [AbsoluteError(), R2()]}
    result = evaluate(data, name="line", progress=False, **given)
    resumed = resume(result.id, data=data, **given)
    assert (resumed.status, len(resumed.records)) == ("completed", 4)
    assert [row.mean for row in resumed.summary_rows] == [row.mean for row in result.summary_rows]
