"""What stands beside a judge's score once it was aligned: agreement, kappa, and the corrected estimate. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.evaluation.alignment.corrected import corrected_mean
from assay.evaluation.cells import ScorerCells, scorer_cells
from assay.evaluation.statistics import Estimate
from assay.evaluation.summary import estimate_column


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An alignment of the judge behind one score, and what it makes of that score's mean."""

    alignment_id: str
    n_labels: int
    agreement: float | None
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    corrected: Estimate

    @property
    def words(self) -> str:
        """For example: human agreement 0.910, kappa 0.740 [0.611, 0.869] on 120 labels; corrected 0.820 [0.750, 0.880]
        (Rogan-Gladen, plug-in interval).
        """
        interval = _interval(self.kappa_low, self.kappa_high)
        told = f"human agreement {_number(self.agreement)}, kappa {_number(self.kappa)}{interval}"
        told += f" on {self.n_labels} labels; "
        found = self.corrected
        if found.value is None:
            return f"{told}not corrected: {found.reason}"
        return f"{told}corrected {_number(found.value)}{_interval(found.low, found.high)} ({found.method})"

    def columns(self) -> dict[str, Any]:
        """As columns of a summary."""
        return {
            "human_agreement": self.agreement,
            "kappa": self.kappa,
            "kappa_low": self.kappa_low,
            "kappa_high": self.kappa_high,
            "n_labels": self.n_labels,
            "corrected": self.corrected.value,
            "corrected_low": self.corrected.low,
            "corrected_high": self.corrected.high,
            "corrected_method": self.corrected.method,
            "corrected_reason": self.corrected.reason,
        }


COLUMNS = (
    *("human_agreement", "kappa", "kappa_low", "kappa_high", "n_labels"),
    *("corrected", "corrected_low", "corrected_high", "corrected_method", "corrected_reason"),
)


def judge_scores(
    experiment: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Names of the scores that judges gave, each with its judge as the experiment recorded it. A judge of several
    scores has several names: "tone/warmth".
    """
    judges = {scorer["name"]: scorer for scorer in experiment.get("scorers") or () if scorer.get("source") == "llm"}
    if not judges:
        return []
    names = [str(score["name"]) for row in rows for score in row.get("scores") or ()]
    known = ((name, judges.get(name.partition("/")[0])) for name in dict.fromkeys(names))
    return [(name, judge) for name, judge in known if judge is not None]


def shown_alignments(
    experiment: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    alignments: Iterable[Mapping[str, Any]],
    *,
    confidence: float = 0.95,
) -> dict[str, Shown]:
    """What to show beside each judge's score, by its name.

    Args:
        alignments: records as the API answers them, newest first: of a judge's the first that is of its prompt and
            its model counts.
    """
    known = list(alignments)
    columns = {column.name: column for column in scorer_cells(rows)} if known else {}
    found: dict[str, Shown] = {}
    for name, judge in judge_scores(experiment, rows) if known else ():
        alignment = next((each for each in known if each["judge"] == name and _is_of(each, judge)), None)
        if alignment is not None and name in columns:
            found[name] = _shown(alignment, columns[name], confidence)
    return found


def corrected_column(record: Mapping[str, Any], column: ScorerCells, confidence: float = 0.95) -> Estimate:
    """The corrected mean of a judge's scores over an experiment."""
    if column.dtype == "category":
        return corrected_mean(record, [], confidence=confidence)
    estimate = estimate_column(column, confidence)
    values = list(column.item_means().values())
    return corrected_mean(record, values, mean=estimate.value, stderr=estimate.stderr, confidence=confidence)


def _is_of(alignment: Mapping[str, Any], judge: Mapping[str, Any]) -> bool:
    """The same prompt, and the same model as far as both say: another model is another judge."""
    if alignment.get("prompt_hash") != judge.get("version"):
        return False
    models = (alignment.get("model"), (judge.get("parameters") or {}).get("model"))
    return None in models or models[0] == models[1]


def _shown(alignment: Mapping[str, Any], column: ScorerCells, confidence: float) -> Shown:
    record = alignment["record"]
    kappa = record.get("kappa") or {}
    return Shown(
        alignment_id=alignment["id"],
        n_labels=int(alignment["labels"]),
        agreement=(record.get("agreement") or {}).get("value"),
        kappa=kappa.get("value"),
        kappa_low=kappa.get("low"),
        kappa_high=kappa.get("high"),
        corrected=corrected_column(record, column, confidence),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
