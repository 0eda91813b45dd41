"""Pairwise comparisons: both orders, consistent wins, position bias, failures counted, ratings, arms hidden."""

from __future__ import annotations

import re
from typing import Any

import pytest
import scipy

from assay.errors import ConfigurationError, GatewayError, ScorerError
from assay.evaluation.judges.candidates import duels, read_candidates
from assay.evaluation.judges.pairwise import compare_pairwise
from assay.evaluation.judges.pairwise_preference import PairwisePreference
from assay.evaluation.judges.pairwise_result import JudgedPair, compared
from assay.settings import configure
from support.scripted_judge import Answer, Scripted, says, user_text

SHOWN = re.compile(r"<answer-(\d)-[0-9a-f]+>\n(.*?)\n</answer-\1", re.DOTALL)


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


def shown(request: dict[str, Any]) -> tuple[str, str]:
    """The two answers in the order in which the judge sees them."""
    first, second = (text for _, text in SHOWN.findall(user_text(request)))
    return first, second


def prefers(*best: str) -> Scripted:
    """A judge without bias: the answer that stands further left here is better; an equal one is a tie."""

    def rule(request: dict[str, Any]) -> Answer:
        places = [best.index(answer.split()[0]) for answer in shown(request)]
        return says("tie" if places[0] == places[1] else "first" if places[0] < places[1] else "second")

    return Scripted(rule=rule)


async def test_both_orders_are_asked_and_an_answer_wins_that_wins_in_both() -> None:
    gateway = prefers("good", "bad")
    found = await PairwisePreference(gateway=gateway).prefer("q", "bad x", "good y", "the key")
    assert (found.winner, found.order, found.swapped, found.is_consistent) == ("second", "second", "first", True)
    assert [shown(request) for request in gateway.asked] == [("bad x", "good y"), ("good y", "bad x")]
    assert all(">\nthe key\n</reference" in user_text(request) for request in gateway.asked)
    assert (found.metadata["calls"], found.metadata["cost_usd"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("order", "swapped", "winner", "consistent"),
    [
        ("first", "second", "first", True),
        ("second", "first", "second", True),
        ("tie", "tie", "tie", True),
        ("first", "first", "tie", False),
        ("second", "second", "tie", False),
        ("first", "tie", "tie", False),
        ("tie", "first", "tie", False),
    ],
)
async def test_what_changes_with_the_order_is_a_tie(order: str, swapped: str, winner: str, consistent: bool) -> None:
    found = await PairwisePreference(gateway=Scripted(says(order), says(swapped))).prefer("q", "a", "b")
    assert (found.winner, found.is_consistent) == (winner, consistent)


async def test_the_same_text_twice_is_a_tie_without_a_call() -> None:
    gateway = Scripted()
    found = await PairwisePreference(gateway=gateway).prefer("q", {"a": 1}, {"a": 1})
    assert (found.winner, gateway.asked) == ("tie", [])


async def test_as_a_scorer_it_compares_with_the_expected_answer() -> None:
    judge = PairwisePreference(gateway=prefers("good", "bad"))
    values = [await judge("q", output, expected) for output, expected in [("good", "bad"), ("bad", "good")]]
    assert [score and score.value for score in values] == [1.0, 0.0]
    assert await judge("q", "good", None) is None
    with pytest.raises(ScorerError):
        await PairwisePreference(gateway=Scripted("x", "x", says("first"), "x"))("q", "a", "b")


def outputs(*texts: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": str(i), "input": f"q{i}", "output": text, **fields} for i, text in enumerate(texts)]


def test_a_comparison_counts_wins_ties_losses_and_tests_them() -> None:
    gateway = prefers("good", "fair", "bad")
    a = outputs(*["good a"] * 7, "fair a", "bad a", "good a")
    b = outputs(*["bad b"] * 7, "fair b", "good b")
    found = compare_pairwise(a, b, judge=PairwisePreference(gateway=gateway), names=["new", "old"])
    [duel] = found.duels
    assert (duel.n, duel.wins, duel.ties, duel.losses, duel.failed, duel.lost) == (9, 7, 1, 1, 0, 1)
    assert duel.win_rate == pytest.approx(7.5 / 9)
    assert duel.p == pytest.approx(scipy.stats.binomtest(7, 8).pvalue)
    assert duel.decided.value == pytest.approx(7 / 8)
    assert duel.verdict == "no difference shown"
    assert duel.bias.consistency.value == 1.0
    assert found.cost_usd == pytest.approx(9.0)
    assert found.ratings is None
    told = str(found)
    for part in ("new", "old", "7/1/1", "no difference shown", "1 rows without a partner"):
        assert part in told
    assert len(found.rows) == 9
    assert list(found.table["wins"]) == [7]
    assert not re.search(r"\b(new|old)\b", "".join(str(request["messages"]) for request in gateway.asked))


def test_a_judge_that_loves_the_first_place_decides_nothing_and_is_told_on() -> None:
    gateway = Scripted(rule=lambda request: says("first"))
    found = compare_pairwise(
        outputs(*["a"] * 8), outputs(*["b"] * 8), judge=PairwisePreference(gateway=gateway), names=["x", "y"]
    )
    [duel] = found.duels
    assert (duel.wins, duel.ties, duel.losses, duel.p, duel.decided.value) == (0, 8, 0, None, None)
    assert (duel.bias.value, duel.bias.consistency.value) == (1.0, 0.0)
    assert "the judge favours the first place (8 to 0" in str(found)


def test_what_cannot_be_judged_is_counted_and_is_no_tie() -> None:
    def rule(request: dict[str, Any]) -> Answer:
        if "q1" in user_text(request):
            return GatewayError("away", status=503)
        return says("first" if shown(request)[0] == "a" else "second")

    found = compare_pairwise(
        outputs("a", "a"), outputs("b", "b"), judge=PairwisePreference(gateway=Scripted(rule=rule))
    )
    [duel] = found.duels
    assert (duel.n, duel.wins, duel.failed) == (1, 1, 1)
    assert "the first failure: away" in str(found)


def test_a_refused_key_ends_the_comparison_with_the_first_pair() -> None:
    gateway = Scripted(rule=lambda request: GatewayError("no such key", status=401))
    with pytest.raises(GatewayError, match="no such key"):
        compare_pairwise(outputs(*["a"] * 9), outputs(*["b"] * 9), judge=PairwisePreference(gateway=gateway))
    assert len(gateway.asked) == 2


def test_three_candidates_are_rated() -> None:
    def rule(request: dict[str, Any]) -> Answer:
        first, second = (answer.split() for answer in shown(request))
        upset = first[1] in ("0", "1", "2")  # so that nobody wins all
        better = (first[0] < second[0]) != upset
        return says("first" if better else "second")

    texts = {name: outputs(*(f"{name} {i}" for i in range(12))) for name in "abc"}
    found = compare_pairwise(texts, judge=PairwisePreference(gateway=Scripted(rule=rule)))
    assert [(duel.one, duel.other) for duel in found.duels] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found.ratings is not None
    assert list(found.ratings.ratings) == ["a", "b", "c"]
    assert [duel.corrected_p >= duel.p for duel in found.duels if duel.p and duel.corrected_p] == [True] * 3
    assert "Bradley-Terry" in str(found)


def test_repeats_and_clusters_are_one_unit_each() -> None:
    [duel] = duels(read_candidates([outputs("a"), outputs("b")]))
    about = {"one": "A", "other": "B", "order": "first", "swapped": "second"}
    repeats = [JudgedPair(item_id="1", repeat=i, winner=w, **about) for i, w in enumerate(["first", "first", "second"])]
    assert compared([duel], repeats, judge="j").duels[0].wins == 1
    clustered = [JudgedPair(item_id=str(i), cluster="doc", winner="first", **about) for i in range(5)]
    assert (compared([duel], clustered, judge="j").duels[0].n, len(clustered)) == (1, 5)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([outputs("a")], "two candidates or more"),
        ([outputs("a"), [{"id": "other", "input": "q", "output": "b"}]], "no item in common"),
        ([outputs("a"), [{"id": "0", "input": "q"}]], "no output to compare"),
    ],
)
def test_candidates_that_cannot_be_compared_are_refused(given: list[Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        compare_pairwise(*given, judge=PairwisePreference(gateway=Scripted()))


def test_results_are_compared_by_item_and_repeat() -> None:
    class Result:
        def __init__(self, id: str, answer: str, failed: str) -> None:
            self.id, self.name = id, "qa"
            self.records = [
                {
                    "item_id": item,
                    "repeat": repeat,
                    "status": "task_error" if item == failed else "ok",
                    "input": item,
                    "output": answer,
                    "expected": None,
                    "cluster": None,
                }
                for item in ("1", "2", "3")
                for repeat in (0, 1)
            ]

    found = compare_pairwise(
        Result("x", "good", "1"), Result("y", "bad", "2"), judge=PairwisePreference(gateway=prefers("good", "bad"))
    )
    [duel] = found.duels
    assert (duel.one, duel.other) == ("qa (x)", "qa (y)")
    assert (duel.n, duel.wins, duel.lost, len(found.pairs)) == (1, 1, 4, 2)
