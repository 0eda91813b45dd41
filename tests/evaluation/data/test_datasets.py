"""Registered data sets: checked before they are kept, split once, and found again by version and part."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import assay
from assay.client import current_client
from assay.errors import Conflict, DatasetError, DatasetNotFound
from assay.evaluation import recipe
from assay.evaluation.data.built_in_datasets import built_in_names, built_in_rows
from assay.evaluation.data.dataset_name import DatasetName, parse_dataset_name
from assay.evaluation.data.items import Item
from assay.evaluation.options import Options

pytestmark = pytest.mark.usefixtures("project")

ROWS: list[dict[str, Any]] = [
    {"id": f"i{n}", "input": {"q": f"question {n}", "doc": f"d{n % 8}"}, "expected": str(n)} for n in range(24)
]
HALVES = {"train": 0.5, "test": 0.5}


def parts(name: str) -> dict[str, str | None]:
    return {item.id: item.split for item in assay.load_dataset(name)}


def test_a_version_comes_back_as_it_was_given() -> None:
    made = assay.register_dataset("qa", ROWS, description="Questions", message="first")
    loaded = assay.load_dataset("qa@1")
    assert made == loaded
    assert (made.uri, made.hash, made.description) == ("qa@1", assay.load_dataset("qa").hash, "Questions")
    assert [item.input for item in loaded] == [row["input"] for row in ROWS]
    assert [(each.version, each.message) for each in assay.dataset_history("qa")] == [(1, "first")]


def test_the_same_items_are_the_same_version_and_others_the_next() -> None:
    versions = [assay.register_dataset("qa", data).version for data in (ROWS, ROWS[::-1], ROWS[1:], ROWS)]
    assert versions == [1, 1, 2, 1]
    [found] = assay.search_datasets("Q")
    assert (found.name, found.latest_version, found.item_count) == ("qa", 2, 23)
    assert assay.search_datasets("nothing like it") == []


def test_outputs_are_kept_and_make_a_version_but_not_another_test() -> None:
    answers = [{**row, "output": None if n == 0 else f"a{n}"} for n, row in enumerate(ROWS)]
    first, second = assay.register_dataset("qa", ROWS), assay.register_dataset("qa", answers)
    assert (first.version, second.version) == (1, 2)
    assert first.hash == second.hash
    assert [item.has_output for item in first] == [False] * 24
    assert [item.output for item in assay.load_dataset("qa")][:2] == [None, "a1"]


def test_a_split_is_kept_with_its_seed_and_loaded_by_name() -> None:
    made = assay.register_dataset("qa", ROWS, split=HALVES, seed=3, cluster="doc")
    test = assay.load_dataset("qa@1:test")
    assert test == assay.load_dataset("qa", version=1, split="test")
    assert {item.id for item in test} | {item.id for item in assay.load_dataset("qa:train")} == parts("qa").keys()
    documents = {part: {i.input["doc"] for i in made if i.split == part} for part in HALVES}
    assert documents["train"].isdisjoint(documents["test"])
    [version] = assay.dataset_history("qa")
    assert version.split == {"shares": HALVES, "seed": 3, "cluster": "doc"}
    assert {item.cluster for item in made} == {f"d{n}" for n in range(8)}


def test_the_next_version_keeps_the_parts_of_what_it_had() -> None:
    assay.register_dataset("qa", ROWS, split=HALVES, cluster="doc")
    before = parts("qa@1")
    more = [{"id": f"n{n}", "input": {"q": f"new {n}", "doc": f"e{n}"}} for n in range(10)]
    assay.register_dataset("qa", [*reversed(ROWS), *more])
    after = parts("qa@2")
    assert {id: after[id] for id in before} == before
    assert set(after.values()) == {"train", "test"}


def test_data_that_name_their_parts_are_split_so() -> None:
    assay.register_dataset("qa", [{"input": n, "split": "dev" if n < 3 else "test"} for n in range(9)])
    assert len(assay.load_dataset("qa:dev")) == 3
    with pytest.raises(DatasetError, match=re.escape("has no split 'train'; it has dev, test")):
        assay.load_dataset("qa:train")


def test_a_version_is_not_split_otherwise_unless_somebody_insists() -> None:
    assay.register_dataset("qa", ROWS)
    assert assay.split_dataset("qa", 0.5) == assay.split_dataset("qa@1", HALVES)
    before = parts("qa")
    with pytest.raises(Conflict, match="has been split otherwise"):
        assay.split_dataset("qa", 0.25)
    assert parts("qa") == before
    assay.split_dataset("qa", 0.25, replace=True)
    assert list(parts("qa").values()).count("test") == 6


def test_a_split_names_every_item_and_no_other() -> None:
    assay.register_dataset("qa", ROWS[:2])
    for items in ({"i0": "a"}, {"i0": "a", "i1": "b", "i2": "a"}):
        with pytest.raises(assay.AssayError, match="A split names every item of the version and no other"):
            current_client().put("/datasets/qa/versions/1/split", {"shares": {"a": 0.5, "b": 0.5}, "items": items})


def test_later_versions_are_checked_against_the_schema_of_the_first() -> None:
    class Question(BaseModel):
        q: str
        doc: str

    assay.register_dataset("qa", ROWS, schema={"input": Question})
    wrong = [*ROWS, {"id": "x", "input": {"q": 3, "doc": "d"}}, {"id": "y", "input": "plain"}]
    with pytest.raises(DatasetError, match="2 of 26 rows cannot be used"):
        assay.register_dataset("qa", wrong)
    assert assay.register_dataset("qa", wrong, schema=False).version == 2
    assert assay.register_dataset("qa", wrong[:25]).notes == (
        "input.q has several types (string 24, number 1): see row 25",
    )


def test_an_inferred_schema_refuses_the_odd_one_out() -> None:
    with pytest.raises(DatasetError, match=re.escape("row 25: expected: 7 is not of type 'string'")):
        assay.register_dataset(
            "qa", [*ROWS, {"id": "x", "input": {"q": "a", "doc": "d"}, "expected": 7}], schema="infer"
        )
    with pytest.raises(DatasetNotFound):
        assay.load_dataset("qa")


def test_clusters_of_items_are_found_again() -> None:
    assay.register_dataset("qa", [Item(id=f"i{n}", input=n, cluster=f"c{n % 3}") for n in range(9)])
    assert [item.cluster for item in assay.load_dataset("qa")] == [f"c{n % 3}" for n in range(9)]
    with pytest.raises(DatasetError, match="belong together by 'cluster', which some of these do not have"):
        assay.register_dataset("qa", [{"id": "i0", "input": 0}])


def test_an_evaluation_takes_one_part_and_its_clusters() -> None:
    assay.register_dataset("qa", ROWS, split=HALVES, cluster="doc")
    result = assay.evaluate("qa@1:test", lambda q, doc: q, scorers=[lambda output: True], progress=False)
    test = assay.load_dataset("qa:test")
    assert [record["item_id"] for record in result.records] == [item.id for item in test]
    assert [record["cluster"] for record in result.records] == [item.input["doc"] for item in test]
    assert result.experiment["dataset"]["hash"] == test.hash


def test_what_comes_with_assay_is_loaded_by_name_and_stays_as_it_is() -> None:
    assert {"support-qa", "support-topics", "support-tools", "support-labels"} <= set(built_in_names())
    for name in built_in_names():
        assert len(assay.load_dataset(f"builtin:{name}")) == len(built_in_rows(name))
    with pytest.raises(DatasetNotFound, match="No data set 'nothing' comes with Assay"):
        assay.load_dataset("builtin:nothing")
    with pytest.raises(DatasetError, match="comes with Assay and stays as it is"):
        assay.split_dataset("builtin:support-qa", 0.5)


def test_a_file_is_registered_with_the_lines_that_an_error_names(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text('{"input": {"q": "a"}}\n\n{"input": {"q": 1}}\n')
    with pytest.raises(DatasetError, match=re.escape(f"{path}, line 3: input.q: 1 is not of type 'string'")):
        assay.register_dataset("qa", path, schema={"input": {"properties": {"q": {"type": "string"}}}})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a", DatasetName(name="a")),
        ("a/b c@12", DatasetName(name="a/b c", version=12)),
        ("a:test", DatasetName(name="a", split="test")),
        ("a@2:test", DatasetName(name="a", version=2, split="test")),
        ("builtin:a:test", DatasetName(name="a", split="test", is_built_in=True)),
    ],
)
def test_a_name_says_which_data_are_meant(text: str, named: DatasetName) -> None:
    assert parse_dataset_name(text) == named
    assert str(named) == text


@pytest.mark.parametrize(
    "text", ["", "@1", "a@", "a@x", "a@1@2", "a:", "a:b:c", "a@-1", "a@²", "builtin:a@1", "builtin:"]
)
def test_what_names_no_data_is_refused(text: str) -> None:
    with pytest.raises(DatasetError):
        parse_dataset_name(text)


def test_a_name_and_an_argument_may_not_contradict_each_other() -> None:
    assert parse_dataset_name("a@2", version=2, split="x").split == "x"
    with pytest.raises(DatasetError, match="names the version 2, and version= is 3"):
        parse_dataset_name("a@2", version=3)


def test_a_run_over_one_part_finds_its_data_again() -> None:
    assay.register_dataset("qa", ROWS, split=HALVES)
    loaded = assay.load_dataset("qa:test")
    for data in ("qa:test", loaded):
        result = assay.evaluate(data, lambda q, doc: q, scorers=[lambda output: True], progress=False)
        assert result.experiment["config"]["data"]["split"] == "test"
        assert recipe._find_data(result.experiment, Options()).hash == loaded.hash
