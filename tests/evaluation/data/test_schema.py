"""Schemas: every row that does not fit is counted, the first few are shown with their places."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import DatasetError
from assay.evaluation.data import schema
from assay.evaluation.data.dataset import read_dataset
from assay.evaluation.data.schema import check_schema, check_values, infer_schema, mixed_types

QUESTION = {"input": {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}}}


def test_all_bad_rows_are_counted_and_the_first_few_shown(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text("\n\n".join(json.dumps({"input": {"q": n if n % 2 else f"x{n}"}}) for n in range(20)))
    with pytest.raises(DatasetError) as raised:
        check_schema(read_dataset(path), QUESTION)
    lines = str(raised.value).splitlines()
    assert lines[0] == "Data set 'd': 10 of 20 rows cannot be used."
    assert lines[1] == f"  {path}, line 3: input.q: 1 is not of type 'string'."
    assert len(lines) == 7
    assert lines[-1] == "  and 5 more."


def test_fields_that_no_schema_names_may_be_anything() -> None:
    check_schema(read_dataset([{"input": {"q": "x"}, "expected": n} for n in (1, "a", None)]), QUESTION)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        pytest.param({"question": {}}, "A schema has the fields input, expected, metadata, output", id="field"),
        pytest.param({"input": {"type": "text"}}, "The schema of 'input' is no JSON schema", id="no-schema"),
        pytest.param({"input": {"$ref": "https://example.org/s"}}, "points at 'https://example.org/s'", id="ref"),
    ],
)
def test_what_is_no_schema_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(message)):
        check_schema(read_dataset([{"input": 1}]), schema)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=30)
@given(json_values, json_values, st.integers(1, 5))
def test_items_of_one_kind_fit_what_is_inferred_of_them(value: Any, expected: Any, n: int) -> None:
    dataset = read_dataset([{"input": value, "expected": expected, "metadata": {"n": m}} for m in range(n)])
    check_schema(dataset, infer_schema(dataset.items))


def test_a_stray_type_does_not_fit_what_is_inferred_of_the_others() -> None:
    rows = [{"input": {"q": "x", "k": n}, "expected": "y" if n % 3 else None} for n in range(9)]
    rows.append({"input": {"q": 7, "k": 1.5}, "expected": "y"})
    dataset = read_dataset(rows)
    with pytest.raises(DatasetError, match=re.escape("row 10: input.q: 7 is not of type 'string'")):
        check_schema(dataset, infer_schema(dataset.items))
    assert mixed_types(dataset) == ["input.q has several types (string 9, number 1): see row 10"]


def test_a_key_that_every_item_has_is_required() -> None:
    schema = infer_schema(read_dataset([{"input": {"q": "x"}}, {"input": {"q": "y", "k": 1}}]).items)
    with pytest.raises(DatasetError, match="'q' is a required property"):
        check_schema(read_dataset([{"input": {"k": 1}}]), schema)
    check_schema(read_dataset([{"input": {"q": "only"}}]), schema)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"input": {"a": [1.0, float("nan")]}}, "row 1: input.a.1 (nan) is no finite number. Write None"),
        ({"input": 1, "expected": float("inf")}, "row 1: expected (inf) is no finite number"),
        ({"input": "x" * 3_000_000}, "row 1: it is 3 MB as JSON; 2 MB are the most"),
    ],
)
def test_what_cannot_be_kept_is_told_before_it_is_sent(
    row: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LARGEST_ITEM", 2 * 1024**2)
    with pytest.raises(DatasetError, match=re.escape(message)):
        check_values(read_dataset([row]))


def test_a_missing_value_as_tables_write_it_is_none() -> None:
    assert read_dataset([{"input": 1, "expected": float("nan")}]).items[0].expected is None
