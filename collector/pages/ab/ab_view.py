"""The report of an A/B test → what its page shows. Pure; see evaluation/ab/report.py for the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.pages import formats
from assay.collector.pages.charts.means import Axis, Shape, Tone, axis_of_difference, difference_shape
from assay.errors import ConfigurationError
from assay.evaluation.ab.report import parse_guardrail

Row = Mapping[str, Any]

TONES: Mapping[str, Tone] = {"better": "good", "held": "good", "worse": "bad", "violated": "bad"}
STATES: Mapping[str, tuple[str, str]] = {
    "continue": ("busy", "goes on"),
    "ship": ("good", "ship it"),
    "harm": ("bad", "stop: harm"),
    "futility": ("plain", "no difference worth having"),
    "expired": ("plain", "time is up"),
    "blocked": ("bad", "no verdict"),
}
"""Decision -> its colour, and what it comes to in a few words."""
MOST_READ = 1_000_000
ROLES = ("primary", "guardrail", "exploratory")
P_VALUES = frozenset({"sample_ratio", "sample_ratio_at_end", "missing_outcomes", "same_prompts"})  # others count


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectLine:
    """One effect: its figures as they are read, and its interval on the axis that its metric's effects share."""

    effect: Row
    difference: str
    interval: str
    shape: Shape
    tone: Tone
    limit: float | None  # percent along the axis: what a guardrail must not reach


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricGroup:
    """The effects on one metric, one for each arm."""

    metric: str
    role: str
    guardrail: str | None
    lines: list[EffectLine]


def standing(report: Row) -> tuple[str, str, str | None]:
    """Colour, a few words and arm of the banner: what to do, or, once it was done, what that was."""
    if report["test"]["status"] == "stopped":
        promoted = report["test"]["promoted"]
        return "plain", f"stopped: {'promoted' if promoted else 'nothing promoted'}", promoted
    decision = report["decision"]
    tone, state = STATES.get(decision["state"], ("plain", formats.words(decision["state"])))
    return tone, state, decision["arm"]


def metric_groups(report: Row) -> list[MetricGroup]:
    """The primary metric first, then the guardrails, then the rest, each in the order declared."""
    names = dict.fromkeys(effect["metric"] for effect in report["effects"])
    groups = [_group(report, name) for name in names]
    return sorted(groups, key=lambda group: ROLES.index(group.role) if group.role in ROLES else len(ROLES))


def _group(report: Row, metric: str) -> MetricGroup:
    test = report["test"]
    effects = [effect for effect in report["effects"] if effect["metric"] == metric]
    guardrail = (test.get("guardrails") or {}).get(metric)
    limits = [_limit(guardrail, effect["scale"]) for effect in effects]
    axis = _axis([*map(_row, effects), *({"difference": limit} for limit in limits)])
    spec = (test.get("metrics") or {}).get(metric) or {}
    return MetricGroup(
        metric=metric,
        role=effects[0]["role"],
        guardrail=guardrail,
        lines=[_line(effect, spec, axis, limit) for effect, limit in zip(effects, limits, strict=True)],
    )


def _line(effect: Row, spec: Row, axis: Axis, limit: float | None) -> EffectLine:
    tone = TONES.get(effect["verdict"], "plain")
    return EffectLine(
        effect=effect,
        difference=difference_text(effect["difference"], spec, effect["scale"]),
        interval=interval_text(effect, spec),
        shape=difference_shape(_reaching(effect, axis), axis=axis, tone=tone),
        tone=tone,
        limit=None if limit is None else axis.place(limit),
    )


def _reaching(effect: Row, axis: Axis) -> dict[str, Any]:
    """The effect to be drawn: an end that lies nowhere yet, where the other is known, reaches the axis's."""
    row = _row(effect)
    if (row["ci_low"] is None) != (row["ci_high"] is None):
        row["ci_low"] = axis.low if row["ci_low"] is None else row["ci_low"]
        row["ci_high"] = axis.high if row["ci_high"] is None else row["ci_high"]
    return row


def _row(effect: Row) -> dict[str, Any]:
    return {"difference": effect["difference"], "ci_low": effect["low"], "ci_high": effect["high"]}


def _axis(rows: Iterable[Row]) -> Axis:
    """One axis for several differences, with 0 in its middle."""
    sizes = [value for row in rows for value in row.values() if value is not None]
    return axis_of_difference({"difference": max(sizes, key=abs, default=None)})


def _limit(guardrail: str | None, scale: str) -> float | None:
    """Where a guardrail is violated, on the scale that the effect is told in; None where that is another one."""
    if guardrail is None:
        return None
    try:
        said = parse_guardrail(guardrail)
    except ConfigurationError:  # declared when guardrails were written otherwise; its words stand on the page
        return None
    if said.relative != (scale == "relative"):
        return None
    return -said.margin if said.higher_is_better else said.margin


def check_figure(value: float) -> str:
    """The figure of a check. Evidence that is as good as certain has no digits worth reading."""
    return formats.figure(value) if value < MOST_READ else f"> {MOST_READ:,}"


# Figures in the units of their metric ----------------------------------------------------------------------------


def value_text(value: float | None, spec: Row) -> str:
    """A metric's value: money, a time, a share, or a figure."""
    of = spec.get("of")
    if of == "cost_usd":
        return formats.cost(value)
    if of == "latency_ms":
        return formats.duration(value)
    if _is_rate(spec):
        return formats.UNKNOWN if value is None else f"{100 * value:.1f} %"
    return formats.figure(value)


def difference_text(value: float | None, spec: Row, scale: str) -> str:
    """A difference with its sign: in percent of the baseline, in points of a rate, or in the metric's own unit."""
    if value is None:
        return formats.UNKNOWN
    if scale == "relative":
        return f"{_signed(100 * value)} %"
    if _is_rate(spec):
        return f"{_signed(100 * value)} pp"
    if spec.get("of") in ("cost_usd", "latency_ms"):
        return ("+" if value > 0 else "") + value_text(value, spec)
    return formats.figure(value, signed=True)


def interval_text(effect: Row, spec: Row) -> str:
    """Both ends of an effect's interval; an end that is not known yet is said so."""
    ends = [effect["low"], effect["high"]]
    if ends == [None, None]:
        return formats.UNKNOWN
    return " … ".join("no bound yet" if end is None else difference_text(end, spec, effect["scale"]) for end in ends)


def _signed(number: float) -> str:
    """One decimal, two where it is small: +3.1, −0.25, 0."""
    if number == 0:
        return "0"
    return formats.figure(number, signed=True, places=1 if abs(number) >= 1 else 2)


def _is_rate(spec: Row) -> bool:
    """Whether it is a share of yes: said so, or left open and counted from 0 to 1."""
    return spec.get("kind") in ("binary", "auto")


# Arms, phases, decisions ------------------------------------------------------------------------------------------


def metric_names(report: Row) -> list[str]:
    """Every metric an arm has a figure of, the primary one first."""
    primary = report["test"].get("primary")
    names = dict.fromkeys(name for arm in report["arms"] for name in arm["metrics"])
    return sorted(names, key=lambda name: name != primary)


def arm_parts(given: Any) -> tuple[str | None, Any]:
    """The prompt's URI and the config of an arm, as the API tells them."""
    return (given, None) if isinstance(given, str) else (given.get("prompt"), given.get("config"))


def prompt_of(uri: str | None) -> tuple[str, int] | None:
    """Name and version of a pinned URI; None for an arm without a prompt."""
    if uri is None or not uri.startswith("prompts:/"):
        return None
    name, _, version = uri.removeprefix("prompts:/").rpartition("/")
    return (name, int(version)) if name and version.isascii() and version.isdigit() else None


def shares(weights: Mapping[str, float], arms: Sequence[str]) -> str:
    """control 50 % · short 50 %"""
    return " · ".join(f"{arm} {formats.share(weights.get(arm))}" for arm in arms)


def decision_words(decision: Row, arms: Sequence[str]) -> str:
    """One line of the log, as a person would tell it."""
    detail = decision.get("detail") or {}
    action = decision["action"]
    if action == "start":
        coverage = formats.share(detail.get("coverage"))
        return f"Began with {shares(detail.get('weights') or {}, arms)}, {coverage} of all units let in"
    if action == "ramp":
        return f"Let {formats.share(detail.get('to'))} of all units in, instead of {formats.share(detail.get('from'))}"
    if action == "weights":
        return f"Began phase {detail.get('phase', formats.UNKNOWN)} with {shares(detail.get('to') or {}, arms)}"
    if action != "stop":
        return formats.words(action).capitalize()
    if not decision.get("arm"):
        return "Stopped; nothing was promoted"
    moved = f", and {decision['alias']} moved to its version" if decision.get("alias") else ""
    return f"Stopped; {decision['arm']} was promoted{moved}"
