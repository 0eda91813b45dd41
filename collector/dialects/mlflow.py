"""MLflow 3 with OTLP export: every attribute is JSON text, strings too (`"\\"CHAT_MODEL\\""`).

What was asked and answered stands in `mlflow.spanInputs` and `mlflow.spanOutputs`, in the provider's own shape; usage
is read from there first, since MLflow's summary of it leaves out reasoning and, up to 3.8, cached tokens. Of an OpenAI
stream the tool calls are lost in the outputs, but not in the chunks, which are events.

With MLFLOW_ENABLE_OTEL_GENAI_SEMCONV it writes GenAI names, and for kinds of span that the conventions do not know,
its own type as the operation.

Source: mlflow-tracing on PyPI (mlflow/tracing/constant.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from assay import semconv
from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import EVENTS, Attributes, Dialect, needs
from assay.collector.dialects.flattened import below
from assay.collector.documents import Document, to_documents
from assay.collector.messages import find_messages, to_messages
from assay.collector.recorded import answer_of, recorded_input, recorded_output
from assay.collector.request_parameters import parameters_of
from assay.collector.token_usage import NOTHING, TokenUsage, read_usage
from assay.collector.values import as_number, as_object, as_text

TYPE = "mlflow.spanType"
INPUTS = "mlflow.spanInputs"
OUTPUTS = "mlflow.spanOutputs"
FORMAT = "mlflow.message.format"
USAGE = "mlflow.chat.tokenUsage"
COST = "mlflow.llm.cost"
TOOLS = "mlflow.chat.tools"
PROMPTS = "mlflow.linkedPrompts"
TAG = "mlflow.traceTag."
INVOCATION = "invocation_params"
CHUNK = "mlflow.chunk.value"
WRAPPED = "_value"  # how a plain result stands in the outputs of some integrations, smolagents' among them

KIND_OF_TYPE = {
    "CHAT_MODEL": "llm",
    "LLM": "llm",
    "EMBEDDING": "embedding",
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retriever",
    "RERANKER": "reranker",
    "CHAIN": "chain",
    "WORKFLOW": "chain",
    "PARSER": "chain",
    "TASK": "task",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluator",
}
KIND_OF_TEXT = KIND_OF_TYPE | {f'"{name}"': does for name, does in KIND_OF_TYPE.items()}
MODELS = ("llm", "embedding")
OPERATIONS = ("chat", "generate_content", "embeddings")  # of model calls, where it writes GenAI names
NO_MESSAGES = ("tool", "retriever", "reranker", "embedding")

OBJECT = re.compile(r"<[\w.]{1,200} object at 0x[0-9a-f]+>")

# Integrations that trace the client of one provider, whose name they do not write
PROVIDER_OF_FORMAT = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "gcp.gemini",
    "bedrock": "aws.bedrock",
    "groq": "groq",
    "mistral": "mistral_ai",
}


@lru_cache(maxsize=4)  # inputs and outputs are read for several columns of one span, then never again
def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def value(attributes: Attributes, name: str) -> Any:
    """What an attribute says: the value its JSON text spells, or the text itself."""
    given = attributes.get(name)
    return _parsed(given) if isinstance(given, str) else given


def _object(attributes: Attributes, name: str) -> dict[str, Any]:
    found = value(attributes, name)
    return found if isinstance(found, dict) else {}


def kind(attributes: Attributes) -> str | None:
    named = attributes.get(TYPE) or attributes.get(semconv.GEN_AI_OPERATION_NAME)
    return KIND_OF_TEXT.get(named) if isinstance(named, str) else None


# Content -----------------------------------------------------------------------------------------------------------


@needs(INPUTS)
def input_messages(attributes: Attributes) -> list[Message] | None:
    does = kind(attributes)
    if does in NO_MESSAGES:
        return None
    given = value(attributes, INPUTS)
    if isinstance(given, str):
        return to_messages([{"role": "user", "content": given}], role="user") if does == "llm" and given else None
    return find_messages(given, role="user")


@needs(OUTPUTS)
def output_messages(attributes: Attributes) -> list[Message] | None:
    does = kind(attributes)
    if does in NO_MESSAGES:
        return None
    given = value(attributes, OUTPUTS)
    if isinstance(given, str):
        said = {"role": "assistant", "content": given}
        return to_messages([said], role="assistant") if does == "llm" and _told_text(given) else None
    found = find_messages(_with_streamed_calls(given, attributes), role="assistant")
    return found if does == "llm" else answer_of(found) or found  # a graph's output repeats the conversation


def _told_text(text: str) -> str | None:
    """Text, unless it is what Python calls an object that MLflow could not read, such as a stream."""
    return None if not text or OBJECT.fullmatch(text) else text


def _with_streamed_calls(answer: Any, attributes: Attributes) -> Any:
    """An OpenAI answer with the tool calls of its chunks, where it says that there were some and has none."""
    choice = _first_choice(answer)
    message = choice.get("message")
    if choice.get("finish_reason") != "tool_calls" or not isinstance(message, dict) or message.get("tool_calls"):
        return answer
    calls = _streamed_calls(attributes)
    return {**answer, "choices": [{**choice, "message": {**message, "tool_calls": calls}}]} if calls else answer


def _first_choice(answer: Any) -> dict[str, Any]:
    choices = answer.get("choices") if isinstance(answer, dict) else None
    first = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    return first if isinstance(first, dict) else {}


def _streamed_calls(attributes: Attributes) -> list[dict[str, Any]]:
    """Tool calls put together from their fragments: the first has id and name, each one a piece of the arguments."""
    calls: dict[int, dict[str, Any]] = {}
    for fragment in _fragments(attributes):
        body = as_object(fragment.get("function")) or {}
        index = fragment.get("index")
        call = calls.setdefault(index if isinstance(index, int) else 0, {"id": None, "name": None, "arguments": ""})
        call["id"] = call["id"] or fragment.get("id")
        call["name"] = call["name"] or body.get("name")
        call["arguments"] += as_text(body.get("arguments")) or ""
    return [calls[index] for index in sorted(calls)]


def _fragments(attributes: Attributes) -> Iterator[dict[str, Any]]:
    for event in attributes.get(EVENTS) or ():
        chunk = as_object(event["attributes"].get(CHUNK))
        delta = as_object(_first_choice(chunk).get("delta")) or {}
        fragments = delta.get("tool_calls")
        yield from (item for item in fragments if isinstance(item, dict)) if isinstance(fragments, list) else ()


@needs(TOOLS, INPUTS)
def tools(attributes: Attributes) -> list[Any] | None:
    offered = value(attributes, TOOLS)
    if offered is None and kind(attributes) == "llm":
        offered = _object(attributes, INPUTS).get("tools")
    return offered if isinstance(offered, list) and offered else None


@needs(INPUTS)
def input_text(attributes: Attributes) -> str | None:
    given, does = value(attributes, INPUTS), kind(attributes)
    if does in ("llm", "tool"):
        return given if isinstance(given, str) else as_text(attributes.get(INPUTS))
    if does == "embedding" and isinstance(given, dict):
        return as_text(given.get("input", given))
    return recorded_input(attributes.get(INPUTS))


@needs(OUTPUTS)
def output_text(attributes: Attributes) -> str | None:
    given, does = value(attributes, OUTPUTS), kind(attributes)
    if does == "embedding":  # nobody reads vectors
        return None
    if isinstance(given, dict) and given.keys() == {WRAPPED}:
        return recorded_output(given[WRAPPED])
    if does == "llm" or does in ("retriever", "reranker"):
        return _told_text(given) if isinstance(given, str) else as_text(attributes.get(OUTPUTS))
    return recorded_output(attributes.get(OUTPUTS))


@needs(OUTPUTS)
def documents(attributes: Attributes) -> list[Document] | None:
    return to_documents(value(attributes, OUTPUTS)) if kind(attributes) in ("retriever", "reranker") else None


# Models, tokens, cost ----------------------------------------------------------------------------------------------


@needs("mlflow.llm.", FORMAT, semconv.METADATA)
def provider(attributes: Attributes) -> str | None:
    named = value(attributes, "mlflow.llm.provider") or _object(attributes, semconv.METADATA).get("ls_provider")
    return as_text(named) or PROVIDER_OF_FORMAT.get(str(value(attributes, FORMAT)))


@needs(TYPE, "model", INVOCATION)
def request_model(attributes: Attributes) -> str | None:
    if kind(attributes) not in MODELS and attributes.get(semconv.GEN_AI_OPERATION_NAME) not in OPERATIONS:
        return None
    places = (_object(attributes, INPUTS), _object(attributes, INVOCATION))
    asked = next((place[key] for place in places for key in ("model", "model_name") if place.get(key)), None)
    asked = asked or value(attributes, "model") or _object(attributes, semconv.METADATA).get("ls_model_name")
    return as_text(asked) or (None if OUTPUTS in attributes else as_text(value(attributes, "mlflow.llm.model")))


@needs(OUTPUTS)
def response_model(attributes: Attributes) -> str | None:
    if kind(attributes) not in MODELS:
        return None
    answer = _object(attributes, OUTPUTS)
    said = answer.get("model") or answer.get("model_version") or _langchain_answer(answer).get("model_name")
    return as_text(said) or as_text(value(attributes, "mlflow.llm.model"))


def _langchain_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """What LangChain kept of the provider's answer, beside the message."""
    node: Any = answer.get("generations")
    for _ in range(2):  # one list for each prompt, with one generation for each choice
        node = node[0] if isinstance(node, list) and node else None
    for key in ("message", "response_metadata"):
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


@needs(INPUTS, INVOCATION)
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    if kind(attributes) not in MODELS:
        return None
    given = {**_object(attributes, INVOCATION), **_object(attributes, INPUTS)}
    return parameters_of(given)


@needs(OUTPUTS)
def finish_reasons(attributes: Attributes) -> list[str] | None:
    choices = _object(attributes, OUTPUTS).get("choices")
    found = (choice.get("finish_reason") for choice in choices or () if isinstance(choice, dict)) if choices else ()
    return [str(reason) for reason in found if reason] or None


def usage(attributes: Attributes) -> TokenUsage:
    answer = attributes.get(OUTPUTS) if kind(attributes) in MODELS else None
    return _usage(*(text if isinstance(text, str) else "" for text in (answer, attributes.get(USAGE))))


@lru_cache(maxsize=4)
def _usage(outputs: str, summary: str) -> TokenUsage:
    answer = _parsed(outputs)
    if isinstance(answer, dict):
        for raw in (answer.get("usage"), answer.get("usage_metadata"), _langchain_answer(answer).get("token_usage")):
            if (found := read_usage(raw)) != NOTHING:
                return found
    return read_usage(_parsed(summary))


@needs(COST)
def cost(attributes: Attributes) -> float | None:
    return as_number(_object(attributes, COST).get("total_cost"))


# The trace ---------------------------------------------------------------------------------------------------------


def _told(*names: str, in_metadata: tuple[str, ...]) -> Any:
    @needs(*names, semconv.METADATA)
    def told(attributes: Attributes) -> str | None:
        metadata = _object(attributes, semconv.METADATA)
        found = [value(attributes, name) for name in names] + [metadata.get(key) for key in in_metadata]
        return next((text for item in found if (text := as_text(item))), None)

    return told


@needs(INPUTS, "mlflow.trace.user", semconv.USER_ID, semconv.METADATA)
def user_id(attributes: Attributes) -> str | None:
    """OpenAI's own parameter `user`, where the trace names nobody."""
    return told_user(attributes) or (
        as_text(_object(attributes, INPUTS).get("user")) if kind(attributes) in MODELS else None
    )


told_user = _told("mlflow.trace.user", semconv.USER_ID, in_metadata=("mlflow.trace.user", "user_id"))


@needs(TAG, semconv.METADATA)
def metadata(attributes: Attributes) -> dict[str, Any] | None:
    return {**_object(attributes, semconv.METADATA), **below(attributes, TAG)} or None


@needs(PROMPTS)
def prompt_name(attributes: Attributes) -> Any:
    return _prompt(attributes).get("name")


@needs(PROMPTS)
def prompt_version(attributes: Attributes) -> Any:
    return _prompt(attributes).get("version")


def _prompt(attributes: Attributes) -> dict[str, Any]:
    linked = value(attributes, PROMPTS)
    first = linked[0] if isinstance(linked, list) and linked else None
    return first if isinstance(first, dict) else {}


DIALECT = Dialect(
    name="mlflow",
    prefixes=("mlflow.",),
    scopes=("mlflow",),
    recognises=lambda attributes: any(name.startswith("mlflow.span") for name in attributes),
    functions={
        "kind": kind,
        "provider": provider,
        "request_model": request_model,
        "response_model": response_model,
        "model_parameters": model_parameters,
        "finish_reasons": finish_reasons,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "input": input_text,
        "output": output_text,
        "documents": documents,
        "input_tokens": needs(OUTPUTS, USAGE)(lambda attributes: usage(attributes).input),
        "output_tokens": needs(OUTPUTS, USAGE)(lambda attributes: usage(attributes).output),
        "total_tokens": needs(OUTPUTS, USAGE)(lambda attributes: usage(attributes).total),
        "cache_read_tokens": needs(OUTPUTS, USAGE)(lambda attributes: usage(attributes).cache_read),
        "cache_write_tokens": needs(OUTPUTS, USAGE)(lambda attributes: usage(attributes).cache_write),
        "reasoning_tokens": needs(OUTPUTS, USAGE)(lambda attributes: usage(attributes).reasoning),
        "cost_usd": cost,
        "session_id": _told(
            "mlflow.trace.session",
            semconv.SESSION_ID,
            in_metadata=("mlflow.trace.session", "session_id", "thread_id", "conversation_id"),
        ),
        "user_id": user_id,
        "metadata": metadata,
        "prompt_name": prompt_name,
        "prompt_version": prompt_version,
    },
)
