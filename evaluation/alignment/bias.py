"""What sways a judge that should not, as far as labelled rows can show it; in words where it should worry. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assay.evaluation.alignment.figures import Figures
from assay.evaluation.alignment.pair import Pair, Place
from assay.evaluation.plain import plain
from assay.evaluation.statistics import (
    Estimate,
    feature_slope,
    position_bias,
    self_preference,
    verbosity_bias,
)

ALPHA = 0.05
RARE = 0.1  # below this share of a label, agreement by chance is high and kappa unsteady
FEWEST_OF_A_SIDE = 10  # labelled rows of either kind below which sensitivity or specificity says little


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """One thing looked at: the figure, and a warning where it is more than chance."""

    name: str  # leniency, prevalence, length, format, self_preference; of judges of pairs position and length
    estimate: Estimate | None
    told: str  # in words, what was found or why nothing could be
    warning: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def bias_report(pairs: Sequence[Pair], found: Figures, *, judge_models: Sequence[str] = ()) -> list[Bias]:
    """Everything that these rows can tell."""
    rows = [pair for pair in pairs if pair.outcome == "scored" and pair.verdict is not None]
    if not rows:
        return []
    report = [_leniency(found), _prevalence(found)]
    if all(pair.places is not None for pair in rows):
        return [*report, _position(rows), _longer_of_two(rows)]
    if found.kind != "category":
        report.append(_slope(rows, found, "length", "longer outputs", _length))
        report.append(_slope(rows, found, "format", "outputs with more lists and headings", _marks))
        report.append(_own_family(rows, judge_models))
    return report


def family(model: str | None) -> str | None:
    """The family of a model by its name: "openai/gpt-4o-mini" and "gpt-5" are "gpt"; None where it has no name."""
    name = (model or "").rpartition("/")[2].casefold()
    found = re.match(r"[a-z]+", name)
    return found[0] if found else None


def _leniency(found: Figures) -> Bias:
    """Does the judge say yes (or score higher) more often than people do?"""
    difference = found.difference
    if difference is None or difference.value is None:
        told = "labels have no order" if found.kind == "category" else (difference and difference.reason) or "unknown"
        return Bias(name="leniency", estimate=difference, told=f"not tested: {told}")
    unit = " of the rows" if found.kind == "binary" else ""
    size = f"{abs(difference.value):.0%}" if found.kind == "binary" else f"{abs(difference.value):.3g}"
    way = "more lenient" if difference.value > 0 else "stricter"
    told = f"the judge is {way} than people by {size}{unit} ({_p(difference.p)})"
    if difference.value == 0:
        told = "the judge is neither more lenient nor stricter than people"
    return Bias(
        name="leniency", estimate=difference, told=told, warning=difference.p is not None and difference.p < ALPHA
    )


def _prevalence(found: Figures) -> Bias:
    """Is one label so rare that agreement and kappa mislead?"""
    if not found.prevalence:
        return Bias(name="prevalence", estimate=None, told="nothing is labelled")
    common, share = max(found.prevalence.items(), key=lambda each: each[1])
    rare = share > 1 - RARE
    told = f"people said {common!r} of {share:.0%} of the rows"
    if rare:
        told += ": agreement is high by chance, and kappa rests on few rows. Look at AC1, or label more of the others"
    counts = found.calibration
    if counts is not None and (few := min(counts["positives"], counts["negatives"])) < FEWEST_OF_A_SIDE:
        side = "positive" if counts["positives"] == few else "negative"
        told += f"; only {few} rows are {side} by label"
        rare = True
    return Bias(name="prevalence", estimate=None, told=told, warning=rare)


def _slope(rows: Sequence[Pair], found: Figures, name: str, what: str, feature: Any) -> Bias:
    """Does a feature of the output move the verdict, given the label?"""
    middle = sum(float(pair.verdict or 0) for pair in rows) / len(rows)
    verdicts = [float(pair.verdict or 0) > (0.5 if found.kind == "binary" else middle) for pair in rows]
    slope = feature_slope(
        verdicts, [feature(_text(pair.output)) for pair in rows], [float(pair.label) for pair in rows]
    )
    if slope.value is None or slope.p is None:
        return Bias(name=name, estimate=slope, told=f"not tested: {slope.reason}")
    way = "prefers" if slope.value > 0 else "dislikes"
    told = f"given the label, log odds {slope.value:+.2f} per standard deviation of {name} ({_p(slope.p)})"
    warning = slope.p < ALPHA
    return Bias(name=name, estimate=slope, told=f"the judge {way} {what}: {told}" if warning else told, warning=warning)


def _position(rows: Sequence[Pair]) -> Bias:
    """Does a judge of pairs favour the first or the second place?"""
    orders, swapped = zip(*(pair.places for pair in rows if pair.places is not None), strict=True)
    found = position_bias(orders, swapped)
    told = f"{found.consistent} of {found.pairs} pairs are judged alike in both orders"
    if not found.n or found.p is None:
        return Bias(name="position", estimate=found, told=told)
    told += f"; of the others the first place won {found.first}, the second {found.second} ({_p(found.p)})"
    return Bias(name="position", estimate=found, told=told, warning=found.p < ALPHA)


def _longer_of_two(rows: Sequence[Pair]) -> Bias:
    """Does a judge of pairs choose the longer answer more often than people do?"""
    found = verbosity_bias(
        [_place(pair.verdict) for pair in rows],
        [(_length(_text(pair.output)), _length(_text(pair.expected))) for pair in rows],
        [_place(pair.label) for pair in rows],
    )
    difference = found.difference
    if difference is None or difference.value is None or difference.p is None:
        return Bias(name="length", estimate=difference, told="not tested: too few pairs of unequal length were decided")
    share, human = (estimate.value or 0.0 for estimate in (found.judge, found.human or found.judge))
    told = f"the judge chose the longer answer in {share:.0%}, people in {human:.0%} ({_p(difference.p)})"
    return Bias(name="length", estimate=difference, told=told, warning=difference.p < ALPHA)


def _place(value: Any) -> Place:
    return "tie" if value == 0.5 else "first" if value > 0.5 else "second"


def _own_family(rows: Sequence[Pair], judge_models: Sequence[str]) -> Bias:
    """Does the judge score its own family's answers higher than people do? People are the second judge."""
    families = {found for model in judge_models if (found := family(model))}
    known = [(pair, written) for pair in rows if (written := family(pair.author))]
    if not known or len(families) != 1:
        why = "the rows name no authors (author=...)" if not known else "the judge is of no one family"
        return Bias(name="self_preference", estimate=None, told=f"not tested: {why}")
    judge = families.pop()
    scores = [float(pair.verdict or 0) for pair, _ in known] + [float(pair.label) for pair, _ in known]
    estimate = self_preference(
        scores,
        [judge] * len(known) + ["people"] * len(known),
        [written for _, written in known] * 2,
        items=[pair.id for pair, _ in known] * 2,
    )
    if estimate.value is None or estimate.p is None:
        return Bias(name="self_preference", estimate=estimate, told=f"not tested: {estimate.reason}")
    warning = estimate.p < ALPHA and estimate.value > 0
    told = f"answers of {judge} get {estimate.value:+.3f} beyond what people give them ({_p(estimate.p)})"
    return Bias(name="self_preference", estimate=estimate, told=told, warning=warning)


def _length(text: str) -> float:
    return float(len(text))


def _marks(text: str) -> float:
    """Lines that begin as a list, a heading or a table does in Markdown."""
    return float(len(re.findall(r"^\s*(?:[-*+] |\d+[.)] |#{1,6} |\|)", text, re.MULTILINE)))


def _text(output: Any) -> str:
    return output if isinstance(output, str) else str(plain(output))


def _p(value: float | None) -> str:
    return "p unknown" if value is None else "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
