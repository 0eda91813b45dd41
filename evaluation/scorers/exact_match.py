"""Exact match: is the output the expected value, after a normalisation that is named?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ScorerError
from assay.evaluation.scorers.normalise import Steps, normalised, steps_of


@dataclass(frozen=True, kw_only=True)
class ExactMatch:
    """Whether the output equals the expected value. Not applicable to items without one.

    Definition: output == expected, for texts after the steps of `normalize` in their order: "none" (as they are),
        "strip" (without white space around), "casefold" (stripped, case ignored), "nfc" (composed Unicode), "squad"
        (case, ASCII punctuation, English articles and spacing ignored). Anything else is compared
        as it is: 1 equals 1.0, and neither "1" nor true. Of a list of expected values one has to match, unless the
        output is a list itself.
    Range: true or false.
    Direction: higher is better.
    Source: equality; "squad" from Rajpurkar et al. 2016, arXiv 1606.05250.
    Pitfalls: An accented letter can be one character or two, which only "nfc" makes equal. "squad" is for English.
    """

    normalize: Steps = "none"
    name: str = "exact_match"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        steps_of(self.normalize, "ExactMatch")

    def __call__(self, output: Any, expected: Any) -> bool | None:
        if expected is None:
            return None
        if isinstance(expected, list | tuple) and not isinstance(output, list | tuple):
            return any(self._equal(output, reference) for reference in expected) if expected else None
        return self._equal(output, expected)

    def _equal(self, output: Any, expected: Any) -> bool:
        if isinstance(output, str) and isinstance(expected, str):
            steps = steps_of(self.normalize, "ExactMatch")
            return normalised(output, steps) == normalised(expected, steps)
        if isinstance(output, bool) is not isinstance(expected, bool):
            return False
        try:
            return bool(output == expected)
        except (TypeError, ValueError) as error:  # arrays compare to arrays
            raise ScorerError(
                f"A {type(output).__name__} and a {type(expected).__name__} do not compare to one truth ({error}).",
                hint="Let the task return a list, a number or a text.",
            ) from error
