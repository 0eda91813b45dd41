"""`--fail-if "error_rate > 0.05"`: a condition on one figure, and whether figures meet it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.command.columns import text
from assay.errors import ConfigurationError

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    **{">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt},
    **{"==": operator.eq, "=": operator.eq, "!=": operator.ne},
}
FORM = re.compile(
    r"\s*(?P<measure>[\w.\-/ ]+?)\s*(?P<sign>>=|<=|==|!=|>|<|=)\s*(?P<number>[^\s%]+)\s*(?P<percent>%?)\s*"
)
EXAMPLES = 'Write it as "error_rate > 5%", "latency_p95_ms > 2000" or "scores.helpful < 0.8".'


@dataclass(frozen=True, slots=True)
class Threshold:
    measure: str
    sign: str
    number: float
    written: str

    def verdict(self, row: Mapping[str, Any]) -> str | None:
        """Why these figures fail; None: they do not. A figure that is unknown passes for nothing."""
        found = row.get(self.measure)
        value = found.get("mean") if isinstance(found, Mapping) else found  # of scores there is a mean
        if value is None:
            return f"{self.measure} is unknown"
        return f"{self.measure} is {text(value)}" if COMPARISONS[self.sign](float(value), self.number) else None


def parse_threshold(written: str) -> Threshold:
    """Read a condition.

    Raises:
        ConfigurationError: it is none.
    """
    found = FORM.fullmatch(written)
    if not found:
        raise ConfigurationError(f"--fail-if is {written!r}.", hint=EXAMPLES)
    try:
        number = float(found["number"])
    except ValueError as error:
        at = found.start("number") + 1
        raise ConfigurationError(
            f"In --fail-if {written!r}, {found['number']!r} at character {at} is no number.", hint=EXAMPLES
        ) from error
    return Threshold(found["measure"], found["sign"], number / 100 if found["percent"] else number, written)
