"""Units are assigned by the rule that docs/ab_tests.md states, in every language alike."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import subprocess
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.errors import ConfigurationError
from assay.prompts.assignment import Place, arm_at, place, pseudonym, unit_text

VECTORS = Path(__file__).parents[1] / "data" / "assignment_vectors.json"
EVEN = {"control": 0.5, "short": 0.5}
TEST: dict[str, Any] = {"salt": "6efc5591753f505e", "test": "qa-tone", "coverage": 0.3, "weights": EVEN}
N_UNITS = 100_000
UNITS = [f"user-{number}" for number in range(N_UNITS - 2_000)] + [f"用户 {number} é" for number in range(2_000)]


def by_the_document(unit: str, salt: str, test: str, coverage: float, weights: Sequence[tuple[str, float]]) -> Place:
    """The rule once more, from the words of docs/ab_tests.md alone."""

    def number(key: str) -> float:
        first = hashlib.sha256((key + ":" + test + ":" + unit).encode("utf-8")).digest()[:7]
        return (int.from_bytes(first, "big") >> 4) / 2.0**52

    point, end, arm = number(salt), 0.0, weights[-1][0]
    for name, weight in weights:
        end += weight
        if point < end:
            arm = name
            break
    return Place(covered=number(salt + ".coverage") < coverage, arm=arm)


@pytest.fixture(scope="module")
def places() -> list[Place]:
    return [place(unit, **TEST) for unit in UNITS]


def test_another_implementation_of_the_rule_agrees_for_a_hundred_thousand_units(places: list[Place]) -> None:
    weights = list(EVEN.items())
    assert places == [by_the_document(u, TEST["salt"], TEST["test"], TEST["coverage"], weights) for u in UNITS]


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_javascript_agrees_for_a_hundred_thousand_units(places: list[Place]) -> None:
    asked = json.dumps({**TEST, "weights": list(EVEN.items()), "units": UNITS})
    script = Path(__file__).with_name("assignment.mjs")
    answered = subprocess.run(["node", str(script)], input=asked, capture_output=True, text=True, check=True).stdout
    assert json.loads(answered) == [[where.covered, where.arm] for where in places]


def test_the_recorded_vectors_hold() -> None:
    recorded = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert recorded["salt_version"] == 1
    assert len(recorded["vectors"]) >= 1_000
    for vector in recorded["vectors"]:
        expected = Place(covered=vector["covered"], arm=vector["arm"])
        test = {key: vector[key] for key in ("salt", "test", "coverage")}
        assert place(vector["unit"], **test, weights=dict(vector["weights"])) == expected, vector
        assert by_the_document(vector["unit"], **test, weights=vector["weights"]) == expected, vector


def test_shares_are_within_binomial_error_and_coverage_tells_nothing_of_the_arm(places: list[Place]) -> None:
    covered = sum(where.covered for where in places)
    assert within_error(covered, N_UNITS, 0.3)
    for inside in (True, False):
        arms = Counter(where.arm for where in places if where.covered is inside)
        assert within_error(arms["short"], arms.total(), 0.5)


def within_error(count: int, n: int, share: float) -> bool:
    """Within five standard errors: an even rule misses that once in two million times."""
    return abs(count - n * share) < 5 * math.sqrt(n * share * (1 - share))


def test_ramping_up_moves_nobody_between_arms() -> None:
    some, more = ([place(unit, **{**TEST, "coverage": coverage}) for unit in UNITS[:10_000]] for coverage in (0.1, 0.5))
    assert [where.arm for where in some] == [where.arm for where in more]
    assert all(after.covered for before, after in zip(some, more, strict=True) if before.covered)
    assert sum(where.covered for where in more) > 3 * sum(where.covered for where in some)


def test_new_weights_move_only_units_between_the_old_boundary_and_the_new() -> None:
    before, after = (
        [place(unit, **{**TEST, "weights": weights}).arm for unit in UNITS[:10_000]]
        for weights in (EVEN, {"control": 0.2, "short": 0.8})
    )
    moved = Counter(pair for pair in zip(before, after, strict=True) if pair[0] != pair[1])
    assert moved.keys() == {("control", "short")}
    assert within_error(moved.total(), 10_000, 0.3)


def test_other_salts_and_other_tests_share_units_out_anew() -> None:
    for other in ({"salt": "another"}, {"test": "another"}):
        same = sum(place(u, **TEST).arm == place(u, **{**TEST, **other}).arm for u in UNITS[:5_000])
        assert within_error(same, 5_000, 0.5)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        pytest.param("42", "42", id="text"),
        pytest.param(42, "42", id="a-number-is-its-digits"),
        pytest.param(np.int64(42), "42", id="numpy"),
        pytest.param(-(10**30), "-" + "1" + "0" * 30, id="large"),
        pytest.param("042", "042", id="digits-stay-as-they-were-written"),
        pytest.param(" a ", " a ", id="white-space-counts"),
        pytest.param("e\u0301", "e\u0301", id="no-normalisation"),
        pytest.param(uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007", id="uuid"),
    ],
)
def test_a_unit_is_hashed_as_its_text(unit: Any, text: str) -> None:
    assert unit_text(unit) == text


@pytest.mark.parametrize("unit", [None, "", "  ", True, 1.0, b"u1", ["u1"], "\ud800", "x" * 1001], ids=repr)
def test_what_can_be_no_unit_is_refused(unit: Any) -> None:
    with pytest.raises(ConfigurationError, match="unit"):
        unit_text(unit)


def test_the_last_arm_takes_what_rounding_leaves() -> None:
    thirds: Mapping[str, float] = dict.fromkeys("abc", 1 / 3)
    assert arm_at(1 - 2**-52, thirds) == "c"
    assert arm_at(0.0, {"a": 1e-300, "b": 1.0}) == "a"


def test_a_pseudonym_is_the_same_for_the_same_unit_of_a_test_alone() -> None:
    assert pseudonym("ada@example.com", "s") == pseudonym("ada@example.com", "s")
    assert pseudonym("ada@example.com", "s") != pseudonym("ada@example.com", "t")
    assert "ada" not in pseudonym("ada@example.com", "s")
