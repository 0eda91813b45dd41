"""What is known of a judge after it was compared with people. `str()` of it is a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from assay.client import Client, current_client
from assay.evaluation.alignment.bias import Bias
from assay.evaluation.alignment.corrected import corrected_mean
from assay.evaluation.alignment.figures import Figures
from assay.evaluation.alignment.pair import Pair, scored
from assay.evaluation.plain import plain
from assay.evaluation.report import as_text
from assay.evaluation.statistics import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from assay.evaluation.result import EvaluationResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """A judge and people on the same rows."""

    judge: str
    prompt_hash: str | None
    model: str | None  # that was asked; of a panel, all of them
    figures: Figures
    pairs: tuple[Pair, ...]
    bias: tuple[Bias, ...]
    notes: tuple[str, ...] = ()  # what was left out, and why
    source: Mapping[str, Any] = field(default_factory=dict)  # where the labels came from
    id: str | None = None  # in the collector, once it is there
    client: Client = field(repr=False, compare=False, default_factory=current_client)

    @property
    def n(self) -> int:
        """Rows with a label and a verdict."""
        return self.figures.n

    @property
    def agreement(self) -> Estimate:
        return self.figures.agreement

    @property
    def kappa(self) -> Estimate:
        return self.figures.kappa

    @property
    def ac1(self) -> Estimate:
        return self.figures.ac1

    @property
    def prevalence(self) -> Mapping[str, float]:
        """Share of every label among people's."""
        return self.figures.prevalence

    @property
    def sensitivity(self) -> Estimate | None:
        return self.figures.sensitivity

    @property
    def specificity(self) -> Estimate | None:
        return self.figures.specificity

    @property
    def warnings(self) -> list[str]:
        """What should worry whoever believes this judge."""
        return [each.told for each in self.bias if each.warning]

    @property
    def confusion(self) -> pd.DataFrame:
        """How often each label (rows: people) met each verdict (columns: the judge)."""
        import pandas as pd

        names = list(self.figures.labels)
        return pd.DataFrame(
            [list(row) for row in self.figures.confusion],
            index=pd.Index(names, name="people"),
            columns=pd.Index(names, name="judge"),
        )

    @property
    def disagreements(self) -> pd.DataFrame:
        """Rows that the judge sees otherwise than people, the furthest apart first, with its explanation."""
        return self._table([pair for pair in self.pairs if pair.outcome == "scored" and pair.verdict != pair.label])

    @property
    def failures(self) -> pd.DataFrame:
        """Rows that the judge could not judge."""
        return self._table([pair for pair in self.pairs if pair.outcome == "failed"])

    @property
    def rows(self) -> pd.DataFrame:
        """Every labelled row."""
        return self._table(self.pairs)

    @property
    def summary(self) -> pd.DataFrame:
        """One row per figure: figure, value, low, high, n, method, reason."""
        import pandas as pd

        columns = ["figure", "value", "low", "high", "n", "method", "reason"]
        found = [
            {"figure": name, **{key: getattr(estimate, key) for key in columns[1:]}}
            for name, estimate in self.estimates().items()
        ]
        return pd.DataFrame(found, columns=columns)

    def estimates(self) -> dict[str, Estimate]:
        """The figures by their names, as far as they apply to these labels."""
        known = {
            "agreement": self.figures.agreement,
            "kappa": self.figures.kappa,
            "AC1": self.figures.ac1,
            "sensitivity": self.figures.sensitivity,
            "specificity": self.figures.specificity,
            "Spearman's rho": self.figures.correlation,
            "judge minus people": self.figures.difference,
            "alpha among people": self.figures.human_agreement,
        }
        return {name: estimate for name, estimate in known.items() if estimate is not None}

    def corrected(self, judged: float | Sequence[float] | EvaluationResult, n: int | None = None) -> Estimate:
        """What people would have said where this judge has scored, with an interval; or the reason why nobody can tell.

        alignment.corrected(0.86, n=200)                            # a rate of yes among 200 items
        alignment.corrected([0.5, 1.0, 0.8, ...])                   # the judge's scores, one per item
        alignment.corrected(result)                                 # an evaluation that this judge has scored

        A rate is corrected by Rogan and Gladen, a mean of numbers by PPI++; below 30 labels neither is.
        """
        from assay.evaluation.alignment.shown import corrected_column
        from assay.evaluation.cells import scorer_cells

        if isinstance(judged, bool | int | float):
            if n is None or n < 1 or self.figures.kind != "binary" or not 0 <= judged <= 1:
                reason = "a rate of yes-or-no verdicts and its number of items (n=) are needed"
                return Estimate(n=n or 0, value=None, reason=reason)
            return corrected_mean(self.record(), [float(judged)] * n, mean=float(judged))
        if isinstance(judged, Sequence):
            return corrected_mean(self.record(), [float(value) for value in judged])
        column = next((cells for cells in scorer_cells(judged.records) if cells.name == self.judge), None)
        if column is None:
            return Estimate(n=0, value=None, reason=f"{self.judge!r} has scored nothing there")
        return corrected_column(self.record(), column)

    def record(self) -> dict[str, Any]:
        """As the collector keeps it: figures, warnings, and what a correction needs. No text of any row."""
        found = self.figures.to_dict()
        if self.figures.kind == "number":
            found["pairs"] = [[float(verdict), float(label)] for verdict, label in scored(self.pairs)]
        return {**found, "bias": [each.to_dict() for each in self.bias], "source": dict(self.source)}

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can say it."""
        named = {name: getattr(self, name) for name in ("id", "judge", "prompt_hash", "model", "notes")}
        plain_all: dict[str, Any] = plain({**named, **self.record(), "rows": list(self.pairs)})
        return plain_all

    def stored(self) -> Alignment:
        """Keep it in the collector, so that it is shown beside the judge's scores; itself, with its id."""
        body = {
            "judge": self.judge,
            "prompt_hash": self.prompt_hash,
            "model": self.model,
            "labels": self.n,
            "record": plain(self.record()),
        }
        kept = self.client.post("/alignments", body)
        return replace(self, id=kept["id"])

    def _table(self, pairs: Sequence[Pair]) -> pd.DataFrame:
        import pandas as pd

        shown = ["id", "input", "output", "expected", "label", "verdict", "explanation", "error", "trace_id"]
        found = sorted(pairs, key=_apart, reverse=True) if pairs and len(pairs) < len(self.pairs) else pairs
        return pd.DataFrame([{name: getattr(pair, name) for name in shown} for pair in found], columns=shown)

    def __rich__(self) -> RenderableType:
        from assay.evaluation.alignment.table import alignment_table

        return alignment_table(self)

    def __str__(self) -> str:
        return as_text(self)


def _apart(pair: Pair) -> float:
    """How far verdict and label are from each other; labels that are texts have no distance."""
    if isinstance(pair.verdict, int | float) and isinstance(pair.label, int | float):
        return abs(float(pair.verdict) - float(pair.label))
    return 0.0
