"""What a chart can show: a table of measures, each with the figures of /stats that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assay.collector.intervals import mean_of
from assay.collector.pages.charts import units
from assay.collector.pages.charts.palette import ERROR, NEUTRAL
from assay.collector.pages.charts.units import Unit

Row = Mapping[str, Any]
Over = Literal["traces", "calls", "tools"]
Shape = Literal["bars", "lines", "heat", "scores"]

CALLS = "kind in ('llm', 'embedding')"
TOOLS = "kind = 'tool'"
FAILED = "status = 'error'"
FINE = "status <> 'error'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One series of a chart. `value` reads it from a row of /stats that has `needs`; `interval` too, for shares."""

    name: str
    needs: tuple[str, ...]
    value: Callable[[Row], float | None]
    tone: str = NEUTRAL
    only: str | None = None  # the filter of the list that a mark leads to
    interval: Callable[[Row], tuple[float | None, float | None]] | None = None
    adds_up: bool = True  # the whole is the sum of its buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """`figures` are drawn where nothing is grouped, `grouped` once for each group.

    `of_calls` names what is shown in its place by groups of what only model calls have, such as models. `headline` is
    the one figure that is compared with the period before.
    """

    key: str
    title: str
    about: str
    unit: Unit
    shape: Shape
    over: Over
    figures: tuple[Figure, ...]
    headline: Figure
    grouped: Figure | None
    of_calls: str | None = None
    has_log: bool = False
    note: Figure | None = None  # what has to be said beside it, from the sums of all buckets
    note_text: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        figures = (self.headline, *self.figures, *((self.note,) if self.note else ()))
        return tuple(dict.fromkeys(name for one in figures for name in one.needs))


def _plain(name: str, field: str, **more: Any) -> Figure:
    return Figure(name=name, needs=(field,), value=lambda row: row[field], **more)


def _difference(name: str, whole: str, part: str, **more: Any) -> Figure:
    def value(row: Row) -> float | None:
        return None if row[whole] is None else row[whole] - (row[part] or 0)

    return Figure(name=name, needs=(whole, part), value=value, **more)


def _share(name: str, part: str, whole: str, **more: Any) -> Figure:
    def value(row: Row) -> float | None:
        return (row[part] or 0) / row[whole] if row[whole] else None

    def interval(row: Row) -> tuple[float | None, float | None]:
        rate = value(row)
        if rate is None:
            return None, None
        mean = mean_of(row[whole], rate, None, binary=True)
        return mean["ci_low"], mean["ci_high"]

    return Figure(name=name, needs=(whole, part), value=value, interval=interval, adds_up=False, **more)


def _ok_and_errors(whole: str, part: str, bad: str) -> tuple[Figure, Figure]:
    fine = _difference("ok", whole, part, only=FINE)
    return fine, _plain(bad, part, tone=ERROR, only=FAILED)


def _percentiles(prefix: str) -> tuple[Figure, ...]:
    return tuple(
        _plain(f"p{rank}", f"{prefix}_latency_p{rank}_ms", tone=tone, adds_up=False)
        for rank, tone in ((50, "g0"), (95, "g1"), (99, "g3"))
    )


def _measure(figures: tuple[Figure, ...], **more: Any) -> Measure:
    """`headline` and `grouped` are the first figure where nothing else is said."""
    return Measure(figures=figures, **{"headline": figures[0], "grouped": more.get("headline", figures[0]), **more})


_ROOTS, _MODEL, _TOOL = _percentiles("root"), _percentiles("model"), _percentiles("tool")
MEASURES = {
    one.key: one
    for one in (
        _measure(
            _ok_and_errors("root_count", "root_error_count", "errors"),
            key="traces",
            title="Traces",
            about="how many, and how many failed",
            of_calls="calls",
            unit=units.COUNT,
            shape="bars",
            over="traces",
            headline=_plain("Traces", "root_count"),
        ),
        _measure(
            (_share("share of traces that failed", "root_error_count", "root_count", tone=ERROR, only=FAILED),),
            key="errors",
            title="Errors",
            about="share of traces that failed",
            of_calls="call_errors",
            unit=units.SHARE,
            shape="lines",
            over="traces",
        ),
        _measure(
            _ROOTS,
            key="latency",
            title="Latency",
            about="of traces: p50, p95, p99",
            of_calls="call_latency",
            unit=units.TIME,
            shape="lines",
            over="traces",
            headline=_ROOTS[1],
            has_log=True,
        ),
        _measure(
            _ROOTS,
            key="spread",
            title="Spread of latency",
            about="how many traces took how long (heat map)",
            unit=units.TIME,
            shape="heat",
            over="traces",
            headline=_ROOTS[0],
            grouped=None,
        ),
        _measure(
            (_plain("cost", "cost_usd"),),
            key="cost",
            title="Cost",
            about="of model calls whose price is known",
            unit=units.MONEY,
            shape="bars",
            over="traces",
            note=_plain("without price", "unpriced_calls"),
            note_text="calls have no known price and are not in it",
        ),
        _measure(
            (
                _difference("input", "input_tokens", "cache_read_tokens", tone="g0"),
                _plain("input from cache", "cache_read_tokens", tone="g2"),
                _plain("output", "output_tokens", tone="g1"),
            ),
            key="tokens",
            title="Tokens",
            about="input, input from cache, output",
            unit=units.TOKENS,
            shape="bars",
            over="traces",
            headline=_plain("Tokens", "total_tokens"),
        ),
        _measure(
            _ok_and_errors("model_calls", "model_error_count", "errors"),
            key="calls",
            title="Model calls",
            about="how many, and how many failed",
            unit=units.COUNT,
            shape="bars",
            over="calls",
            headline=_plain("Calls", "model_calls"),
        ),
        _measure(
            (_share("share of calls that failed", "model_error_count", "model_calls", tone=ERROR, only=FAILED),),
            key="call_errors",
            title="Errors of model calls",
            about="share of calls that failed",
            unit=units.SHARE,
            shape="lines",
            over="calls",
        ),
        _measure(
            _MODEL,
            key="call_latency",
            title="Latency of model calls",
            about="p50, p95, p99",
            has_log=True,
            unit=units.TIME,
            shape="lines",
            over="calls",
            headline=_MODEL[1],
        ),
        _measure(
            _ok_and_errors("tool_calls", "tool_error_count", "failures"),
            key="tools",
            title="Tool calls",
            about="how many, and how many failed",
            unit=units.COUNT,
            shape="bars",
            over="tools",
            headline=_plain("Calls", "tool_calls"),
        ),
        _measure(
            (_share("share of tool calls that failed", "tool_error_count", "tool_calls", tone=ERROR, only=FAILED),),
            key="tool_errors",
            title="Tool failures",
            about="share of calls of tools that failed",
            unit=units.SHARE,
            shape="lines",
            over="tools",
        ),
        _measure(
            _TOOL,
            key="tool_latency",
            title="Latency of tools",
            about="p50, p95, p99",
            has_log=True,
            unit=units.TIME,
            shape="lines",
            over="tools",
            headline=_TOOL[1],
        ),
        _measure(
            (_plain("mean", "mean"),),
            key="scores",
            title="Scores",
            about="mean of each score, with its interval",
            unit=units.SCORE,
            shape="scores",
            over="traces",
        ),
    )
}


def shown_by(measure: Measure, level: str | None) -> tuple[Measure, bool]:
    """What is shown in place of `measure` by groups of a level, and whether it can be grouped so at all."""
    if level is None or measure.grouped is None:
        return measure, False
    if level == "call" and measure.of_calls:
        return MEASURES[measure.of_calls], True
    if level == "tool":
        return measure, measure.over == "tools"
    return measure, not (level == "call" and measure.over == "tools")
