"""Human review over HTTP: from what is to be reviewed to scores, agreement and data set items."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from assay.collector.api.review_queues import who
from support.review_collector import QUESTIONS, ReviewCollector

PREFERENCE = {"mode": "pair", "rubric": [{"name": "preferred", "type": "preference"}]}


def test_a_queue_of_a_filter_holds_the_traces_that_match_newest_first(shop: ReviewCollector) -> None:
    body = {"name": "counted", "rubric": [{"name": "a", "type": "bool"}], "items": {"filter": ""}}
    made = shop.api("POST", "/review-queues", body)
    assert (made["items"], made["waiting"], made["added"]["added"]) == (3, 3, 3)
    assert shop.api("POST", "/review-queues", body)["added"] == {
        "added": 0,
        "there_already": 3,
        "items": 3,
        "notes": [],
    }
    queue = shop.queue({"filter": "input ilike '%i%'", "limit": 2})
    found = shop.api("GET", f"/review-queues/{queue}/items")["items"]
    assert [item["ref"]["trace_id"] for item in found] == shop.trace_ids[:0:-1]
    again = shop.api("POST", f"/review-queues/{queue}/items", {"filter": "", "limit": 100})
    assert again == {"added": 1, "there_already": 2, "items": 3, "notes": []}


def test_a_reviewer_sees_the_question_the_answer_and_the_conversation(shop: ReviewCollector) -> None:
    queue = shop.queue({"refs": shop.trace_ids[:1]})
    taken = shop.api("POST", f"/review-queues/{queue}/next", {"reviewer": "ada"})["item"]
    content = taken["content"]
    assert (content["input"], content["output"]) == (QUESTIONS[0], f"About {QUESTIONS[0]}")
    assert [message["role"] for side in content["messages"].values() for message in side] == ["user", "assistant"]
    [held] = shop.api("GET", f"/review-queues/{queue}/items/1")["reserved"]
    assert held["reviewer"] == "ada"
    assert shop.api("POST", f"/review-queues/{queue}/next", {"reviewer": "bob"}) == {"item": None}


def test_a_label_is_a_score_of_a_person_and_taking_it_back_leaves_none(shop: ReviewCollector) -> None:
    queue = shop.queue({"refs": shop.trace_ids[:1]}, rubric=[{"name": "mine", "type": "bool"}])
    item = shop.label(queue, 1, "ada", "odd", mine=True)
    assert (item["is_done"], item["labels"][0]["comment"]) == (True, "odd")
    [score] = shop.scores(trace_id=shop.trace_ids[0], name="mine")
    assert {key: score[key] for key in ("value", "source", "author", "explanation", "status")} == {
        "value": True,
        "source": "human",
        "author": "ada",
        "explanation": "odd",
        "status": "scored",
    }
    assert score["metadata"] == {"review_queue": queue, "position": 1}
    assert shop.api("GET", f"/traces/{shop.trace_ids[0]}")["scores"][-1]["value"] is True
    shop.label(queue, 1, "ada", mine=False)
    assert [score["value"] for score in shop.scores(name="mine")] == [False]
    shop.api("POST", f"/review-queues/{queue}/undo", {"reviewer": "ada"})
    assert [score["value"] for score in shop.scores(name="mine")] == [True]
    shop.api("POST", f"/review-queues/{queue}/undo", {"reviewer": "ada", "position": 1})
    [gone] = shop.scores(name="mine")
    assert (gone["value"], gone["status"]) == (None, "not_applicable")
    listed = shop.api("GET", "/traces", filter=f"trace_id = '{shop.trace_ids[0]}'")["items"][0]
    assert "mine" not in listed["scores"]


def test_a_label_on_a_row_is_on_its_experiment_and_its_trace(shop: ReviewCollector) -> None:
    experiment = shop.experiments[0]
    queue = shop.queue({"experiment_id": experiment}, rubric=[{"name": "on_row", "type": "bool"}])
    assert shop.api("GET", f"/review-queues/{queue}")["items"] == 3  # the row that failed has no output
    content = shop.api("GET", f"/review-queues/{queue}/items/1")["content"]
    assert (content["input"], content["output"], content["expected"]) == ("in 0", "a", "a")
    shop.label(queue, 1, "ada", on_row=True)
    [score] = shop.scores(experiment_id=experiment, name="on_row")
    assert (score["item_id"], score["repeat"], score["trace_id"]) == ("i0", 0, shop.trace_ids[0])


def test_pairs_are_rows_whose_outputs_differ_and_a_preference_is_a_score_of_the_first(shop: ReviewCollector) -> None:
    one, other = shop.experiments
    queue = shop.queue({"experiment_id": one, "baseline_id": other}, **PREFERENCE)
    found = shop.api("GET", f"/review-queues/{queue}/items")["items"]
    assert [(item["ref"]["item_id"], item["against"]["experiment_id"]) for item in found] == [
        ("i0", other),
        ("i1", other),
    ]
    both = shop.api("GET", f"/review-queues/{queue}/items/1")
    assert (both["content"]["output"], both["against_content"]["output"]) == ("a", "x")
    shop.label(queue, 1, "ada", preferred="first")
    shop.label(queue, 2, "ada", preferred="tie")
    scores = shop.scores(experiment_id=one, name="preferred")
    assert {(score["item_id"], score["value"], score["metadata"]["preferred"]) for score in scores} == {
        ("i0", 1.0, "first"),
        ("i1", 0.5, "tie"),
    }
    assert shop.scores(experiment_id=other, name="preferred") == []
    [told] = shop.api("GET", f"/review-queues/{queue}/agreement")["preferred"]
    assert (told["first"], told["ties"], told["second"], told["share"]["value"]) == (1, 1, 0, 0.75)


def test_agreement_and_disagreements_are_told(shop: ReviewCollector) -> None:
    queue = shop.queue({"filter": ""}, rubric=[{"name": "fine", "type": "bool"}], reviewers_per_item=2)
    for position, (ada, bob) in enumerate([(True, True), (False, False), (True, False)], start=1):
        shop.label(queue, position, "ada", fine=ada)
        shop.label(queue, position, "bob", "hm", fine=bob)
    told = shop.api("GET", f"/review-queues/{queue}/agreement")
    [fine] = told["scores"]
    assert fine["alpha"]["value"] == pytest.approx(4 / 9)
    assert (fine["same"], fine["pairs"]) == (2, 3)
    assert fine["answers"] == [{"value": True, "count": 3}, {"value": False, "count": 3}]
    assert told["reviewers"] == [
        {"reviewer": "ada", "labelled": 3, "skipped": 0},
        {"reviewer": "bob", "labelled": 3, "skipped": 0},
    ]
    [item] = shop.api("GET", f"/review-queues/{queue}/disagreements")["items"]
    assert (item["position"], item["differ"]) == (3, ["fine"])


def test_a_corrected_answer_is_an_item_of_a_data_set(shop: ReviewCollector) -> None:
    queue = shop.queue({"refs": [shop.trace_ids[1], f"experiment:{shop.experiments[0]}/i1"]})
    for position in (1, 2):
        body = {"dataset": "corrected", "expected": f"right {position}", "reviewer": "ada"}
        version = shop.api("POST", f"/review-queues/{queue}/items/{position}/correct", body)
    assert version["version"] == 2
    items = shop.api("GET", "/datasets/corrected/items")["items"]
    assert [(item["id"], item["input"], item["expected"]) for item in items] == [
        (shop.trace_ids[1], QUESTIONS[1], "right 1"),
        ("i1", "in 1", "right 2"),
    ]
    assert items[0]["metadata"] == {
        "trace_id": shop.trace_ids[1],
        "review_queue": queue,
        "corrected_by": "ada",
    }


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ({}, "Give one of"),
        ({"refs": ["a"], "filter": ""}, "Give one of"),
        ({"refs": ["nonsense"]}, "names nothing that can be reviewed"),
        ({"refs": ["ab" * 16]}, "1 of 1 are not there"),
        ({"filter": "input = 'nobody asked this'"}, "nothing matches"),
        ({"filter": "input ="}, "filter"),
    ],
)
def test_what_cannot_be_reviewed_is_told(shop: ReviewCollector, items: dict[str, Any], told: str) -> None:
    queue = shop.queue({"filter": ""})
    answer = shop.http.post(f"/api/v1/review-queues/{queue}/items", json=items, params={"project": "shop"})
    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"] + str(answer.json()["error"]["hint"])


def test_spans_and_other_projects(shop: ReviewCollector) -> None:
    spans = shop.api("GET", "/spans", filter=f"trace_id = '{shop.trace_ids[0]}' and kind = 'llm'")["items"]
    ref = f"{shop.trace_ids[0]}/{spans[0]['span_id']}"
    queue = shop.queue({"refs": [ref, f"{shop.trace_ids[0]}/{'0' * 16}"]})
    [item] = shop.api("GET", f"/review-queues/{queue}/items")["items"]
    assert item["ref"] == {"kind": "span", "trace_id": shop.trace_ids[0], "span_id": spans[0]["span_id"]}
    shop.label(queue, 1, "ada", correct=True)
    [score] = shop.scores(trace_id=shop.trace_ids[0], name="correct")
    assert score["span_id"] == spans[0]["span_id"]
    body = {"name": "q", "rubric": [{"name": "a", "type": "bool"}], "items": {"refs": [ref]}}
    answer = shop.http.post("/api/v1/review-queues", json=body, params={"project": "other"})
    assert "1 of 1 are not there" in answer.json()["error"]["message"]


def test_nobody_labels_without_a_name(shop: ReviewCollector) -> None:
    queue = shop.queue({"filter": ""})
    path = f"/api/v1/review-queues/{queue}/items/1/label"
    answer = shop.http.post(path, json={"values": {"correct": True}}, params={"project": "shop"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "It is not said who labels.")


def test_with_a_key_its_name_is_the_reviewer_unless_another_is_given() -> None:
    key: Any = SimpleNamespace(name="team key")
    assert (who(None, key), who(" ada ", key), who("ada", None)) == ("team key", "ada", "ada")


def test_a_sample_repeats_with_its_seed(shop: ReviewCollector) -> None:
    drawn = []
    for seed in (1, 1, 5, 7):
        queue = shop.queue({"filter": "", "limit": 1, "sample": True, "seed": seed})
        drawn.append(shop.api("GET", f"/review-queues/{queue}/items")["items"][0]["ref"]["trace_id"])
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
