"""Regex: does a pattern match the output? A pattern that takes too long fails its row, and stops no run."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError
from assay.evaluation.scorers.texts import text_of
from assay.evaluation.scorers.timed_regex import TIME_LIMIT_S, compiled, matches


@dataclass(frozen=True)
class Regex:
    """Whether the output matches a regular expression.

    Definition: `mode="search"`: the pattern matches somewhere in the output; `mode="fullmatch"`: it matches the whole
        of it. Which one is for the user to say. Patterns are Python's; options stand in them: (?i), (?m), (?s).
    Range: true or false.
    Direction: higher is better.
    Source: the `regex` library, which reads patterns as `re` does and can be given a time limit.
    Pitfalls: "search" for a number finds it inside a longer one. `$` also matches before a last line break. A pattern
        that backtracks without end is a failed score after `time_limit_s`, never a false.
    """

    pattern: str
    _: KW_ONLY
    mode: Literal["search", "fullmatch"]
    time_limit_s: float = TIME_LIMIT_S
    name: str = "regex"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        if self.mode not in ("search", "fullmatch"):
            raise ConfigurationError(f"Regex(mode=) is 'search' or 'fullmatch', not {self.mode!r}.")
        if not self.time_limit_s > 0:
            raise ConfigurationError(f"Regex(time_limit_s=) is above 0, not {self.time_limit_s!r}.")
        if not isinstance(self.pattern, str):
            raise ConfigurationError(f"Regex() takes a pattern as text, not {type(self.pattern).__name__}.")
        compiled(self.pattern)

    def __call__(self, output: Any) -> bool:
        return matches(self.pattern, text_of(output, self.name), self.mode, self.time_limit_s)
