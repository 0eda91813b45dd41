"""What the pages of experiments make of rows: spreads, groups, what was spent, gates, promotions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from assay.collector.pages.experiments import compare_view, eval_view
from assay.collector.pages.experiments.slices import labels_of, slices
from assay.collector.pages.experiments.spread import spread
from assay.errors import ConfigurationError
from support.page_data import FakeSource
from support.page_times import BASE_ID, OTHER_ID, PROJECT
from support.pages_app import pages_app

COMPARE = f"/p/{PROJECT}/evals/compare"


def row(item: str, value: Any, *, status: str = "ok", **fields: Any) -> dict[str, Any]:
    scores = [] if value is None else [{"name": "s", "value": value, "status": "scored"}]
    return {"item_id": item, "repeat": 0, "status": status, "scores": scores, "output": "x", **fields}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(pages_app(FakeSource())) as client:
        yield client


# Spread -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(allow_nan=False) | st.booleans() | st.integers(-3, 3), max_size=40))
def test_every_finite_value_is_in_one_bar(values: list[Any]) -> None:
    bars = spread([row(str(number), value) for number, value in enumerate(values)], "s")
    assert sum(bar.count for bar in bars) == sum(math.isfinite(value) for value in values)
    assert all(0 <= bar.height <= 100 and bar.x >= 0 and bar.x + bar.width <= 100.1 for bar in bars)


def test_a_spread_names_what_its_bars_are_of() -> None:
    assert [(bar.label, bar.count) for bar in spread([row("a", True), row("b", False), row("c", True)], "s")] == [
        ("false", 1),
        ("true", 2),
    ]
    assert [bar.label for bar in spread([row("a", "yes"), row("b", "no"), row("c", "yes")], "s")] == ["yes", "no"]
    assert len(spread([row(str(number), number / 100) for number in range(100)], "s")) == 12
    assert spread([row("a", None)], "s") == []


# Groups -----------------------------------------------------------------------------------------------------------


def test_the_worst_group_comes_first_and_a_failure_is_no_zero() -> None:
    rows = [row("a", 0.2), row("b", 0.9), row("c", 0.8), row("d", None, status="task_error")]
    metadata = {"a": {"topic": "x"}, "b": {"topic": "y"}, "c": {"topic": "y"}, "d": {"topic": "y"}}
    labels = labels_of(rows, metadata)
    assert list(labels) == ["topic"]
    worst, best = slices(rows, labels["topic"], "s")
    assert (worst.name, worst.row["mean"], best.row["n"], best.row["failed"]) == ("x", 0.2, 2, 1)
    assert best.row["mean"] == pytest.approx(0.85)
    assert [one.name for one in slices(rows, labels["topic"], "s", "lower")] == ["y", "x"]


def test_a_field_that_makes_no_groups_is_not_offered() -> None:
    rows = [row(str(number), 1.0, cluster="one") for number in range(30)]
    metadata = {str(number): {"id": number, "same": 1, "list": [1], "half": number % 2} for number in range(30)}
    assert list(labels_of(rows, metadata)) == ["half"]


# Comparison -------------------------------------------------------------------------------------------------------


def test_what_was_spent_is_compared_on_rows_that_both_answered() -> None:
    base = [row(str(n), 1.0, duration_ms=100.0 + n, cost_usd=None) for n in range(20)]
    other = [row(str(n), 1.0, duration_ms=50.0 + n, cost_usd=0.1, status="ok" if n else "timeout") for n in range(20)]
    [line] = compare_view.spent(base, other)
    assert (line.row.scorer, line.row.outcome, line.row.n_paired) == ("duration_ms", "improved", 19)
    assert line.row.difference == pytest.approx(-50)


def test_a_gate_is_decided_or_refused_with_the_reason(client: TestClient) -> None:
    query = {"base": BASE_ID, "with": OTHER_ID}
    passed = client.get(COMPARE, params={**query, "gate": "exact_match >= baseline - 0.02"}).text
    assert "Passed" in passed
    assert "Failed" in client.get(COMPARE, params={**query, "gate": "exact_match >= 0.99"}).text
    refused = client.get(COMPARE, params={**query, "gate": "tone >= 1"})
    assert (refused.status_code, "tone" in refused.text) == (400, True)
    with pytest.raises(ConfigurationError):
        compare_view.gate_of("x", [], [], {})


def test_only_prompts_that_are_new_to_the_base_can_be_promoted() -> None:
    def used(*prompts: tuple[str, int]) -> dict[str, Any]:
        return {"config": {"used": {"prompts": [{"name": name, "version": version} for name, version in prompts]}}}

    new = compare_view.promotable(used(("qa", 1), ("x", 1)), used(("qa", 2), ("x", 1), ("judges/correctness", 3)))
    assert new == [{"name": "qa", "version": 2}]
    assert compare_view.promotable({"config": None}, {"config": {"used": {"prompts": "odd"}}}) == []


def test_several_runs_stand_beside_each_other_and_come_as_data(client: TestClient) -> None:
    data = client.get(f"{COMPARE}.json", params={"base": BASE_ID, "with": OTHER_ID}).json()["items"]
    assert [one["experiment"] for one in data] == [OTHER_ID]
    assert {line["scorer"] for line in data[0]["scorers"]} == {"exact_match", "correctness"}
    assert "exact_match" in client.get(f"{COMPARE}.csv", params={"base": BASE_ID, "with": OTHER_ID}).text
    for others in ("", BASE_ID, ",".join("abcd")):
        assert client.get(COMPARE, params={"base": BASE_ID, "with": others}).status_code == 400


def test_rows_are_found_by_text_and_sorted_by_a_score(client: TestClient) -> None:
    rows = [row("a", 0.9, input="Refund?"), row("b", 0.1, input="Hello"), row("c", None, input="refund")]
    assert [one["item_id"] for one in eval_view.chosen_rows(rows, "REFUND", "", {})] == ["a", "c"]
    assert [one["item_id"] for one in eval_view.chosen_rows(rows, "", "s", {})] == ["b", "a", "c"]
    assert [one["item_id"] for one in eval_view.chosen_rows(rows, "", "s", {"s": "lower"})] == ["a", "b", "c"]
    answer = client.get(f"/p/{PROJECT}/evals/{BASE_ID}", params={"q": "q07", "sort": "correctness", "by": "topic"})
    assert answer.status_code == 200
    assert "By group" in answer.text
    assert client.get(f"/p/{PROJECT}/evals/{BASE_ID}.csv").text.startswith("item_id,repeat,status")
    assert len(client.get(f"/p/{PROJECT}/evals/{BASE_ID}.json").json()["rows"]) == 40


# Order ------------------------------------------------------------------------------------------------------------


def test_what_got_worse_most_comes_first() -> None:
    before = {"same": 0.5, "better": 0.2, "worse": 0.6, "worst": 0.9, "failed": 0.5}
    after = {"same": 0.5, "better": 0.9, "worse": 0.5, "worst": 0.1}
    old = [row(item, value) for item, value in before.items()]
    new = [*(row(item, value) for item, value in after.items()), row("failed", None, status="task_error")]
    found = compare_view.pairs({}, old, {}, new)
    assert [pair.item_id for pair in compare_view.select(found, "")] == ["worst", "worse", "failed", "better", "same"]
    assert [pair.item_id for pair in compare_view.select(found, "worse")] == ["worst", "worse"]
    assert [pair.item_id for pair in compare_view.select(found, "better")] == ["better"]
