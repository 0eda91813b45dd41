"""Files of test data: every form and encoding is read alike, and what cannot be read is told with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import DatasetError
from assay.evaluation.data.data_files import cell_value, read_file

ROWS = [{"input": "Où ?", "expected": "là"}, {"input": "日本", "expected": None}]


def rows_of(path: Path) -> list[Any]:
    return [row for _, row in read_file(path)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["d.jsonl", "d.json"])
def test_json_is_read_in_every_unicode_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    text = "\r\n\r\n".join(lines) + "\r\n" if name == "d.jsonl" else f"[{','.join(lines)}]"
    assert rows_of(write(tmp_path / name, text.encode(encoding))) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheets_file_is_read_whatever_its_separator(tmp_path: Path, separator: str, encoding: str) -> None:
    text = f"input{separator}expected\r\nOù ?{separator}là\r\n{separator}\r\n\r\n日本{separator}\r\n"
    assert rows_of(write(tmp_path / "d.csv", text.encode(encoding))) == ROWS


def test_columns_of_a_csv_can_be_keys_and_metadata_an_object(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", 'input.question,input.k,metadata,metadata.page\nWhy?,3,"{""topic"": ""x""}",7\n')
    assert rows_of(path) == [{"input": {"question": "Why?", "k": "3"}, "metadata": {"topic": "x", "page": "7"}}]


def test_a_cell_may_be_longer_than_python_expects_and_hold_lines_and_separators(tmp_path: Path) -> None:
    long = "x" * 200_000
    path = write(tmp_path / "d.csv", f'input,expected\n"a,\n""b""",{long}\n')
    assert rows_of(path) == [{"input": 'a,\n"b"', "expected": long}]


def test_parquet_keeps_lists_and_objects_and_has_none_for_what_is_missing(tmp_path: Path) -> None:
    rows = [{"input": {"q": [1, 2]}, "expected": 1.5}, {"input": {"q": []}, "expected": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    assert rows_of(tmp_path / "d.parquet") == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("d.jsonl", '{"input": 1}\n{"input": \n', "line 2: this is no JSON", id="half-a-line"),
        pytest.param(
            "d.jsonl", '{"input": 1}\n\n{"input": NaN}', "line 3: this is no JSON: NaN is no number", id="nan"
        ),
        pytest.param("d.jsonl", '{"input": -Infinity}', "line 1: this is no JSON: -Infinity is no number", id="inf"),
        pytest.param("d.jsonl", '{"input": 1e999}', "1e999 is larger than a number can be", id="overflow"),
        pytest.param("d.jsonl", "[" * 100_000, "line 1: this is no JSON", id="deep"),
        pytest.param("d.jsonl", '{\n"input": 1\n}', "JSONL has one item per line", id="pretty"),
        pytest.param("d.jsonl", b'{"input": "a"}\n{"input": "\xe9"}\n', "line 2: this is no UTF-8 text", id="latin-1"),
        pytest.param("d.csv", b"input\na\n\xe9\n", "line 3: this is no UTF-8 text. Save the file as UTF-8", id="csv"),
        pytest.param("d.json", b"\xff\xfe[", "this is no UTF-16-LE text", id="half-a-character"),
        pytest.param("d.json", '{"input": 1}', "a JSON file holds a list of items", id="object"),
        pytest.param("d.csv", "id,input\na,1\nb,2,3\n", "row 3: it has more or fewer columns", id="columns"),
        pytest.param("d.csv", "input,input\n1,2\n", "two columns are called 'input'", id="same-column"),
        pytest.param("d.csv", "input,input.q\n1,2\n", "both a column 'input' and", id="both"),
        pytest.param("d.csv", "input.q,input\n1,2\n", "both a column 'input' and", id="both-turned"),
        pytest.param("d.csv", "input,metadata\n1,x\n", "row 2, column metadata: this is no JSON", id="metadata"),
        pytest.param("d.parquet", "no parquet", "this is no Parquet", id="parquet"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(DatasetError, match=re.escape(message)):
        rows_of(write(tmp_path / name, content))


@settings(max_examples=25)
@given(st.lists(st.fixed_dictionaries({"input": st.text(min_size=1), "expected": st.none() | st.text(min_size=1)})))
def test_what_pandas_writes_as_csv_is_read_as_it_was(rows: list[dict[str, Any]]) -> None:
    # pandas writes a lone carriage return as it is, which no reader can tell from the end of a row
    rows = [row for row in rows if not any("\r" in (text or "") for text in row.values())]
    path = Path("frame.csv")
    pd.DataFrame(rows, columns=["input", "expected"]).to_csv(path, index=False)
    assert rows_of(path) == rows


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (float("nan"), None),
        (pd.NaT, None),
        (pd.NA, None),
        (np.int64(3), 3),
        (np.array([1.0, np.nan]), [1.0, None]),
        ({"a": np.array(["x"]), 1: (2,)}, {"a": ["x"], "1": [2]}),
        (0, 0),
        ("", ""),
    ],
)
def test_a_cell_of_a_table_is_plain_python(cell: Any, value: Any) -> None:
    found = cell_value(cell)
    assert found == value
    assert type(found) is type(value)
