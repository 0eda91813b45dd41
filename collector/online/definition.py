"""What an online scorer is declared as: what asks, of which traces, for how much. Pure."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from assay.collector.filter import compile_trace_filter
from assay.scores import MAX_NAME_CHARS

MAX_INSTRUCTIONS_CHARS = 20_000
SAMPLED_ALIKE = "online:"  # before the trace id: not the share that tail sampling keeps

Money = Annotated[FiniteFloat, Field(ge=0)]


class Judge(BaseModel):
    """A judge of one's own, as `assay.judge` makes it: from instructions, or from a registered prompt."""

    model_config = ConfigDict(extra="forbid")

    instructions: Annotated[str | None, Field(max_length=MAX_INSTRUCTIONS_CHARS)] = None
    prompt: Annotated[str | None, Field(max_length=500, description="E.g. prompts:/judges/tone@production")] = None
    choices: list[str] | dict[str, bool | FiniteFloat | str] | None = None
    model: Annotated[str | None, Field(max_length=300)] = None
    votes: Annotated[int, Field(ge=1, le=9)] = 1
    direction: Literal["higher", "lower"] = "higher"

    @model_validator(mode="after")
    def _one_of_two(self) -> Judge:
        if (self.instructions is None) == (self.prompt is None):
            raise ValueError("a judge needs either instructions or a prompt")
        if self.instructions is not None and not self.instructions.strip():
            raise ValueError("the instructions say nothing")
        return self


class Definition(BaseModel):
    """Either a scorer that comes with Assay, by name with its parameters, or a judge."""

    model_config = ConfigDict(extra="forbid")

    scorer: Annotated[str | None, Field(max_length=100, description="A built-in scorer's name, see docs.")] = None
    parameters: dict[str, Any] = {}
    judge: Judge | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Definition:
        if (self.scorer is None) == (self.judge is None):
            raise ValueError("an online scorer is either a `scorer` by name or a `judge`")
        if self.judge is not None and self.parameters:
            raise ValueError("`parameters` are a built-in scorer's")
        return self


class Limits(BaseModel):
    """How much one scorer may use; a day is one of UTC. None: any amount."""

    model_config = ConfigDict(extra="forbid")

    usd_per_day: Money | None = 5.0
    calls_per_day: Annotated[int | None, Field(ge=0)] = None
    traces_per_minute: Annotated[FiniteFloat, Field(gt=0, le=6000)] = 60.0


class Declared(BaseModel):
    """Everything about an online scorer but its name."""

    model_config = ConfigDict(extra="forbid")

    definition: Definition
    filter: Annotated[str | None, Field(description="Which traces it gets; all when absent.")] = None
    sample_rate: Annotated[FiniteFloat, Field(gt=0, le=1)] = 1.0
    quiet_s: Annotated[FiniteFloat, Field(ge=1, le=86_400)] = 30.0
    limits: Limits = Limits()

    def checked_filter(self) -> str | None:
        """The filter, or None where it says nothing.

        Raises:
            InvalidRequest: it is none.
        """
        text = (self.filter or "").strip() or None
        compile_trace_filter(text)
        return text


ScorerName = Annotated[str, Field(max_length=MAX_NAME_CHARS, description="Its scores' name, without '/'.")]


def is_sampled(trace_id: str, rate: float) -> bool:
    """Whether a trace belongs to the share: by its id alone, and a larger share has every trace of a smaller one.

    selection.py says the same in SQL.
    """
    digest = hashlib.md5(f"{SAMPLED_ALIKE}{trace_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) / 2**32 < rate
