"""Test data: every form is read alike, and what is wrong is told with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.client import current_client
from assay.collector.server import Server
from assay.errors import DatasetError, DatasetNotFound
from assay.evaluation.data.dataset import NOTHING, Item, read_dataset, read_items

ROWS: list[dict[str, Any]] = [
    {"id": "a", "input": {"q": "1+1"}, "expected": "2", "metadata": {"topic": "sums"}},
    {"id": "b", "input": {"q": "2+2"}, "expected": "4", "metadata": {"topic": "sums"}},
]


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_all_forms_of_the_same_data_are_the_same_items(tmp_path: Path) -> None:
    jsonl = write(tmp_path / "d.jsonl", "\n\n".join(map(json.dumps, ROWS)))
    as_json = write(tmp_path / "d.json", json.dumps(ROWS))
    parquet = tmp_path / "d.parquet"
    pd.DataFrame(ROWS).to_parquet(parquet)
    expected = read_dataset(ROWS)
    for data in (jsonl, str(jsonl), as_json, parquet, pd.DataFrame(ROWS), list(expected.items), iter(ROWS)):
        dataset = read_dataset(data)
        assert dataset.items == expected.items
        assert dataset.hash == expected.hash


def test_csv_columns_are_texts_and_further_ones_metadata(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "\ufeffid,question,target,page\nx,What?,Nothing,7\n")
    assert read_items(path) == [Item(id="x", input="What?", expected="Nothing", metadata={"page": "7"})]


def test_a_registered_data_set_is_read_by_name_and_version(collector: Server) -> None:
    client = current_client()
    client.post("/datasets", {"name": "sums/small", "items": ROWS[:1]})
    client.post("/datasets", {"name": "sums/small", "items": ROWS})
    latest, first = read_dataset("sums/small"), read_dataset("sums/small@1")
    assert (latest.name, latest.version, len(latest.items)) == ("sums/small", 2, 2)
    assert (first.version, first.items) == (1, tuple(read_items(ROWS[:1])))
    assert latest.hash == read_dataset(ROWS).hash


def test_an_unknown_name_is_not_found(collector: Server) -> None:
    with pytest.raises(DatasetNotFound):
        read_items("nowhere")


@pytest.mark.parametrize("name", ["input", "inputs", "question"])
def test_the_input_has_several_names(name: str) -> None:
    assert read_items([{name: "x"}])[0].input == "x"


@pytest.mark.parametrize("name", ["expected", "expected_output", "expectations", "target", "reference", "ground_truth"])
def test_the_expected_value_has_several_names(name: str) -> None:
    assert read_items([{"input": "x", name: 0}])[0].expected == 0


def test_an_output_that_is_none_is_an_output() -> None:
    with_none, without = read_items([{"input": 1, "output": None}, {"input": 2}])
    assert with_none.output is None
    assert without.output is NOTHING


def test_missing_cells_of_a_dataframe_are_none() -> None:
    frame = pd.DataFrame({"input": ["a", "b"], "expected": ["x", float("nan")], "when": [pd.NaT, pd.NaT]})
    assert [item.expected for item in read_items(frame)] == ["x", None]


@pytest.mark.parametrize("place", ["row", "metadata", "input"])
def test_the_cluster_is_looked_for_in_row_metadata_and_input(place: str) -> None:
    row: dict[str, Any] = {"input": {"q": "x"}, "metadata": {}}
    (row if place == "row" else row[place])["document"] = 7
    assert read_items([row], cluster="document")[0].cluster == "7"


contents = st.dictionaries(
    st.text(max_size=5), st.one_of(st.text(max_size=5), st.integers(), st.booleans()), max_size=3
)


@given(st.lists(contents, min_size=1, max_size=8), st.randoms())
def test_ids_come_from_the_content_and_not_from_the_place(inputs: list[dict[str, Any]], random: Any) -> None:
    items = read_items([{"input": value} for value in inputs])
    shuffled = random.sample(inputs, len(inputs))
    again = read_items([{"input": value} for value in shuffled])
    assert len({item.id for item in items}) == len(items)
    assert {item.id for item in items} == {item.id for item in again}
    assert read_dataset([{"input": value} for value in inputs]).hash == read_dataset(again).hash


def test_a_changed_item_has_another_hash_and_keeps_its_given_id() -> None:
    changed = [{**ROWS[0], "expected": "3"}, ROWS[1]]
    assert read_dataset(changed).hash != read_dataset(ROWS).hash
    assert [item.id for item in read_items(changed)] == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param([], "The data holds no items", id="empty"),
        pytest.param({"input": 1}, "Data of type dict cannot be read", id="one-dict"),
        pytest.param([{"input": 1}, "x"], "row 2: an item is an object with an input, not str: 'x'", id="text"),
        pytest.param([{"prompt": 1}], "row 1: there is no input; its fields are 'prompt'", id="no-input"),
        pytest.param([{"input": 1, "question": 2}], "row 1: 'input' and 'question' both mean the input", id="twice"),
        pytest.param(
            [{"input": 1, "target": 2, "reference": 3}], "'target' and 'reference' both mean the expected", id="alias"
        ),
        pytest.param([ROWS[0], ROWS[0]], "row 2: row 1 has the id 'a' already", id="same-id"),
        pytest.param([ROWS[0], {"input": 1}], "some rows have 'id' and some have none; row 2", id="some-ids"),
        pytest.param([{"input": 1}, ROWS[0]], "some rows have 'id' and some have none; row 2", id="ids-later"),
        pytest.param([{"input": 1, "metadata": 3}], "row 1: metadata is an object, not int", id="metadata"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_row(data: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(message)):
        read_items(data)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("d.jsonl", '{"input": 1}\n{"input": \n', "d.jsonl, line 2: this is no JSON", id="jsonl"),
        pytest.param("d.json", '{"input": 1}', "d.json: a JSON file holds a list", id="json"),
        pytest.param("d.csv", "id,input\na,1\nb,2,3\n", "d.csv, row 3: it has more or fewer columns", id="csv"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(message)):
        read_items(write(tmp_path / name, content))


def test_a_missing_file_names_the_working_directory(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=re.escape(f"There is no file nowhere.jsonl. The working directory is {Path.cwd()}")
    ):
        read_items("nowhere.jsonl")


def test_a_named_id_field_must_be_there() -> None:
    with pytest.raises(DatasetError, match="no field 'key', which was named as the id"):
        read_items([{"input": 1}], id="key")


def test_a_named_cluster_must_be_there() -> None:
    with pytest.raises(DatasetError, match="row 1: it has no 'document', which was named as the cluster"):
        read_items([{"input": 1}], cluster="document")
