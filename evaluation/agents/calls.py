"""A trace → the tool calls that were made: what models asked for and what ran, each call once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from assay import semconv
from assay.errors import ScorerError
from assay.evaluation.agents.same_json import contains, same
from assay.traces import Span, Trace

LONGEST_SHOWN = 80
SWITCH_ON = (
    "Trace models with assay.autolog() and tools with @assay.trace(kind='tool'), and score rows whose task did run in "
    "the traced program."
)
CONTENT_OFF = "Record content: unset ASSAY_CAPTURE_CONTENT, or leave arguments out of it: args='ignore'."
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class _Unknown:
    def __repr__(self) -> str:
        return "?"


UNKNOWN: Final = _Unknown()  # arguments that nobody recorded, or said


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tool. Two calls whose times overlap have no order."""

    name: str
    arguments: Any = UNKNOWN
    id: str | None = None
    start: datetime = _BEGINNING
    end: datetime = _BEGINNING
    failed: bool = False

    def __str__(self) -> str:
        if self.arguments is UNKNOWN:
            return self.name
        said = json.dumps(self.arguments, ensure_ascii=False, default=str, sort_keys=True)
        return f"{self.name}({said if len(said) <= LONGEST_SHOWN else said[:LONGEST_SHOWN] + '...'})"

    def precedes(self, start: datetime) -> bool:
        """Whether it was over when something else began."""
        return self.end <= start and self.start < start


def calls_of(trace: Trace, *, with_arguments: bool = False) -> list[Call]:
    """Every tool call of a trace, in the order of beginning.

    A call that a model asks for and a tool span that runs it are one call: they are brought together by the call's id,
    else by name and arguments. It has the arguments that the model gave, and the time of the model's answer: calls of
    one answer have no order. A model span inside a model span, and a tool span inside the span of the same tool with
    the same arguments, tell the same thing twice and count once.

    Args:
        with_arguments: refuse a trace that does not hold the arguments of its calls.

    Raises:
        ScorerError: the trace cannot say which tools were called; the message says what to switch on.
    """
    tree = _Tree(trace.spans)
    models = [span for span in trace.spans if span.kind == "llm"]
    tools = [span for span in trace.spans if span.kind == "tool"]
    if not models and not tools:
        raise ScorerError(
            "The trace has no span of a model or of a tool, so it says nothing of tool calls.", hint=SWITCH_ON
        )
    if not tools and (silent := [span for span in models if _is_silent(span)]):
        raise ScorerError(
            f"The trace has no tool spans, and its model span {silent[0].name!r} holds no answer.", hint=CONTENT_OFF
        )
    asked = [call for span in models if not _told_above(span, tree) for call in _asked(span)]
    ran = [(span, _ran(span, tree)) for span in tools if not _same_call_above(span, tree)]
    found = _brought_together(asked, [call for _, call in ran])
    if with_arguments and (unknown := [call.name for call in found if call.arguments is UNKNOWN]):
        raise ScorerError(f"The trace does not hold the arguments of {unknown[0]!r}.", hint=CONTENT_OFF)
    return found


def expected_calls(expected: Any) -> list[Call] | None:
    """Calls as data sets write them; None where nothing is said of tools.

    A list of {"name", "arguments"}, or {"tool_calls": [...]}; OpenAI's form ({"function": {"name", "arguments": "{}"}})
    and the keys "args" and "input" are read too. A text is a name. Without arguments a call says nothing of them; {}
    says that there are none.

    Raises:
        ScorerError: it is something else.
    """
    if isinstance(expected, Mapping) and ("tool_calls" in expected or "expected_tool_calls" in expected):
        expected = expected.get("tool_calls", expected.get("expected_tool_calls"))
    if isinstance(expected, Mapping) and ("name" in expected or "function" in expected):
        expected = [expected]
    if expected is None:
        return None
    if isinstance(expected, str | Mapping) or not isinstance(expected, Sequence):
        raise ScorerError(
            f"The expected value is no list of tool calls but {type(expected).__name__}: {str(expected)[:80]}",
            hint='It is a list like [{"name": "search", "arguments": {"query": "..."}}].',
        )
    return [_expected_call(one) for one in expected]


def _expected_call(one: Any) -> Call:
    if isinstance(one, str):
        return Call(name=one)
    if isinstance(one, Mapping):
        function = one.get("function")
        inner: Mapping[str, Any] = function if isinstance(function, Mapping) else one
        given = next((inner[key] for key in ("arguments", "args", "input", "parameters") if key in inner), UNKNOWN)
        if isinstance(name := inner.get("name"), str) and name:
            return Call(name=name, arguments=given if given is UNKNOWN else read_arguments(given))
    raise ScorerError(
        f"An expected tool call has a name and arguments; this is {str(one)[:80]}",
        hint='E.g. {"name": "search", "arguments": {"query": "..."}}',
    )


def read_arguments(given: Any) -> Any:
    """Arguments as an object: JSON texts are parsed, nothing at all is {}."""
    if isinstance(given, str):
        if not given.strip():
            return {}
        try:
            return json.loads(given)
        except ValueError:
            return given
    return {} if given is None else given


class _Tree:
    """What lies above each span, and when the first tool below it began."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._by_id = {span.span_id: span for span in spans}
        self.first_tool_below: dict[str, datetime] = {}
        for span in spans:
            if span.kind == "tool" and span.start_time is not None:
                for one in self.above(span):
                    earliest = self.first_tool_below.get(one.span_id, span.start_time)
                    self.first_tool_below[one.span_id] = min(earliest, span.start_time)

    def above(self, span: Span) -> Iterable[Span]:
        seen = {span.span_id}
        while (parent := self._by_id.get(span.parent_span_id or "")) is not None and parent.span_id not in seen:
            seen.add(parent.span_id)
            yield parent
            span = parent


def _is_silent(span: Span) -> bool:
    return span.status != "error" and not span.output_messages and not span.tool_call_names and span.output is None


def _told_above(span: Span, tree: _Tree) -> bool:
    """A model span around this one tells of calls already."""
    return any(one.kind == "llm" and (_parts(one) or one.tool_call_names) for one in tree.above(span))


def _parts(span: Span) -> list[Mapping[str, Any]]:
    parts = [part for message in span.output_messages for part in message.get("parts") or ()]
    return [part for part in parts if part.get("type") == "tool_call" and part.get("name")]


def _asked(span: Span) -> list[Call]:
    start = span.start_time or _BEGINNING
    end = span.end_time or start
    if parts := _parts(span):
        return [
            Call(
                name=str(part["name"]),
                arguments=read_arguments(part["arguments"]) if part.get("arguments") is not None else UNKNOWN,
                id=part.get("id"),
                start=start,
                end=end,
            )
            for part in parts
        ]
    return [Call(name=name, start=start, end=end) for name in span.tool_call_names]


def _ran(span: Span, tree: _Tree) -> Call:
    start = span.start_time or _BEGINNING
    given = span.attributes.get(semconv.GEN_AI_TOOL_CALL_ARGUMENTS, span.input)
    inner = tree.first_tool_below.get(span.span_id)  # a tool that calls another one comes before it
    end = span.end_time or start
    return Call(
        name=_tool_name(span),
        arguments=UNKNOWN if given is None else read_arguments(given),
        id=span.attributes.get(semconv.GEN_AI_TOOL_CALL_ID),
        start=start,
        end=end if inner is None else min(end, max(inner, start)),
        failed=span.status == "error",
    )


def _tool_name(span: Span) -> str:
    return span.tool_name or span.name


def _same_call_above(span: Span, tree: _Tree) -> bool:
    """A span of the same tool around this one is the same call, told by another library."""
    inner = _ran(span, tree)
    for one in tree.above(span):
        if one.kind == "tool" and _tool_name(one) == inner.name:
            outer = _ran(one, tree)
            known = UNKNOWN not in (inner.arguments, outer.arguments)
            if inner.id is not None and inner.id == outer.id:
                return True
            if not known or _one_has_the_other(inner.arguments, outer.arguments):
                return True
    return False


def _one_has_the_other(one: Any, other: Any) -> bool:
    """The same arguments, but for those that were left to defaults."""
    return contains(one, other) or contains(other, one)


def _brought_together(asked: Sequence[Call], ran: Sequence[Call]) -> list[Call]:
    """Every call once: what ran is put to what asked for it, the surest matches first."""
    open_places = list(range(len(asked)))
    alone = list(ran)
    found = list(asked)
    for is_match in (_by_id, _by_equal_arguments, _by_more_arguments, _by_name):
        left = []
        for call in alone:
            fitting = [
                place for place in open_places if is_match(asked[place], call) and asked[place].start <= call.start
            ]
            if not fitting:
                left.append(call)
                continue
            place = fitting[0] if is_match is not _by_id else fitting[-1]
            open_places.remove(place)
            arguments = call.arguments if asked[place].arguments is UNKNOWN else asked[place].arguments
            found[place] = replace(asked[place], arguments=arguments, failed=call.failed)
        alone = left
    return sorted([*found, *alone], key=lambda call: call.start)


def _by_id(asked: Call, ran: Call) -> bool:
    return asked.id is not None and asked.id == ran.id


def _by_equal_arguments(asked: Call, ran: Call) -> bool:
    return asked.name == ran.name and _ids_allow(asked, ran) and same(asked.arguments, ran.arguments)


def _by_more_arguments(asked: Call, ran: Call) -> bool:
    """The program adds what the model left to defaults."""
    return asked.name == ran.name and _ids_allow(asked, ran) and contains(ran.arguments, asked.arguments)


def _by_name(asked: Call, ran: Call) -> bool:
    return asked.name == ran.name and _ids_allow(asked, ran)


def _ids_allow(asked: Call, ran: Call) -> bool:
    return None in (asked.id, ran.id) or asked.id == ran.id
