"""JSON in colours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.json_tokens import LONGEST, pretty, tokens

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def test_each_kind_of_value_has_its_colour() -> None:
    coloured = [token for token in tokens({"a": "x", "b": [-1.5e3, True]}) if token[0]]
    assert coloured == [
        ("j-key", '"a"'),
        ("j-string", '"x"'),
        ("j-key", '"b"'),
        ("j-number", "-1500.0"),
        ("j-word", "true"),
    ]


@given(values)
def test_the_tokens_are_the_whole_text(value: Any) -> None:
    assert "".join(text for _, text in tokens(value)) == pretty(value)


@given(st.dictionaries(st.text(), values, max_size=3))
def test_what_is_shown_is_the_value(value: dict[str, Any]) -> None:
    assert json.loads("".join(text for _, text in tokens(value))) == value


def test_json_in_a_text_is_laid_out() -> None:
    assert pretty('{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'


@pytest.mark.parametrize("text", ["plain", "{not json", "[1, 2", '"just a string"', "12"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert tokens(text) == [("", text)]


def test_what_is_very_long_is_whole_but_not_coloured() -> None:
    long = {"a": "x" * LONGEST}
    assert tokens(long) == [("", pretty(long))]
