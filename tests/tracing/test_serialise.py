from __future__ import annotations

import datetime
import enum
import json
import pathlib
import uuid
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, computed_field

from assay.tracing.serialise import MAX_CHARS, to_json, to_text


class Colour(enum.Enum):
    RED = "red"


class Model(BaseModel):
    name: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def costly(self) -> str:
        raise AssertionError("the user's code was run")


@dataclass
class Point:
    x: int
    y: Any = None


Pair = namedtuple("Pair", "left right")


class Sneaky(dict[str, int]):
    def items(self) -> Any:
        raise AssertionError("the user's code was run")


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Plain: ...


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param({"a": (1, None, True)}, {"a": [1, None, True]}, id="containers"),
        pytest.param({1: "a", (1, 2): "b"}, {"1": "a", "[1, 2]": "b"}, id="keys"),
        pytest.param(float("nan"), "nan", id="nan"),
        pytest.param(10**5000, "<int of 16610 bits>", id="huge-int"),
        pytest.param(b"abc", "<3 bytes>", id="bytes"),
        pytest.param("\ud800x", "?x", id="surrogate"),
        pytest.param(Colour.RED, "red", id="enum"),
        pytest.param(Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}, id="dataclass"),
        pytest.param(Model(name="n"), {"name": "n"}, id="pydantic"),
        pytest.param(Pair(1, 2), {"left": 1, "right": 2}, id="namedtuple"),
        pytest.param(Sneaky(a=1), {"a": 1}, id="dict-subclass"),
        pytest.param(uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001", id="uuid"),
        pytest.param(pathlib.PurePosixPath("/a"), "/a", id="path"),
        pytest.param(datetime.date(2026, 1, 2), "2026-01-02", id="date"),
        pytest.param(ValueError("no"), "ValueError: no", id="exception"),
        pytest.param(Broken(), "<Broken: cannot be shown>", id="broken-repr"),
        pytest.param(pd.DataFrame({"a": [1, 2]}), {"type": "DataFrame", "shape": [2, 1], "columns": ["a"]}, id="frame"),
        pytest.param(np.zeros((2, 3)), {"type": "ndarray", "shape": [2, 3], "dtype": "float64"}, id="array"),
        pytest.param(np.float32(0.5), 0.5, id="numpy-scalar"),
        pytest.param((i for i in [1]), "<generator <genexpr>>", id="generator"),
    ],
)
def test_values_have_a_short_faithful_form(value: Any, shown: Any) -> None:
    assert json.loads(to_json(value)) == shown


def test_an_object_without_a_repr_is_its_class() -> None:
    assert json.loads(to_json(Plain())).endswith("Plain>")


def test_a_circle_is_cut() -> None:
    circle: list[Any] = [1]
    circle.append(circle)
    assert json.loads(to_json(circle)) == [1, "<circular reference>"]


def test_the_same_object_twice_is_no_circle() -> None:
    shared = [1]
    assert json.loads(to_json([shared, shared])) == [[1], [1]]


def test_depth_items_and_text_are_bounded() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(to_json(deep)) < 200
    assert json.loads(to_json(list(range(5_000))))[-1] == "… 4000 more"
    assert len(to_json(["x" * 1_000] * 1_000)) < MAX_CHARS * 1.1
    assert to_text("x" * 10, max_chars=4) == ("xxxx… (6 more characters)", "text/plain")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_json_values_come_back_as_they_were(value: Any) -> None:
    assert json.loads(to_json(value)) == value


@given(st.from_type(object))
def test_any_object_gives_json(value: Any) -> None:
    json.loads(to_json(value))
