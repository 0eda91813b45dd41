"""The health of an A/B test: what must be in order before any effect is looked at."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from assay.evaluation.ab.design import Design
from assay.evaluation.ab.effects import evidence
from assay.evaluation.ab.report import Check, Health
from assay.evaluation.ab.sample_ratio import chi_square_p, sample_ratio_p
from assay.evaluation.ab.sequential import binary_log_e, p_value
from assay.evaluation.ab.units import Sample, scaled
from assay.evaluation.ab.words import count

TOO_MANY_LOST = 0.05  # share of units seen in two arms (or in none that is known) at which the rest are no fair sample


def health(design: Design, sample: Sample, now: datetime) -> Health:
    """Every check, in the order in which they should be read. One that failed blocks every verdict."""
    checks = [
        _sample_ratio(design, sample),
        *_final_sample_ratio(design, sample, now),
        _crossovers(sample),
        *_unknown(sample),
        _missing_outcomes(design, sample),
        *_strays(design, sample),
        _open_windows(sample),
        *_same_prompts(design, sample),
    ]
    return Health(checks=checks)


def _sample_ratio(design: Design, sample: Sample) -> Check:
    """All exposed units, also those whose window is open: whether an outcome is there plays no part in it."""
    if not len(sample.arm):
        return Check(name="sample_ratio", state="ok", figure=None, words="No unit was exposed yet.")
    path = sample_ratio_p(sample.arm, sample.phase, sample.weights)
    looks = np.append(sample.exposed[1:] != sample.exposed[:-1], True)
    p = float(path[looks][-1])
    sizes = ", ".join(
        f"{arm} {int((sample.arm == i).sum()):,} of {share:,.0f} expected"
        for i, (arm, share) in enumerate(zip(sample.arms, sample.weights[sample.phase].sum(axis=0), strict=True))
    )
    if p < design.health_alpha:
        words = f"The arms do not have their shares (p = {p:.2g}, valid at every look): {sizes}. Units were lost or"
        words += " assigned by something else; find out before reading any effect."
        return Check(name="sample_ratio", state="failed", figure=p, words=words)
    return Check(name="sample_ratio", state="ok", figure=p, words=f"The arms have their shares (p = {p:.2g}): {sizes}.")


def _final_sample_ratio(design: Design, sample: Sample, now: datetime) -> list[Check]:
    """The chi-square test, looked at once: when the test has reached the end that it declared."""
    if design.ends_at is None or now < design.ends_at or not len(sample.arm):
        return []
    until = sample.exposed < design.ends_at.timestamp()
    phases, arms = len(sample.phases), len(sample.arms)
    cells = np.bincount(sample.phase[until] * arms + sample.arm[until], minlength=phases * arms)
    p = chi_square_p(cells.reshape(phases, arms).tolist(), sample.weights.tolist())
    failed = p is not None and p < design.health_alpha
    words = (
        "Nothing to compare." if p is None else f"Chi-square test of the arms' sizes at the declared end: p = {p:.2g}."
    )
    return [Check(name="sample_ratio_at_end", state="failed" if failed else "ok", figure=p, words=words)]


def _crossovers(sample: Sample) -> Check:
    share = sample.crossovers / sample.seen if sample.seen else 0.0
    state = "failed" if share > TOO_MANY_LOST else "warn" if sample.crossovers else "ok"
    words = f"{count(sample.crossovers, 'unit')} seen in more than one arm"
    words += f" ({share:.1%}), left out." if sample.crossovers else "."
    return Check(name="crossovers", state=state, figure=float(sample.crossovers), words=words)  # type: ignore[arg-type]


def _unknown(sample: Sample) -> list[Check]:
    if not sample.unknown:
        return []
    words = f"{count(sample.unknown, 'unit')} exposed to an arm or in a phase that the test does not have, left out."
    state = "failed" if sample.unknown / sample.seen > TOO_MANY_LOST else "warn"
    return [Check(name="unknown_exposures", state=state, figure=float(sample.unknown), words=words)]  # type: ignore[arg-type]


def _missing_outcomes(design: Design, sample: Sample) -> Check:
    """Do closed units lack outcomes more often in one arm? The exact test of binary outcomes, on "missing".

    Over primary metric, guardrails and arms alpha is divided: a difference blocks, for what is missing is seldom like
    what is there.
    """
    metrics = [metric for metric in design.metrics if metric.role != "exploratory"]
    comparisons = len(metrics) * (len(design.arms) - 1)
    least, words = 1.0, []
    for metric in metrics:
        for arm in range(1, len(design.arms)):
            p, shares = _missing_p(sample, metric.name, arm)
            least = min(least, p)
            if p * comparisons < design.health_alpha:
                words.append(
                    f"{metric.name} is missing for {shares[1]:.1%} of {design.arms[arm]} and {shares[0]:.1%} of "
                    f"{design.baseline} (p = {p:.2g})"
                )
    p = min(1.0, least * comparisons)
    if words:
        text = "; ".join(words) + ". Means over the rest would compare different people."
        return Check(name="missing_outcomes", state="failed", figure=p, words=text)
    return Check(name="missing_outcomes", state="ok", figure=p, words="Outcomes are missing equally often in the arms.")


def _missing_p(sample: Sample, metric: str, arm: int) -> tuple[float, tuple[float, float]]:
    """Always-valid p-value, and the shares without an outcome of baseline and arm."""
    share = sample.share(arm, sample.phase)
    rows = sample.closed & np.isin(sample.arm, (0, arm)) & (share > 0) & (share < 1)
    in_arm, missing = sample.arm[rows] == arm, np.isnan(sample.values[metric][rows])
    if not in_arm.any() or in_arm.all() or missing.all() or not missing.any():
        return 1.0, (0.0, 0.0)
    weights = np.nan_to_num(sample.share(arm, np.arange(len(sample.phases))), nan=0.5)
    p = float(p_value(binary_log_e(in_arm, missing, weights, phase=sample.phase[rows]))[-1])
    return p, (float(missing[~in_arm].mean()), float(missing[in_arm].mean()))


def _strays(design: Design, sample: Sample) -> list[Check]:
    """Outcomes outside the range that their metric declared."""
    found = {metric.name: scaled(metric, sample.values[metric.name][sample.closed])[1] for metric in design.metrics}
    total = sum(found.values())
    if not total:
        return []
    words = ", ".join(f"{n:,} of {name}" for name, n in found.items() if n)
    words = f"Outcomes outside the declared range, counted as its nearest end: {words}."
    return [Check(name="values", state="warn", figure=float(total), words=words)]


def _open_windows(sample: Sample) -> Check:
    waiting = int((~sample.closed).sum())
    words = f"{count(waiting, 'unit')} with an open outcome window, not analysed yet." if waiting else "All are closed."
    return Check(name="windows", state="ok", figure=float(waiting), words=words)


def _same_prompts(design: Design, sample: Sample) -> list[Check]:
    """An A/A test: a difference between equal arms is a fault of the assignment or of the measurement."""
    if not design.same_prompts:
        return []
    p = min((evidence(sample, design.primary, arm).p_value or 1.0) for arm in range(1, len(design.arms)))
    p = min(1.0, p * (len(design.arms) - 1))
    failed = p < design.health_alpha
    words = f"A/A test: the arms are the same, and {'differ' if failed else 'no difference is seen'} (p = {p:.2g})."
    return [Check(name="same_prompts", state="failed" if failed else "ok", figure=p, words=words)]
