"""JSON: what is valid, what keeps to a schema, what is the same value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.scorers import json_valid
from assay.evaluation.scorers.json_match import MAX_DIFFERENCES, differences
from assay.scorers import JsonMatch, JsonValid

AGE = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


@pytest.mark.parametrize(
    ("output", "valid"),
    [
        ('{"a": [1, null, "x"]}', True),
        ("3", True),
        (" \n{}\t", True),
        ("NaN", False),
        ('{"a": Infinity}', False),
        ("{'a': 1}", False),
        ('{"a": 1,}', False),
        ('{"a": 1} // done', False),
        ('{"a": 1}{"b": 2}', False),
        ('\ufeff{"a": 1}', False),
        ('"a\nb"', False),
        ("01", False),
        ("", False),
        ("9" * 5000, True),
        ('{"a": 1, "a": 2}', True),
    ],
)
def test_json_valid_is_strict(output: str, valid: bool) -> None:
    assert JsonValid()(output).value is valid


@pytest.mark.parametrize(
    ("output", "strip_fence", "value", "both"),
    [
        ('```json\n{"age": 3}\n```', False, False, (False, True)),
        ('```json\n{"age": 3}\n```', True, True, (False, True)),
        ('{"age": 3}', False, True, (True, True)),
        ('Here:\n```json\n{"age": 3}\n```', True, False, (False, False)),
        ("```\nno\n```", True, False, (False, False)),
    ],
)
def test_with_and_without_a_code_fence_both_results_are_kept(
    output: str, strip_fence: bool, value: bool, both: tuple[bool, bool]
) -> None:
    score = JsonValid(schema=AGE, strip_fence=strip_fence)(output)
    assert score.value is value
    assert (score.metadata["valid"], score.metadata["valid_without_fence"]) == both


@pytest.mark.parametrize(
    ("output", "valid"),
    [
        ('{"age": 3}', True),
        ('{"age": 3.0}', True),  # an integer, by JSON Schema
        ('{"age": true}', False),
        ('{"age": "3"}', False),
        ("{}", False),
        ('{"age": 3, "more": 1}', True),
    ],
)
def test_a_schema_is_kept_to(output: str, valid: bool) -> None:
    score = JsonValid(schema=AGE)(output)
    assert score.value is valid
    assert (score.explanation is None) is valid


def test_what_breaks_a_schema_is_told_with_its_place() -> None:
    assert JsonValid(schema=AGE)('{"age": "x"}').explanation == "$.age: 'x' is not of type 'integer'"


def test_format_is_a_remark_and_checks_nothing() -> None:
    assert JsonValid(schema={"format": "date"})('"no date"').value is True


def test_draft_2020_12_is_meant() -> None:
    assert JsonValid(schema={"prefixItems": [{"type": "string"}], "items": False})('["a", "b"]').value is False


def test_a_schema_that_is_none_is_found_when_the_scorer_is_made() -> None:
    with pytest.raises(ConfigurationError, match="is no JSON Schema: 'text' is not valid"):
        JsonValid(schema={"type": "text"})


def test_a_reference_to_another_address_is_never_fetched() -> None:
    with pytest.raises(ScorerError, match=r"refers to 'http://127\.0\.0\.1:9/x'.* Addresses are not fetched"):
        JsonValid(schema={"$ref": "http://127.0.0.1:9/x"})("1")


def test_a_pattern_in_a_schema_has_a_time_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert JsonValid(schema={"pattern": "^a+$"})('"aa"').value is True
    assert JsonValid(schema={"pattern": "^a+$"})('"ab"').explanation == "$: 'ab' does not match '^a+$'"
    monkeypatch.setattr(json_valid, "TIME_LIMIT_S", 0.02)
    with pytest.raises(ScorerError, match=r"took longer than 0\.02 s"):
        JsonValid(schema={"pattern": "(a?){40}a{40}" * 3 + "c"})(f'"{"a" * 200}"')


def test_nesting_beyond_reading_is_an_error_and_no_verdict() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(ScorerError, match="nested too deeply"):
        JsonValid()(deep)


@pytest.mark.parametrize(
    ("output", "expected", "numbers", "same"),
    [
        ('{"b": 1, "a": [true, null]}', {"a": [True, None], "b": 1}, "value", True),
        ("[1, 2]", [2, 1], "value", False),
        (1, 1.0, "value", True),
        (1, 1.0, "type", False),
        (1.5, 1.5, "type", True),
        (1, True, "value", False),
        ("1", True, "value", False),
        ('"1"', 1, "value", False),
        ([1], [True], "value", False),
        ({"a": None}, {}, "value", False),
        ("no json", {}, "value", False),
        ("yes", '"yes"', "value", False),
        ('"yes"', '"yes"', "value", True),
        ((1, 2), [1, 2], "value", True),
        (9007199254740993, 9007199254740992.0, "value", False),
        ("x", None, "value", None),
    ],
)
def test_json_match(output: Any, expected: Any, numbers: Any, same: bool | None) -> None:
    score = JsonMatch(numbers=numbers)(output, expected)
    assert (score and score.value) is same


def test_a_code_fence_is_taken_off_when_asked() -> None:
    output = '```json\n{"a": 1}\n```'
    assert [JsonMatch(strip_fence=off)(output, {"a": 1}).value for off in (False, True)] == [False, True]  # type: ignore[union-attr]


def test_every_difference_has_its_path_and_both_sides() -> None:
    given_value = {"a": [1, True], "b/c": "x", "~": 1, "more": 0}
    wanted = {"a": [1.0, 1, 3], "b/c": "y", "~": "1", "d": None}
    assert list(differences(given_value, wanted)) == [
        {"path": "/a/1", "kind": "type", "output": True, "expected": 1},
        {"path": "/a/2", "kind": "missing", "expected": 3},
        {"path": "/b~1c", "kind": "value", "output": "x", "expected": "y"},
        {"path": "/~0", "kind": "type", "output": 1, "expected": "1"},
        {"path": "/d", "kind": "missing", "expected": None},
        {"path": "/more", "kind": "unexpected", "output": 0},
    ]


def test_no_more_differences_are_listed_than_anyone_reads() -> None:
    score = JsonMatch()(list(range(1000)), [])
    assert score is not None
    assert (len(score.metadata["differences"]), score.metadata["all_listed"]) == (MAX_DIFFERENCES, False)


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), {1: "a"}, object()])
def test_what_json_has_no_form_for_is_an_error(value: Any) -> None:
    with pytest.raises(ScorerError, match="JSON has no form for"):
        JsonMatch()(value, {"a": 1})


def test_an_expected_text_that_is_no_json_is_an_error() -> None:
    with pytest.raises(ScorerError, match=r"The expected value is no JSON .* with the quotes of a JSON text"):
        JsonMatch()('"yes"', "yes")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40)
@given(values, values)
def test_a_value_matches_itself_and_differences_are_mutual(a: Any, b: Any) -> None:
    assert list(differences(a, a, numbers="type")) == []
    paths = [{(each["path"]) for each in differences(*pair)} for pair in ((a, b), (b, a))]
    assert paths[0] == paths[1]
