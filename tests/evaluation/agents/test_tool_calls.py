"""Tool calls against the expected ones: orders, arguments, and the figures of their overlap."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.agents.calls import Call
from assay.evaluation.agents.matching import fits_by, in_order, paired
from assay.scorers import Score, ToolCallF1, ToolCallMatch, ToolCallPrecision, ToolCallRecall
from support.agent_traces import at, model, tool, trace

A, B, C = ({"name": name, "arguments": {"n": 1}} for name in "abc")


def one_after_another(*names: str) -> Any:
    """A trace in which these tools ran in this order."""
    return trace(model("m", [], 0), *(tool(f"t{n}", name, {"n": 1}, 10 * n) for n, name in enumerate(names)))


def at_once(*names: str) -> Any:
    """A trace in which a model asked for these tools in one answer; they ran one after another."""
    ran = [tool(f"t{n}", name, {"n": 1}, 10 + 10 * n) for n, name in enumerate(names)]
    return trace(model("m", [(name, {"n": 1}) for name in names], 0), *ran)


def match(order: Any, expected: Any, made: Any, **options: Any) -> Any:
    score: Any = ToolCallMatch(order=order, **options)(expected, made)
    return score.value


@pytest.mark.parametrize(
    ("expected", "made", "exact", "ordered", "any_order"),
    [
        ([A, B], one_after_another("a", "b"), True, True, True),
        ([B, A], one_after_another("a", "b"), False, False, True),
        ([A, B], one_after_another("a", "c", "b"), False, True, True),
        ([A, B], one_after_another("a"), False, False, False),
        ([A, A], one_after_another("a"), False, False, False),
        ([A], one_after_another("a", "a"), False, True, True),
        ([B, A], at_once("a", "b"), True, True, True),
        ([C, B, A], at_once("a", "b", "c"), True, True, True),
        ([], one_after_another(), True, True, True),
        ([], one_after_another("a"), False, True, True),
    ],
)
def test_orders(expected: Any, made: Any, exact: bool, ordered: bool, any_order: bool) -> None:
    found = [match(order, expected, made) for order in ("exact", "in_order", "any_order")]
    assert found == [exact, ordered, any_order]


def test_a_single_call_among_others() -> None:
    assert match("single", [B], one_after_another("a", "b")) is True
    assert match("single", [C], one_after_another("a", "b")) is False
    with pytest.raises(ScorerError, match="one expected call, and there are 2"):
        match("single", [A, B], one_after_another("a"))


def test_tools_that_ran_side_by_side_have_no_order() -> None:
    side_by_side = trace(tool("t1", "a", {"n": 1}, 1, 5), tool("t2", "b", {"n": 1}, 2, 4), tool("t3", "c", {"n": 1}, 9))
    assert match("exact", [B, A, C], side_by_side) is True
    assert match("exact", [A, C, B], side_by_side) is False


@pytest.mark.parametrize(
    ("args", "expected", "made", "fits"),
    [
        ("exact", {"n": 1}, {"n": "1"}, False),
        ("exact", {"n": 1}, {"n": 1.0}, True),
        ("exact", {"n": 1}, {"n": True}, False),
        ("exact", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ("exact", {"a": [1, 2]}, {"a": [2, 1]}, False),
        ("exact", {"n": 1}, {"n": 1, "unit": "C"}, False),
        ("exact", {}, {"n": 1}, False),
        ("subset", {"n": 1}, {"n": 1, "unit": "C"}, True),
        ("subset", {"n": 1}, {"n": "1", "unit": "C"}, False),
        ("subset", {"where": {"city": "Rome"}}, {"where": {"city": "Rome", "zip": "1"}}, True),
        ("subset", {"n": 1, "unit": "C"}, {"n": 1}, False),
        ("ignore", {"n": 1}, {"q": "x"}, True),
    ],
)
def test_arguments(args: Any, expected: Any, made: Any, fits: bool) -> None:
    made_call = trace(tool("t", "a", made, 1))
    assert match("exact", [{"name": "a", "arguments": expected}], made_call, args=args) is fits


def test_a_miss_says_what_is_missing_extra_or_in_another_order() -> None:
    def said(expected: Any, made: Any) -> str:
        score: Any = ToolCallMatch()(expected, made)
        return str(score.explanation)

    assert said([A, B], one_after_another("a", "c")) == 'missing: b({"n": 1}); not expected: c({"n": 1})'
    assert said([B, A], one_after_another("a", "b")) == 'other order: a({"n": 1}), b({"n": 1})'


def test_items_without_expected_calls_are_not_applicable() -> None:
    assert ToolCallMatch()(None, one_after_another("a")) is None
    assert ToolCallRecall()(None, one_after_another("a")) is None


def test_arguments_that_were_not_recorded_can_only_be_ignored() -> None:
    silent = trace(tool("t", "a", None, 1))
    assert match("exact", [A], silent, args="ignore") is True
    with pytest.raises(ScorerError, match="does not hold the arguments of 'a'"):
        match("exact", [A], silent)


@pytest.mark.parametrize(
    ("expected", "made", "precision", "recall", "f1"),
    [
        ([A, A, B], ["a", "b", "c"], 2 / 3, 2 / 3, 2 / 3),
        ([A], ["a", "a"], 1 / 2, 1.0, 2 / 3),
        ([A], [], None, 0.0, 0.0),
        ([], ["a"], 0.0, None, 0.0),
        ([], [], None, None, None),
    ],
)
def test_overlap_of_multisets(expected: Any, made: list[str], precision: Any, recall: Any, f1: Any) -> None:
    found = [kind()(expected, one_after_another(*made)) for kind in (ToolCallPrecision, ToolCallRecall, ToolCallF1)]
    assert [score.value for score in found if score] == [precision, recall, f1]
    assert all(
        score is not None and (score.value is None) == str(score.explanation).startswith("0/0") for score in found
    )


def test_as_many_pairs_as_possible_are_made() -> None:
    """Taking the first fit would leave the second expected call without its only partner."""
    wide, narrow = {"name": "a", "arguments": {}}, {"name": "a", "arguments": {"n": 1}}
    made = trace(tool("t1", "a", {"n": 1}, 1, 9), tool("t2", "a", {"m": 2}, 2, 8))
    score = ToolCallRecall(args="subset")([wide, narrow], made)
    assert score is not None
    assert score.value == 1
    assert match("exact", [wide, narrow], made, args="subset") is True


calls = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 6), st.integers(0, 3)), max_size=5)


@settings(max_examples=100)
@given(calls, st.lists(st.sampled_from("ab"), max_size=4))
def test_order_and_pairs_against_every_choice_there_is(made: list[tuple[str, int, int]], wanted: list[str]) -> None:
    actual = [Call(name=name, start=at(start), end=at(start + length)) for name, start, length in made]
    expected = [Call(name=name) for name in wanted]
    fits = fits_by("exact")
    choices = [
        chosen
        for chosen in itertools.permutations(actual, len(expected))
        if all(map(fits, expected, chosen))
        and not any(chosen[j].precedes(chosen[i].start) for i in range(len(chosen)) for j in range(i + 1, len(chosen)))
    ]
    assert in_order(expected, actual, fits) is bool(choices)
    most = sum(min(wanted.count(name), sum(call.name == name for call in actual)) for name in "ab")
    assert len(paired(expected, actual, fits)) == most


def test_a_judge_is_asked_about_arguments_that_differ_and_only_those() -> None:
    asked: list[tuple[str, str, str]] = []

    async def judge(input: str, output: str, expected: str) -> Score:
        asked.append((input, expected, output))
        return Score(name="j", value="Roma" in output, metadata={"calls": 1, "cost_usd": 0.5, "model": "m"})

    made = trace(tool("t1", "weather", {"city": "Roma"}, 1), tool("t2", "weather", {"city": "Paris"}, 3))
    expected = [{"name": "weather", "arguments": {"city": city}} for city in ("Rome", "Paris")]
    score = asyncio.run(_awaited(ToolCallMatch(args="judge", judge=judge)(expected, made)))
    assert score.value is True
    assert ("weather", '{"city": "Rome"}', '{"city": "Roma"}') in asked
    assert len(asked) == 3  # Paris with Paris needs no judge
    assert (score.metadata["calls"], score.metadata["cost_usd"], score.metadata["model"]) == (3, 1.5, "m")


def test_a_judge_without_a_verdict_is_an_error() -> None:
    made = trace(tool("t1", "a", {"n": 2}, 1))
    with pytest.raises(ScorerError, match="said 'maybe'"):
        asyncio.run(_awaited(ToolCallMatch(args="judge", judge=lambda input, output, expected: "maybe")([A], made)))


async def _awaited(found: Any) -> Score:
    score: Score = await found
    return score


def test_wrong_options_are_refused_at_once() -> None:
    for wrong in (
        lambda: ToolCallMatch(order="any"),  # type: ignore[arg-type]
        lambda: ToolCallMatch(args="some"),  # type: ignore[arg-type]
        lambda: ToolCallMatch(model="openai/m"),
        lambda: ToolCallF1(args="judge"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConfigurationError):
            wrong()


def test_a_judged_match_is_a_judges_score_and_registers_the_judges_prompt() -> None:
    class Prepared:
        def prepare(self) -> dict[str, str]:
            return {"prompt": "judges/tool_arguments"}

        def __call__(self, input: str, output: str, expected: str) -> bool:
            return True

    scorer = ToolCallMatch(args="judge", judge=Prepared())
    assert (scorer.source, scorer.prepare()) == ("llm", {"prompt": "judges/tool_arguments"})
    assert (ToolCallMatch().source, ToolCallMatch().prepare()) == ("code", None)
    assert ToolCallMatch(args="judge", model="openai/m").source == "llm"
