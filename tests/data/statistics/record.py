"""Writes the .json files beside it: figures of packages that are never dependencies of ours, on small random data.

    uv venv /tmp/oracles && uv pip install --python /tmp/oracles ppi-python==0.2.3 krippendorff==0.9.0 irrCAC==0.4.4
    /tmp/oracles/bin/python tests/data/statistics/record.py

krippendorff is under the GPL, ppi-python silences all warnings of a process: both stay outside.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

HERE = Path(__file__).parent
SCALES = ("nominal", "ordinal", "interval", "ratio")


def main() -> None:
    rng = np.random.default_rng(20261122)
    write("prediction_powered.json", [prediction_powered(rng, *shape) for shape in SHAPES])
    write("agreement.json", [agreement(rng, *shape) for shape in PANELS])


SHAPES = ((10, 40, 0.2, True), (30, 200, 0.3, True), (25, 25, 0.9, False), (40, 120, 0.5, False), (12, 300, 2.0, False))


def prediction_powered(rng: np.random.Generator, n: int, extra: int, noise: float, binary: bool) -> dict[str, Any]:
    """Labels, and a judge who is off by `noise` (the chance of another verdict, or a standard deviation)."""
    truth = rng.random(n + extra).round(3)
    if binary:
        truth = (truth < 0.7).astype(float)
        judge = np.where(rng.random(n + extra) < noise, 1 - truth, truth)
    else:
        judge = (truth + rng.normal(0.1, noise, n + extra)).round(3)
    labels, seen, unseen = truth[:n], judge[:n], judge[n:]
    found: dict[str, Any] = {"labels": labels, "judge_labelled": seen, "judge_unlabelled": unseen}
    for name, weight in (("tuned", None), ("weight_1", 1.0), ("weight_0", 0.0)):
        low, high = ppi_mean_ci(labels, seen, unseen, alpha=0.05, lam=weight)
        value = ppi_mean_pointestimate(labels, seen, unseen, lam=weight)
        found[name] = [float(np.squeeze(each)) for each in (value, low, high)]
    return found


PANELS = ((12, 3, 4, 0.2, 0.0), (20, 2, 3, 0.3, 0.0), (15, 4, 5, 0.4, 0.25), (30, 5, 2, 0.1, 0.1), (8, 3, 6, 0.5, 0.2))


def agreement(
    rng: np.random.Generator, items: int, raters: int, labels: int, error: float, gaps: float
) -> dict[str, Any]:
    truth = rng.integers(1, labels + 1, items)
    given = np.where(rng.random((raters, items)) < error, rng.integers(1, labels + 1, (raters, items)), truth)
    given = np.where(rng.random((raters, items)) < gaps, np.nan, given.astype(float))
    cac = CAC(pd.DataFrame(given.T))
    return {
        "ratings": [[None if np.isnan(label) else int(label) for label in row] for row in given.T],
        "alpha": {scale: float(krippendorff.alpha(given, level_of_measurement=scale)) for scale in SCALES},
        "ac1": chance_corrected(cac.gwet()),
        "fleiss": chance_corrected(cac.fleiss()),
    }


def chance_corrected(found: dict[str, Any]) -> float:
    return float(found["est"]["coefficient_value"])


def write(name: str, cases: list[dict[str, Any]]) -> None:
    def plain(value: Any) -> Any:
        return value.tolist() if isinstance(value, np.ndarray) else value

    lines = ",\n".join(json.dumps({key: plain(value) for key, value in case.items()}) for case in cases)
    (HERE / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
