from __future__ import annotations

import asyncio
import datetime
import decimal
import enum
import functools
import json
import pathlib
import re
import types
import uuid
from collections import Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, computed_field

from assay.tracing.serialise import MAX_CHARS, arguments_to_json, to_json, to_text
from support.lazy_values import LAZY, ran


class Colour(enum.Enum):
    RED = "red"


class Named(enum.StrEnum):
    A = "a"


class Right(enum.IntFlag):
    READ = 1
    WRITE = 2


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str
    key: SecretStr = SecretStr("s3cret")
    hidden: str = Field("not shown", repr=False)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def costly(self) -> str:
        raise AssertionError("the user's code was run")


class Texts(RootModel[list[str]]): ...


@dataclass
class Point:
    x: int
    y: Any = None


@dataclass(slots=True)
class Slotted:
    x: int


@attrs.define
class Attrs:
    x: int
    secret: str = attrs.field(default="not shown", repr=False)


Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param({"a": (1, None, True)}, {"a": [1, None, True]}, id="containers"),
        pytest.param({1: "a", (1, 2): "b"}, {"1": "a", "[1, 2]": "b"}, id="keys"),
        pytest.param({"a": {1}, "b": frozenset([2]), "c": deque([3])}, {"a": [1], "b": [2], "c": [3]}, id="sets"),
        pytest.param([{"a": 1}.keys(), {"a": 1}.items()], [["a"], [["a", 1]]], id="views"),
        pytest.param(
            [Counter("aa"), OrderedDict(a=1), defaultdict(int, a=1)], [{"a": 2}, {"a": 1}, {"a": 1}], id="maps"
        ),
        pytest.param([UserDict(a=1), types.MappingProxyType({"a": 1})], [{"a": 1}, {"a": 1}], id="wrapped-maps"),
        pytest.param(types.SimpleNamespace(a=1), {"a": 1}, id="namespace"),
        pytest.param([float("nan"), float("-inf")], ["nan", "-inf"], id="nan"),
        pytest.param(10**5000, "<int of 16610 bits>", id="huge-int"),
        pytest.param([b"abc", bytearray(2), memoryview(b"a")], ["<3 bytes>", "<2 bytes>", "<1 bytes>"], id="bytes"),
        pytest.param("\ud800x", "?x", id="surrogate"),
        pytest.param([Colour.RED, Named.A, Right.READ | Right.WRITE], ["red", "a", 3], id="enum"),
        pytest.param(Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}, id="dataclass"),
        pytest.param([Slotted(1), Attrs(1)], [{"x": 1}, {"x": 1}], id="slots"),
        pytest.param(
            Model(name="n", more=1), {"name": "n", "key": "<pydantic.types.SecretStr>", "more": 1}, id="pydantic"
        ),
        pytest.param(Texts(["a"]), {"root": ["a"]}, id="pydantic-root"),
        pytest.param(Pair(1, 2), {"left": 1, "right": 2}, id="namedtuple"),
        pytest.param(uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001", id="uuid"),
        pytest.param(pathlib.PurePosixPath("/a"), "/a", id="path"),
        pytest.param(
            [decimal.Decimal("1.10"), 2 + 1j, range(3), ...], ["1.10", "(2+1j)", "range(0, 3)", "..."], id="py"
        ),
        pytest.param(datetime.date(2026, 1, 2), "2026-01-02", id="date"),
        pytest.param(datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00+00:00", id="time"),
        pytest.param(datetime.timedelta(days=1), "1 day, 0:00:00", id="timedelta"),
        pytest.param(ValueError("no", 1), "ValueError: no, 1", id="exception"),
        pytest.param(re.compile("a+"), "a+", id="pattern"),
        pytest.param(
            [int, Model.model_dump, json, print, functools.partial(to_json, 1)],
            [
                "<class int>",
                "<function BaseModel.model_dump>",
                "<module json>",
                "<function print>",
                "<partial of to_json>",
            ],
            id="code",
        ),
        pytest.param([asyncio.Lock(), object()], ["<asyncio.locks.Lock>", "<builtins.object>"], id="objects"),
        pytest.param((i for i in [1]), "<generator <genexpr>>", id="generator"),
    ],
)
def test_values_have_a_short_faithful_form(value: Any, shown: Any) -> None:
    assert json.loads(to_json(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(pd.DataFrame({"a": [1, 2]}), {"type": "DataFrame", "shape": [2, 1], "columns": ["a"]}, id="frame"),
        pytest.param(
            pd.Series([1], name="n"), {"type": "Series", "shape": [1], "name": "n", "dtype": "int64"}, id="series"
        ),
        pytest.param([pd.NaT, pd.Timestamp("2026-01-02")], ["NaT", "2026-01-02T00:00:00"], id="pandas-time"),
        pytest.param(np.zeros((2, 3)), {"type": "ndarray", "shape": [2, 3], "dtype": "float64"}, id="array"),
        pytest.param([np.float32(0.5), np.int64(1), np.bool_(True)], [0.5, 1, True], id="numpy-scalar"),
        pytest.param([np.datetime64("2026-01-02"), np.longdouble(1)], ["2026-01-02", "np.longdouble('1.0')"], id="np"),
        pytest.param(pa.table({"a": [1]}), {"type": "Table", "shape": [1, 1], "columns": ["a"]}, id="arrow"),
    ],
)
def test_arrays_and_frames_are_shown_by_their_shape(value: Any, shown: Any) -> None:
    assert json.loads(to_json(value)) == shown


@pytest.mark.parametrize("name", LAZY)
def test_no_code_of_the_user_runs(name: str) -> None:
    value, shown = LAZY[name]
    ran.clear()
    assert json.loads(to_json(value)) == shown
    assert ran == []


def test_an_iterator_is_not_used_up() -> None:
    numbers: Iterator[int] = iter([1, 2])
    to_json([numbers, zip([1], numbers, strict=False), map(str, numbers)])
    assert list(numbers) == [1, 2]


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


def test_time_is_bounded_however_much_there_is() -> None:
    rows = [list(range(1_000)) for _ in range(1_000)]
    assert len(to_json([rows] * 1_000)) < 300_000


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


flat = st.none() | st.booleans() | st.integers() | st.text() | st.text(st.characters(categories=["Cs"]))


@given(st.dictionaries(st.text() | st.text(st.characters(categories=["Cs"])), flat | json_values, max_size=5))
def test_arguments_are_encoded_the_same_by_the_short_way(bound: dict[str, Any]) -> None:
    assert arguments_to_json(bound) == to_json(bound)


@pytest.mark.parametrize("bound", [{"a": 10**5000}, {"a": float("nan")}, {"a": "x" * (MAX_CHARS + 1)}])
def test_arguments_that_the_short_way_cannot_take_go_the_long_one(bound: dict[str, Any]) -> None:
    assert arguments_to_json(bound) == to_json(bound)
