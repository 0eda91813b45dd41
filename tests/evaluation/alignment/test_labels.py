"""Labels: told in the judge's own values, several people's by their majority, and nothing guessed."""

from __future__ import annotations

from typing import Any

import pytest

from assay.evaluation.alignment.labels import read_label, without_label
from assay.evaluation.data.items import Item

PASS = {"pass": True, "fail": False}
DEPTH = {"shallow": 0, "fair": 0.5, "deep": 1}
TONE = {"warm": "warm", "cold": "cold"}


@pytest.mark.parametrize(
    ("given", "choices", "value"),
    [
        ("Pass", PASS, True),
        (" FAIL ", PASS, False),
        ("yes", PASS, True),
        ("0", PASS, False),
        (1, PASS, True),
        (0.0, PASS, False),
        (False, PASS, False),
        ("fair", DEPTH, 0.5),
        (0.7, DEPTH, 0.7),
        ("0.25", DEPTH, 0.25),
        ("warm", TONE, "warm"),
        ("anything", {}, "anything"),
        (3, {}, 3),
    ],
)
def test_a_label_is_read_as_the_judges_value(given: Any, choices: dict[str, Any], value: Any) -> None:
    found, every = read_label(given, choices)
    assert found == value
    assert type(found) is type(value)
    assert every == (value,)


@pytest.mark.parametrize(
    ("given", "choices"),
    [
        *(("maybe", PASS), (0.5, PASS), (2, PASS), ({}, PASS), (None, PASS), ([], PASS), ([None], PASS)),
        *(("tepid", TONE), (1, TONE), ("nan", DEPTH)),
    ],
)
def test_what_is_none_of_the_verdicts_is_refused(given: Any, choices: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"label|none of the judge|neither yes nor no"):
        read_label(given, choices)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (["pass", True, "fail"], True),
        (["pass", "fail"], None),
        (["fail", None], False),
        (["pass", "fail", None, "fail"], False),
    ],
)
def test_of_several_labels_more_than_half_decide(given: list[Any], value: bool | None) -> None:
    found, every = read_label(given, PASS)
    assert found is value
    assert len(every) == len([label for label in given if label is not None])


def test_the_judge_is_not_shown_the_label() -> None:
    item = Item(id="a", expected="x", metadata={"label": True, "topic": "t"})
    assert without_label(item, "label").metadata == {"topic": "t"}
    assert without_label(item, "expected").expected is None
