"""The form of a call-form matrix: what each library can be asked in which form, and what must be recorded of it.

A library has one table of cases, `CASES` in `support/matrix_<library>.py`: data, from which its tests are made, and the
rows and columns of the table in `docs/openai.md` (`support.matrix_markdown`, written by `make docs`). Cases of two
libraries with the same `form` share a row there, so take the words of `support/matrix_openai.py` where they fit.

    CASES = (
        Case(
            group="Chat completions",
            form="one answer",
            run=lambda client: client.chat.completions.create(model="gpt-x", messages=HELLO),
            replies=({"text": "hi", "usage": usage(input=10, output=7, cached=4, reasoning=5)},),
            calls=(Call(input=[said("user", "hello")], output=[said("assistant", "hi", "stop")],
                        tokens=Tokens(10, 7, cached=4, reasoning=5), finish=["stop"]),),
        ),
    )

The library's test opens a span with a prompt linked (`case_span`), scripts the replies, runs the case, hands what was
traced to `check_spans` and what a collector made of it to `check_rows`: both compare with the same `Call`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import assay
from assay.tracing.prompt_link import link_prompt
from support.openai_server import MODEL

PROMPT = ("greeting", 3)  # linked to the span around each case
KINDS = {"LLM": "llm", "EMBEDDING": "embedding", "GUARDRAIL": "guardrail", "CHAIN": "chain", "TOOL": "tool"}

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one call. Input includes the cached ones, output those spent on reasoning."""

    input: int
    output: int | None = None
    cached: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One model call as it must be recorded: on the span, and in the collector's columns. None: must be absent.

    `more` are further attributes, `absent` names that may not be there.
    """

    parent: str | None = None  # name of the span above; None: the case's own span
    operation: str = "chat"
    kind: str = "LLM"
    provider: str = "openai"
    request_model: str | None = "gpt-x"
    response_model: str | None = MODEL
    input: list[Message] | None = None  # None: not compared
    output: list[Message] | None = None
    tokens: Tokens | None = None
    finish: list[str] | None = None
    error: str | None = None  # `error.type`, or the description of the status
    tools: list[str] | None = None  # names of the tools offered
    called: list[str] | None = None  # names of the tools that the answer calls
    prompt: bool = True  # carries the link to the prompt
    events: list[str] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)
    absent: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One call form.

    Args:
        run: makes the call, with what the library's test hands it; may be a coroutine function.
        replies: for `OpenAIServer.reply`, in order; with none the server echoes.
        calls: the model calls that must be recorded, in the order in which they begin, and no others.
        raises: name of the exception that must come out, as without us.
        versions: of the library, by the names of its columns, that have this form.
        note: shown in the document's table below it.
    """

    group: str
    form: str
    run: Callable[..., Any]
    replies: tuple[Mapping[str, Any], ...] = ()
    calls: tuple[Call, ...] = ()
    raises: str | None = None
    versions: tuple[str, ...] = ()
    note: str | None = None


def said(role: str, text: str, finish_reason: str | None = None) -> Message:
    """A message of one text."""
    return message(role, {"type": "text", "content": text}, finish_reason=finish_reason)


def message(role: str, *parts: dict[str, Any], finish_reason: str | None = None) -> Message:
    return {"role": role, "parts": list(parts), **({"finish_reason": finish_reason} if finish_reason else {})}


def tool_call(call_id: str | None, name: str, arguments: Any) -> dict[str, Any]:
    part = {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}
    return {key: value for key, value in part.items() if value is not None}


@contextmanager
def case_span(case: Case) -> Iterator[assay.Span]:
    """The span around a case, named after it, with a prompt linked to it."""
    with assay.start_span(case.form) as span:
        link_prompt(*PROMPT)
        yield span


def check_spans(case: Case, spans: Sequence[Any]) -> None:
    """Compare the spans that OpenTelemetry's SDK ended (`ReadableSpan`) with what the case says."""
    names = {span.context.span_id: span.name for span in spans}
    models = sorted((span for span in spans if _is_model_call(span)), key=lambda span: span.start_time)
    assert len(models) == len(case.calls), [span.name for span in spans]
    for span, call in zip(models, case.calls, strict=True):
        found = {name: _parsed(value) for name, value in (span.attributes or {}).items()}
        found |= _seen(found, span)
        expected = dict(_expected(call))
        assert (names.get(span.parent.span_id) if span.parent else None) == (call.parent or case.form)
        assert {name: found.get(name) for name in expected} == expected
        assert {name: found[name] for name in _absent(call) if name in found} == {}
        assert [event.name for event in span.events if event.name != "exception"] == call.events


def check_rows(case: Case, rows: Sequence[Mapping[str, Any]]) -> None:
    """Compare the collector's spans of the case's trace with what the case says."""
    assert row_differences(case, rows) == []


def row_differences(case: Case, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the collector says otherwise than the case, a line each."""
    models = sorted(
        (row for row in rows if row["kind"] in ("llm", "embedding", "guardrail")), key=lambda row: row["start_time"]
    )
    if len(models) != len(case.calls):
        return [f"{case.group}, {case.form}: {len(models)} model calls, not {len(case.calls)}"]
    return [
        f"{case.group}, {case.form}: {name} is {_without_nulls(row[name])!r}, not {value!r}"
        for row, call in zip(models, case.calls, strict=True)
        for name, value in _row(call).items()
        if _without_nulls(row[name]) != value
    ]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _is_model_call(span: Any) -> bool:
    attributes = span.attributes or {}
    return attributes.get("openinference.span.kind") in ("LLM", "EMBEDDING", "GUARDRAIL")


def _expected(call: Call) -> Iterator[tuple[str, Any]]:
    tokens = call.tokens
    fields = [
        ("gen_ai.operation.name", call.operation),
        ("openinference.span.kind", call.kind),
        ("gen_ai.provider.name", call.provider),
        ("gen_ai.request.model", call.request_model),
        ("gen_ai.response.model", call.response_model),
        ("gen_ai.input.messages", call.input),
        ("gen_ai.output.messages", call.output),
        ("gen_ai.usage.input_tokens", tokens and tokens.input),
        ("gen_ai.usage.output_tokens", tokens and tokens.output),
        ("gen_ai.usage.cache_read.input_tokens", tokens and tokens.cached),
        ("gen_ai.usage.reasoning.output_tokens", tokens and tokens.reasoning),
        ("gen_ai.response.finish_reasons", call.finish),
        ("<error>", call.error),
        ("<tools>", call.tools),
        ("<called>", call.called),
        ("gen_ai.prompt.name", PROMPT[0] if call.prompt else None),
        ("gen_ai.prompt.version", PROMPT[1] if call.prompt else None),
        *call.more.items(),
    ]
    yield from ((name, value) for name, value in fields if value is not None)


def _absent(call: Call) -> Iterator[str]:
    """Names that may not be there: a count that nobody told is not 0, and a call that went well has no error."""
    tokens = call.tokens
    fields = [
        ("gen_ai.response.model", call.response_model),
        ("gen_ai.output.messages", call.output),
        ("gen_ai.usage.input_tokens", tokens and tokens.input),
        ("gen_ai.usage.output_tokens", tokens and tokens.output),
        ("gen_ai.response.finish_reasons", call.finish),
        ("gen_ai.tool.definitions", call.tools),
        ("<error>", call.error),
        ("gen_ai.prompt.name", call.prompt or None),
    ]
    yield from (name for name, value in fields if value is None)
    yield from call.absent


def _seen(found: Mapping[str, Any], span: Any) -> dict[str, Any]:
    """What a span says in several ways, under names of our own, so that it can be compared like an attribute."""
    answers = found.get("gen_ai.output.messages") or []
    called = [part.get("name") for each in answers for part in each["parts"] if part["type"] == "tool_call"]
    seen = {
        "<error>": found.get("error.type") or span.status.description or (span.status.status_code.value == 2 or None),
        "<tools>": [tool.get("name") for tool in found.get("gen_ai.tool.definitions") or []] or None,
        "<called>": called or None,
    }
    return {name: value for name, value in seen.items() if value is not None}


def _row(call: Call) -> dict[str, Any]:
    tokens = call.tokens
    row = {
        "operation": call.operation,
        "kind": KINDS[call.kind],
        "provider": call.provider,
        "request_model": call.request_model,
        "response_model": call.response_model,
        "finish_reasons": call.finish,
        "input_tokens": tokens and tokens.input,
        "output_tokens": tokens and tokens.output,
        "cache_read_tokens": tokens and tokens.cached,
        "reasoning_tokens": tokens and tokens.reasoning,
        "tool_call_names": call.called,
        "status": "error" if call.error else "unset",
        "prompt_name": PROMPT[0] if call.prompt else None,
        "prompt_version": PROMPT[1] if call.prompt else None,
    }
    if call.output is not None and call.operation != "embeddings":
        row["output_messages"] = call.output
    return row


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "[{":
        return json.loads(value)
    return list(value) if isinstance(value, tuple) else value
