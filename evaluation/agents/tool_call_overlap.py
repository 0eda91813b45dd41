"""How many of the expected tool calls were made, and how many of those made were expected."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError
from assay.evaluation.agents.calls import calls_of, expected_calls
from assay.evaluation.agents.matching import fits_by, paired
from assay.scores import Score
from assay.traces import Trace

ARGUMENTS = ("exact", "subset", "ignore")


@dataclass(frozen=True, kw_only=True)
class _Overlap(ABC):
    """What the three share: the multisets of calls, and the most pairs that can be made of them."""

    args: Literal["exact", "subset", "ignore"] = "exact"
    name: str = ""
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        if self.args not in ARGUMENTS:
            raise ConfigurationError(
                f"{type(self).__name__}(args=) is one of {', '.join(ARGUMENTS)}, not {self.args!r}."
            )

    def __call__(self, expected: Any, trace: Trace) -> Score | None:
        wanted = expected_calls(expected)
        if wanted is None:
            return None
        made = calls_of(trace)
        pairs = len(paired(wanted, made, fits_by(self.args)))
        value, reason = self._share(pairs, len(wanted), len(made))
        metadata = {"expected": len(wanted), "made": len(made), "matched": pairs}
        return Score(name=self.name, value=value, explanation=reason, metadata=metadata)

    @abstractmethod
    def _share(self, pairs: int, wanted: int, made: int) -> tuple[float | None, str | None]:
        """The figure; None and why where it is 0/0."""


@dataclass(frozen=True, kw_only=True)
class ToolCallPrecision(_Overlap):
    """Of the tool calls that were made, the share that was expected. Not applicable to items without expected calls.

    Definition: matched calls / calls made, both as multisets: a call expected once and made twice matches once. `args`
        is as in ToolCallMatch; where a call could match several, the most matches that are possible count.
    Range: 0 to 1.
    Direction: higher is better.
    Source: calls are read from spans as in ToolCallMatch.
    Pitfalls: Undefined (not applicable, with the reason) where no call was made: 0/0 is neither good nor bad.
    """

    name: str = "tool_call_precision"

    def _share(self, pairs: int, wanted: int, made: int) -> tuple[float | None, str | None]:
        return (pairs / made, None) if made else (None, "0/0: no tool was called")


@dataclass(frozen=True, kw_only=True)
class ToolCallRecall(_Overlap):
    """Of the tool calls that were expected, the share that was made. Not applicable to items without expected calls.

    Definition: matched calls / expected calls, as in ToolCallPrecision.
    Range: 0 to 1.
    Direction: higher is better.
    Source: calls are read from spans as in ToolCallMatch.
    Pitfalls: Undefined (not applicable, with the reason) where no call is expected.
    """

    name: str = "tool_call_recall"

    def _share(self, pairs: int, wanted: int, made: int) -> tuple[float | None, str | None]:
        return (pairs / wanted, None) if wanted else (None, "0/0: no tool call is expected")


@dataclass(frozen=True, kw_only=True)
class ToolCallF1(_Overlap):
    """The harmonic mean of ToolCallPrecision and ToolCallRecall. Not applicable to items without expected calls.

    Definition: 2 * matched calls / (expected calls + calls made).
    Range: 0 to 1.
    Direction: higher is better.
    Source: calls are read from spans as in ToolCallMatch.
    Pitfalls: Undefined where no call is expected and none is made (ToolCallMatch says 1 there); 0 where only one side
        has calls, although precision or recall is undefined there.
    """

    name: str = "tool_call_f1"

    def _share(self, pairs: int, wanted: int, made: int) -> tuple[float | None, str | None]:
        if wanted + made == 0:
            return None, "0/0: no tool call is expected and none was made"
        return 2 * pairs / (wanted + made), None
