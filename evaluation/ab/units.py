"""Units of an A/B test as columns: one row per unit, in order of exposure, with a hash of all that came in."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from assay.evaluation.ab.design import Design, Metric, UnitOutcome

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The units that count, in order of exposure. Arms and phases are numbers: places in `arms` and `phases`."""

    arms: tuple[str, ...]
    phases: tuple[int, ...]
    weights: Floats  # phases x arms
    arm: Integers
    phase: Integers
    exposed: Floats  # seconds since the epoch
    closed: Booleans
    values: Mapping[str, Floats]  # by metric; NaN: no outcome
    crossovers: int  # units seen in two arms, left out
    unknown: int  # units of an arm or phase that the test does not have, left out
    seen: int  # all units
    data_hash: str

    def rows(self, mask: Booleans) -> tuple[Integers, Integers, Floats]:
        """Arm, phase and time of exposure of some units."""
        return self.arm[mask], self.phase[mask], self.exposed[mask]

    def share(self, arm: int, phase: Integers) -> Floats:
        """Probability of `arm` for units of these phases, among it and the baseline."""
        w_b, w_a = self.weights[:, arm], self.weights[:, 0]
        with np.errstate(invalid="ignore"):
            return np.asarray((w_b / (w_a + w_b))[phase])


def sample_of(design: Design, units: Iterable[UnitOutcome]) -> Sample:
    """Columns of the units, in any order, several rows per unit allowed.

    Rows of one unit in one arm are one outcome: the first exposure, the mean of the values that are there, closed when
    all are. What is not a finite number is no outcome.
    """
    merged, crossovers = _one_row_per_unit(units)
    seen = len(merged) + crossovers
    numbers = {arm: i for i, arm in enumerate(design.arms)}
    phases = {phase: i for i, phase in enumerate(sorted(design.phases))}
    known = [unit for unit in merged if unit.arm in numbers and unit.phase in phases]
    known.sort(key=attrgetter("unit"))
    exposed = np.array([unit.exposed_at.timestamp() for unit in known], dtype=float)
    order = np.argsort(exposed, kind="stable")
    columns = {
        "arm": np.array([numbers[unit.arm] for unit in known], dtype=np.int64)[order],
        "phase": np.array([phases[unit.phase] for unit in known], dtype=np.int64)[order],
        "closed": np.array([unit.closed for unit in known], dtype=bool)[order],
    }
    values = {metric.name: _values(known, metric.name)[order] for metric in design.metrics}
    names = "\n".join(known[i].unit for i in order)
    return Sample(
        arms=tuple(design.arms),
        phases=tuple(phases),
        weights=np.array([list(design.weights(phase).values()) for phase in phases], dtype=float),
        **columns,
        exposed=exposed[order],
        values=values,
        crossovers=crossovers,
        unknown=len(merged) - len(known),
        seen=seen,
        data_hash=_hash(design, names, seen, crossovers, [exposed[order], *columns.values(), *values.values()]),
    )


def scaled(metric: Metric, values: Floats) -> tuple[Floats, int]:
    """Outcomes as numbers from 0 to 1, and how many lay outside the range that was declared.

    Above the cap of a capped metric is what the cap is for; any other stray is moved to the nearest end and counted. A
    metric that is compared as a ratio is measured from 0, not from its lower end.
    """
    low = 0.0 if metric.relative else metric.low
    strays = (values < metric.low) | ((values > metric.high) if metric.kind != "capped" else False)
    moved = np.clip(values, metric.low, metric.high)
    return (moved - low) / (metric.high - low), int(strays.sum())


def _one_row_per_unit(units: Iterable[UnitOutcome]) -> tuple[list[UnitOutcome], int]:
    """One row for every unit that was in one arm only, and the number of those that were in several."""
    first: dict[str, UnitOutcome] = {}
    again: dict[str, list[UnitOutcome]] = {}
    for unit in units:
        if first.setdefault(unit.unit, unit) is not unit:
            again.setdefault(unit.unit, [first[unit.unit]]).append(unit)
    crossovers = 0
    for name, rows in again.items():
        if len({row.arm for row in rows}) > 1:
            del first[name]
            crossovers += 1
        else:
            first[name] = _merge(rows)
    return list(first.values()), crossovers


def _merge(rows: list[UnitOutcome]) -> UnitOutcome:
    earliest = min(rows, key=lambda row: (row.exposed_at, row.phase))
    values: dict[str, float | None] = {}
    for name in sorted({name for row in rows for name in row.values}):
        there = sorted(value for row in rows if (value := row.values.get(name)) is not None)
        values[name] = sum(there) / len(there) if there else None
    return dataclasses.replace(earliest, values=values, closed=all(row.closed for row in rows))


def _values(units: list[UnitOutcome], metric: str) -> Floats:
    """Values of one metric, NaN where there is none."""
    column = np.array([unit.values.get(metric) for unit in units], dtype=float)
    column[~np.isfinite(column)] = np.nan
    return column


def _hash(design: Design, names: str, seen: int, crossovers: int, columns: list[npt.NDArray[np.generic]]) -> str:
    """SHA-256 of the design and the units, the same on every machine and for every order of the rows.

    Whether the test still runs is neither: the hash that a stop records is that of the report right after.
    """
    fixed = {key: value for key, value in dataclasses.asdict(design).items() if key != "status"}
    declared = json.dumps([fixed, seen, crossovers], sort_keys=True, default=str)
    digest = hashlib.sha256(f"{declared}\n{names}\n".encode())
    for column in columns:
        digest.update(np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
