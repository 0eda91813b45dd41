"""Traces as test data: structured inputs, the trace linked, what people said as expected, nothing that was redacted."""

from __future__ import annotations

from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.errors import DatasetError
from assay.evaluation.data.dataset import read_dataset
from assay.settings import current_settings
from assay.tracing import runtime


@assay.trace
def answer(question: str, style: str = "short") -> dict[str, str]:
    if question == "fails":
        raise ValueError(question)
    return {"text": question.upper()}


@assay.trace
def as_text(question: str) -> str:
    return '{"looks": "like JSON"}'


@pytest.fixture
def traced(project: str) -> Any:
    """Five traces: two with the same question, one that failed, one whose output is text that looks like JSON."""
    for question in ("a", "b", "a"):
        answer(question)
    with pytest.raises(ValueError, match="fails"):
        answer("fails")
    as_text("c")
    return assay.search_traces(order_by="start_time asc")


def test_a_table_of_traces_is_test_data_with_their_answers(traced: Any) -> None:
    dataset = read_dataset(traced)
    assert [item.input for item in dataset] == [{"question": q} for q in ("a", "b", "a", "fails", "c")]
    assert [item.output for item in dataset if item.has_output] == [
        *({"text": q} for q in "ABA"),
        '{"looks": "like JSON"}',
    ]
    assert [item.trace_id for item in dataset] == list(traced["trace_id"]) == [item.id for item in dataset]
    assert dataset.items[0].metadata["name"].endswith("answer")


def test_traces_read_one_by_one_are_the_same_items(traced: Any) -> None:
    listed = read_dataset(traced)
    alone = read_dataset([assay.get_trace(trace_id) for trace_id in traced["trace_id"]])
    assert [(i.input, i.output, i.trace_id) for i in alone] == [(i.input, i.output, i.trace_id) for i in listed]
    assert read_dataset(assay.get_trace(traced["trace_id"][0])).items[0].input == {"question": "a"}


def test_outputs_are_scored_on_the_traces_they_came_from(traced: Any) -> None:
    good = traced[traced["status"] != "error"]
    result = assay.evaluate(good, scorers=[lambda output, trace: len(trace.spans)], progress=False)
    assert [record["trace_id"] for record in result.records] == list(good["trace_id"])
    assert [record["scores"][0]["value"] for record in result.records] == [1, 1, 1, 1]


def test_the_traces_of_an_evaluation_can_be_answered_anew(traced: Any) -> None:
    result = assay.evaluate(
        traced, lambda question: question, scorers=[lambda output, item: item.trace_id is not None], progress=False
    )
    assert [record["status"] for record in result.records] == ["ok"] * 5


def test_equal_questions_are_one_item_unless_asked_for(traced: Any) -> None:
    dataset = assay.dataset_from_traces("status != 'error'")
    assert sorted(item.input["question"] for item in dataset) == ["a", "b", "c"]
    assert dataset.notes == ("1 traces repeat the input of another and were left out",)
    assert len(assay.dataset_from_traces(duplicates=True)) == 5


def test_what_people_said_becomes_the_expected_value(traced: Any) -> None:
    ids = list(traced["trace_id"])
    assay.score("correction", "first", trace_id=ids[1], source="human", author="x")
    assay.flush()
    assay.score("correction", "second", trace_id=ids[1], source="human", author="x")
    assay.score("correction", "not a person", trace_id=ids[0], source="llm")
    dataset = assay.dataset_from_traces(expected="scores.correction", name="corrected", message="reviewed")
    assert [(item.id, item.expected, item.trace_id) for item in dataset] == [(ids[1], "second", ids[1])]
    assert dataset.uri == "corrected@1"
    assert dataset.notes == ("4 traces have no expected value (scores.correction) and were left out",)
    assert assay.load_dataset("corrected").items == dataset.items


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("output", {"a": {"text": "A"}, "b": {"text": "B"}, "c": '{"looks": "like JSON"}'}),
        (lambda row: row["name"] if row["status"] == "error" else None, {"fails": "answer"}),
    ],
)
def test_the_expected_value_can_be_the_answer_or_a_functions(traced: Any, expected: Any, found: Any) -> None:
    dataset = assay.dataset_from_traces(expected=expected)
    values = {item.input["question"]: item.expected for item in dataset}
    assert {key: str(value).rpartition(".")[2] if key == "fails" else value for key, value in values.items()} == found


def test_traces_of_evaluations_are_left_out_unless_asked_for(traced: Any) -> None:
    result = assay.evaluate([{"input": {"question": "z"}}], answer, scorers=[lambda output: True], progress=False)
    assert "z" not in {item.input["question"] for item in assay.dataset_from_traces()}
    [item] = assay.dataset_from_traces(f"experiment_id = '{result.id}'")
    assert item.input == {"question": "z"}


def test_what_this_process_redacts_does_not_reach_a_data_set(traced: Any) -> None:
    settings = current_settings()
    as_text("mail jane@example.org")
    assay.flush()
    runtime.reset()
    assay.init(endpoint=settings.endpoint, project=settings.project, redact=["email"])
    texts = [str(item.input) for item in assay.dataset_from_traces(name="redacted")]
    assert any("mail" in text for text in texts)
    assert not any("jane" in text for text in texts)
    assert "jane" not in str(current_client().get("/datasets/redacted/items")["items"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filter": "name = 'nowhere'"}, "No item can be made of 0 traces: no trace matches"),
        ({"expected": "scores.nothing"}, "5 traces have no expected value"),
        ({"expected": "correction"}, "says not where the expected value comes from"),
    ],
)
def test_traces_that_make_no_data_say_why(traced: Any, arguments: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        assay.dataset_from_traces(**arguments)
