"""What a run has used and met so far, added up row by row: for its budget, its record and whoever watches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.evaluation.budget import Use
from assay.evaluation.usage import Usage

Row = Mapping[str, Any]

# What `Usage.noted` and the scores of judges say, to the name that it has in the experiment's record
LISTS = {
    "models": "models",
    "asked": "models_asked",
    "parameters": "parameters",
    "fingerprints": "system_fingerprints",
    "prompts": "prompts",
    "judge_models": "judge_models",
    "unpriced": "unpriced_models",
}


@dataclass(slots=True)
class Ledger:
    """Sums and sets over the rows. What earlier parts of a resumed run used is entered like the rest."""

    cost_usd: float = 0.0
    rows: int = 0
    used: Use = field(default_factory=Use)
    met: dict[str, set[Any]] = field(default_factory=lambda: {name: set() for name in LISTS})

    def enter(self, row: Row, used: Use, noted: Mapping[str, Any]) -> None:
        """A row that was made, now or before."""
        self.rows += 1
        self.used += used
        self.cost_usd += used.cost_usd or 0.0
        self.note(noted)
        for score in row["scores"]:
            if model := (score["metadata"] or {}).get("response_model"):
                self.met["judge_models"].add(str(model))

    def note(self, noted: Mapping[str, Any]) -> None:
        """Models, parameters and prompts that were met, as `Usage.noted` has them."""
        for name, values in noted.items():
            if name in self.met:
                self.met[name].update(tuple(value) if isinstance(value, list) else value for value in values)

    def row_estimate(self) -> Use:
        """What one more row is expected to use: the mean of those that were made."""
        count = max(1, self.rows)
        return Use(
            cost_usd=self.cost_usd / count, tokens=-(-self.used.tokens // count), calls=-(-self.used.calls // count)
        )

    def record(self) -> dict[str, Any]:
        """As the experiment records it."""
        lists: dict[str, Any] = {LISTS[name]: sorted(values, key=repr) for name, values in self.met.items()}
        lists["prompts"] = [{"name": name, "version": version} for name, version in lists["prompts"]]
        lists["parameters"] = [{"name": name, "value": value} for name, value in lists["parameters"]]
        return {**lists, "cost_usd": self.cost_usd}


def row_use(row: Row, usage: Usage) -> tuple[Use, set[str]]:
    """What a row used, task and judges, and the models whose price is unknown. The cost is None if there are any."""
    unknown = set(usage.unpriced)
    cost = row["cost_usd"] or 0.0
    tokens = _tokens(row)
    calls = usage.calls
    for judge in _judges(row):
        calls += int(judge["calls"])
        tokens += _tokens(judge)
        cost += judge.get("cost_usd") or 0.0
        if judge.get("cost_usd") is None:
            unknown.add(str(judge.get("response_model") or judge.get("model")))
    return Use(cost_usd=None if unknown else cost, tokens=tokens, calls=calls), unknown


def earlier_use(row: Row, noted: Mapping[str, Any]) -> Use:
    """What a row of an earlier part of this run used, as far as it is written down."""
    return row_use(row, Usage(calls=int(noted.get("calls") or 0)))[0]


def _judges(row: Row) -> Iterable[Mapping[str, Any]]:
    """What scores say of the model calls that they cost."""
    return (score["metadata"] for score in row["scores"] if (score["metadata"] or {}).get("calls"))


def _tokens(counts: Mapping[str, Any]) -> int:
    return int(counts.get("input_tokens") or 0) + int(counts.get("output_tokens") or 0)
