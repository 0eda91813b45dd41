"""How an agent got there: its steps, what it repeated, retried, and where it failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.agents.calls import SWITCH_ON, Call, calls_of
from assay.evaluation.agents.same_json import same
from assay.scores import Score
from assay.traces import Span, Trace

RESEND_COUNT = "http.request.resend_count"


@dataclass(frozen=True, kw_only=True)
class StepCount:
    """How many steps the row took: calls of models and tools.

    Definition: spans of the given `kinds`; one inside another of its kind is the same step, told twice.
    Range: 0 and up.
    Direction: lower is better.
    Source: spans of the row's trace.
    Pitfalls: Only what is traced is counted; a trace without any span of a model or tool is an error. Steps that ran
        side by side count each.
    """

    kinds: tuple[str, ...] = ("llm", "tool")
    name: str = "step_count"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __post_init__(self) -> None:
        kinds: Any = self.kinds  # a text is a sequence too
        if isinstance(kinds, str) or not kinds:
            raise ConfigurationError("StepCount(kinds=) is a list of kinds of spans.", hint="E.g. ('llm', 'tool')")

    def __call__(self, trace: Trace) -> Score:
        steps = [
            span for span, inside in _with_kinds_around(trace) if span.kind in self.kinds and span.kind not in inside
        ]
        if not steps:
            kinds = " or ".join(self.kinds)
            raise ScorerError(f"The trace has no span of kind {kinds}, so it says nothing of steps.", hint=SWITCH_ON)
        by_kind = {kind: sum(span.kind == kind for span in steps) for kind in self.kinds}
        return Score(name=self.name, value=len(steps), metadata={"by_kind": by_kind})


@dataclass(frozen=True, kw_only=True)
class RedundantCalls:
    """How many tool calls repeated an earlier one: the same name and the same arguments.

    Definition: calls that equal one before them, as JSON values; three equal calls are two redundant ones.
    Range: 0 and up.
    Direction: lower is better.
    Source: calls are read from spans as in ToolCallMatch.
    Pitfalls: Asking again may be right where the world changes in between, or after an error; the explanation says how
        many followed a failed call.
    """

    name: str = "redundant_calls"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, trace: Trace) -> Score:
        repeated = list(_repeats(calls_of(trace, with_arguments=True)))
        told = [f"{call} again" + (" after it failed" if before.failed else "") for before, call in repeated]
        after_failure = sum(before.failed for before, _ in repeated)
        return Score(
            name=self.name,
            value=len(repeated),
            explanation="; ".join(told[:5]) or None,
            metadata={"after_failure": after_failure},
        )


@dataclass(frozen=True, kw_only=True)
class RetriesCount:
    """How often something that failed was tried again.

    Definition: spans with the name, kind, parent and input of one before them that failed, of models and tools; plus
        what HTTP spans say of requests that were sent again.
    Range: 0 and up.
    Direction: lower is better.
    Source: spans of the row's trace; the attribute http.request.resend_count (OpenTelemetry).
    Pitfalls: Retries inside a client library that makes one span of them all are not seen, nor are those with other
        inputs.
    """

    name: str = "retries_count"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, trace: Trace) -> Score:
        if not any(span.kind in ("llm", "tool") for span in trace.spans):
            raise ScorerError(
                "The trace has no span of a model or of a tool, so it says nothing of retries.", hint=SWITCH_ON
            )
        failed: set[tuple[Any, ...]] = set()
        again: list[str] = []
        for span in trace.spans:
            if span.kind not in ("llm", "tool"):
                continue
            key = (span.parent_span_id, span.kind, span.name, span.input)
            if key in failed:
                again.append(span.name)
            (failed.add if span.status == "error" else failed.discard)(key)
        # by the convention, the n-th re-sending has a span of its own that says n
        sent_again = sum(isinstance(span.attributes.get(RESEND_COUNT), int) for span in trace.spans)
        return Score(
            name=self.name,
            value=len(again) + sent_again,
            explanation=f"tried again: {', '.join(again[:5])}" if again else None,
            metadata={"spans": len(again), "requests": sent_again},
        )


@dataclass(frozen=True, kw_only=True)
class ErrorSpans:
    """How many spans of the row's trace ended in an error.

    Definition: spans whose status is error; with `origins` those alone below which nothing failed: one failure that
        passes through five functions is one origin and six spans.
    Range: 0 and up.
    Direction: lower is better.
    Source: spans of the row's trace.
    Pitfalls: Rows whose task failed are not scored, so what is counted are errors that were dealt with.
    """

    origins: bool = False
    name: str = "error_spans"
    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def __call__(self, trace: Trace) -> Score:
        failed = [span for span in trace.spans if span.status == "error"]
        if self.origins:
            passed_on = {span.parent_span_id for span in failed}
            failed = [span for span in failed if span.span_id not in passed_on]
        told = [f"{span.name}: {span.status_message or 'error'}" for span in failed[:5]]
        return Score(name=self.name, value=len(failed), explanation="; ".join(told) or None)


def _repeats(calls: list[Call]) -> Iterator[tuple[Call, Call]]:
    """Every call that equals an earlier one, with the last such."""
    by_name: dict[str, list[Call]] = {}
    for call in calls:
        earlier = by_name.setdefault(call.name, [])
        before = next((one for one in reversed(earlier) if same(one.arguments, call.arguments)), None)
        if before is not None:
            yield before, call
        earlier.append(call)


def _with_kinds_around(trace: Trace) -> Iterator[tuple[Span, frozenset[str]]]:
    """Every span with the kinds of the spans around it."""
    around: dict[str, frozenset[str]] = {}
    for _, span in trace.tree():
        outside = around.get(span.parent_span_id or "", frozenset())
        yield span, outside
        around[span.span_id] = outside | {span.kind} if span.kind else outside
