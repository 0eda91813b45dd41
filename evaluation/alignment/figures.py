"""From labelled rows to figures of agreement. Pure; every formula is in assay.evaluation.statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from assay.evaluation.alignment.pair import Kind, Pair, kind_of, scored
from assay.evaluation.statistics import (
    Difference,
    Estimate,
    bootstrap_interval,
    calibration,
    cohen_kappa,
    gwet_ac1,
    krippendorff_alpha,
    paired_difference,
    proportion_interval,
    rank_correlation,
)
from assay.scores import ScoreValue

RESAMPLES = 500  # of clusters, for kappa's interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a judge's verdicts and people's labels go together. What does not apply to their kind is None."""

    kind: Kind
    n: int  # rows that have both
    failed: int  # the judge failed: no verdict, and in no figure
    not_applicable: int
    clusters: int | None  # where rows belong together: the unit of the intervals
    agreement: Estimate  # share of equal verdicts, Wilson
    kappa: Estimate  # Cohen's; of numbers with quadratic weights
    ac1: Estimate  # Gwet's, which a rare label does not pull down
    prevalence: Mapping[str, float]  # share of every label among people's
    judged_prevalence: Mapping[str, float]  # and among the judge's
    sensitivity: Estimate | None = None  # P(judge yes | people yes)
    specificity: Estimate | None = None  # P(judge no | people no)
    calibration: Mapping[str, int] | None = None  # counts behind the two
    correlation: Estimate | None = None  # Spearman's, of numbers
    difference: Difference | None = None  # judge minus people, paired
    human_agreement: Estimate | None = None  # Krippendorff's alpha among people, where rows have several labels
    labels: Sequence[str] = ()
    confusion: Sequence[Sequence[int]] = ()  # rows: people, columns: the judge, both in the order of `labels`

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def figures(pairs: Sequence[Pair], *, confidence: float = 0.95, seed: int = 0) -> Figures:
    """Figures of the rows that have a label and a verdict; the others are counted."""
    rows = [pair for pair in pairs if pair.outcome == "scored"]
    both = scored(rows)
    verdicts, labels = [verdict for verdict, _ in both], [label for _, label in both]
    kind = kind_of([*verdicts, *labels])
    clusters = _clusters(rows)
    if kind == "binary":
        verdicts, labels = [bool(v) for v in verdicts], [bool(v) for v in labels]
    names, counts = confusion(verdicts, labels)
    shares = [float(v == label) for v, label in zip(verdicts, labels, strict=True)]
    found: dict[str, Any] = {}
    if kind == "binary":
        found |= _binary(verdicts, labels, clusters, confidence)
    elif kind == "number":
        x, y = [float(v) for v in verdicts], [float(v) for v in labels]
        found["correlation"] = rank_correlation(x, y, level="pooled", confidence=confidence)
    if kind != "category" and both:
        apart = [float(v) - float(label) for v, label in zip(verdicts, labels, strict=True)]
        found["difference"] = paired_difference(
            apart, binary=kind == "binary", clusters=clusters, confidence=confidence, seed=seed
        )
    return Figures(
        kind=kind,
        n=len(both),
        failed=sum(pair.outcome == "failed" for pair in pairs),
        not_applicable=sum(pair.outcome == "not_applicable" for pair in pairs),
        clusters=len(set(clusters)) if clusters else None,
        agreement=proportion_interval(shares, clusters=clusters, confidence=confidence),
        kappa=_kappa(verdicts, labels, kind, clusters, confidence, seed),
        ac1=gwet_ac1(list(zip(verdicts, labels, strict=True)), confidence=confidence),
        prevalence=_shares(labels),
        judged_prevalence=_shares(verdicts),
        human_agreement=_among_people(rows, kind, confidence, seed),
        labels=names,
        confusion=counts,
        **found,
    )


def confusion(verdicts: Sequence[ScoreValue], labels: Sequence[ScoreValue]) -> tuple[list[str], list[list[int]]]:
    """Labels in order, and how often people (rows) and the judge (columns) gave them together."""
    values = sorted({*verdicts, *labels}, key=lambda value: (isinstance(value, str), value))
    values = values[::-1] if values == [False, True] else values  # yes comes first
    counts = Counter(zip(labels, verdicts, strict=True))
    return [name_of(value) for value in values], [[counts[row, column] for column in values] for row in values]


def name_of(value: Any) -> str:
    """A verdict or label as it is written: yes and no, numbers without needless digits, texts as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _binary(
    verdicts: Sequence[Any], labels: Sequence[Any], clusters: Sequence[str] | None, confidence: float
) -> dict[str, Any]:
    found = calibration(verdicts, labels, confidence=confidence)
    sensitivity, specificity = found.sensitivity, found.specificity
    if clusters is not None:
        rows = list(zip(verdicts, labels, clusters, strict=True))
        if found.positives:
            sensitivity = _clustered_share([(float(v), c) for v, label, c in rows if label], confidence)
        if found.negatives:
            specificity = _clustered_share([(float(not v), c) for v, label, c in rows if not label], confidence)
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "calibration": {
            "true_positives": found.true_positives,
            "positives": found.positives,
            "true_negatives": found.true_negatives,
            "negatives": found.negatives,
        },
    }


def _clustered_share(rows: Sequence[tuple[float, str]], confidence: float) -> Estimate:
    return proportion_interval([s for s, _ in rows], clusters=[c for _, c in rows], confidence=confidence)


def _kappa(
    verdicts: Sequence[Any],
    labels: Sequence[Any],
    kind: Kind,
    clusters: Sequence[str] | None,
    confidence: float,
    seed: int,
) -> Estimate:
    """Cohen's kappa; where rows belong together its interval is drawn from clusters."""
    weights: Any = "quadratic" if kind == "number" else None
    found = cohen_kappa(verdicts, labels, weights=weights, confidence=confidence)
    if clusters is None or found.value is None or found.reason is not None:
        return found

    def statistic(places: Any) -> float:
        chosen = np.asarray(places, dtype=int)
        drawn = cohen_kappa([verdicts[i] for i in chosen], [labels[i] for i in chosen], weights=weights)
        return 0.0 if drawn.value is None else drawn.value  # one label only: no agreement beyond chance was seen

    places = [float(i) for i in range(len(verdicts))]
    drawn = bootstrap_interval(
        places, statistic, clusters=clusters, resamples=RESAMPLES, confidence=confidence, seed=seed
    )
    return Estimate(
        n=found.n,
        value=found.value,
        low=drawn.low,
        high=drawn.high,
        stderr=drawn.stderr,
        confidence=confidence,
        method=f"{found.method}, bootstrap of {len(set(clusters))} clusters",
        reason=drawn.reason,
    )


def _among_people(rows: Sequence[Pair], kind: Kind, confidence: float, seed: int) -> Estimate | None:
    several = [pair.labels for pair in rows if len(pair.labels) > 1]
    if not several:
        return None
    scale: Any = "interval" if kind == "number" else "nominal"
    return krippendorff_alpha(several, scale=scale, confidence=confidence, seed=seed)


def _clusters(rows: Sequence[Pair]) -> list[str] | None:
    """The rows' clusters; None unless every row has one and some share theirs."""
    found = [pair.cluster for pair in rows if pair.cluster is not None]
    return found if found and len(found) == len(rows) and len(set(found)) < len(found) else None


def _shares(values: Sequence[ScoreValue]) -> dict[str, float]:
    return {name_of(value): count / len(values) for value, count in Counter(values).most_common()}
