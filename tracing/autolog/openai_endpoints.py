"""Which paths of the OpenAI API are recorded, and how: one row for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from assay.tracing.autolog import (
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_media,
    openai_responses,
)
from assay.tracing.autolog.model_call import StreamReader


class Reader(Protocol):
    def __call__(self, value: Any, /, *, content: bool) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How calls of one path are recorded. All of it pure: a request's JSON, or an answer, in; attributes out.

    Args:
        kind: as OpenInference spells it; other backends read it.
        error: why an answer that arrived whole is a failure all the same.
        early_events: types of events that come before the model has said anything.
    """

    operation: str
    kind: str = "LLM"
    request: Reader
    response: Reader
    stream: Callable[..., StreamReader] | None = None
    error: Callable[[Any], str | None] = lambda response: None
    early_events: frozenset[str] = frozenset()


RESPONSES = Endpoint(
    operation="chat",
    request=openai_responses.request_attributes,
    response=openai_responses.response_attributes,
    stream=openai_responses.ResponsesStream,
    error=openai_responses.error_of,
    early_events=openai_responses.EARLY_EVENTS,
)

# The last one or two steps of a path -> how it is recorded. Only requests that POST.
ENDPOINTS = {
    "chat/completions": Endpoint(
        operation="chat",
        request=openai_chat.request_attributes,
        response=openai_chat.response_attributes,
        stream=openai_chat.ChatStream,
    ),
    "responses": RESPONSES,
    "responses/compact": RESPONSES,
    "completions": Endpoint(
        operation="text_completion",
        request=openai_completions.request_attributes,
        response=openai_completions.response_attributes,
        stream=openai_completions.CompletionStream,
    ),
    "embeddings": Endpoint(
        operation="embeddings",
        kind="EMBEDDING",
        request=openai_embeddings.request_attributes,
        response=openai_embeddings.response_attributes,
    ),
    "moderations": Endpoint(
        operation="moderation",
        kind="GUARDRAIL",
        request=openai_media.request_attributes,
        response=openai_media.moderation_attributes,
    ),
    "decisions": Endpoint(
        operation="decision",
        request=openai_media.request_attributes,
        response=openai_media.decision_attributes,
    ),
    **{
        f"images/{name}": Endpoint(
            operation="image_generation",
            request=openai_media.request_attributes,
            response=openai_media.image_attributes,
            stream=partial(openai_media.LastEventStream, openai_media.image_attributes),
        )
        for name in ("generations", "edits", "variations")
    },
    "audio/speech": Endpoint(
        operation="speech",
        request=openai_media.request_attributes,
        response=openai_media.speech_attributes,
    ),
    "audio/transcriptions": Endpoint(
        operation="transcription",
        request=openai_media.request_attributes,
        response=openai_media.text_attributes,
        stream=partial(openai_media.LastEventStream, openai_media.text_attributes),
    ),
    "audio/translations": Endpoint(
        operation="translation",
        request=openai_media.request_attributes,
        response=openai_media.text_attributes,
        stream=partial(openai_media.LastEventStream, openai_media.text_attributes),
    ),
}


def endpoint_of(url: str) -> Endpoint | None:
    """By the path of a request, relative or whole, as the SDK and as people write it."""
    steps = url.partition("?")[0].rstrip("/").split("/")
    return ENDPOINTS.get("/".join(steps[-2:])) or ENDPOINTS.get(steps[-1])


def response_asked_for(url: str) -> str | None:
    """The id in `/responses/{id}`, which asks for a response that exists; None of any other path."""
    steps = url.partition("?")[0].rstrip("/").split("/")
    return steps[-1] if len(steps) > 1 and steps[-2] == "responses" else None
