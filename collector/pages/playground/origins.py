"""Where columns come from: a version of a prompt, or a model call that was traced. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.collector.pages.playground.sheet import NUMBERS, Column, SheetMessage
from assay.evaluation.playground.parameters import PARAMETERS
from assay.prompts.simple_format import escape

NO_MODEL = "echo/last"  # answers without a provider
# A provider as the conventions name it -> as LiteLLM does, where they differ
PROVIDERS = {
    "aws.bedrock": "bedrock",
    "azure.ai.inference": "azure_ai",
    "azure.ai.openai": "azure",
    "gcp.gemini": "gemini",
    "gcp.gen_ai": "gemini",
    "gcp.vertex_ai": "vertex_ai",
    "ibm.watsonx.ai": "watsonx",
    "mistral_ai": "mistral",
    "x_ai": "xai",
}
BLANK = Column(messages=(SheetMessage("system", ""), SheetMessage("user", "{{input}}")), model=NO_MODEL)


def of_version(version: Mapping[str, Any]) -> Column:
    """A column of a prompt version. Of its configuration, what can be sent is taken."""
    template, config = version["template"], dict(version.get("config") or {})
    messages = (
        (SheetMessage("", template),)
        if isinstance(template, str)
        else tuple(_written(message["role"], message["content"]) for message in template)
    )
    model = config.pop("model", None)
    return Column(
        messages=messages,
        format=version.get("format") or "simple",
        model=model if isinstance(model, str) else NO_MODEL,
        tools=_json(version.get("tools")),
        schema=_json(version.get("response_format")),
        prompt=f"{version['name']}@{version['version']}",
        **_parameters(config),
    )


def of_span(span: Mapping[str, Any]) -> Column:
    """A column of a model call: what was sent, to which model, with which parameters."""
    name, version = span.get("prompt_name"), span.get("prompt_version")
    return Column(
        messages=tuple(_sent(span.get("input_messages") or [])) or (SheetMessage("user", span.get("input") or ""),),
        model=model_of(span),
        tools=_json([_tool(tool) for tool in span.get("tools") or [] if isinstance(tool, Mapping)]),
        prompt=f"{name}@{version}" if name and version else "",
        **_parameters(span.get("model_parameters") or {}),
    )


def model_of(span: Mapping[str, Any]) -> str:
    """The model of a call as LiteLLM names it."""
    model, provider = span.get("request_model") or span.get("response_model"), span.get("provider")
    if not model:
        return NO_MODEL
    named = PROVIDERS.get(provider or "", provider)
    return f"{named}/{model}" if named and not str(model).startswith(f"{named}/") else str(model)


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in given.items() if name in PARAMETERS and value is not None}
    numbers = {name: str(kept.pop(name)) for name in NUMBERS if isinstance(kept.get(name), int | float)}
    return {"numbers": numbers, "more": _json(kept)}


def _written(role: str, content: Any) -> SheetMessage:
    return SheetMessage(role, content) if isinstance(content, str) else SheetMessage(role, _json(content), "parts")


def _sent(messages: Sequence[Mapping[str, Any]]) -> Iterator[SheetMessage]:
    """Messages of the GenAI schema as they are sent to a model. Text is escaped: nothing in it is a variable."""
    for message in messages:
        role, parts = str(message.get("role") or "user"), message.get("parts") or []
        texts = [part.get("content") for part in parts if part.get("type") == "text"]
        calls = [_called(part) for part in parts if part.get("type") == "tool_call"]
        results = [part for part in parts if part.get("type") == "tool_call_response"]
        text = "\n\n".join(one if isinstance(one, str) else _json(one) for one in texts)
        for result in results:
            answered = result.get("response", result.get("result"))
            content = answered if isinstance(answered, str) else json.dumps(answered, ensure_ascii=False)
            whole = {"role": "tool", "tool_call_id": result.get("id"), "content": content}
            yield SheetMessage("tool", _json(whole), "message")
        if calls:
            whole = {"role": role, "content": text or None, "tool_calls": calls}
            yield SheetMessage(role, _json(whole), "message")
        elif texts or not results:
            yield SheetMessage(role, escape(text))


def _called(part: Mapping[str, Any]) -> dict[str, Any]:
    arguments = part.get("arguments")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
    return {"id": part.get("id"), "type": "function", "function": {"name": part.get("name"), "arguments": text}}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool as OpenAI's protocol describes it; the conventions leave out the object around a function."""
    if "function" in tool or "name" not in tool:
        return dict(tool)
    kept = {name: tool[name] for name in ("name", "description", "parameters") if tool.get(name) is not None}
    return {"type": "function", "function": kept}


def _json(value: Any) -> str:
    return "" if value in (None, {}, []) else json.dumps(value, indent=2, ensure_ascii=False)
