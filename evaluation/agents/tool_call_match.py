"""Whether an agent called the tools that it should have called, read from its trace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.agents.argument_judge import built_in_judge, judged_equivalent
from assay.evaluation.agents.calls import Call, calls_of, expected_calls
from assay.evaluation.agents.matching import (
    ARGUMENTS,
    ORDERS,
    Arguments,
    Fits,
    Order,
    differences,
    fits_by,
    in_order,
    paired,
)
from assay.scores import Score
from assay.traces import Trace


@dataclass(frozen=True, kw_only=True)
class ToolCallMatch:
    """Whether the tools that a row's trace shows are the expected ones. Not applicable to items without expected calls.

    Definition: `order` "exact": the expected calls, in their order, and no other. "in_order": the expected calls in
        their order, others between them allowed. "any_order": the expected calls in any order, others allowed.
        "single": the one expected call was made, whatever else was. `args` "exact": the same arguments as JSON values;
        "subset": at least those expected, with these values; "ignore": names alone; "judge": a model says whether
        arguments that differ mean the same.
    Range: true or false.
    Direction: higher is better.
    Source: calls are read from spans of kind llm and tool; a call that both show is one. Expected calls:
        [{"name", "arguments"}, ...], {"tool_calls": [...]}, OpenAI's form with JSON texts.
    Pitfalls: "1" is not 1, and 1 is 1.0. Calls of one model answer, and tools whose spans overlap, have no order. No
        calls expected and none made is a match; none expected and some made matches unless `order` is "exact". An
        expected call without arguments fits any; {} means none. A trace without spans of models and tools is an error.
    """

    order: Order = "exact"
    args: Arguments = "exact"
    judge: Callable[..., Any] | None = field(default=None, repr=False)
    model: str | None = None
    name: str = "tool_call_match"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        for option, value, known in (("order", self.order, ORDERS), ("args", self.args, ARGUMENTS)):
            if value not in known:
                raise ConfigurationError(f"ToolCallMatch({option}=) is one of {', '.join(known)}, not {value!r}.")
        if self.args != "judge" and (self.judge is not None or self.model is not None):
            raise ConfigurationError("ToolCallMatch takes a judge or a model with args='judge' only.")

    def __call__(self, expected: Any, trace: Trace) -> Score | Awaitable[Score] | None:
        wanted = expected_calls(expected)
        if wanted is None:
            return None
        if self.order == "single" and len(wanted) != 1:
            raise ScorerError(f"order='single' is about one expected call, and there are {len(wanted)}.")
        made = calls_of(trace)
        if self._judge is not None:
            return self._judged(wanted, made, self._judge)
        return self._score(wanted, made, fits_by(self.args))

    @property
    def source(self) -> Literal["code", "llm"]:
        return "llm" if self.args == "judge" else "code"

    def prepare(self) -> Any:
        """The judge's own: it registers its prompt."""
        prepare = getattr(self._judge, "prepare", None)
        return prepare() if callable(prepare) else None

    @cached_property
    def _judge(self) -> Callable[..., Any] | None:
        return (self.judge or built_in_judge(self.model)) if self.args == "judge" else None

    async def _judged(self, wanted: Sequence[Call], made: Sequence[Call], judge: Callable[..., Any]) -> Score:
        fits, metadata = await judged_equivalent(wanted, made, judge)
        return self._score(wanted, made, fits, metadata)

    def _score(self, wanted: Sequence[Call], made: Sequence[Call], fits: Fits, metadata: Any = None) -> Score:
        match = self._matches(wanted, made, fits)
        return Score(
            name=self.name,
            value=match,
            explanation=None if match else differences(wanted, made, fits),
            metadata={"calls_made": [str(call) for call in made], **(metadata or {})},
        )

    def _matches(self, wanted: Sequence[Call], made: Sequence[Call], fits: Fits) -> bool:
        if self.order == "exact" and len(wanted) != len(made):
            return False
        if len(paired(wanted, made, fits)) < len(wanted):
            return False
        return self.order in ("any_order", "single") or in_order(wanted, made, fits)
