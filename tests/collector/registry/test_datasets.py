"""Data sets in the registry: versions by content, ids, pages."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from assay.collector.registry import Registry
from assay.content_hash import dataset_hash
from assay.errors import Conflict, DatasetNotFound, InvalidRequest

ITEMS: list[dict[str, Any]] = [
    {"id": "b", "input": {"question": "Why?"}, "expected": "Because.", "metadata": {"topic": "reasons"}},
    {"id": "a", "input": "How?", "expected": None},
    {"id": "c", "input": [1, 2], "expected": {"sum": 3}},
]


def register(registry: Registry, items: list[dict[str, Any]] = ITEMS, **options: Any) -> tuple[int, bool]:
    version, is_new = registry.datasets.register("p", "qa", items, **options)
    return version["version"], is_new


def test_a_version_is_the_object_of_the_api(registry: Registry) -> None:
    made, is_new = registry.datasets.register("p", "qa", ITEMS, description="Questions")
    assert is_new
    assert made == {
        "project": "p",
        "name": "qa",
        "version": 1,
        "content_hash": dataset_hash(ITEMS),
        "item_count": 3,
        "description": "Questions",
        "created_at": "2026-01-01T00:00:01.000000Z",
    }
    assert registry.datasets.version("p", "qa") == made


def test_items_come_back_whole_in_the_order_they_were_given(registry: Registry) -> None:
    register(registry)
    assert registry.datasets.items("p", "qa").items == [
        {"position": position, "metadata": {}, **item} for position, item in enumerate(ITEMS)
    ]


def test_the_same_items_in_another_order_are_the_same_version(registry: Registry) -> None:
    register(registry)
    revision = registry.revision
    assert register(registry, ITEMS[::-1]) == (1, False)
    assert registry.revision == revision


def test_the_items_of_an_older_version_are_that_version(registry: Registry) -> None:
    assert [register(registry, items) for items in (ITEMS, ITEMS[:2], ITEMS, ITEMS[:1])] == [
        (1, True),
        (2, True),
        (1, False),
        (3, True),
    ]


@pytest.mark.parametrize("field", ["input", "expected", "metadata", "id"])
def test_any_part_of_an_item_makes_a_new_version(registry: Registry, field: str) -> None:
    register(registry)
    changed = {**ITEMS[0], field: {"changed": True} if field == "metadata" else "changed"}
    assert register(registry, [changed, *ITEMS[1:]]) == (2, True)


def test_an_item_without_an_id_gets_the_same_one_every_time(registry: Registry) -> None:
    register(registry, [{"input": 1}, {"input": 2}])
    register(registry, [{"input": 2}, {"input": 3}])
    first, second = (registry.datasets.items("p", "qa", version).items for version in (1, 2))
    assert first[1]["id"] == second[0]["id"]
    assert len({item["id"] for item in first}) == 2


def test_ids_that_are_shared_are_refused_with_their_positions(registry: Registry) -> None:
    items = [{"id": "x", "input": 1}, {"id": "y", "input": 2}, {"id": "x", "input": 3}, {"id": "y", "input": 4}]
    with pytest.raises(InvalidRequest, match=r"'x' at 1, 3; 'y' at 2, 4 \(positions from 1\)"):
        register(registry, items)


def test_equal_items_without_ids_are_refused_with_their_positions(registry: Registry) -> None:
    with pytest.raises(InvalidRequest, match=r"at 1, 2 .*equal items collide"):
        register(registry, [{"input": 1}, {"input": 1}])


def test_a_data_set_needs_an_item_and_a_name(registry: Registry) -> None:
    with pytest.raises(InvalidRequest, match="no items"):
        register(registry, [])
    with pytest.raises(InvalidRequest, match="name of a data set"):
        registry.datasets.register("p", "a@b", ITEMS)


def test_a_new_description_replaces_the_old_one_without_a_new_version(registry: Registry) -> None:
    register(registry, description="old")
    register(registry, description="new")
    register(registry)
    assert registry.datasets.version("p", "qa")["description"] == "new"
    assert len(registry.datasets.versions("p", "qa").items) == 1


def test_items_are_read_page_by_page(registry: Registry) -> None:
    register(registry, [{"id": f"{number:02}", "input": number} for number in range(7)])
    seen, cursor = [], None
    for _ in range(3):
        page = registry.datasets.items("p", "qa", limit=3, cursor=cursor)
        seen += [item["id"] for item in page.items]
        cursor = page.next_cursor
    assert seen == [f"{number:02}" for number in range(7)]
    assert cursor is None


def test_lists_show_the_latest_version(registry: Registry) -> None:
    register(registry)
    register(registry, ITEMS[:1])
    registry.datasets.register("p", "another", ITEMS)
    rows = registry.datasets.page("p").items
    assert [(row["name"], row["latest_version"], row["item_count"]) for row in rows] == [
        ("another", 1, 3),
        ("qa", 2, 1),
    ]
    assert [row["version"] for row in registry.datasets.versions("p", "qa").items] == [2, 1]


@pytest.mark.parametrize("version", [0, 2, -1, 2**40])
def test_what_is_no_version_is_told_with_what_there_is(registry: Registry, version: int) -> None:
    register(registry)
    with pytest.raises(DatasetNotFound, match="versions 1 to 1"):
        registry.datasets.items("p", "qa", version)


def test_a_data_set_of_another_project_is_not_found(registry: Registry) -> None:
    register(registry)
    with pytest.raises(DatasetNotFound, match="Project 'q' has no data set 'qa'"):
        registry.datasets.versions("q", "qa")


def test_items_that_are_added_stand_beside_those_there_and_replace_their_like(registry: Registry) -> None:
    registry.datasets.register(
        "p", "d", [{"id": "a", "input": 1, "metadata": {"t": 1}}, {"id": "b", "input": 2, "output": 0}], cluster="g"
    )
    version, is_new = registry.datasets.add_items("p", "d", [{"id": "c", "input": 3}, {"id": "a", "input": 9}])
    assert (version["version"], version["item_count"], version["cluster"], is_new) == (2, 3, "g", True)
    items = registry.datasets.items("p", "d").items
    assert [(item["id"], item["input"]) for item in items] == [("a", 9), ("b", 2), ("c", 3)]
    assert (items[0]["metadata"], items[1]["output"]) == ({"t": 1}, 0)
    again, is_new = registry.datasets.add_items("p", "d", [{"id": "c", "input": 3}])
    assert (again["version"], is_new) == (2, False)
    made, is_new = registry.datasets.add_items("p", "fresh", [{"input": 1}], message="the first")
    assert (made["version"], made["message"], is_new) == (1, "the first", True)


def test_two_who_add_items_at_once_both_get_theirs_in(registry: Registry) -> None:
    threads = [
        threading.Thread(target=registry.datasets.add_items, args=("p", "d", [{"id": f"{n}", "input": n}]))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.datasets.version("p", "d")["item_count"] == 8


def test_of_two_who_change_the_same_version_one_is_told(registry: Registry) -> None:
    register(registry, [{"id": "a", "input": 1}])
    assert register(registry, [{"id": "a", "input": 2}], after=1) == (2, True)
    with pytest.raises(Conflict, match="Version 2 was registered while you wrote"):
        register(registry, [{"id": "a", "input": 3}], after=1)
    assert registry.datasets.version("p", "qa")["version"] == 2
    with pytest.raises(DatasetNotFound):
        registry.datasets.register("p", "none", ITEMS, after=1)
