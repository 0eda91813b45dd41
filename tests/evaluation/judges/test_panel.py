"""Votes and panels: strict majority, ties, failed votes, entropy, and what is recorded of each vote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, GatewayError, ScorerError
from assay.evaluation.judges.own import judge
from assay.evaluation.judges.panel import entropy_bits, majority
from assay.evaluation.judges.verdict import Judge
from assay.settings import configure
from support.scripted_judge import Answer, Scripted, completion, says


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


def panel(answers: Mapping[str, Answer], **options: Any) -> Judge:
    """A judge of pass and fail, of several models that always answer so."""
    gateway = Scripted(rule=lambda request: answers[request["model"]])
    return judge("tone", "Friendly?", models=list(answers), gateway=gateway, **options)


async def test_the_verdict_of_more_than_half_of_the_panel_holds() -> None:
    answers = {"a/1": says("pass", "kind"), "b/2": says("fail", "curt"), "c/3": says("pass", "warm")}
    score = await panel(answers)("q", "a")
    assert score is not None
    assert (score.value, score.explanation, score.metadata["label"]) == (True, "kind", "pass")
    assert score.metadata["votes"] == {"pass": 2, "fail": 1}
    assert score.metadata["entropy"] == pytest.approx(0.9182958340544896)  # of 2/3 and 1/3, in bits
    assert (score.metadata["model"], score.metadata["calls"], score.metadata["cost_usd"]) == ("a/1, b/2, c/3", 3, 1.5)
    assert score.metadata["by_model"] == {"a/1": {"pass": 1}, "b/2": {"fail": 1}, "c/3": {"pass": 1}}
    assert [(vote["model"], vote["label"]) for vote in score.metadata["panel"]] == [
        ("a/1", "pass"),
        ("b/2", "fail"),
        ("c/3", "pass"),
    ]


async def test_a_tie_has_no_value_and_says_how_the_votes_fell() -> None:
    score = await panel({"a/1": says("pass"), "b/2": says("fail")})("q", "a")
    assert score is not None
    assert score.value is None
    assert score.explanation == "no verdict has a majority of the 2 votes: 1 for 'pass', 1 for 'fail'"
    assert (score.metadata["tie"], score.metadata["entropy"], score.metadata["calls"]) == (True, 1.0, 2)


async def test_a_plurality_is_no_majority() -> None:
    models = {f"m/{i}": says(label) for i, label in enumerate(["a", "a", "b", "c"])}
    score = await judge(
        "j", "Which?", ["a", "b", "c"], models=list(models), gateway=Scripted(rule=lambda r: models[r["model"]])
    )("q", "a")
    assert score is not None
    assert score.value is None


async def test_a_declared_tie_break_is_a_value_that_says_so() -> None:
    score = await panel({"a/1": says("pass"), "b/2": says("fail")}, tie_break="fail")("q", "a")
    assert score is not None
    assert (score.value, score.metadata["label"], score.metadata["tie"]) == (False, "fail", True)
    assert score.explanation is not None
    assert "ties count as 'fail'" in score.explanation


async def test_a_failed_vote_does_not_hinder_a_majority() -> None:
    answers: dict[str, Answer] = {"a/1": says("pass"), "b/2": GatewayError("away", status=503), "c/3": says("pass")}
    score = await panel(answers)("q", "a")
    assert score is not None
    assert score.value is True
    assert score.metadata["panel"][1]["error"] == "away"


async def test_when_failed_votes_leave_no_majority_the_judge_has_failed() -> None:
    answers: dict[str, Answer] = {"a/1": says("pass"), "b/2": GatewayError("away"), "c/3": says("fail")}
    with pytest.raises(ScorerError, match=r"a majority of the panel\. 1 of 3 votes failed; the first: away") as caught:
        await panel(answers, tie_break="fail")("q", "a")
    assert (caught.value.metadata["calls"], caught.value.metadata["votes"]) == (2, {"pass": 1, "fail": 1})


async def test_a_panel_that_cannot_be_reached_is_told_like_one_that_cannot() -> None:
    answers: dict[str, Answer] = {model: GatewayError("no", status=503) for model in ("a/1", "b/2")}
    with pytest.raises(ScorerError, match="2 of 2 votes failed") as caught:
        await panel(answers)("q", "a")
    assert getattr(caught.value, "status", None) == 503


async def test_votes_of_one_model_are_calls_of_their_own_for_a_cache() -> None:
    gateway = Scripted(says("pass"), says("fail"), says("pass"))
    score = await judge("tone", "Friendly?", votes=3, seed=7, gateway=gateway)("q", "a")
    assert score is not None
    assert (score.value, score.metadata["votes"]) == (True, {"pass": 2, "fail": 1})
    assert len({asked["namespace"] for asked in gateway.asked}) == 3
    assert [asked["seed"] for asked in gateway.asked] == [7, 8, 9]
    assert gateway.asked[0]["namespace"] == ""  # one vote alone and the first of three share an answer
    assert len({str(asked["messages"]) for asked in gateway.asked}) == 1


async def test_one_vote_has_no_entropy() -> None:
    score = await judge("tone", "Friendly?", gateway=Scripted(says("pass")))("q", "a")
    assert score is not None
    assert (score.metadata["votes"], score.metadata["entropy"]) == ({"pass": 1}, None)
    assert "panel" not in score.metadata


async def test_an_error_that_is_no_models_is_not_a_vote() -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        await panel({"a/1": says("pass"), "b/2": RuntimeError("a bug")})("q", "a")


async def test_whether_all_answers_were_kept_ones_is_recorded() -> None:
    kept, asked = completion(says("pass"), cached=True, cost_usd=0.0), completion(says("pass"))
    assert (await _cached(kept, kept), await _cached(kept, asked)) == (True, False)


async def _cached(*answers: Answer) -> bool:
    score = await judge("tone", "Friendly?", votes=2, gateway=Scripted(*answers))("q", "a")
    assert score is not None
    return bool(score.metadata["cached"])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"votes": 0}, "votes= is a number from 1"),
        ({"votes": True}, "votes= is a number from 1"),
        ({"votes": 2.0}, "votes= is a number from 1"),
        ({"models": "openai/x"}, "models= is a list"),
        ({"models": ["openai/x", "openai:/x"]}, "names a model twice"),
        ({"models": ["a"], "model": "b"}, "a model and models"),
        ({"tie_break": "maybe"}, "breaks ties with 'maybe'"),
    ],
)
def test_a_panel_that_cannot_vote_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        judge("tone", "Friendly?", **options)


@settings(max_examples=25)
@given(st.lists(st.sampled_from("abc"), max_size=9), st.integers(0, 3))
def test_a_majority_has_more_than_half_of_the_whole_panel(labels: list[str], failed: int) -> None:
    size = len(labels) + failed
    assert majority(labels, size) == next((label for label in "abc" if 2 * labels.count(label) > size), None)


@settings(max_examples=25)
@given(st.dictionaries(st.text(max_size=2), st.integers(1, 50), min_size=1, max_size=6))
def test_entropy_is_between_agreement_and_an_even_split(counts: dict[str, int]) -> None:
    found = entropy_bits(counts)
    if sum(counts.values()) < 2:
        assert found is None
    else:
        assert found is not None
        assert 0 <= found <= (len(counts) - 1).bit_length() + 1e-9
