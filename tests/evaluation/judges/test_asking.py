"""One question to a judge's model: what it cannot take is left out, texts too long for it are told, never cut."""

from __future__ import annotations

from typing import Any

import pytest

from assay.errors import GatewayError, ScorerError
from assay.evaluation.judges.asking import left_out
from assay.evaluation.judges.own import judge
from assay.settings import configure
from support.scripted_judge import Answer, Scripted, completion, says


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        "litellm.UnsupportedParamsError: openai does not support parameters: ['temperature'], for model=o9",
        "invalid temperature: only 1 is allowed for this model",
        "`temperature` is deprecated for this model.",
    ],
)
async def test_a_model_that_takes_no_temperature_is_asked_without_and_remembered(message: str) -> None:
    model = f"reasoning/{abs(hash(message))}"

    def rule(request: dict[str, Any]) -> Answer:
        return GatewayError(message, status=400) if "temperature" in request else says("pass")

    gateway = Scripted(rule=rule)
    asked = judge("tone", "Friendly?", model=model, gateway=gateway)
    for _ in range(2):
        score = await asked("q", "a")
        assert score is not None
        assert score.value is True
    assert ["temperature" in request for request in gateway.asked] == [True, False, False]
    assert score.metadata["left_out"] == ["temperature"]
    assert left_out(model) == ["temperature"]


async def test_a_parameter_is_not_forgotten_for_an_error_that_has_another_reason() -> None:
    model = "m/other-reason"
    gateway = Scripted(*[GatewayError("temperature is invalid here", status=400) for _ in range(2)])
    with pytest.raises(GatewayError, match="invalid here"):
        await judge("tone", "Friendly?", model=model, gateway=gateway)("q", "a")
    assert [sorted(request) for request in gateway.asked][1].count("temperature") == 0
    assert left_out(model) == []


@pytest.mark.parametrize("status", [401, 429, 500, None])
async def test_other_failures_are_not_asked_again(status: int | None) -> None:
    gateway = Scripted(GatewayError("the temperature of the server room is not supported", status=status))
    with pytest.raises(GatewayError):
        await judge("tone", "Friendly?", gateway=gateway)("q", "a")
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The input token count (1500000) exceeds the maximum number of tokens allowed (1048576).",
        "Input validation error: inputs tokens + max_new_tokens must be <= max_model_len",
        "context_length_exceeded",
        "Please reduce the length of the messages.",
        "Request too large for this model: too many tokens",
    ],
)
async def test_texts_too_long_for_the_model_are_an_error_with_advice_and_are_never_cut(message: str) -> None:
    text = "word " * 5000
    gateway = Scripted(GatewayError(message, status=400))
    with pytest.raises(ScorerError, match=r"they are never cut: .* Judge with a model of a larger context"):
        await judge("tone", "Friendly?", model="m/small", gateway=gateway)("q", text)
    assert text in gateway.asked[0]["messages"][1]["content"]
    assert len(gateway.asked) == 1


async def test_what_is_not_given_is_not_passed() -> None:
    gateway = Scripted(says("pass"))
    await judge("tone", "Friendly?", temperature=None, gateway=gateway)("q", "a")
    assert sorted(gateway.asked[0]) == ["messages", "model", "namespace", "response_format"]


async def test_a_repair_whose_call_fails_keeps_what_the_first_answer_cost() -> None:
    gateway = Scripted("hm", GatewayError("away", status=503))
    with pytest.raises(ScorerError, match="away") as caught:
        await judge("tone", "Friendly?", gateway=gateway)("q", "a")
    assert (caught.value.metadata["cost_usd"], caught.value.metadata["raw"]) == (0.5, "hm")
    assert getattr(caught.value, "status", None) == 503


async def test_an_answer_of_white_space_is_no_turn_of_the_conversation() -> None:
    gateway = Scripted(completion(" \n"), says("pass"))
    await judge("tone", "Friendly?", gateway=gateway)("q", "a")
    assert [message["role"] for message in gateway.asked[1]["messages"]] == ["system", "user", "user"]
