"""By what figures can be grouped, and the filter that finds a group's traces or spans again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assay.collector.pages.traces.filters import equals

Level = Literal["trace", "any", "call", "tool"]
Values = tuple[Any, ...]
NONE = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """`level`: what has the value: a whole trace, every span, model calls alone, or calls of tools alone."""

    key: str
    label: str
    stats_keys: tuple[str, ...]
    level: Level
    of_trace: Callable[[Values], str]  # filter over traces
    of_span: Callable[[Values], str]  # filter over spans

    def values(self, row: Mapping[str, Any]) -> Values:
        return tuple(row[key] for key in self.stats_keys)

    def name(self, values: Values) -> str:
        """gpt-4o · support/answer v3 · (none)"""
        if values[0] is None or values[0] == "":
            return NONE
        return str(values[0]) if len(values) == 1 else f"{values[0]} v{values[1]}"


def _is(field: str) -> Callable[[Values], str]:
    return lambda values: f"{field} is null" if values[0] is None else equals(field, str(values[0]))


def _model_of_trace(values: Values) -> str:
    return (
        "any(kind = 'llm' and response_model is null and request_model is null)"
        if values[0] is None
        else equals("models", str(values[0]))
    )


def _model_of_span(values: Values) -> str:
    if values[0] is None:
        return "(response_model is null and request_model is null)"
    name = str(values[0])
    return f"({equals('response_model', name)} or (response_model is null and {equals('request_model', name)}))"


def _prompt(values: Values) -> str:
    if values[0] is None:
        return "prompt_name is null"
    version = "prompt_version is null" if values[1] is None else f"prompt_version = {int(values[1])}"
    return f"{equals('prompt_name', str(values[0]))} and {version}"


def _some(of_span: Callable[[Values], str]) -> Callable[[Values], str]:
    return lambda values: f"any({of_span(values)})"


def _tag(values: Values) -> str:
    return "tags is null" if values[0] is None else equals("tags", str(values[0]))


GROUPINGS = {
    one.key: one
    for one in (
        Grouping(
            key="model",
            label="model",
            stats_keys=("model",),
            level="call",
            of_trace=_model_of_trace,
            of_span=_model_of_span,
        ),
        Grouping(
            key="name", label="name", stats_keys=("name",), level="trace", of_trace=_is("name"), of_span=_is("name")
        ),
        Grouping(
            key="prompt",
            label="prompt version",
            stats_keys=("prompt_name", "prompt_version"),
            level="call",
            of_trace=_some(_prompt),
            of_span=_prompt,
        ),
        Grouping(
            key="user",
            label="user",
            stats_keys=("user_id",),
            level="trace",
            of_trace=_is("user_id"),
            of_span=_is("user_id"),
        ),
        Grouping(key="tag", label="tag", stats_keys=("tag",), level="trace", of_trace=_tag, of_span=_tag),
        *(
            Grouping(
                key=key,
                label=label,
                stats_keys=(field,),
                level="any",
                of_trace=_is(field),
                of_span=_is(field),
            )
            for key, label, field in (
                ("environment", "environment", "environment"),
                ("service", "service", "service_name"),
                ("release", "release", "release"),
            )
        ),
        Grouping(
            key="tool",
            label="tool",
            stats_keys=("tool_name",),
            level="tool",
            of_trace=_some(_is("tool_name")),
            of_span=_is("tool_name"),
        ),
    )
}
