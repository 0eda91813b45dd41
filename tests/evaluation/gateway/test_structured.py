"""Structured answers of models that differ in how they may be asked for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.errors import GatewayError
from assay.evaluation.gateway import structured
from assay.evaluation.gateway.choice import gateway_of
from assay.evaluation.gateway.protocol import Completion
from assay.evaluation.gateway.structured import asked, refuses_form
from assay.settings import Settings
from support.openai_server import OpenAIServer

MESSAGES = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"verdict": {"enum": ["ja", "nein", "é"]}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "v", "strict": True, "schema": SCHEMA}}
NO_SCHEMA = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
NO_OBJECT = "'response_format.type' must be 'text'"


@pytest.fixture(autouse=True)
def _nothing_learnt() -> Iterator[None]:
    structured.forget()
    yield
    structured.forget()


async def ask(server: OpenAIServer, model: str = "openai/m", **more: Any) -> Completion:
    gateway = gateway_of(Settings(gateway_url=server.url))
    return await gateway.complete(MESSAGES, model=model, **{"response_format": FORMAT, **more})


def formats(server: OpenAIServer) -> list[Any]:
    return [(request.body.get("response_format") or {}).get("type") for request in server.requests]


async def test_a_schema_is_asked_for_as_such(openai_server: OpenAIServer) -> None:
    answer = await ask(openai_server)
    assert (formats(openai_server), answer.asked_for, answer.attempts) == (["json_schema"], "json_schema", 1)


async def test_a_model_without_schemas_is_asked_for_an_object_with_the_schema_in_words(
    openai_server: OpenAIServer,
) -> None:
    openai_server.reply(status=400, error=NO_SCHEMA)
    answer = await ask(openai_server)
    assert (formats(openai_server), answer.asked_for, answer.attempts) == (
        ["json_schema", "json_object"],
        "json_object",
        2,
    )
    system = openai_server.requests[1].body["messages"][0]
    assert system["content"].startswith("Judge.\n\n")
    assert '{"type": "object", "properties": {"verdict": {"enum": ["ja", "nein", "é"]}}}' in system["content"]


async def test_a_model_without_either_is_asked_in_words(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error=NO_SCHEMA)
    openai_server.reply(status=422, error=NO_OBJECT)
    answer = await ask(openai_server)
    assert (formats(openai_server), answer.asked_for, answer.attempts) == (
        ["json_schema", "json_object", None],
        "text",
        3,
    )


async def test_what_a_model_takes_is_remembered_for_it_alone(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error=NO_SCHEMA)
    await ask(openai_server)
    await ask(openai_server)
    await ask(openai_server, model="openai/another")
    assert formats(openai_server) == ["json_schema", "json_object", "json_object", "json_schema"]


async def test_a_model_that_refuses_every_form_is_told_with_its_first_words(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error=NO_SCHEMA)
    openai_server.reply(status=400, error=NO_OBJECT)
    openai_server.reply(status=400, error="no judges here")
    with pytest.raises(GatewayError, match="'json_schema' is not supported") as caught:
        await ask(openai_server)
    assert caught.value.status == 400
    await ask(openai_server)
    assert formats(openai_server)[-1] == "json_schema"  # nothing was learnt from failures


async def test_another_failure_on_the_way_is_that_failure(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error=NO_SCHEMA)
    openai_server.reply(status=401, error="who are you")
    with pytest.raises(GatewayError, match="who are you"):
        await ask(openai_server)


@pytest.mark.parametrize(
    "error", ["This model's maximum context length is 8192 tokens", "'temperature' does not support 0", "no such user"]
)
async def test_a_refusal_for_another_reason_is_not_asked_again(openai_server: OpenAIServer, error: str) -> None:
    openai_server.reply(status=400, error=error)
    with pytest.raises(GatewayError):
        await ask(openai_server)
    assert len(openai_server.requests) == 1


async def test_an_object_is_asked_for_as_an_object(openai_server: OpenAIServer) -> None:
    openai_server.reply(status=400, error=NO_OBJECT)
    answer = await ask(openai_server, response_format={"type": "json_object"})
    assert (formats(openai_server), answer.asked_for) == (["json_object", None], "text")


@pytest.mark.parametrize(
    ("status", "message", "refused"),
    [
        (400, NO_SCHEMA, True),
        (400, "This response_format type is unavailable now", True),
        (400, "This model does not support response format `json_schema`.", True),
        (400, 'Invalid JSON payload received. Unknown name "response_format"', True),
        (400, "JSON mode is not enabled for this model", True),
        (422, "extra fields not permitted: response_format", True),
        (400, "litellm.UnsupportedParamsError: x does not support parameters: ['response_format']", True),
        (400, "output_config.format: Extra inputs are not permitted", True),
        (500, NO_SCHEMA, False),
        (None, NO_SCHEMA, False),
        (400, "no", False),
    ],
)
def test_refusals_of_a_form_are_told_from_others(status: int | None, message: str, refused: bool) -> None:
    assert refuses_form(status, message) is refused


def test_words_get_a_message_of_their_own_where_there_is_no_text_to_add_them_to() -> None:
    parts = [{"role": "system", "content": [{"type": "text", "text": "Judge."}]}]
    for messages in ([], [{"role": "user", "content": "hi"}], parts):
        _, worded = asked("text", FORMAT, messages)
        assert (worded[0]["role"], worded[1:]) == ("system", messages)
