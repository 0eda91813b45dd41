"""How often do intervals hold the truth? Measured by simulation, not asserted; 95 % is what they promise.

    python benchmarks/coverage.py                 # all tables, about four minutes on one core
    python benchmarks/coverage.py rates paired    # some

Each line: method, n, the truth, the share of replicates whose interval holds it, mean width, and the share without an
interval (said so, instead of a wrong one). Seeds are fixed. With 2,000 replicates a share is known to 1 point.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from assay.evaluation import statistics as s

Ends = tuple[float | None, float | None]
Method = Callable[[Any], Ends]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of data, and the methods that are tried on it."""

    setting: str
    n: int
    truth: float
    draw: Callable[[np.random.Generator], Any]
    methods: dict[str, Method]
    replicates: int = 2000


def main(names: Sequence[str] = ()) -> None:
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        sys.exit(f"There is no table {unknown[0]!r}; there are: {', '.join(TABLES)}.")
    for name in names or TABLES:
        started = time.process_time()
        print(f"\n{name}: {(TABLES[name].__doc__ or '').strip()}\n")
        print(f"  {'setting':42} {'method':28} {'n':>5} {'truth':>7} {'coverage':>9} {'width':>7} {'none':>6}")
        for seed, case in enumerate(TABLES[name]()):
            for method, (covered, width, none) in measure(case, seed).items():
                figures = f"{case.n:5} {case.truth:7.3f} {covered:9.1%} {width:7.3f} {none:6.1%}"
                print(f"  {case.setting:42} {method:28} {figures}", flush=True)
        print(f"  ({time.process_time() - started:.0f} s)")


def measure(case: Case, seed: int) -> dict[str, tuple[float, float, float]]:
    """Coverage and mean width among the intervals there are, and the share of replicates without one."""
    rng = np.random.default_rng(seed)
    drawn = [case.draw(rng) for _ in range(case.replicates)]
    return {name: _measured([method(data) for data in drawn], case.truth) for name, method in case.methods.items()}


def _measured(ends: Sequence[Ends], truth: float) -> tuple[float, float, float]:
    known = [(low, high) for low, high in ends if low is not None and high is not None]
    if not known:
        return float("nan"), float("nan"), 1.0
    held = sum(low - 1e-12 <= truth <= high + 1e-12 for low, high in known)
    return held / len(known), sum(high - low for low, high in known) / len(known), 1 - len(known) / len(ends)


def ends(estimate: s.Estimate) -> Ends:
    return estimate.low, estimate.high


def rates() -> Iterator[Case]:
    """right-or-wrong scores, one per item"""

    def scores(counts: tuple[int, int]) -> list[float]:
        return [1.0] * counts[0] + [0.0] * (counts[1] - counts[0])

    methods: dict[str, Method] = {
        "Wilson (shown)": cache(lambda c: ends(s.proportion_interval(scores(c)))),
        "Clopper-Pearson": cache(lambda c: ends(s.clopper_pearson(*c))),
        "t": cache(lambda c: ends(s.mean_interval(scores(c)))),
    }
    for n in (10, 30, 100):
        for p in (0.5, 0.9, 0.98):

            def draw(rng: np.random.Generator, n: int = n, p: float = p) -> tuple[int, int]:
                return int(rng.binomial(n, p)), n

            yield Case(setting="independent items", n=n, truth=p, draw=draw, methods=methods)


def bounded() -> Iterator[Case]:
    """scores within 0 and 1, near the upper edge and away from it"""
    methods: dict[str, Method] = {
        "as shown": lambda x: ends(s.bounded_mean_interval(x, 0, 1, resamples=999)),
        "t": lambda x: ends(s.mean_interval(x)),
        "bootstrap percentile": lambda x: ends(s.bootstrap_interval(x, method="percentile", resamples=999)),
        "bootstrap BCa": lambda x: ends(s.bootstrap_interval(x, method="BCa", resamples=999)),
    }
    shapes = {"Beta(8, 1): near the edge": (8, 1, 0.0), "85 % exactly 1, else uniform": (1, 1, 0.85)}
    shapes["Beta(2, 2): in the middle"] = (2, 2, 0.0)
    for setting, (a, b, ones) in shapes.items():
        for n in (12, 30, 120):

            def draw(rng: np.random.Generator, n: int = n, a: int = a, b: int = b, ones: float = ones) -> list[float]:
                return list(np.where(rng.random(n) < ones, 1.0, rng.beta(a, b, n)))

            truth = ones + (1 - ones) * a / (a + b)
            yield Case(setting=setting, n=n, truth=truth, draw=draw, methods=methods, replicates=400)


def clustered() -> Iterator[Case]:
    """five items per cluster, half of the variance between clusters"""
    numbers: dict[str, Method] = {
        "clustered t (shown)": lambda d: ends(s.mean_interval(d[0], clusters=d[1])),
        "t, clusters ignored": lambda d: ends(s.mean_interval(d[0])),
    }
    shares: dict[str, Method] = {
        "clustered Wilson (shown)": lambda d: ends(s.proportion_interval(d[0], clusters=d[1])),
        "Wilson, clusters ignored": lambda d: ends(s.proportion_interval(d[0])),
    }
    for groups in (5, 15, 40):
        labels = list(np.repeat(np.arange(groups), 5))

        def draw_numbers(rng: np.random.Generator, groups: int = groups, labels: Any = labels) -> Any:
            return list(np.repeat(rng.normal(0, 1, groups), 5) + rng.normal(0, 1, 5 * groups)), labels

        def draw_shares(rng: np.random.Generator, groups: int = groups, labels: Any = labels) -> Any:
            chances = np.repeat(rng.beta(0.8, 0.2, groups), 5)
            return list((rng.random(5 * groups) < chances).astype(float)), labels

        setting = f"{groups} clusters"
        yield Case(setting=f"numbers, {setting}", n=5 * groups, truth=0.0, draw=draw_numbers, methods=numbers)
        yield Case(setting=f"right or wrong, {setting}", n=5 * groups, truth=0.8, draw=draw_shares, methods=shares)


def repeats() -> Iterator[Case]:
    """five repeats per item, right or wrong, items of different difficulty"""
    methods: dict[str, Method] = {
        "Wilson, repeats (shown)": lambda x: ends(s.proportion_interval(list(x.mean(axis=1)), rows=x.size)),
        "Wilson, rows as items": lambda x: ends(s.proportion_interval(list(x.ravel()))),
        "t over items": lambda x: ends(s.mean_interval(list(x.mean(axis=1)))),
    }
    shapes = {"alike: Beta(80, 20)": (80, 20), "different: Beta(2, 0.5)": (2, 0.5), "all or nothing": (0.08, 0.02)}
    for setting, (a, b) in shapes.items():
        for n in (10, 30, 100):

            def draw(rng: np.random.Generator, n: int = n, a: float = a, b: float = b) -> Any:
                return (rng.random((n, 5)) < rng.beta(a, b, n)[:, None]).astype(float)

            yield Case(setting=setting, n=n, truth=0.8, draw=draw, methods=methods)


def rate_differences() -> Iterator[Case]:
    """paired right-or-wrong results: exact McNemar with its dual, with Bonett and Price's interval, and as shown"""
    methods: dict[str, Method] = {
        "McNemar (shown)": cache(lambda c: ends(s.mcnemar(*c))),
        "dual of McNemar alone": cache(lambda c: s.mcnemar_dual(*c) if c[0] + c[1] else (0.0, 0.0)),
        "Bonett-Price alone": cache(lambda c: s.bonett_price(*c)),
    }
    for n in (40, 100, 300):
        for win, loss in ((0.10, 0.10), (0.15, 0.05), (0.02, 0.30), (0.00, 0.10), (0.01, 0.01)):

            def draw(rng: np.random.Generator, n: int = n, win: float = win, loss: float = loss) -> Any:
                wins, losses, _ = rng.multinomial(n, [win, loss, 1 - win - loss])
                return int(wins), int(losses), n

            yield Case(setting=f"won {win:.0%}, lost {loss:.0%}", n=n, truth=win - loss, draw=draw, methods=methods)


def paired() -> Iterator[Case]:
    """paired differences of numbers, alone and in clusters of four"""
    methods: dict[str, Method] = {
        "as shown": lambda d: ends(s.paired_difference(d)),
        "t": lambda d: ends(s.mean_interval(d)),
        "Wilcoxon (of medians)": lambda d: ends(s.wilcoxon_signed_rank(d)),
    }
    noises: dict[str, Callable[[np.random.Generator, int], Any]] = {
        "normal": lambda rng, n: rng.normal(0, 1, n),
        "skewed (exponential)": lambda rng, n: rng.exponential(1, n) - 1,
        "mostly ties, few large": lambda rng, n: np.where(rng.random(n) < 0.7, 0, rng.normal(0, 1, n)),
    }
    for setting, noise in noises.items():
        for n in (8, 20, 60):

            def draw(rng: np.random.Generator, n: int = n, noise: Any = noise) -> list[float]:
                return list(0.2 + noise(rng, n))

            yield Case(setting=setting, n=n, truth=0.2, draw=draw, methods=methods, replicates=300)
    grouped: dict[str, Method] = {
        "as shown": lambda d: ends(s.paired_difference(d[0], clusters=d[1])),
        "t, clusters ignored": lambda d: ends(s.mean_interval(d[0])),
    }
    for groups in (7, 12, 30):
        labels = list(np.repeat(np.arange(groups), 4))

        def draw_grouped(rng: np.random.Generator, groups: int = groups, labels: Any = labels) -> Any:
            return list(0.2 + np.repeat(rng.normal(0, 1, groups), 4) + rng.normal(0, 1, 4 * groups)), labels

        setting = f"normal, {groups} clusters"
        yield Case(setting=setting, n=4 * groups, truth=0.2, draw=draw_grouped, methods=grouped, replicates=1000)


def corrected_rates() -> Iterator[Case]:
    """the rate behind a judge's verdicts, its errors measured on labelled items (Rogan-Gladen)"""

    def plug_in(d: Any) -> Ends:
        verdicts, (se, m1), (sp, m0) = d
        return ends(s.rogan_gladen(int(verdicts.sum()), len(verdicts), sensitivity=(se, m1), specificity=(sp, m0)))

    methods: dict[str, Method] = {
        "Rogan-Gladen, plug-in": plug_in,
        "Wilson, not corrected": lambda d: ends(s.proportion_interval(list(d[0]))),
    }
    for theta, se, sp in ((0.8, 0.9, 0.8), (0.8, 0.97, 0.95), (0.5, 0.7, 0.7), (0.98, 0.95, 0.9)):
        for n, labels in ((100, 30), (500, 60), (2000, 200)):

            def draw(rng: np.random.Generator, n: int = n, m: int = labels, t: Any = (theta, se, sp)) -> Any:
                theta, se, sp = t
                truth = rng.random(n) < theta
                verdicts = np.where(truth, rng.random(n) < se, rng.random(n) >= sp).astype(float)
                return verdicts, (int(rng.binomial(m // 2, se)), m // 2), (int(rng.binomial(m // 2, sp)), m // 2)

            setting = f"se {se}, sp {sp}, {labels // 2} + {labels // 2} labels"
            yield Case(setting=setting, n=n, truth=theta, draw=draw, methods=methods)


def corrected_means() -> Iterator[Case]:
    """the mean that people would give, from few labels and a judge's scores of the other items (PPI++)"""
    methods: dict[str, Method] = {
        "PPI++": lambda d: ends(s.ppi_mean(*d)),
        "labels alone, t": lambda d: ends(s.mean_interval(d[0])),
        "judge alone, t": lambda d: ends(s.mean_interval(d[2])),
    }
    for noise in (0.1, 0.3):
        for n, extra in ((30, 300), (60, 300), (200, 1000)):

            def draw_shares(rng: np.random.Generator, n: int = n, extra: int = extra, e: float = noise) -> Any:
                truth = rng.random(n + extra) < 0.7
                judge = np.where(truth, rng.random(n + extra) < 1 - e / 2, rng.random(n + extra) < 2 * e)
                return _split(truth.astype(float), judge.astype(float), n)

            def draw_numbers(rng: np.random.Generator, n: int = n, extra: int = extra, e: float = noise) -> Any:
                truth = rng.beta(4, 2, n + extra)
                return _split(truth, truth + rng.normal(0.1, e, n + extra), n)

            setting = f"judge wrong in {noise / 2:.0%} / {2 * noise:.0%}, {extra} unlabelled"
            yield Case(setting=setting, n=n, truth=0.7, draw=draw_shares, methods=methods)
            setting = f"judge off by 0.1 +- {noise}, {extra} unlabelled"
            yield Case(setting=setting, n=n, truth=2 / 3, draw=draw_numbers, methods=methods)


def _split(truth: Any, judge: Any, n: int) -> tuple[list[float], list[float], list[float]]:
    return list(truth[:n]), list(judge[:n]), list(judge[n:])


def agreement() -> Iterator[Case]:
    """two or three raters, four labels, each right in 75 % and guessing else"""
    expected = 0.75**2  # of two such raters: alpha = kappa = P(both know)

    def draw(rng: np.random.Generator, n: int, raters: int) -> Any:
        truth = rng.integers(0, 4, (n, 1))
        return np.where(rng.random((n, raters)) < 0.75, truth, rng.integers(0, 4, (n, raters))).tolist()

    pair: dict[str, Method] = {
        "Cohen's kappa": lambda r: ends(s.cohen_kappa([a for a, _ in r], [b for _, b in r], labels=range(4))),
        "Gwet's AC1": lambda r: ends(s.gwet_ac1(r, labels=range(4))),
    }
    for n in (30, 60, 120):
        yield Case(setting="two raters", n=n, truth=expected, draw=lambda rng, n=n: draw(rng, n, 2), methods=pair)
    several: dict[str, Method] = {
        "Fleiss's kappa": lambda r: ends(s.fleiss_kappa(r, labels=range(4))),
        "Krippendorff, over items": lambda r: ends(s.krippendorff_alpha(r, resamples=150)),
        "Krippendorff's own bootstrap": _own_bootstrap,
    }
    for n in (30, 100):
        yield Case(
            setting="three raters",
            n=n,
            truth=expected,
            draw=lambda rng, n=n: draw(rng, n, 3),
            methods=several,
            replicates=150,
        )


def _own_bootstrap(ratings: Any) -> Ends:
    import evalica
    import pandas as pd

    found = evalica.alpha_bootstrap(pd.DataFrame(np.array(ratings, dtype=float).T), n_resamples=500, random_state=0)
    return found.low, found.high


TABLES: dict[str, Callable[[], Iterator[Case]]] = {
    "rates": rates,
    "bounded": bounded,
    "clustered": clustered,
    "repeats": repeats,
    "rate_differences": rate_differences,
    "paired": paired,
    "corrected_rates": corrected_rates,
    "corrected_means": corrected_means,
    "agreement": agreement,
}


if __name__ == "__main__":
    main(sys.argv[1:])
