"""What else the OpenAI SDK can be asked: embeddings, text completions, moderation, pictures, sound."""

from __future__ import annotations

import io
from typing import Any

from support.matrix import Call, Case, Tokens, said
from support.openai_clients import COUNTED, VERSIONS, Clients

EMBEDDED = Call(
    operation="embeddings",
    kind="EMBEDDING",
    tokens=Tokens(3),
    prompt=False,
    more={"input.value": ["a b", "c"]},
    absent=["gen_ai.usage.output_tokens", "gen_ai.output.messages"],
)
COMPLETED = Call(
    operation="text_completion",
    input=[said("user", "Once upon")],
    output=[said("assistant", "a time", "stop")],
    tokens=Tokens(10, 7, cached=4, reasoning=5),
    finish=["stop"],
)
STORY = {"text": "a time", "usage": COUNTED}


def embed(on: Clients, **more: Any) -> None:
    answer = on.client.embeddings.create(model="gpt-x", input=["a b", "c"], **more)
    assert answer.data[0].embedding == [0.25, -0.5]


async def embed_async(on: Clients) -> None:
    await on.async_client.embeddings.create(model="gpt-x", input=["a b", "c"])


def embed_raw(on: Clients) -> None:
    on.client.embeddings.with_raw_response.create(model="gpt-x", input=["a b", "c"], encoding_format="float").parse()


def complete(on: Clients, **more: Any) -> Any:
    return on.client.completions.create(model="gpt-x", prompt="Once upon", **more)


def transcribe(on: Clients, task: str) -> None:
    sound = ("a.wav", io.BytesIO(b"RIFF"))
    getattr(on.client.audio, task).create(model="gpt-x", file=sound, prompt="names: Ann")


def speak(on: Clients) -> None:
    assert on.client.audio.speech.create(model="gpt-x", voice="alloy", input="hello").content.startswith(b"\xff\xfb")


def speak_in_pieces(on: Clients) -> None:
    create = on.client.audio.speech.with_streaming_response.create
    with create(model="gpt-x", voice="alloy", input="hello") as answer:
        assert b"".join(answer.iter_bytes()).startswith(b"\xff\xfb")


def case(group: str, form: str, run: Any, call: Call, *replies: dict[str, Any], **fields: Any) -> Case:
    return Case(group=group, form=form, run=run, replies=replies, calls=(call,), versions=VERSIONS, **fields)


SPOKEN = Call(operation="speech", response_model=None, input=[said("user", "hello")])
OTHERS = (
    case("Embeddings", "several texts", embed, EMBEDDED),
    case("Embeddings", "as numbers", lambda on: embed(on, encoding_format="float"), EMBEDDED),
    case("Embeddings", "async", embed_async, EMBEDDED),
    case("Embeddings", "`with_raw_response`", embed_raw, EMBEDDED),
    case("Text completions", "one answer", complete, COMPLETED, STORY),
    case(
        "Text completions",
        "a stream",
        lambda on: list(complete(on, stream=True, stream_options={"include_usage": True})),
        COMPLETED,
        STORY,
    ),
    case(
        "Others",
        "moderation",
        lambda on: on.client.moderations.create(model="gpt-x", input="hello"),
        Call(
            operation="moderation",
            kind="GUARDRAIL",
            input=[said("user", "hello")],
            prompt=False,
            more={"output.value": [{"flagged": True, "categories": ["violence"]}]},
        ),
        {"refusal": "flagged"},
    ),
    case(
        "Others",
        "pictures",
        lambda on: on.client.images.generate(model="gpt-x", prompt="a cat", size="1024x1024"),
        Call(
            operation="image_generation",
            response_model=None,
            input=[said("user", "a cat")],
            output=[
                {
                    "role": "assistant",
                    "parts": [{"type": "blob", "modality": "image", "content": "<12 characters of base64>"}],
                }
            ],
            tokens=Tokens(5, 40),
            more={"assay.request.size": "1024x1024"},
        ),
    ),
    *(
        case(
            "Others",
            name,
            lambda on, task=task: transcribe(on, task),
            Call(
                operation=operation,
                response_model=None,
                input=[said("user", "names: Ann")],
                output=[said("assistant", "what was said")],
                tokens=Tokens(14, 4),
                more={"gen_ai.usage.audio.input_tokens": 14},
            ),
        )
        for name, task, operation in (
            ("transcription", "transcriptions", "transcription"),
            ("translation of speech", "translations", "translation"),
        )
    ),
    case("Others", "speech", speak, SPOKEN),
    case("Others", "speech, in pieces", speak_in_pieces, SPOKEN),
)
