"""Every way in which a model's answer can be bad: it is read strictly, asked for once more, and then is a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ScorerError
from assay.evaluation.judges.own import judge
from assay.evaluation.judges.reading import Unusable, read_object
from assay.settings import configure
from support.scripted_judge import Scripted, completion, says


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says("pass"), id="plain"),
        pytest.param(f"\ufeff{says('pass')}", id="byte order mark"),
        pytest.param(f"<think>It says fail? {says('fail')}</think>\n{says('pass')}", id="thoughts before it"),
        pytest.param(
            json.dumps({"verdict": "PASS ", "explanation": ["a", 1], "more": None}), id="other order and keys"
        ),
        pytest.param(json.dumps({"verdict": "pass"}), id="without an explanation"),
    ],
)
async def test_answers_that_say_one_thing_are_read(answer: str) -> None:
    score = await judge("tone", "Friendly?", gateway=Scripted(answer))("q", "a")
    assert score is not None
    assert score.value is True


BAD = {
    "prose around it": f"My verdict: {says('pass')}",
    "two objects": says("pass") + says("fail"),
    "a key twice": '{"verdict": "pass", "verdict": "fail"}',
    "NaN": '{"explanation": NaN, "verdict": "pass"}',
    "a list": f"[{says('pass')}]",
    "a bool": "true",
    "another verdict": says("perfect"),
    "two verdicts": '{"verdict": ["pass", "fail"]}',
    "a number": '{"verdict": 1}',
    "a verdict in a verdict": '{"verdict": {"verdict": "pass"}}',
    "null": '{"verdict": null}',
    "nothing": "",
    "white space": " \n\t",
    "half of it": '{"explanation": "it is good", "verdict": "pa',
    "too deep": "[" * 100_000,
    "too large a number": f'{{"verdict": {"9" * 10_000}}}',
    "unclosed thoughts": "<think>pass",
    "Python": "{'verdict': 'pass'}",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_what_cannot_be_read_is_asked_for_once_more_and_then_is_a_failure(bad: str) -> None:
    repaired = await judge("tone", "Friendly?", gateway=Scripted(bad, says("fail")))("q", "a")
    assert repaired is not None
    assert (repaired.value, repaired.metadata["calls"]) == (False, 2)
    gateway = Scripted(bad, bad)
    with pytest.raises(ScorerError, match="no verdict in 2 tries") as caught:
        await judge("tone", "Friendly?", gateway=gateway)("q", "a")
    assert caught.value.metadata["raw"] == bad
    assert len(str(caught.value)) < 2_000
    assert len(gateway.asked) == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (completion(None, finish_reason="content_filter"), "finish reason 'content_filter'"),
        (completion(says("pass"), finish_reason="content_filter"), "the provider's content filter stopped it"),
        (completion(None, refusal="I would rather not."), "the model refused: 'I would rather not.'"),
        (completion(None, finish_reason="tool_calls"), "it is empty"),
    ],
)
async def test_a_refusal_is_a_failure_and_is_not_asked_again(answer: Any, problem: str) -> None:
    gateway = Scripted(answer)
    with pytest.raises(ScorerError, match="no verdict in 1 try") as caught:
        await judge("tone", "Friendly?", gateway=gateway)("q", "a")
    assert problem in str(caught.value)
    assert caught.value.metadata["calls"] == 1


async def test_an_answer_that_is_cut_off_is_not_read_even_if_it_is_whole_json() -> None:
    cut = completion(says("pass"), finish_reason="length")
    with pytest.raises(ScorerError, match="cut off at the limit of output tokens"):
        await judge("tone", "Friendly?", gateway=Scripted(cut, cut))("q", "a")


async def test_half_a_surrogate_pair_can_be_stored() -> None:
    score = await judge("tone", "Friendly?", gateway=Scripted('{"explanation": "\\ud800", "verdict": "pass"}'))(
        "q", "a"
    )
    assert score is not None
    assert (score.explanation or "").encode() == b"?"


@settings(max_examples=25)
@given(st.text() | (st.none() | st.lists(st.text()) | st.dictionaries(st.text(), st.booleans())).map(json.dumps))
def test_no_answer_raises_anything_else(text: str) -> None:
    try:
        said = read_object(completion(text), "anything")
    except Unusable:
        return
    assert isinstance(said, dict)
