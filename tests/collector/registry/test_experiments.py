"""Experiments in the registry: begun, changed, ended, compared."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assay.collector.registry import DatasetReference, Registry
from assay.errors import Conflict, ExperimentNotFound, InvalidRequest

ID = "0123456789abcdef" * 2


def create(registry: Registry, name: str = "qa-v1", **options: Any) -> dict[str, Any]:
    experiment, _ = registry.experiments.create("p", name, **options)
    return experiment


def test_an_experiment_is_the_object_of_the_api(registry: Registry) -> None:
    baseline = create(registry)
    made = create(
        registry,
        "qa-v2",
        id=ID,
        dataset=DatasetReference(name="qa", version=3, hash="abc", item_count=20),
        scorers=[{"name": "correctness", "version": "1"}],
        config={"model": "m"},
        baseline_id=baseline["id"],
        tags={"branch": "main"},
        repeats=3,
        seed=2**62,
    )
    assert made == {
        "id": ID,
        "project": "p",
        "name": "qa-v2",
        "status": "running",
        "stalled": False,
        "dataset": {"name": "qa", "version": 3, "hash": "abc", "item_count": 20},
        "scorers": [{"name": "correctness", "version": "1"}],
        "config": {"model": "m"},
        "tags": {"branch": "main"},
        "repeats": 3,
        "seed": 2**62,
        "baseline_id": baseline["id"],
        "summary": None,
        "error": None,
        "created_at": "2026-01-01T00:00:02.000000Z",
        "updated_at": "2026-01-01T00:00:02.000000Z",
        "finished_at": None,
    }
    assert registry.experiments.get(ID) == made


def test_those_whose_process_is_gone_end_as_interrupted(registry: Registry) -> None:
    tags = {"playground": "yes", "playground_run": "r"}
    over, running, others = (create(registry, name, tags=tag) for name, tag in (("a", tags), ("b", tags), ("c", {})))
    registry.experiments.update(over["id"], status="completed")
    assert registry.experiments.end_abandoned("playground", error="gone") == [running["id"]]
    assert registry.experiments.get(others["id"])["status"] == "running"
    found = registry.experiments.tagged("p", "playground_run", "r")
    assert [(one["status"], one["error"]) for one in found] == [("completed", None), ("interrupted", "gone")]
    assert registry.experiments.tagged("p", "playground_run", "R") == []


def test_sending_an_experiment_again_changes_nothing(registry: Registry) -> None:
    first = create(registry, id=ID)
    revision = registry.revision
    assert registry.experiments.create("p", "qa-v1", id=ID) == (first, False)
    assert registry.revision == revision


def test_an_id_belongs_to_one_experiment(registry: Registry) -> None:
    create(registry, id=ID)
    with pytest.raises(Conflict, match="'qa-v1'"):
        create(registry, "another", id=ID)


def test_what_another_project_has_is_not_told(registry: Registry) -> None:
    create(registry, id=ID)
    with pytest.raises(Conflict) as refused:
        registry.experiments.create("other", "mine", id=ID)
    assert "qa-v1" not in str(refused.value)


@pytest.mark.parametrize("id", ["", "x", ID[:-1], ID.upper(), f"{ID}0", "../../etc/passwd"])
def test_an_id_that_is_no_uuid_is_refused(registry: Registry, id: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be the id"):
        create(registry, id=id)


@pytest.mark.parametrize("status", ["completed", "completed_with_errors", "interrupted", "stopped_by_budget", "failed"])
def test_an_experiment_that_ended_has_a_time_for_it(registry: Registry, status: Any) -> None:
    made = create(registry)
    ended = registry.experiments.update(made["id"], status=status, summary=[{"scorer": "s", "mean": None}])
    assert (ended["status"], ended["summary"]) == (status, [{"scorer": "s", "mean": None}])
    assert ended["finished_at"] == ended["updated_at"] > made["created_at"]


def test_an_experiment_that_is_resumed_has_not_ended(registry: Registry) -> None:
    made = create(registry, config={"model": "m"})
    registry.experiments.update(made["id"], status="interrupted")
    resumed = registry.experiments.update(made["id"], status="running")
    assert (resumed["finished_at"], resumed["config"]) == (None, {"model": "m"})


def test_a_time_of_the_end_that_is_given_is_kept(registry: Registry) -> None:
    ended = registry.experiments.update(
        create(registry)["id"], status="completed", finished_at=datetime(2026, 2, 1, tzinfo=UTC)
    )
    assert ended["finished_at"] == "2026-02-01T00:00:00.000000Z"


def test_experiments_are_listed_newest_first_and_by_what_they_are(registry: Registry) -> None:
    first, second = create(registry, dataset=DatasetReference(name="d")), create(registry, "qa-v2")
    third = create(registry)
    registry.experiments.update(first["id"], status="completed")

    def ids(**filters: Any) -> list[str]:
        return [row["id"] for row in registry.experiments.page("p", **filters).items]

    assert ids() == [third["id"], second["id"], first["id"]]
    assert ids(name="qa-v1") == [third["id"], first["id"]]
    assert ids(name="qa-v1", status="completed") == [first["id"]]
    assert ids(dataset="d") == [first["id"]]


def test_pages_of_experiments_follow_each_other(registry: Registry) -> None:
    made = [create(registry)["id"] for _ in range(5)]
    page = registry.experiments.page("p", limit=2)
    create(registry)  # comes in front: nothing shifts
    rest = registry.experiments.page("p", limit=10, cursor=page.next_cursor)
    assert [row["id"] for row in page.items + rest.items] == made[::-1]


def test_an_experiment_is_only_found_in_its_project(registry: Registry) -> None:
    made = create(registry)
    assert registry.experiments.get(made["id"], "p") == made
    for ask in (
        lambda: registry.experiments.get(made["id"], "q"),
        lambda: registry.experiments.update(made["id"], project="q", status="failed"),
        lambda: registry.experiments.add_comparison(made["id"], made["id"], [], project="q"),
        lambda: registry.experiments.comparisons(made["id"], project="q"),
    ):
        with pytest.raises(ExperimentNotFound, match="in project 'q'"):
            ask()


def test_a_baseline_must_be_there_and_of_the_same_project(registry: Registry) -> None:
    elsewhere, _ = registry.experiments.create("q", "qa")
    for baseline_id in (ID, elsewhere["id"]):
        with pytest.raises(ExperimentNotFound):
            create(registry, baseline_id=baseline_id)
        with pytest.raises(ExperimentNotFound):
            registry.experiments.add_comparison(create(registry)["id"], baseline_id, [])


def test_a_comparison_is_kept_once_and_listed_newest_first(registry: Registry) -> None:
    baseline, candidate = create(registry), create(registry, "qa-v2")
    rows = [{"scorer": "s", "difference": 0.1, "p": None}]
    first, is_new = registry.experiments.add_comparison(candidate["id"], baseline["id"], rows, verdict="no difference")
    assert is_new
    assert registry.experiments.add_comparison(candidate["id"], baseline["id"], rows, verdict="no difference") == (
        first,
        False,
    )
    second, _ = registry.experiments.add_comparison(candidate["id"], baseline["id"], rows, verdict="better")
    assert registry.experiments.comparisons(candidate["id"]).items == [second, first]
    assert (first["experiment_id"], first["baseline_id"], first["rows"]) == (candidate["id"], baseline["id"], rows)
    assert registry.experiments.comparisons(baseline["id"]).items == []


@pytest.mark.parametrize(
    "part", [{"config": {"a": float("nan")}}, {"tags": {"a": "\ud800"}}, {"scorers": [{"s": float("inf")}]}]
)
def test_what_json_cannot_say_is_refused(registry: Registry, part: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        create(registry, **part)


def test_an_experiment_of_which_nothing_is_heard_is_stalled(registry: Registry) -> None:
    made = create(registry)
    for _ in range(200):  # seconds, by the registry's clock
        registry.experiments.get(made["id"])
    assert registry.experiments.get(made["id"])["stalled"]
    registry.experiments.heard_of(made["id"])
    assert not registry.experiments.get(made["id"])["stalled"]
    ended = registry.experiments.update(made["id"], status="completed")
    registry.experiments.heard_of(made["id"])
    assert registry.experiments.get(made["id"])["updated_at"] == ended["updated_at"], "it has ended"
