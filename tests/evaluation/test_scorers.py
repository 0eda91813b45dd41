"""Scorers: what the built-in ones say, and what becomes of whatever a scorer returns."""

from __future__ import annotations

import asyncio
import functools
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.data.dataset import Item
from assay.evaluation.prepared_scorers import prepare_scorers
from assay.evaluation.scorers.protocol import scorer_name, source_hash
from assay.evaluation.scoring import as_scores, run_scorer
from assay.evaluation.threads import Threads
from assay.scorers import Contains, ExactMatch, Score, scorer

ITEMS = [Item(id="a", input="i", expected="e")]


@pytest.mark.parametrize(
    ("normalize", "output", "expected", "verdict"),
    [
        ("none", "Paris", "Paris", True),
        ("none", "Paris", "paris", False),
        ("none", "Paris ", "Paris", False),
        ("strip", " Paris\n", "Paris", True),
        ("casefold", "STRASSE", "straße", True),
        ("none", "caf\u00e9", "cafe\u0301", False),
        ("nfc", "caf\u00e9", "cafe\u0301", True),
        ("squad", "The Eiffel  Tower!", "eiffel tower", True),
        ("squad", "theory", "ory", False),
        (("nfc", "casefold"), "CAF\u00c9", "cafe\u0301", True),
        ("casefold", 1, "1", False),
        ("none", {"a": [1, 2]}, {"a": [1, 2]}, True),
        ("none", None, "x", False),
        ("none", "x", None, None),
    ],
)
def test_exact_match(normalize: Any, output: Any, expected: Any, verdict: bool | None) -> None:
    assert ExactMatch(normalize=normalize)(output, expected) is verdict


def test_exact_match_names_the_normalisations_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'lower'\. It has: none, strip, casefold, nfc, squad"):
        ExactMatch(normalize="lower")  # type: ignore[arg-type]


@given(st.text())
def test_a_text_matches_itself_under_every_normalisation(text: str) -> None:
    assert all(ExactMatch(normalize=step)(text, text) for step in ("none", "strip", "casefold", "nfc", "squad"))


@pytest.mark.parametrize(
    ("options", "output", "expected", "verdict"),
    [
        ({}, "It is Paris.", "Paris", True),
        ({}, "It is paris.", "Paris", False),
        ({"case_sensitive": False}, "It is paris.", "Paris", True),
        ({}, "red and green", ["red", "blue"], False),
        ({"match": "any"}, "red and green", ["red", "blue"], True),
        ({"phrases": ("sorry",)}, "sorry", "whatever", True),
        ({"phrases": "no"}, "nope", None, True),
        ({}, "x", None, None),
        ({}, "x", [], None),
    ],
)
def test_contains(options: dict[str, Any], output: Any, expected: Any, verdict: bool | None) -> None:
    assert Contains(**options)(output, expected) is verdict


def test_contains_of_something_else_than_text_is_an_error_and_not_false() -> None:
    with pytest.raises(ScorerError, match="the output is of type dict"):
        Contains()({"answer": "x"}, "x")


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        pytest.param(True, [("s", True, "scored")], id="bool"),
        pytest.param(np.bool_(False), [("s", False, "scored")], id="numpy-bool"),
        pytest.param(np.float32(0.5), [("s", 0.5, "scored")], id="numpy-float"),
        pytest.param(3, [("s", 3, "scored")], id="int"),
        pytest.param("good", [("s", "good", "scored")], id="label"),
        pytest.param(None, [("s", None, "not_applicable")], id="not-applicable"),
        pytest.param(Score(name="s", value=1), [("s", 1, "scored")], id="score"),
        pytest.param(Score(name="t", value=1), [("s/t", 1, "scored")], id="score-of-another-name"),
        pytest.param({"p": 1.0, "r": None}, [("s/p", 1.0, "scored"), ("s/r", None, "not_applicable")], id="dict"),
        pytest.param({"p": Score(name="x", value=2)}, [("s/p", 2, "scored")], id="dict-of-scores"),
        pytest.param(
            [Score(name="p", value=1), Score(name="q", value=0)],
            [("s/p", 1, "scored"), ("s/q", 0, "scored")],
            id="list",
        ),
    ],
)
def test_what_a_scorer_returns_becomes_scores(returned: Any, expected: list[tuple[str, Any, str]]) -> None:
    assert [(s["name"], s["value"], s["status"]) for s in as_scores("s", returned, "code")] == expected


@pytest.mark.parametrize(
    "returned",
    [
        math.nan,
        math.inf,
        {},
        [],
        [1, 2],
        object(),
        b"x",
        {"a": [1]},
        [Score(name="a", value=1), Score(name="a", value=2)],
    ],
)
def test_what_is_no_score_is_an_error(returned: Any) -> None:
    with pytest.raises(ScorerError):
        as_scores("s", returned, "code")


def test_a_score_keeps_explanation_source_and_metadata() -> None:
    given_score = Score(name="s", value=True, explanation="why", source="llm", metadata={"model": "m"})
    (score,) = as_scores("s", given_score, "code")
    assert (score["explanation"], score["source"], score["metadata"]) == ("why", "llm", {"model": "m"})


@scorer
def plain(output: Any) -> bool:
    return bool(output)


@scorer(name="words", direction="lower", range=(0, 100))
def counted(outputs: str) -> int:
    return len(outputs.split())


def test_a_decorated_function_stays_callable_and_carries_what_was_declared() -> None:
    assert plain("x") is True
    assert counted("a b") == 2
    (prepared,) = prepare_scorers([counted], ITEMS, has_task=True)
    assert (prepared.name, prepared.direction, prepared.range) == ("words", "lower", (0, 100))
    assert prepared.arguments == {"outputs": "output"}


class MyOwnScorer:
    def __call__(self, output: Any) -> bool:
        return True


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (plain, "plain"),
        (ExactMatch(), "exact_match"),
        (MyOwnScorer(), "my_own_scorer"),
        (functools.partial(plain), "plain"),
    ],
)
def test_scorers_have_names(target: Any, name: str) -> None:
    assert scorer_name(target) == name


def test_the_version_of_a_scorer_follows_its_source() -> None:
    assert source_hash(plain) == source_hash(functools.partial(plain))
    assert source_hash(plain) != source_hash(counted)
    assert source_hash(ExactMatch()) == source_hash(ExactMatch(normalize="squad"))
    assert source_hash(len) is None


@pytest.mark.parametrize(
    ("scorers", "message"),
    [
        pytest.param([], "needs a scorer", id="none"),
        pytest.param([ExactMatch], "ExactMatch is a class", id="class"),
        pytest.param([3], "3 cannot be called", id="number"),
        pytest.param(["exactmatch"], "no scorer 'exactmatch'. Did you mean 'exact_match'", id="near-name"),
        pytest.param(["quality"], "no scorer 'quality'. Built in: ", id="name"),
        pytest.param([ExactMatch(), ExactMatch()], "Two scorers are called 'exact_match'", id="twice"),
        pytest.param([lambda output, answer: True], "asks for 'answer', which no row has", id="unknown-argument"),
        pytest.param([ExactMatch(name="a/b")], "slash", id="slash"),
        pytest.param([ExactMatch(name="output")], "column", id="column"),
        pytest.param([lambda trace: True], "asks for the trace, and without a task there is none", id="trace"),
    ],
)
def test_scorers_that_cannot_work_are_refused_before_anything_runs(scorers: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        prepare_scorers(scorers, ITEMS, has_task=False)


def test_a_scorer_that_needs_an_expected_value_is_refused_where_no_item_has_one() -> None:
    with pytest.raises(ConfigurationError, match="'exact_match' needs an expected value, and no item has one"):
        prepare_scorers([ExactMatch()], [Item(id="a", input=1)], has_task=True)
    prepare_scorers([ExactMatch()], [Item(id="a", input=1), Item(id="b", input=1, expected=2)], has_task=True)


def test_built_in_scorers_are_found_by_name() -> None:
    prepared = prepare_scorers(["contains", "exact_match", "ndcg@3"], ITEMS, has_task=True)
    assert [each.name for each in prepared] == ["contains", "exact_match", "ndcg@3"]


async def slow(output: Any) -> bool:
    import asyncio

    await asyncio.Event().wait()
    return True


def broken(output: Any) -> bool:
    raise ZeroDivisionError("by zero")


async def test_what_a_scorer_raises_or_takes_too_long_for_is_a_failure_that_names_it() -> None:
    threads = Threads()
    row = {"output": "x"}
    scorers = prepare_scorers([broken, slow], ITEMS, has_task=True)
    failures = [(await run_scorer(each, row, threads, 0.05)).scores[0] for each in scorers]
    threads.close()
    assert [(f["status"], f["value"], f["error"]) for f in failures] == [
        ("scorer_error", None, "ZeroDivisionError: by zero"),
        ("scorer_error", None, "it took longer than 0.05 s"),
    ]


def leaving(output: Any) -> bool:
    raise SystemExit(3)


def cancelling(output: Any) -> bool:
    raise asyncio.CancelledError


async def leaving_later(output: Any) -> bool:
    raise SystemExit(3)


async def cancelling_later(output: Any) -> bool:
    raise asyncio.CancelledError


async def test_a_scorer_that_exits_or_cancels_itself_fails_as_any_other() -> None:
    threads = Threads()
    scorers = prepare_scorers([leaving, cancelling, leaving_later, cancelling_later], ITEMS, has_task=True)
    failures = [(await run_scorer(each, {"output": "x"}, threads, 5)).scores[0] for each in scorers]
    threads.close()
    assert [f["status"] for f in failures] == ["scorer_error"] * 4
    cancelled = "asyncio.exceptions.CancelledError"
    assert [f["error"] for f in failures] == ["SystemExit: 3", cancelled, "SystemExit: 3", cancelled]


async def test_a_scorer_that_is_cancelled_from_outside_ends() -> None:
    threads = Threads()
    began = asyncio.Event()

    async def waiting(output: Any) -> bool:
        began.set()
        return await asyncio.Future()

    (prepared,) = prepare_scorers([waiting], ITEMS, has_task=True)
    task = asyncio.create_task(run_scorer(prepared, {"output": "x"}, threads, 5))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    threads.close()
