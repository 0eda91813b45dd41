"""A score: one judgement on a trace, span, session or experiment row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ScoreValue = bool | int | float | str
ScoreSource = Literal["human", "llm", "code", "user"]

# What the collector takes, and so what is checked before anything is sent to it.
MAX_NAME_CHARS = 200
MAX_ID_CHARS = 100
MAX_SCORES = 10_000  # in one request
TRACE_ID_DIGITS = 32
SPAN_ID_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a scorer, a person or a user thought of one result.

    `value` is a verdict (bool), a number or a label (str). None says that there was nothing to judge, and `explanation`
    why. There is no value that means "failed": a scorer that could not judge raises instead, and is counted apart.
    """

    name: str
    value: ScoreValue | None
    explanation: str | None = None
    source: ScoreSource = "code"
    metadata: Mapping[str, Any] = field(default_factory=dict)
