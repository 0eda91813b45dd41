"""Haystack 2 and 3: plain spans, whose inputs and outputs are JSON text and whose component's class says what it does.

A generator gives replies with the model's name and usage as it came from the provider. What was asked for besides the
messages is a component's own affair and not recorded, so the requested model is unknown.

Source: haystack-ai (haystack/tracing) and opentelemetry-haystack on PyPI.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from assay.collector.chat_message import Message
from assay.collector.dialects.dialect import NAME, Attributes, Dialect, needs
from assay.collector.documents import Document, to_documents
from assay.collector.message_text import last_user_text, tool_calls
from assay.collector.messages import find_messages
from assay.collector.recorded import recorded_output
from assay.collector.token_usage import NOTHING, TokenUsage, read_usage
from assay.collector.values import as_object, as_text, parse_json, to_json

OWN = "haystack."
TYPE = "haystack.component.type"
INPUTS = (
    "haystack.component.input",
    "haystack.agent.step.llm.input",
    "haystack.agent.step.tool.input",
    "haystack.agent.input",
    "haystack.pipeline.input_data",
)
OUTPUTS = (
    "haystack.component.output",
    "haystack.agent.step.llm.output",
    "haystack.agent.step.tool.output",
    "haystack.agent.output",
    "haystack.pipeline.output_data",
)

KIND_OF_NAME = {
    "haystack.pipeline.run": "chain",
    "haystack.async_pipeline.run": "chain",
    "haystack.agent.run": "agent",
    "haystack.agent.step": "chain",
    "haystack.agent.step.llm": "llm",
    "haystack.agent.step.tool": "tool",
}
# ending of a component's class -> what it does
KIND_OF_TYPE = {
    "Generator": "llm",
    "Embedder": "embedding",
    "Retriever": "retriever",
    "WebSearch": "retriever",
    "Ranker": "reranker",
    "ToolInvoker": "tool",
    "PromptBuilder": "prompt",
    "Evaluator": "evaluator",
    "Agent": "agent",
}
# beginning of a component's class -> the provider it calls
PROVIDER_OF_TYPE = {
    "OpenAI": "openai",
    "AzureOpenAI": "azure.ai.openai",
    "Anthropic": "anthropic",
    "AmazonBedrock": "aws.bedrock",
    "Cohere": "cohere",
    "GoogleAI": "gcp.gemini",
    "GoogleGenAI": "gcp.gemini",
    "VertexAI": "gcp.vertex_ai",
    "Mistral": "mistral_ai",
    "Ollama": "ollama",
    "HuggingFace": "huggingface",
    "Nvidia": "nvidia",
    "OpenRouter": "openrouter",
    "Together": "together",
    "WatsonX": "ibm.watsonx.ai",
}

# A document's metadata stand among its own fields
DOCUMENT_FIELDS = ("id", "content", "score", "meta", "blob", "dataframe", "embedding", "sparse_embedding")


def kind(attributes: Attributes) -> str | None:
    component = as_text(attributes.get(TYPE))
    if component is None:
        return KIND_OF_NAME.get(str(attributes.get(NAME)))
    return next((known for ending, known in KIND_OF_TYPE.items() if component.endswith(ending)), "chain")


@needs(TYPE)
def provider(attributes: Attributes) -> str | None:
    component = str(attributes[TYPE])
    if kind(attributes) not in ("llm", "embedding"):
        return None
    return next((known for start, known in PROVIDER_OF_TYPE.items() if component.startswith(start)), None)


@lru_cache(maxsize=4)  # inputs and outputs are read for several columns of one span, then never again
def _parsed(text: str) -> Any:
    structure = parse_json(text)
    return text if structure is None else structure


def _given(attributes: Attributes, names: tuple[str, ...]) -> Any:
    value = next((attributes[name] for name in names if attributes.get(name) is not None), None)
    return _parsed(value) if isinstance(value, str) else value


def _inputs(attributes: Attributes) -> dict[str, Any]:
    return as_object(_given(attributes, INPUTS)) or {}


def _outputs(attributes: Attributes) -> dict[str, Any]:
    return as_object(_given(attributes, OUTPUTS)) or {}


def _metas(attributes: Attributes) -> Iterator[dict[str, Any]]:
    """What a model's component says of its answers: on every reply, or beside them."""
    outputs = _outputs(attributes)
    replies, beside = outputs.get("replies"), outputs.get("meta")
    for reply in replies if isinstance(replies, list) else []:
        if isinstance(reply, dict) and isinstance(reply.get("meta"), dict):
            yield reply["meta"]
    for meta in beside if isinstance(beside, list) else [beside]:
        if isinstance(meta, dict):
            yield meta


# Model calls -------------------------------------------------------------------------------------------------------


@needs(*OUTPUTS[:2])
def response_model(attributes: Attributes) -> str | None:
    return next((model for meta in _metas(attributes) if (model := as_text(meta.get("model")))), None)


@needs(*OUTPUTS[:2])
def finish_reasons(attributes: Attributes) -> list[str] | None:
    return [reason for meta in _metas(attributes) if (reason := as_text(meta.get("finish_reason")))] or None


@needs(*INPUTS[:2])
def input_messages(attributes: Attributes) -> list[Message] | None:
    if kind(attributes) != "llm":
        return None
    inputs = _inputs(attributes)
    prompt = inputs.get("prompt") or inputs.get("messages")
    if isinstance(prompt, str):
        return [{"role": "user", "parts": [{"type": "text", "content": prompt}]}]
    return find_messages(inputs, role="user")


@needs(*OUTPUTS[:2])
def output_messages(attributes: Attributes) -> list[Message] | None:
    return find_messages(_outputs(attributes), role="assistant") if kind(attributes) == "llm" else None


@needs(*INPUTS[:2])
def tools(attributes: Attributes) -> list[Any] | None:
    given = _inputs(attributes).get("tools")
    found = [_tool(tool) for tool in given if isinstance(tool, dict)] if isinstance(given, list) else []
    return found if found and kind(attributes) == "llm" else None


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    data = as_object(tool.get("data")) or tool
    return {key: data[key] for key in ("name", "description", "parameters") if data.get(key) is not None}


@needs(*INPUTS[:2])
def model_parameters(attributes: Attributes) -> dict[str, Any] | None:
    return as_object(_inputs(attributes).get("generation_kwargs")) if kind(attributes) == "llm" else None


# Tokens ------------------------------------------------------------------------------------------------------------


def _usage(attributes: Attributes) -> TokenUsage:
    """Of several choices of one call each repeats the whole usage."""
    usages = (read_usage(meta.get("usage")) for meta in _metas(attributes))
    return next((usage for usage in usages if usage != NOTHING), NOTHING)


@needs(*OUTPUTS[:2])
def input_tokens(attributes: Attributes) -> int | None:
    usage = _usage(attributes)
    return usage.total if usage.input is None and usage.output is None else usage.input


@needs(*OUTPUTS[:2])
def output_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).output


@needs(*OUTPUTS[:2])
def cache_read_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).cache_read


@needs(*OUTPUTS[:2])
def cache_write_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).cache_write


@needs(*OUTPUTS[:2])
def reasoning_tokens(attributes: Attributes) -> int | None:
    return _usage(attributes).reasoning


# Other components --------------------------------------------------------------------------------------------------


@needs(*INPUTS)
def given(attributes: Attributes) -> str | None:
    """The query or text of a search or an embedding, a tool's arguments, what the user said to an agent; else all."""
    inputs = _inputs(attributes)
    if kind(attributes) in ("retriever", "reranker", "embedding"):
        for name in ("query", "text", "queries"):
            if text := as_text(inputs.get(name)):
                return text
    if kind(attributes) == "tool" and (calls := tool_calls(find_messages(inputs, role="assistant"))):
        return to_json(calls[0]["arguments"] if len(calls) == 1 else [call["arguments"] for call in calls])
    if kind(attributes) == "agent" and (said := last_user_text(find_messages(inputs, role="user"))):
        return said
    return as_text(_given(attributes, INPUTS))


@needs(*OUTPUTS)
def answered(attributes: Attributes) -> str | None:
    """The answer that a component, an agent or a whole pipeline gave; else all it gave. Documents, vectors and the
    messages of a model have columns of their own, or none.
    """
    outputs = _outputs(attributes)
    if kind(attributes) in ("retriever", "reranker", "embedding", "llm") or _given(attributes, OUTPUTS) == {}:
        return None
    places = (outputs.get("tool_messages"), outputs, *outputs.values())
    for place in places if kind(attributes) in ("tool", "agent", "chain") else ():
        if isinstance(place, (dict, list)) and find_messages(place, role="assistant"):
            return recorded_output(place)
    return as_text(_given(attributes, OUTPUTS))


@needs("haystack.component.output")
def documents(attributes: Attributes) -> list[Document] | None:
    given = _outputs(attributes).get("documents")
    if kind(attributes) not in ("retriever", "reranker") or not isinstance(given, list):
        return None
    return to_documents([_document(document) for document in given])


def _document(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    beside = {name: value for name, value in document.items() if name not in DOCUMENT_FIELDS}
    metadata = {**(as_object(document.get("meta")) or {}), **beside}
    return {**{name: document.get(name) for name in ("id", "content", "score")}, "metadata": metadata}


@needs("haystack.component.input")
def tool_name(attributes: Attributes) -> str | None:
    if kind(attributes) != "tool":
        return None
    names = [as_text(call.get("name")) for call in tool_calls(find_messages(_inputs(attributes), role="assistant"))]
    return names[0] if len(names) == 1 else None


DIALECT = Dialect(
    name="generic",
    prefixes=(OWN,),
    recognises=lambda attributes: False,
    fields={"tool_name": ("haystack.tool.name",)},
    functions={
        "kind": kind,
        "provider": provider,
        "response_model": response_model,
        "finish_reasons": finish_reasons,
        "model_parameters": model_parameters,
        "input_messages": input_messages,
        "output_messages": output_messages,
        "tools": tools,
        "input": given,
        "output": answered,
        "documents": documents,
        "tool_name": tool_name,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_read_tokens": cache_read_tokens,
        "cache_write_tokens": cache_write_tokens,
        "reasoning_tokens": reasoning_tokens,
    },
)
