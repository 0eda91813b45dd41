"""Content hashes: equal content has an equal hash, whatever the order; and known values must not move."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.content_hash import canonical_json, content_hash, dataset_hash, derived_item_id, item_hash, prompt_hash
from assay.errors import InvalidRequest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"input": JSON}, optional={"expected": JSON, "metadata": st.dictionaries(st.text(max_size=3), JSON, max_size=2)}
    ),
    max_size=4,
)


@given(st.dictionaries(st.text(), JSON), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_count(value: dict[str, Any], random: random.Random) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert content_hash({key: value[key] for key in keys}) == content_hash(value)


@given(ITEMS, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_count(items: list[dict[str, Any]], random: random.Random) -> None:
    shuffled = random.sample(items, len(items))
    assert dataset_hash(shuffled) == dataset_hash(items)


@given(ITEMS)
def test_an_id_that_is_derived_counts_like_one_that_is_given(items: list[dict[str, Any]]) -> None:
    assert dataset_hash([{**item, "id": derived_item_id(item)} for item in items]) == dataset_hash(items)


def test_what_an_item_does_not_say_is_null_or_empty() -> None:
    assert item_hash({"input": 1}) == item_hash({"id": "a", "input": 1, "expected": None, "metadata": {}})


def test_ids_count_in_a_data_set() -> None:
    assert dataset_hash([{"id": "a", "input": 1}]) != dataset_hash([{"id": "b", "input": 1}])


def test_canonical_json_is_what_it_says() -> None:
    assert canonical_json({"b": [1, 1.0, True, None], "a": "é\n"}) == '{"a":"é\\n","b":[1,1.0,true,null]}'


def test_hashes_stay_what_they_were() -> None:
    # Stored versions are found by these: a change here makes every registered prompt and data set look new.
    assert prompt_hash("Hi {{name}}", "text", {"temperature": 0}) == (
        "3eef0efbcc5f88aa48b945596475d1e81b3fa85f541f2f0082880d92fa15a373"
    )
    assert dataset_hash([{"id": "a", "input": {"q": "é"}, "expected": 1}]) == (
        "d938268c92b18a781c1452b4836dbc8717c76fe8e4c546479d752532a94c7eaf"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"a": object()}, {("a",): 1}, {1: 1, "a": 2}])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="cannot be written as JSON"):
        canonical_json(value)


def test_what_is_nested_too_deep_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(InvalidRequest):
        canonical_json(value)


@pytest.mark.parametrize(("depth", "is_written"), [(100, True), (101, False)])
@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: (inner, [])])
def test_a_hundred_lists_and_objects_within_each_other_are_written(depth: int, is_written: bool, wrap: Any) -> None:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    if is_written:
        assert canonical_json(value)
    else:
        with pytest.raises(InvalidRequest, match="nested more than 100 deep"):
            canonical_json(value)
