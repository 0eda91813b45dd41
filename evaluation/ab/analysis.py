"""`analyse`: from units to the report of an A/B test, and the one decision at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from assay.evaluation.ab.design import Design, UnitOutcome
from assay.evaluation.ab.effects import arm_metric, effects
from assay.evaluation.ab.health import health
from assay.evaluation.ab.report import ArmSummary, Decision, Effect, Health, Report
from assay.evaluation.ab.units import Sample, sample_of
from assay.evaluation.ab.words import count, figure, margin_words

SECONDS_PER_DAY = 86_400


def analyse(design: Design, units: Iterable[UnitOutcome], now: datetime) -> Report:
    """See `report.analyse`, which calls this."""
    sample = sample_of(design, units)
    state = health(design, sample, now)
    arms = [_arm(design, sample, number) for number in range(len(design.arms))]
    found = effects(design, sample) if state.verdict == "ok" else []
    closed = int(sample.closed.sum())
    return Report(
        at=now,
        status=design.status,
        health=state,
        arms=arms,
        effects=found,
        decision=decide(design, state, arms, found, now),
        data_hash=sample.data_hash,
        counts={
            "units": len(sample.arm),
            "closed": closed,
            "open": len(sample.arm) - closed,
            "crossovers": sample.crossovers,
            "unknown": sample.unknown,
        },
    )


def _arm(design: Design, sample: Sample, number: int) -> ArmSummary:
    mine = sample.arm == number
    newest = max(design.phases, default=None)
    return ArmSummary(
        arm=design.arms[number],
        weight=design.weights(newest)[design.arms[number]] if newest is not None else 0.0,
        units=int(mine.sum()),
        closed=int((mine & sample.closed).sum()),
        metrics={metric.name: arm_metric(sample, metric, number, design.alpha) for metric in design.metrics},
    )


def decide(
    design: Design, state: Health, arms: Sequence[ArmSummary], found: Sequence[Effect], now: datetime
) -> Decision:
    """One decision from everything else, the first that applies:

    blocked   a check of the test's health failed
    ship      an arm's primary interval lies above the margin, its guardrails are held, sample and days suffice
    harm      an arm breaks a guardrail, or is worse in the primary metric: at any time, with any sample
    futility  no arm can come to matter: each is the same within the equivalence margin, or cannot reach the margin
    expired   the declared end is reached
    continue  none of these; the reasons say what is missing
    """
    if state.verdict == "blocked":
        failed = [check for check in state.checks if check.state == "failed"]
        return Decision(
            state="blocked",
            arm=None,
            words=f"No verdict: {', '.join(check.name for check in failed)} must be in order first.",
            reasons=[check.words for check in failed],
        )
    others = design.arms[1:]
    lacking = {arm: _lacking(design, arm, arms, found, now) for arm in others}
    shipping = [arm for arm in others if not lacking[arm]]
    harms = {arm: reasons for arm in others if (reasons := _harms(design, arm, found))}
    futile = {arm: reason for arm in others if (reason := _futile(design, arm, found))}
    harm_words = [words for reasons in harms.values() for words in reasons]
    if shipping:
        best = max(shipping, key=lambda arm: _gain(design, arm, found))
        also = f" ({', '.join(arm for arm in shipping if arm != best)} would ship as well)" if len(shipping) > 1 else ""
        return Decision(
            state="ship",
            arm=best,
            words=f"Ship {best}: {_shown(design)}, and every guardrail is held{also}.",
            reasons=[effect.words for effect in found if effect.arm == best and effect.role != "exploratory"]
            + harm_words,
        )
    if harms:
        worst = next(iter(harms))
        return Decision(state="harm", arm=worst, words=f"Stop {worst}: it does harm.", reasons=harm_words)
    if len(futile) == len(others):
        return Decision(
            state="futility",
            arm=None,
            words="Stop: no arm can be expected to matter.",
            reasons=list(futile.values()),
        )
    reasons = [f"{arm}: {reason}" for arm in others for reason in lacking[arm]]
    if design.ends_at is not None and now >= design.ends_at:
        words = f"The test has reached its end without a verdict: keep {design.baseline}."
        return Decision(state="expired", arm=None, words=words, reasons=reasons)
    return Decision(state="continue", arm=None, words="Go on: there is no verdict yet.", reasons=reasons)


def _lacking(design: Design, arm: str, arms: Sequence[ArmSummary], found: Sequence[Effect], now: datetime) -> list[str]:
    """What an arm lacks to ship; empty: nothing."""
    lacking = []
    for effect in found:
        if effect.arm != arm:
            continue
        if effect.role == "primary" and not _above_margin(design, effect):
            lacking.append(f"not proven yet: {_shown(design)}")
        if effect.role == "guardrail" and effect.verdict != "held":
            metric = next(metric for metric in design.metrics if metric.name == effect.metric)
            lacking.append(f"not proven yet: {effect.metric} {margin_words(metric)}")
    fewest = min(each.metrics[design.primary.name].n for each in arms if each.arm in (arm, design.baseline))
    if fewest < design.min_units:
        lacking.append(f"{count(fewest, 'unit')} with an outcome in the smaller arm, of {design.min_units:,}")
    days = (now - design.started_at).total_seconds() / SECONDS_PER_DAY
    if days < design.min_days:
        lacking.append(f"{max(days, 0):.1f} of {design.min_days:g} days")
    return lacking


def _bottom(design: Design, effect: Effect) -> float | None:
    """The end of the primary interval on the bad side, turned so that up is good."""
    if design.primary.higher_is_better:
        return effect.low
    return None if effect.high is None else -effect.high


def _top(design: Design, effect: Effect) -> float | None:
    if design.primary.higher_is_better:
        return effect.high
    return None if effect.low is None else -effect.low


def _above_margin(design: Design, effect: Effect) -> bool:
    bottom = _bottom(design, effect)
    return bottom is not None and bottom > design.primary.margin


def _gain(design: Design, arm: str, found: Sequence[Effect]) -> float:
    effect = next(effect for effect in found if effect.arm == arm and effect.role == "primary")
    return _bottom(design, effect) or 0.0


def _shown(design: Design) -> str:
    """What the primary metric must show before an arm ships."""
    primary = design.primary
    by = figure(abs(primary.margin), primary, scale="relative" if primary.relative else "absolute", sign=False)
    if primary.margin < 0:
        return f"{primary.name} is at most {by} worse"
    return f"{primary.name} is better" + (f" by more than {by}" if primary.margin else "")


def _harms(design: Design, arm: str, found: Sequence[Effect]) -> list[str]:
    """What an arm surely makes worse: by more than a guardrail allows, or in the primary metric."""
    harms = []
    for effect in found:
        if effect.arm == arm and effect.role == "primary":
            top = _top(design, effect)
            if effect.verdict == "worse" and top is not None and top < min(design.primary.margin, 0):
                harms.append(effect.words)
        elif effect.arm == arm and effect.role == "guardrail" and effect.verdict == "violated":
            harms.append(effect.words)
    return harms


def _futile(design: Design, arm: str, found: Sequence[Effect]) -> str | None:
    """Why an arm cannot come to matter; None: it still may."""
    effect = next(effect for effect in found if effect.arm == arm and effect.role == "primary")
    if effect.verdict == "same":
        within = figure(design.primary.equivalence, design.primary, scale=effect.scale)
        return f"{effect.words} Within {within} either way."
    top = _top(design, effect)
    if design.primary.margin > 0 and top is not None and top < design.primary.margin:
        return f"{effect.words} It cannot reach {figure(design.primary.margin, design.primary, scale=effect.scale)}."
    return None
