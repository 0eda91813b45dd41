"""Record what independent implementations say: `python record_oracles.py > oracles.json`.

Needs numpy < 2, scipy, toolz, multiprocess, ssrm-test 0.1.x (Optimizely's sequential sample-ratio test, by the method's
author) and the Python files of confseq 0.0.11 (Howard, Waudby-Smith, Ramdas) on the path; its C++ part is not used.

confseq begins the centre of the variance at 0; the paper's theorem 2 begins it at 1/2, which is passed in here.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from confseq.betting_strategies import lambda_predmix_eb
from confseq.predmix import predmix_lower_cs
from ssrm_test.ssrm_test import sequential_p_values

LOOKS = (0, 1, 2, 9, 49, 199)


def lower(x: np.ndarray, alpha: float) -> np.ndarray:
    t = np.arange(1, len(x) + 1)
    centre = np.append(0.5, ((0.5 + np.cumsum(x)) / (t + 1))[:-1])
    return predmix_lower_cs(
        x,
        v=(x - centre) ** 2,
        lambdas_fn=lambda y: lambda_predmix_eb(y, truncation=0.5, alpha=alpha),
        psi_fn=lambda bet: -np.log(1 - bet) - bet,
        alpha=alpha,
    )


def main() -> None:
    rng = np.random.default_rng(20261121)
    bernstein = []
    for a, b, alpha in ((2, 3, 0.05), (0.2, 4, 0.05), (5, 0.5, 0.01)):
        x = np.round(rng.beta(a, b, 200), 3)
        low, high = lower(x, alpha / 2), 1 - lower(1 - x, alpha / 2)
        bernstein.append(
            {
                "x": x.tolist(),
                "alpha": alpha,
                "looks": LOOKS,
                "low": [float(low[i]) for i in LOOKS],
                "high": [float(high[i]) for i in LOOKS],
            }
        )
    ratio = []
    for shares, drawn in (([0.5, 0.5], [0.5, 0.5]), ([0.1, 0.4, 0.5], [0.1, 0.5, 0.4])):
        arm = rng.choice(len(shares), 400, p=drawn)
        rows = np.eye(len(shares), dtype=int)[arm]
        p = sequential_p_values(rows, np.array(shares), dirichlet_concentration=100)
        ratio.append({"arm": arm.tolist(), "weights": shares, "concentration": 100, "p": [float(v) for v in p]})
    json.dump({"empirical_bernstein": bernstein, "sample_ratio": ratio}, sys.stdout)


if __name__ == "__main__":
    main()
