"""What evaluations say of the version that an alias would move to, beside the one it points at now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Experiment = Mapping[str, Any]  # in short: see collector/lineage.py


@dataclass(frozen=True, slots=True)
class Evidence:
    """The newest experiments of two versions over the same data set."""

    version: int  # the one an alias points at now
    aliases: list[str]
    base: Experiment
    other: Experiment
    means: list[tuple[str, float, float]]  # of each scorer that both have: before, after


def evidence(version: int, aliases: list[str], old: Sequence[Experiment], new: Sequence[Experiment]) -> Evidence | None:
    """`old` and `new` are the experiments of the two versions, newest first; None where no two fit together."""
    for other in new:
        for base in old:
            if base["id"] != other["id"] and _data(base) == _data(other) is not None and (means := _means(base, other)):
                return Evidence(version, aliases, base, other, means)
    return None


def _data(experiment: Experiment) -> str | None:
    return (experiment.get("dataset") or {}).get("name")


def _means(base: Experiment, other: Experiment) -> list[tuple[str, float, float]]:
    before, after = _by_scorer(base), _by_scorer(other)
    return [(name, before[name], mean) for name, mean in after.items() if name in before]


def _by_scorer(experiment: Experiment) -> dict[str, float]:
    rows = experiment.get("summary") or []
    return {row["scorer"]: row["mean"] for row in rows if isinstance(row.get("mean"), int | float)}
