"""What differs between two versions: found from the versions alone, and complete."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation.data.dataset import read_dataset
from assay.evaluation.data.items import Dataset

rows = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=2),
    st.fixed_dictionaries({"input": st.integers(0, 5), "expected": st.sampled_from(["x", "y", None])}),
    min_size=1,
    max_size=8,
)


def dataset(by_id: dict[str, dict[str, Any]]) -> Dataset:
    return read_dataset([{"id": id, **row} for id, row in by_id.items()])


@settings(max_examples=25)
@given(rows)
def test_a_version_does_not_differ_from_itself_in_another_order(by_id: dict[str, Any]) -> None:
    found = dataset(by_id).diff(dataset(dict(reversed(by_id.items()))))
    assert found.is_empty
    assert found.unchanged == len(by_id)


@settings(max_examples=25)
@given(rows, rows)
def test_a_difference_leads_from_the_older_version_to_the_newer(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = dataset(new).diff(dataset(old))
    made = {id: row["input"] for id, row in old.items()}
    for item in found.removed:
        del made[item.id]
    for change in found.changed:
        del made[change.old.id]
        made[change.new.id] = change.new.input
    made |= {item.id: item.input for item in found.added}
    assert made == {id: row["input"] for id, row in new.items()}
    assert found.unchanged + len(found.changed) + len(found.added) == len(new)
    assert found.is_empty == (dataset(old).hash == dataset(new).hash)


def test_a_change_is_told_with_both_values() -> None:
    old = read_dataset([{"id": "a", "input": {"q": 1}, "expected": "x"}, {"id": "b", "input": 2}])
    new = read_dataset([{"id": "a", "input": {"q": 1}, "expected": "y", "topic": "t"}, {"id": "c", "input": 3}])
    found = new.diff(old)
    assert [(change.new.id, change.fields) for change in found.changed] == [("a", ("expected", "metadata"))]
    assert str(found).splitlines() == [
        "the older -> the newer: 1 added, 1 removed, 1 changed, 0 unchanged",
        "  + c  3",
        "  - b  2",
        "  ~ a  expected: x -> y; metadata: {} -> {'topic': 't'}",
    ]
    assert json.loads(json.dumps(found.to_dict()))["changed"][0]["expected"] == {"old": "x", "new": "y"}
    assert list(found.df["change"]) == ["added", "removed", "changed", "changed"]


def test_ids_that_come_from_the_content_do_not_hide_a_changed_item() -> None:
    old, new = read_dataset([{"input": "q", "expected": "x"}]), read_dataset([{"input": "q", "expected": "y"}])
    [change] = new.diff(old).changed
    assert (change.fields, change.old.id != change.new.id) == (("expected",), True)


def test_another_output_is_a_change() -> None:
    old = read_dataset([{"id": "a", "input": 1, "output": None}, {"id": "b", "input": 1, "output": "x"}])
    new = read_dataset([{"id": "a", "input": 1, "output": 0}, {"id": "b", "input": 1, "output": "x"}])
    [change] = new.diff(old).changed
    assert (change.new.id, change.fields) == ("a", ("output",))
