"""An A/B test's figures in words: what was measured, what came out, what was decided."""

from __future__ import annotations

from dataclasses import replace

from assay.evaluation.ab.design import Metric
from assay.evaluation.ab.report import Effect


def metric_words(metric: Metric) -> str:
    """What is averaged, where it is not the value itself."""
    return f", of min({metric.name}, {metric.high:g})" if metric.kind == "capped" else ""


def figure(value: float | None, metric: Metric, *, scale: str = "absolute", sign: bool = True) -> str:
    """A difference as people read it: percent of the baseline, points of a rate, or the metric's own unit."""
    if value is None:
        return "not bounded"
    plus = "+" if sign else ""
    if scale == "relative":
        return f"{100 * value:{plus}.1f}%"
    if metric.kind == "binary":
        return f"{100 * value:{plus}.2f}pp"
    return f"{value:{plus}.4g}"


def margin_words(metric: Metric) -> str:
    """A guardrail as it was declared, such as "<= +10%"."""
    bound = -metric.margin if metric.higher_is_better else metric.margin
    operator = ">=" if metric.higher_is_better else "<="
    return f"{operator} {figure(bound, metric, scale='relative' if metric.relative else 'absolute')}"


def describe(effect: Effect, metric: Metric) -> Effect:
    """The effect with its sentence."""
    if effect.low is None and effect.high is None:
        return replace(effect, words=f"{effect.arm}: no verdict on {metric.name}: {effect.reason}.")
    low, high = (figure(end, metric, scale=effect.scale) for end in (effect.low, effect.high))
    said = f"{figure(effect.difference, metric, scale=effect.scale)} [{low}, {high}]"
    capped = f" (mean of min({metric.name}, {metric.high:g}))" if metric.kind == "capped" else ""
    what = effect.verdict + (f" ({margin_words(metric)})" if metric.role == "guardrail" else "")
    return replace(effect, words=f"{effect.arm} against {effect.baseline}: {metric.name}{capped} {said}: {what}.")


def count(n: int, noun: str) -> str:
    """A number with its noun, in the plural where it belongs."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
