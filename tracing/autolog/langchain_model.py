"""Model runs of LangChain: what the start of a run and its result put on a span. Pure.

Source: `langchain_core` (`LangSmithParams`, `LLMResult`, `UsageMetadata`). Parameters go by the names that the
provider's class has for them, with LangSmith's (`ls_…`) behind, which every class has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.langchain_messages import is_message, text_of, to_message, to_messages
from assay.tracing.autolog.openai_messages import Message, tool_definitions
from assay.tracing.autolog.openai_parameters import output_type, parameters
from assay.tracing.autolog.openai_usage import usage_attributes as openai_usage_attributes
from assay.tracing.autolog.values import MAX_CONTENT_CHARS, get, items, known
from assay.tracing.serialise import to_json

PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "amazon_bedrock": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
    "ibm": "ibm.watsonx.ai",
    "moonshot": "moonshot_ai",
}
FINISH_NAMES = ("finish_reason", "stop_reason", "done_reason", "finishReason", "stopReason")
# of the Responses API, in the words of chat completions
INCOMPLETE = {"max_output_tokens": "length"}

# ours -> LangSmith's, where the class's own parameters say nothing
LANGSMITH = {
    semconv.GEN_AI_REQUEST_TEMPERATURE: "ls_temperature",
    semconv.GEN_AI_REQUEST_MAX_TOKENS: "ls_max_tokens",
    semconv.GEN_AI_REQUEST_STOP_SEQUENCES: "ls_stop",
}


def request_attributes(params: Mapping[str, Any], metadata: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = known([(name, metadata.get(theirs)) for name, theirs in LANGSMITH.items()])
    found |= known([(semconv.GEN_AI_REQUEST_MODEL, request_model(params, metadata)), _top_k(params)])
    found |= known([(semconv.GEN_AI_PROVIDER_NAME, provider(metadata))])
    text_form = get(params, "text", "format")
    found |= parameters(params) | output_type(get(params, "response_format") or text_form)
    if tools := tool_definitions(params.get("tools"), params.get("functions"), content=content):
        found[semconv.GEN_AI_TOOL_DEFINITIONS] = to_json(tools)
    return found


def input_attributes(messages: list[Message]) -> dict[str, Any]:
    return {semconv.GEN_AI_INPUT_MESSAGES: to_json(messages, max_chars=MAX_CONTENT_CHARS)}


def request_model(params: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    names = (metadata.get("ls_model_name"), *(params.get(key) for key in ("model", "model_name", "model_id")))
    return next((str(name) for name in names if isinstance(name, str) and name), None)


def provider(metadata: Mapping[str, Any]) -> str | None:
    name = metadata.get("ls_provider")
    return PROVIDERS.get(name, name) if isinstance(name, str) and name else None


def _top_k(params: Mapping[str, Any]) -> tuple[str, Any]:
    value = params.get("top_k")
    return semconv.GEN_AI_REQUEST_TOP_K, value if isinstance(value, int | float) else None


def input_messages(messages: Any) -> list[Message]:
    return to_messages(messages)


def prompt_messages(prompts: Any) -> list[Message]:
    """Of a text model, whose prompts are plain text."""
    return [{"role": "user", "parts": [{"type": "text", "content": text}]} for text in items(prompts)]


def texts_of(messages: Any) -> Iterator[str]:
    """The texts sent to a model, of people and of the system, in order."""
    for message in items(messages):
        if isinstance(message, str):
            yield message
        elif get(message, "type") in ("system", "human", "developer", "chat"):
            yield text_of(message)


def response_attributes(result: Any, *, content: bool) -> dict[str, Any]:
    """Of an `LLMResult` for one prompt: one generation for each choice."""
    answers = [each for each in _first(get(result, "generations")) if _says_something(each)]
    output = get(result, "llm_output") or {}
    if not answers:
        return _usage_of(None, output)
    found = {**_facts(answers[0], output), **_usage_of(answers, output)}
    reasons = [_finish_reason(answer) for answer in answers]
    if any(reasons):
        found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = [reason for reason in reasons if reason]
    if content:
        messages = [_message(answer, reason) for answer, reason in zip(answers, reasons, strict=True)]
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = to_json(messages, max_chars=MAX_CONTENT_CHARS)
    return found


def _first(generations: Any) -> list[Any]:
    """Generations of the only prompt; after an error what came of it, and behind that an empty one."""
    lists = items(generations)
    return items(lists[0]) if lists else []


def _says_something(generation: Any) -> bool:
    """LangChain puts an empty message where a call failed, with the server's answer in its metadata."""
    message = get(generation, "message")
    if message is None:
        return get(generation, "text") is not None
    metadata = get(message, "response_metadata")
    return bool(get(message, "content")) or not (isinstance(metadata, Mapping) and "status_code" in metadata)


def _message(generation: Any, finish_reason: str | None) -> Message:
    message = get(generation, "message")
    if is_message(message):
        return to_message(message, finish_reason)
    found: Message = {"role": "assistant", "parts": [{"type": "text", "content": get(generation, "text") or ""}]}
    return {**found, "finish_reason": finish_reason} if finish_reason else found


def _facts(generation: Any, output: Any) -> dict[str, Any]:
    # Of a text model LangChain repeats the model that was asked for, as if the answer said so
    said_by_all = output if get(generation, "message") is not None else {}
    places = (get(generation, "message", "response_metadata"), get(generation, "generation_info"), said_by_all)

    def said(*names: str) -> Any:
        values = (get(place, name) for place in places for name in names)
        return next((value for value in values if isinstance(value, str) and value), None)

    return known(
        [
            (semconv.GEN_AI_RESPONSE_ID, said("id", "request_id") or _message_id(generation)),
            (semconv.GEN_AI_RESPONSE_MODEL, said("model_name", "model", "model_id", "model_version")),
            (semconv.OPENAI_RESPONSE_SERVICE_TIER, said("service_tier")),
            (semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT, said("system_fingerprint")),
        ]
    )


def _message_id(generation: Any) -> str | None:
    """A message's id is the provider's, unless LangChain made one up from the run's."""
    found = get(generation, "message", "id")
    return found if isinstance(found, str) and not found.startswith(("run-", "lc_", "run--")) else None


def _finish_reason(generation: Any) -> str | None:
    for place in (get(generation, "generation_info"), get(generation, "message", "response_metadata")):
        for name in FINISH_NAMES:
            if isinstance(reason := get(place, name), str) and reason:
                return reason
        if (status := get(place, "status")) == "incomplete":
            reason = str(get(place, "incomplete_details", "reason"))
            return INCOMPLETE.get(reason, reason)
        if status == "completed":
            return "tool_calls" if get(generation, "message", "tool_calls") else "stop"
    return None


def _usage_of(generations: list[Any] | None, output: Any) -> dict[str, Any]:
    """Every choice carries the usage of the whole call: the first one's counts."""
    usages = (get(each, "message", "usage_metadata") for each in generations or [])
    usage = next((usage for usage in usages if usage), None)
    if usage is None:
        return openai_usage_attributes(get(output, "token_usage") or get(output, "usage"))
    return usage_attributes(usage)


def usage_attributes(usage: Any) -> dict[str, Any]:
    """LangChain's `UsageMetadata`. Input includes cached tokens, output those spent on reasoning.

    Details may carry the name of a service tier in front (`flex_cache_read`), and Anthropic's cache writes their
    lifetime (`ephemeral_5m_input_tokens`), in which case `cache_creation` is 0.
    """
    ins, outs = get(usage, "input_token_details"), get(usage, "output_token_details")
    counts = [
        (semconv.GEN_AI_USAGE_INPUT_TOKENS, _count(get(usage, "input_tokens"))),
        (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, _count(get(usage, "output_tokens"))),
        (semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, _detail(ins, "cache_read")),
        (semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, _detail(ins, "cache_creation", "ephemeral_")),
        (semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, _detail(outs, "reasoning")),
    ]
    by_modality = [
        (semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS, _detail(ins, "text")),
        (semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, _detail(ins, "image")),
        (semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, _detail(ins, "audio")),
        (semconv.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, _detail(outs, "text")),
        (semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, _detail(outs, "image")),
        (semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, _detail(outs, "audio")),
    ]
    return known(counts) | {name: count for name, count in by_modality if count} | _cost(get(usage, "total_cost"))


def _cost(dollars: Any) -> dict[str, Any]:
    """LangChain says what a call cost in one case only: nothing, where its cache answered."""
    if not isinstance(dollars, int | float):
        return {}
    return {semconv.LLM_COST_TOTAL: float(dollars)} | ({} if dollars else {semconv.ASSAY_CACHE_HIT: True})


def _detail(details: Any, name: str, also: str | None = None) -> int | None:
    if not isinstance(details, Mapping):
        return None
    counts = [
        count
        for key, value in details.items()
        if isinstance(key, str)
        and (key == name or key.endswith(f"_{name}") or (also is not None and key.startswith(also)))
        and (count := _count(value)) is not None
    ]
    return sum(counts) if counts else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
