"""How often do A/B tests err when somebody looks after every exposure, and what do they find? Measured, not asserted.

    python -m benchmarks ab_tests

2,000 tests per line with 10,000 units each, from the functions that reports are made of. "z at every look" is what a
page with a plain z-test does to its reader; "z once" is the test of a fixed size that may be looked at only at its end.
At 5 % and 2,000 tests, 5.8 % is within the error of the simulation. The last table goes through `analyse` itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from scipy import stats

from assay.evaluation.ab.confidence_sequences import arm_contrast
from assay.evaluation.ab.report import Design, Metric, Report, UnitOutcome, analyse
from assay.evaluation.ab.sample_ratio import chi_square_p, sample_ratio_p
from assay.evaluation.ab.sequential import binary_log_e

REPLICATES, UNITS, CHUNK = 2_000, 10_000, 50
SKEWED_UNITS = 60_000
ALPHA, HEALTH_ALPHA = 0.05, 0.01
FIRST_LOOK = 100  # of the naive test: nobody trusts it before

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Outcomes between 0 and 1 of a baseline and an arm."""

    name: str
    share: float  # of the arm
    baseline: Draw
    arm: Draw
    binary: bool


def rate(p: float) -> Draw:
    return lambda rng, size: (rng.random(size) < p).astype(float)


def likert(*shares: float) -> Draw:
    return lambda rng, size: np.searchsorted(np.cumsum(shares)[:-1], rng.random(size), side="right") / 4


def cost(factor: float, cap: float = 20.0) -> Draw:
    """Log-normal with sigma 2: its mean is 7.4 times its median; capped at 20 times the median."""
    return lambda rng, size: np.minimum(factor * rng.lognormal(0, 2, size), cap) / cap


LIKERT, LIKERT_BETTER = likert(0.10, 0.15, 0.25, 0.30, 0.20), likert(0.08, 0.14, 0.25, 0.31, 0.22)

NULLS = [
    Stream(name=f"{name}, {split}", share=share, baseline=draw, arm=draw, binary=binary)
    for name, draw, binary in (
        ("rate .50", rate(0.5), True),
        ("rate .02", rate(0.02), True),
        ("Likert 1 to 5", LIKERT, False),
        ("cost, log-normal, capped", cost(1), False),
    )
    for split, share in (("50/50", 0.5), ("90/10", 0.1))
]
EFFECTS = [
    Stream(name="rate .50 to .55, 50/50", share=0.5, baseline=rate(0.5), arm=rate(0.55), binary=True),
    Stream(name="rate .80 to .85, 50/50", share=0.5, baseline=rate(0.8), arm=rate(0.85), binary=True),
    Stream(name="rate .02 to .03, 50/50", share=0.5, baseline=rate(0.02), arm=rate(0.03), binary=True),
    Stream(name="rate .02 to .03, 90/10", share=0.1, baseline=rate(0.02), arm=rate(0.03), binary=True),
    Stream(name="Likert +0.12, 50/50", share=0.5, baseline=LIKERT, arm=LIKERT_BETTER, binary=False),
    Stream(name="cost -30 %, capped, 50/50", share=0.5, baseline=cost(1), arm=cost(0.7), binary=False),
]


def main() -> None:
    print("No true effect: share of tests that ever said there is one\n")
    print(f"{'stream':34}{'z at every look':>16}{'Assay':>8}")
    for number, stream in enumerate(NULLS):
        found, naive, _ = outcomes(stream, seed=number)
        print(f"{stream.name:34}{naive.mean():16.1%}{(found < UNITS).mean():8.1%}", flush=True)
    print("\nTrue effects: share of tests that found it, and the units that half of those needed\n")
    print(f"{'stream':34}{'z once':>16}{'Assay':>8}{'units':>8}")
    for number, stream in enumerate(EFFECTS):
        found, _, once = outcomes(stream, seed=100 + number)
        units = np.median(found[found < UNITS] + 1) if (found < UNITS).any() else np.nan
        print(f"{stream.name:34}{once.mean():16.1%}{(found < UNITS).mean():8.1%}{units:8,.0f}", flush=True)
    print(
        f"\nSample ratio, {SKEWED_UNITS:,} units at 1 %: share of tests stopped, and the units half of those needed\n"
    )
    print(f"{'shares':34}{'chi-square once':>16}{'Assay':>8}{'units':>8}")
    for number, share in enumerate((0.5, 0.505, 0.51, 0.52)):
        found, once = skewed(share, seed=200 + number)
        units = np.median(found[found < SKEWED_UNITS] + 1) if (found < SKEWED_UNITS).any() else np.nan
        name = f"{share:.1%} of arms meant to be even"
        print(f"{name:34}{once.mean():16.1%}{(found < SKEWED_UNITS).mean():8.1%}{units:8,.0f}", flush=True)
    print("\nThrough analyse(), 500 tests, looks at 300, 1,000 and 3,000 users, cost as a guardrail <= +10%\n")
    print(f"{'helpful':34}{'said better':>12}{'said worse':>12}{'shipped':>9}{'missed':>8}{'blocked':>9}")
    for before, after in ((0.5, 0.5), (0.5, 0.6), (0.5, 0.4)):
        said = reports(before, after, seed=300, tests=500)
        print(f"{f'{before:.2f} to {after:.2f}':34}" + "".join(f"{share:{width}.1%}" for share, width in said))


def outcomes(
    stream: Stream, *, seed: int, replicates: int = REPLICATES, units: int = UNITS
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Per test: the unit at which ours first rejected (`units`: never); did z ever; did z at the end."""
    found, naive, once = [], [], []
    for rng, size in _chunks(seed, replicates, units):
        in_arm = rng.random(size) < stream.share
        y = np.where(in_arm, stream.arm(rng, size), stream.baseline(rng, size))
        if stream.binary:
            log_e = binary_log_e(in_arm, y == 1, stream.share)
        else:
            log_e = arm_contrast(y, in_arm, stream.share).log_e()
        z = np.abs(_z(y, in_arm)) > stats.norm.ppf(1 - ALPHA / 2)
        found.append(_first(log_e >= -np.log(ALPHA)))
        naive.append(z[:, FIRST_LOOK:].any(axis=1))
        once.append(z[:, -1])
    return np.concatenate(found), np.concatenate(naive), np.concatenate(once)


def skewed(share: float, *, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Per test: the unit at which a sample ratio other than one half was found; did chi-square find it at the end."""
    found, once = [], []
    for rng, size in _chunks(seed, REPLICATES, SKEWED_UNITS):
        arm = (rng.random(size) < share).astype(np.int64)
        found.append(_first(sample_ratio_p(arm, 0, [[0.5, 0.5]]) < HEALTH_ALPHA))
        for ones in arm.sum(axis=1):
            once.append((chi_square_p([[size[1] - ones, ones]], [[0.5, 0.5]]) or 0.0) < HEALTH_ALPHA)
    return np.concatenate(found), np.array(once)


def reports(before: float, after: float, *, seed: int, tests: int) -> list[tuple[float, int]]:
    """Shares, with column widths, of tests that ever said better, worse, shipped, missed the truth, were blocked."""
    rng = np.random.default_rng(seed)
    said = np.zeros((tests, 5), dtype=bool)
    for number in range(tests):
        design, units = simulated_test(rng, before, after, 3_000)
        for look in (300, 1_000, 3_000):
            report = analyse(design, units[:look], units[look - 1].exposed_at + timedelta(days=1))
            said[number] |= _said(report, after - before)
    return list(zip(said.mean(axis=0).tolist(), (12, 12, 9, 8, 9), strict=True))


def simulated_test(
    rng: np.random.Generator, before: float, after: float, size: int, share: float = 0.5
) -> tuple[Design, list[UnitOutcome]]:
    """A test of a rate with cost as its guardrail, and its units, one every few minutes."""
    started = datetime(2026, 11, 1, tzinfo=UTC)
    in_arm = rng.random(size) < share
    helpful = rng.random(size) < np.where(in_arm, after, before)
    spent = rng.lognormal(-6, 1, size)
    units = [
        UnitOutcome(
            unit=f"user-{i}",
            phase=1,
            arm="short" if in_arm[i] else "control",
            exposed_at=started + timedelta(minutes=5 * i),
            values={"helpful": float(helpful[i]), "cost_usd": float(spent[i])},
        )
        for i in range(size)
    ]
    design = Design(
        name="qa-tone",
        arms=("control", "short"),
        phases={1: {"control": 1 - share, "short": share}},
        metrics=[
            Metric(name="helpful", kind="binary", role="primary"),
            Metric(name="cost_usd", kind="capped", high=0.02, higher_is_better=False, role="guardrail", margin=0.1,
                   relative=True),
        ],
        started_at=started,
    )  # fmt: skip
    return design, units


def _said(report: Report, truth: float) -> npt.NDArray[np.bool_]:
    primary = next((effect for effect in report.effects if effect.role == "primary"), None)
    verdict = primary.verdict if primary else ""
    missed = False
    if primary is not None and primary.low is not None and primary.high is not None:
        missed = not primary.low - 1e-12 <= truth <= primary.high + 1e-12
    shipped = report.decision.state == "ship"
    return np.array([verdict == "better", verdict == "worse", shipped, missed, report.decision.state == "blocked"])


def _chunks(seed: int, replicates: int, units: int) -> Iterator[tuple[np.random.Generator, tuple[int, int]]]:
    rng = np.random.default_rng(seed)
    for start in range(0, replicates, CHUNK):
        yield rng, (min(CHUNK, replicates - start), units)


def _z(y: Floats, in_arm: npt.NDArray[np.bool_]) -> Floats:
    """Welch's statistic after every unit."""
    parts = []
    for rows in (in_arm, ~in_arm):
        n = np.maximum(np.cumsum(rows, axis=1), 1)
        mean = np.cumsum(np.where(rows, y, 0), axis=1) / n
        parts.append((mean, (np.cumsum(np.where(rows, y**2, 0), axis=1) / n - mean**2) / n))
    (mean_b, var_b), (mean_a, var_a) = parts
    return (mean_b - mean_a) / np.sqrt(np.maximum(var_b + var_a, 1e-12))


def _first(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Index of the first hit of each row; the row's length where there is none."""
    return np.where(hits.any(axis=1), hits.argmax(axis=1), hits.shape[1])


if __name__ == "__main__":
    main()
