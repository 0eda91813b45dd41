"""What a person types becomes a score of its kind, or is refused with words that help."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.human_scores import human_score, is_own, typed_value
from assay.errors import InvalidRequest

TRACE = "0" * 32


@pytest.mark.parametrize(
    ("text", "data_type", "value"),
    [
        ("yes", "bool", True),
        (" No ", "bool", False),
        ("1", "bool", True),
        ("0.8", "number", 0.8),
        ("0,8", "number", 0.8),
        ("-3", "number", -3),
        ("1e3", "number", 1000),
        ("yes", "text", "yes"),
    ],
)
def test_what_was_typed_is_a_value_of_its_kind(text: str, data_type: str, value: Any) -> None:
    found = typed_value(text, data_type)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "data_type", "said"),
    [
        ("perhaps", "bool", "neither yes nor no"),
        ("many", "number", "no number"),
        ("nan", "number", "no number"),
        ("1e999", "number", "no number"),
        ("", "number", "no number"),
        ("  ", "text", "no value"),
        ("x", "colour", "no kind of value"),
    ],
)
def test_what_is_none_of_its_kind_is_refused(text: str, data_type: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        typed_value(text, data_type)


def test_a_score_is_a_persons_and_ready_to_be_stored() -> None:
    row = human_score("p", trace_id=TRACE, name=" correct ", value=True, author="Ada")
    shown = ("name", "value", "source", "author", "trace_id", "span_id", "status", "repeat")
    assert [row[key] for key in shown] == ["correct", "true", "human", "Ada", TRACE, None, "scored", None]
    assert is_own(row, "Ada")
    assert not is_own(row, None)
    assert not is_own({**row, "source": "llm"}, "Ada")


def test_notes_of_one_person_do_not_replace_each_other() -> None:
    notes = [human_score("p", trace_id=TRACE, name="note", value="x", author="Ada") for _ in range(2)]
    assert notes[0]["repeat"] != notes[1]["repeat"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "no name"),
        ({"name": "x" * 201}, "The name has 201 characters"),
        ({"value": "x" * 100_001}, "The text has"),
        ({"author": "x" * 201}, "The author has"),
        ({"trace_id": "../x"}, "not the id"),
        ({"span_id": "1"}, "not the id"),
    ],
)
def test_what_cannot_be_stored_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        human_score("p", **{"trace_id": TRACE, "name": "a", "value": 1, **wrong})
