"""Queues of human review: items once each, one reviewer at a time, labels that count when they are stored."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assay.collector.registry import Registry
from assay.collector.registry.review_work import Change
from assay.collector.review.refs import Ref
from assay.errors import Conflict, InvalidRequest, NotFound
from support.registries import open_new

RUBRIC: list[dict[str, Any]] = [
    {"name": "correct", "type": "bool", "help": "Does it answer?"},
    {"name": "tone", "type": "choice", "options": ["cold", "fine", "warm"]},
    {"name": "stars", "type": "number", "range": [1, 5], "required": False},
    {"name": "why", "type": "text"},
]
GOOD = {"correct": True, "tone": "fine"}


class Kept(list[Change]):
    """Where the scores go, in these tests."""

    def __call__(self, change: Change) -> None:
        self.append(change)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def filled(registry: Registry, n: int = 3, **options: Any) -> Registry:
    registry.review_queues.create("p", "q", RUBRIC, **options)
    registry.review_queues.add("p", "q", [(Ref(trace_id=f"{i:032x}"), None) for i in range(n)])
    return registry


def positions(registry: Registry, reviewer: str, n: int) -> list[int | None]:
    """What somebody gets who leaves every item out."""
    found = []
    for _ in range(n):
        item = registry.review_work.next("p", "q", reviewer)
        found.append(item["position"] if item else None)
        if item:
            registry.review_work.skip("p", "q", item["position"], reviewer)
    return found


def test_a_queue_made_again_is_the_same_and_asking_something_else_a_conflict(registry: Registry) -> None:
    made, is_new = registry.review_queues.create("p", "q", RUBRIC)
    again, is_new_again = registry.review_queues.create("p", "q", RUBRIC)
    assert (is_new, is_new_again, made) == (True, False, again)
    with pytest.raises(Conflict, match="asks something else"):
        registry.review_queues.create("p", "q", RUBRIC[:1])


def test_the_same_thing_is_in_a_queue_once(registry: Registry) -> None:
    queues = filled(registry).review_queues
    assert queues.add("p", "q", [(Ref(trace_id=f"{i:032x}"), None) for i in (2, 7, 7)]) == (1, 4)
    assert queues.get("p", "q")["items"] == queues.waiting("p") == 4


def test_two_reviewers_get_different_items_and_asking_again_gives_the_same(registry: Registry) -> None:
    work = filled(registry).review_work
    ada, bob = (work.next("p", "q", who) for who in ("ada", "bob"))
    assert [ada and ada["position"], bob and bob["position"]] == [1, 2]
    assert work.next("p", "q", "ada") == ada
    ahead = work.next("p", "q", "ada", beside=[1])
    assert ahead is not None
    assert ahead["position"] == 3
    assert work.next("p", "q", "cem") is None


def test_a_reservation_ends(tmp_path: Any) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    registry = filled(open_new(tmp_path / "r.db", lambda: now), n=1, reservation_s=60)
    work = registry.review_work
    assert work.next("p", "q", "ada") is not None
    assert work.next("p", "q", "bob") is None
    assert not work.reserve("p", "q", 1, "bob")
    now += timedelta(seconds=61)
    assert work.next("p", "q", "bob") is not None
    registry.close()


def test_many_reviewers_at_once_never_meet(registry: Registry) -> None:
    filled(registry, n=24)
    got: list[int] = []

    def take(reviewer: str) -> None:
        for _ in range(3):
            item = registry.review_work.next("p", "q", reviewer, beside=got)
            assert item is not None
            got.append(item["position"])

    threads = [threading.Thread(target=take, args=(f"r{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(Counter(got).values()) == {1}


def test_an_item_waits_until_as_many_have_labelled_it_as_are_wanted(registry: Registry, kept: Kept) -> None:
    work = filled(registry, n=1, reviewers_per_item=2).review_work
    assert not work.label("p", "q", 1, "ada", GOOD, keep=kept)["is_done"]
    assert work.next("p", "q", "ada") is None
    assert work.next("p", "q", "bob") is not None
    assert work.label("p", "q", 1, "bob", GOOD, keep=kept)["is_done"]
    assert registry.review_queues.waiting("p") == 0
    late = work.label("p", "q", 1, "cem", {**GOOD, "correct": False}, keep=kept)  # it was work: it is never refused
    assert [label["reviewer"] for label in late["labels"]] == ["ada", "bob", "cem"]


def test_a_label_given_again_replaces_and_undoing_brings_the_first_back(registry: Registry, kept: Kept) -> None:
    work = filled(registry).review_work
    work.label("p", "q", 1, "ada", GOOD, comment="fine", keep=kept)
    work.label("p", "q", 1, "ada", GOOD, comment="fine ", keep=kept)  # the same: nothing more is stored
    work.label("p", "q", 1, "ada", {"correct": False, "tone": "cold", "why": "rude"}, keep=kept)
    undone = work.undo("p", "q", "ada", keep=kept)
    assert [(label["values"], label["comment"]) for label in undone["labels"]] == [(GOOD, "fine")]
    assert undone["is_done"]
    undone = work.undo("p", "q", "ada", keep=kept)
    assert (undone["labels"], undone["is_done"], registry.review_queues.waiting("p")) == ([], False, 3)
    assert [(change.before, change.after) for change in kept] == [
        (None, GOOD),
        (GOOD, {"correct": False, "tone": "cold", "why": "rude"}),
        ({"correct": False, "tone": "cold", "why": "rude"}, GOOD),
        (GOOD, None),
    ]
    with pytest.raises(NotFound, match="nothing to take back"):
        work.undo("p", "q", "ada", keep=kept)


def test_a_label_counts_only_once_its_scores_are_stored(registry: Registry) -> None:
    work = filled(registry).review_work

    def fails(change: Change) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        work.label("p", "q", 1, "ada", GOOD, keep=fails)
    assert registry.review_queues.item("p", "q", 1)["labels"] == []
    assert registry.review_queues.waiting("p") == 3


def test_what_was_left_out_waits_for_others_and_comes_back_by_undo(registry: Registry, kept: Kept) -> None:
    filled(registry)
    assert positions(registry, "ada", 4) == [1, 2, 3, None]
    assert registry.review_queues.waiting("p") == 3
    assert registry.review_work.undo("p", "q", "ada", keep=kept)["position"] == 3
    assert positions(registry, "ada", 1) == [3]
    assert positions(registry, "bob", 3) == [1, 2, 3]
    assert kept == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "'correct' has no answer; 'tone' has no answer"),
        ({**GOOD, "tone": "hot"}, "'tone' is 'hot', not one of cold, fine, warm"),
        ({**GOOD, "stars": 6}, "'stars' is 6, not from 1 to 5"),
        ({**GOOD, "stars": True}, "'stars' is True, not a number"),
        ({**GOOD, "correct": 1}, "'correct' is 1, not true or false"),
        ({**GOOD, "stars": float("nan")}, "not a number"),
        ({**GOOD, "mood": "x"}, "there is no score 'mood'"),
    ],
)
def test_what_is_no_answer_is_refused(registry: Registry, kept: Kept, values: Any, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        filled(registry).review_work.label("p", "q", 1, "ada", values, keep=kept)
    assert kept == []


def test_nobody_gets_items_of_a_closed_queue(registry: Registry, kept: Kept) -> None:
    work = filled(registry).review_work
    assert registry.review_queues.set_open("p", "q", False)["status"] == "closed"
    assert registry.review_queues.waiting("p") == 0
    for ask in (lambda: work.next("p", "q", "ada"), lambda: work.label("p", "q", 1, "ada", GOOD, keep=kept)):
        with pytest.raises(Conflict, match="closed"):
            ask()
    registry.review_queues.set_open("p", "q", True)
    assert work.next("p", "q", "ada") is not None


@pytest.mark.parametrize(
    ("rubric", "options", "told"),
    [
        ([], {}, "has 0 scores"),
        ([{"name": " ", "type": "bool"}], {}, "has no name"),
        ([{"name": "a", "type": "maybe"}], {}, "type 'maybe'"),
        ([{"name": "a", "type": "bool"}] * 2, {}, "two scores 'a'"),
        ([{"name": "a", "type": "choice", "options": ["x"]}], {}, "options"),
        ([{"name": "a", "type": "bool", "options": ["x", "y"]}], {}, "no choice"),
        ([{"name": "a", "type": "number", "range": [5, 1]}], {}, "range"),
        ([{"name": "a", "type": "preference"}], {}, "does not go with this queue"),
        ([{"name": "a", "type": "bool"}], {"mode": "pair"}, "does not go with this queue"),
        (RUBRIC, {"reviewers_per_item": 0}, "0 reviewers"),
    ],
)
def test_a_rubric_that_cannot_be_used_is_refused(registry: Registry, rubric: Any, options: Any, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        registry.review_queues.create("p", "q", rubric, **options)


@pytest.mark.parametrize("name", ["new", "a/b", "..", ""])
def test_names_that_addresses_cannot_hold_are_refused(registry: Registry, name: str) -> None:
    with pytest.raises(InvalidRequest):
        registry.review_queues.create("p", name, RUBRIC)


def test_pairs_and_single_outputs_are_not_mixed(registry: Registry) -> None:
    with pytest.raises(InvalidRequest, match="single outputs"):
        filled(registry).review_queues.add("p", "q", [(Ref(trace_id="a" * 32), Ref(trace_id="b" * 32))])


def test_who_did_how_much_is_told(registry: Registry, kept: Kept) -> None:
    work = filled(registry).review_work
    work.label("p", "q", 1, "ada", GOOD, keep=kept)
    work.label("p", "q", 1, "ada", {**GOOD, "stars": 4}, keep=kept)
    work.skip("p", "q", 2, "ada")
    work.label("p", "q", 3, "bob", GOOD, keep=kept)
    assert work.reviewers("p", "q") == [
        {"reviewer": "ada", "labelled": 1, "skipped": 1},
        {"reviewer": "bob", "labelled": 1, "skipped": 0},
    ]


def test_others_write_to_the_registry_while_the_scores_of_a_label_are_stored(registry: Registry) -> None:
    work = filled(registry).review_work
    made = iter(("while labelled", "while taken back"))

    def slow(change: Change) -> None:
        registry.review_queues.create("p", next(made), RUBRIC)

    work.label("p", "q", 1, "ada", GOOD, keep=slow)
    work.undo("p", "q", "ada", keep=slow)
    assert {queue["name"] for queue in registry.review_queues.page("p").items} >= {"while labelled", "while taken back"}
