"""What a call of LiteLLM and its answer put on a span. Pure: arguments or an answer in, attributes out.

Requests and answers have OpenAI's form whoever the provider is, so they are read as OpenAI's are. LiteLLM's own are
the provider it chose, what the call cost, and whether its cache answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from assay import semconv
from assay.tracing.autolog import openai_chat, openai_embeddings, openai_responses
from assay.tracing.autolog.model_call import StreamReader
from assay.tracing.autolog.values import MAX_CONTENT_CHARS, get, items, known
from assay.tracing.serialise import plain, to_json

# LiteLLM's names of providers that the GenAI conventions spell differently; the others are the same
PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_text": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "cohere_chat": "cohere",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "text-completion-openai": "openai",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
    "xai": "x_ai",
}
USAGE = (
    semconv.GEN_AI_USAGE_INPUT_TOKENS,
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    semconv.LLM_COST_TOTAL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How calls of one function of LiteLLM's are recorded."""

    operation: str
    kind: str
    positional: tuple[str, ...]  # names of the arguments that may come without one
    request: Callable[..., dict[str, Any]]
    response: Callable[..., dict[str, Any]]
    stream: Callable[..., StreamReader]
    error: Callable[[Any], str | None] = lambda response: None

    def arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        return {**dict(zip(self.positional, args, strict=False)), **kwargs}


def chat_request(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = openai_chat.request_attributes(body, content=content)
    if isinstance(body.get("response_format"), type):  # a pydantic class: structured output
        found[semconv.GEN_AI_OUTPUT_TYPE] = "json"
    return found


def text_request(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = openai_chat.request_attributes({**body, "messages": []}, content=False)
    if content:
        prompt = body.get("prompt")
        texts = prompt if isinstance(prompt, list) and all(isinstance(each, str) for each in prompt) else [prompt]
        messages = [{"role": "user", "parts": [{"type": "text", "content": plain(text)}]} for text in texts]
        found[semconv.GEN_AI_INPUT_MESSAGES] = to_json(messages, max_chars=MAX_CONTENT_CHARS)
    return found


def chat_response(response: Any, *, content: bool) -> dict[str, Any]:
    return {
        **openai_chat.response_attributes(response, content=content),
        **cache_write(get(response, "usage")),
        **facts(response),
        **cost(response),
    }


def text_response(response: Any, *, content: bool) -> dict[str, Any]:
    return chat_response(_as_chat(response, "message"), content=content) | facts(response) | cost(response)


def responses_response(response: Any, *, content: bool) -> dict[str, Any]:
    return {
        **openai_responses.response_attributes(response, content=content),
        **facts(response),
        **cost(response),
    }


def embeddings_response(response: Any, *, content: bool) -> dict[str, Any]:
    return {
        **openai_embeddings.response_attributes(response, content=content),
        **facts(response),
        **cost(response),
    }


def facts(answer: Any) -> dict[str, Any]:
    """Who answered, as LiteLLM resolved it: of an answer, or of a stream, which tells once it has begun."""
    hidden = get(answer, "_hidden_params")
    provider = get(hidden, "custom_llm_provider") or get(answer, "custom_llm_provider")
    hit = get(hidden, "cache_hit") is True
    return known(
        [
            (semconv.GEN_AI_PROVIDER_NAME, _provider(provider)),
            (semconv.GEN_AI_RESPONSE_MODEL, get(answer, "_provider_response_model")),
            (semconv.ASSAY_CACHE_HIT, True if hit else None),
            (semconv.LLM_COST_TOTAL, 0.0 if hit else None),
        ]
    )


def cost(response: Any) -> dict[str, Any]:
    """In US dollars. LiteLLM says 0 for models whose price it does not know; that is left out."""
    hidden = get(response, "_hidden_params")
    found = get(hidden, "response_cost")
    if get(hidden, "cache_hit") is True or not isinstance(found, int | float) or not found:
        return {}
    return {semconv.LLM_COST_TOTAL: float(found)}


def cache_write(usage: Any) -> dict[str, Any]:
    """Tokens written to a provider's cache, under the name that Anthropic gave them."""
    count = get(usage, "cache_creation_input_tokens")
    return {semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: count} if isinstance(count, int) and count else {}


class ChatStream(openai_chat.ChatStream):
    """Chunks in OpenAI's form. The one with the usage carries what LiteLLM says the call cost."""

    def __init__(self, *, content: bool) -> None:
        super().__init__(content=content)
        self._extra: dict[str, Any] = {}

    def add(self, chunk: Any) -> None:
        super().add(chunk)
        if (usage := get(chunk, "usage")) is not None:
            self._extra = cache_write(usage)
            if isinstance(dollars := get(usage, "cost"), int | float) and dollars:
                self._extra[semconv.LLM_COST_TOTAL] = float(dollars)

    def attributes(self) -> dict[str, Any]:
        return {**super().attributes(), **self._extra}


class TextStream(ChatStream):
    def add(self, chunk: Any) -> None:
        super().add(_as_chat(chunk, "delta"))


class ResponsesStream(openai_responses.ResponsesStream):
    """Events of the Responses API, whose types LiteLLM gives as members of an enumeration."""

    def add(self, event: Any) -> None:
        kind = get(event, "type")
        if isinstance(kind, Enum):
            names = ("response", "delta", "code", "message")
            event = {"type": kind.value, **{name: get(event, name) for name in names}}
        super().add(event)
        if (response := get(event, "response")) is not None:
            self._cost = get(response, "usage", "cost")

    _cost: Any = None

    def attributes(self) -> dict[str, Any]:
        dollars = self._cost
        known_cost = {semconv.LLM_COST_TOTAL: float(dollars)} if isinstance(dollars, int | float) and dollars else {}
        return {**super().attributes(), **known_cost}


def _as_chat(answer: Any, part: str) -> dict[str, Any]:
    """A text completion, or a chunk of one, in the form of a chat completion."""
    choices = [
        {
            "index": get(choice, "index"),
            "finish_reason": get(choice, "finish_reason"),
            part: {"role": "assistant", "content": get(choice, "text")},
        }
        for choice in items(get(answer, "choices"))
    ]
    return {**{name: get(answer, name) for name in ("id", "model", "usage")}, "choices": choices}


def _provider(name: Any) -> str | None:
    if not isinstance(name, str) or name in ("", "cached_response"):
        return None
    return PROVIDERS.get(name, name)


def named_provider(name: Any) -> dict[str, Any]:
    return known([(semconv.GEN_AI_PROVIDER_NAME, _provider(name))])


def server(body: Mapping[str, Any]) -> dict[str, Any]:
    """Where the call goes, when it was told."""
    url = body.get("api_base") or body.get("base_url")
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not parts.hostname:
        return {}
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return known([(semconv.SERVER_ADDRESS, parts.hostname), (semconv.SERVER_PORT, port)])


def caller(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    """Who asked: `user`, and what LiteLLM's callbacks read from `metadata`. A router fills that with its own affairs,
    which are left out: the caller's are on the span around.
    """
    metadata = body.get("metadata")
    given = metadata if isinstance(metadata, Mapping) and "model_group" not in metadata else {}
    session = body.get("litellm_session_id") or given.get("session_id") or given.get("thread_id")
    user = body.get("user") or given.get("trace_user_id") or given.get("user_id")
    tags = given.get("tags")
    rest = {str(name): plain(value) for name, value in given.items() if name not in CALLER}
    return known(
        [
            (semconv.SESSION_ID, str(session) if session else None),
            (semconv.USER_ID, str(user) if user else None),
            (semconv.TAG_TAGS, [str(tag) for tag in tags] if isinstance(tags, list | tuple) and tags else None),
            (semconv.METADATA, to_json(rest) if rest and content else None),
        ]
    )


CALLER = ("session_id", "thread_id", "trace_user_id", "user_id", "tags")

CHAT = Endpoint(
    operation="chat",
    kind="LLM",
    positional=("model", "messages"),
    request=chat_request,
    response=chat_response,
    stream=ChatStream,
)
TEXT = Endpoint(
    operation="text_completion",
    kind="LLM",
    positional=("prompt", "model"),
    request=text_request,
    response=text_response,
    stream=TextStream,
)
RESPONSES = Endpoint(
    operation="chat",
    kind="LLM",
    positional=("input", "model"),
    request=openai_responses.request_attributes,
    response=responses_response,
    stream=ResponsesStream,
    error=openai_responses.error_of,
)
EMBEDDINGS = Endpoint(
    operation="embeddings",
    kind="EMBEDDING",
    positional=("model", "input"),
    request=openai_embeddings.request_attributes,
    response=embeddings_response,
    stream=ChatStream,
)
