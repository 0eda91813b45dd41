"""What the metrics of an A/B test are made of. Pure.

A metric is a score (`scores.helpful`), a figure of traces (`cost_usd`, `latency_ms`, …), `error_rate`, or a filter
expression, whose value is the share of a unit's traces that match.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from assay.collector.filter import compile_trace_filter
from assay.errors import InvalidRequest

ONE_SCORE = re.compile(r"scores\.([\w.\-]+)|scores\['([^']+)'\]")
ERROR_RATE = "error_rate"
FAILED = "status = 'error'"
# Figures of a trace: name -> its column, and the cap where neither the test nor the project's past says one
FIGURES: dict[str, tuple[str, float]] = {
    "cost_usd": ("cost_usd", 1.0),
    "latency_ms": ("duration_ms", 60_000.0),
    "total_tokens": ("total_tokens", 100_000.0),
    "input_tokens": ("input_tokens", 100_000.0),
    "output_tokens": ("output_tokens", 100_000.0),
    "span_count": ("span_count", 1_000.0),
    "error_count": ("error_count", 100.0),
}
ALSO_CALLED = {"latency": "latency_ms", "duration_ms": "latency_ms", "cost": "cost_usd", "errors": ERROR_RATE}

Kind = Literal["auto", "binary", "bounded", "capped"]
KINDS: tuple[Kind, ...] = ("auto", "binary", "bounded", "capped")
KEYS = ("of", "kind", "low", "high", "cap", "higher_is_better", "window_hours", "margin", "equivalence")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One metric as the test declares it.

    `kind`: `binary` (0 or 1), `bounded` (from `low` to `high`), `capped` (from `low`, counted up to `high`); `auto` is
    binary until a unit has a value between 0 and 1.
    """

    of: str
    kind: Kind
    low: float
    high: float
    higher_is_better: bool
    window_hours: float | None = None
    margin: float = 0.0  # of the primary metric: how much better an arm must be to be shipped
    equivalence: float | None = None  # of the primary metric: below it, a difference is none

    @property
    def score(self) -> str | None:
        """The name of the score it is; None for others."""
        found = ONE_SCORE.fullmatch(self.of)
        return (found[1] or found[2]) if found else None

    @property
    def figure(self) -> str | None:
        """The column of traces it is; None for others."""
        return FIGURES[self.of][0] if self.of in FIGURES else None

    @property
    def filter(self) -> str | None:
        """The expression that its traces match; None for others."""
        if self.score is not None or self.figure is not None:
            return None
        return FAILED if self.of == ERROR_RATE else self.of

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def metric_spec(name: str, given: str | Mapping[str, Any] | None, caps: Mapping[str, float]) -> MetricSpec:
    """Read what a test says of a metric.

    Args:
        given: an expression, a mapping with some of `KEYS`, or None: the name itself says what it is.
        caps: column of traces -> the cap to take where none is given.

    Raises:
        InvalidRequest: it cannot be used; the message says why.
    """
    said = {"of": given} if isinstance(given, str) else dict(given or {})
    if unknown := sorted(set(said) - set(KEYS)):
        raise InvalidRequest(f"The metric {name!r} has no {unknown[0]!r}.", hint=f"It has: {', '.join(KEYS)}.")
    of = str(said.get("of") or name).strip()
    of = ALSO_CALLED.get(of, of)
    figure = FIGURES.get(of)
    kind = _kind(name, said.get("kind") or ("capped" if figure else "auto"))
    low, high = _range(name, said, kind, caps.get(figure[0], figure[1]) if figure else 1.0)
    if (said.get("low"), said.get("high")) != (None, None) and kind == "auto":
        kind = "bounded"
    spec = MetricSpec(
        of=of,
        kind=kind,
        low=low,
        high=high,
        higher_is_better=bool(said.get("higher_is_better", not (figure or of == ERROR_RATE))),
        window_hours=_hours(name, said.get("window_hours")),
        margin=_number(name, "margin", said.get("margin"), 0.0),
        equivalence=None if said.get("equivalence") is None else _number(name, "equivalence", said["equivalence"], 0.0),
    )
    if spec.filter is not None:
        _check_filter(name, spec.filter)
    return spec


def _kind(name: str, said: Any) -> Kind:
    found = next((kind for kind in KINDS if kind == said), None)
    if found is None:
        raise InvalidRequest(f"The metric {name!r} is {said!r}.", hint=f"It is one of: {', '.join(KINDS)}.")
    return found


def _range(name: str, said: Mapping[str, Any], kind: str, most: float) -> tuple[float, float]:
    low = _number(name, "low", said.get("low"), 0.0)
    high = _number(name, "high", said.get("high", said.get("cap")), most)
    if not low < high:
        raise InvalidRequest(f"The metric {name!r} goes from {low:g} to {high:g}.", hint="Let low be below high.")
    if kind == "binary" and (low, high) != (0.0, 1.0):
        raise InvalidRequest(f"The metric {name!r} is binary: 0 or 1.", hint="Leave low and high out, or kind.")
    return low, high


def _number(name: str, key: str, value: Any, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise InvalidRequest(f"{key} of the metric {name!r} is {value!r}.", hint="It is a number.")
    return float(value)


def _hours(name: str, value: Any) -> float | None:
    hours = _number(name, "window_hours", value, -1.0)
    if value is not None and hours <= 0:
        raise InvalidRequest(f"The window of the metric {name!r} is {value!r} hours.", hint="It is longer than 0.")
    return None if value is None else hours


def _check_filter(name: str, text: str) -> None:
    try:
        compile_trace_filter(text)
    except InvalidRequest as error:
        raise InvalidRequest(
            f"The metric {name!r} is {text!r}, which is neither a score, a figure of traces nor a filter: "
            f"{error.message}",
            hint=f"Scores are scores.<name>, figures {', '.join([*FIGURES, ERROR_RATE])}. {error.hint or ''}".strip(),
        ) from error
