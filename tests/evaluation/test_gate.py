"""Gates are decided on the bound of the interval: what is not shown does not pass."""

from __future__ import annotations

import pytest

from assay.errors import ConfigurationError, GateFailed
from assay.evaluation.comparison import compare_rows
from assay.evaluation.gate import Condition, Gate, at_confidence, decide, parse_gate
from assay.evaluation.summary import summarise_rows
from support.evaluation_rows import row


def gate(expression: str, before: int, after: int, n: int = 200) -> Gate:
    """Decide on two runs of `n` items, of which the first `before` and `after` are right."""
    baseline = [row(str(i), x=i < before) for i in range(n)]
    candidate = [row(str(i), x=i < after) for i in range(n)]
    rows = {each.scorer: each for each in compare_rows(baseline, candidate)}
    return decide(parse_gate(expression), rows, {each.scorer: each for each in summarise_rows(candidate)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x >= baseline - 0.02", [Condition(scorer="x", operator=">=", relative=True, number=-0.02)]),
        ("x>=baseline-.02", [Condition(scorer="x", operator=">=", relative=True, number=-0.02)]),
        ("x <= baseline", [Condition(scorer="x", operator="<=", relative=True, number=0.0)]),
        ("x > 0.8", [Condition(scorer="x", operator=">", relative=False, number=0.8)]),
        ('"how good" >= 1e-1', [Condition(scorer="how good", operator=">=", relative=False, number=0.1)]),
        ("checks/a-b < -3", [Condition(scorer="checks/a-b", operator="<", relative=False, number=-3.0)]),
        (
            '"this and that" >= 0.5 and y < baseline + 1',
            [
                Condition(scorer="this and that", operator=">=", relative=False, number=0.5),
                Condition(scorer="y", operator="<", relative=True, number=1.0),
            ],
        ),
    ],
)
def test_gates_are_read(text: str, expected: list[Condition]) -> None:
    assert parse_gate(text) == expected
    assert parse_gate(" and ".join(map(str, expected))) == expected


@pytest.mark.parametrize(
    "text", ["", "x", "x = 3", "x >= ", "x >= baselin", "x >= baseline 0.1", "x >= 1 and", "x == baseline", ">= 1"]
)
def test_what_is_no_gate_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"gate|sign"):
        parse_gate(text)


@pytest.mark.parametrize(
    ("expression", "before", "after", "verdict"),
    [
        pytest.param("x >= baseline - 0.02", 100, 100, "passed", id="unchanged-within-the-margin"),
        pytest.param("x >= baseline - 0.01", 100, 100, "not enough evidence", id="margin-below-what-n-can-show"),
        pytest.param("x >= baseline - 0.02", 100, 98, "not enough evidence", id="worse-perhaps-by-less"),
        pytest.param("x >= baseline - 0.02", 100, 80, "failed", id="surely-worse"),
        pytest.param("x > baseline", 100, 120, "passed", id="surely-better"),
        pytest.param("x <= baseline + 0.02", 100, 80, "passed", id="upper"),
        pytest.param("x >= 0.4", 100, 100, "passed", id="absolute"),
        pytest.param("x >= 0.5", 100, 100, "not enough evidence", id="the-estimate-is-not-the-bound"),
        pytest.param("x >= 0.9", 100, 100, "failed", id="absolute-failed"),
    ],
)
def test_the_bound_decides(expression: str, before: int, after: int, verdict: str) -> None:
    assert gate(expression, before, after).verdict == verdict


def test_check_raises_unless_every_condition_passed() -> None:
    assert gate("x >= 0.4 and x >= baseline - 0.1", 100, 100).check().passed
    with pytest.raises(GateFailed, match=r"failed: x >= 0\.9 \(mean 0\.5, 95 % interval"):
        gate("x >= 0.4 and x >= 0.9", 100, 100).check()


def test_a_failed_gate_is_an_assertion_error() -> None:
    with pytest.raises(AssertionError):
        gate("x >= 0.9", 0, 0).check()


def test_a_gate_against_a_baseline_takes_a_comparison() -> None:
    summary = {each.scorer: each for each in summarise_rows([row("a", x=True)])}
    with pytest.raises(ConfigurationError, match=r"The gate x >= baseline needs a baseline\. Compare first"):
        decide(parse_gate("x >= baseline"), None, summary)


def test_intervals_of_another_confidence_decide_nothing() -> None:
    """A score of a whole run was given its interval once, at 95 %."""
    (found,) = summarise_rows([row(str(i), x=i < 9) for i in range(10)])
    assert at_confidence([found], 0.95) == [found]
    (other,) = at_confidence([found], 0.99)
    assert decide(parse_gate("x >= 0.1"), {}, {"x": other}).verdict == "not enough evidence"


def test_an_unknown_scorer_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'y', which was not scored in both experiments\. There are: x"):
        gate("y >= baseline", 1, 1)
