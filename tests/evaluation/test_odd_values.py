"""Values that JSON, UTF-8 or Python's stack cannot hold, from tasks and scorers: they fail at most their own score."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import assay
from assay.content_hash import json_bytes
from assay.errors import ScorerError
from assay.evaluation.journal import is_exact
from assay.evaluation.plain import plain
from assay.evaluation.scoring import as_scores
from assay.scorers import Score, scorer

HALF = "half \ud800 pair"


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


VALUES: dict[str, Callable[[], Any]] = {
    "text": lambda: HALF,
    "key": lambda: {HALF: {1: HALF}},
    "deep": lambda: nested(5_000),
    "deep, of no repr": lambda: {"a": [nested(60), Unspeakable()]},
    "int": lambda: 10**5_000,
    "array": lambda: np.array([1, 2]),
    "well": lambda: "fine",
}


@pytest.mark.parametrize("name", VALUES)
def test_any_value_can_be_stored(name: str) -> None:
    value = VALUES[name]()
    assert json.loads(json_bytes(plain(value))) == plain(value)
    assert is_exact(value) == (name == "well"), "a resumed run must not go on with another value"


@pytest.mark.usefixtures("own_project")
def test_no_value_of_a_task_or_scorer_ends_the_run() -> None:
    @scorer
    def length(output: Any) -> int:
        return 1

    @scorer
    def echo(output: Any) -> Any:
        return output

    @scorer
    def said(input: str) -> Score:
        return Score(name="said", value=HALF, explanation=HALF, metadata={HALF: HALF})

    data = [{"id": name, "input": name} for name in VALUES]
    result = assay.evaluate(data, lambda name: VALUES[name](), scorers=[length, echo, said], progress=False)
    assert [row["status"] for row in result.records] == ["ok"] * len(VALUES)
    statuses = [[score["status"] for score in row["scores"]] for row in result.records]
    assert [status[0] for status in statuses] == [status[-1] for status in statuses] == ["scored"] * len(VALUES)
    assert result.records[0]["scores"][2]["explanation"] == "half ? pair"


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (2**16_609, "a number of 16610 bits, too large for a score"),
        (np.array([1, 2]), r"returned ndarray: \[1 2\]\. It may return"),
        ([0.5, 0.7], "return a dict of them, or Scores"),
    ],
    ids=["int", "array", "list"],  # pytest cannot print that number either
)
def test_what_is_no_score_is_told_in_words(returned: Any, message: str) -> None:
    with pytest.raises(ScorerError, match=message):
        as_scores("odd", returned, "code")


@pytest.mark.usefixtures("own_project")
def test_a_value_out_of_range_is_told_to_its_last_digit() -> None:
    @scorer(range=(0, 1))
    def over(output: Any) -> float:
        return 1.0000000001

    result = assay.evaluate([{"input": 1, "output": 1}], scorers=[over], progress=False)
    assert "over failed on 1 row: 1.0000000001 is outside of the scorer's range, 0 to 1" in result.notes()
