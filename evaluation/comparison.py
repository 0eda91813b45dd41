"""Two experiments over the same items, compared item by item: difference, interval, corrected p, and a verdict in
words.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from assay.evaluation.cells import Dtype, Row, ScorerCells, scorer_cells
from assay.evaluation.statistics import Difference, detectable_effect, holm, paired_difference
from assay.evaluation.summary import Direction, Level, SummaryRow, cluster_labels, declared

Outcome = Literal["improved", "regressed", "unclear", "undecided"]
Change = Literal["win", "tie", "loss", "lost", "unmatched"]

MAX_LOST_SHARE = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One scorer, candidate against baseline, over the items that both experiments scored. Differences are candidate
    minus baseline.
    """

    scorer: str
    dtype: Dtype
    direction: Direction
    n_paired: int
    n_lost: int  # items of both experiments that were not scored in both
    n_unmatched: int  # items of one experiment only
    wins: int  # items on which the candidate did better
    ties: int
    losses: int
    baseline_mean: float | None
    mean: float | None
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    confidence: float
    p: float | None = None
    p_corrected: float | None = None
    method: str | None = None
    correction: str | None = None  # "Holm, 3 scorers"; None when there was one test only
    detectable_effect: float | None = None  # at 80 % power
    items_needed: int | None = None  # to find the difference seen, were it the true one, at 80 % power
    outcome: Outcome = "undecided"  # unclear: tested, and no clear difference; undecided: no test could be made
    verdict: str = ""
    reason: str | None = None
    level: Level = "item"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """One item under one scorer, in both experiments. Values are means over repeats; labels are themselves."""

    scorer: str
    item_id: str
    baseline: float | str | None
    candidate: float | str | None
    change: Change


def compare_rows(
    baseline: Iterable[Row],
    candidate: Iterable[Row],
    *,
    confidence: float = 0.95,
    directions: Mapping[str, Direction] | None = None,
    max_lost: float = MAX_LOST_SHARE,
    seed: int = 0,
) -> list[ComparisonRow]:
    """Compare two experiments' rows, per scorer that both have, in the candidate's order.

    The scorers are one family: p-values are corrected by Holm.

    Args:
        directions: which way is better, by scorer; "higher" where nothing is said.
        max_lost: where a larger share of the common items was not scored in both, nothing is tested: those that
            failed are seldom a fair sample.
        seed: of drawn permutations; each scorer draws its own from it.
    """
    (compared,) = compare_family(
        baseline, [candidate], confidence=confidence, directions=directions, max_lost=max_lost, seed=seed
    )
    return compared


def compare_family(
    baseline: Iterable[Row],
    candidates: Sequence[Iterable[Row]],
    *,
    confidence: float = 0.95,
    directions: Mapping[str, Direction] | None = None,
    max_lost: float = MAX_LOST_SHARE,
    seed: int = 0,
) -> list[list[ComparisonRow]]:
    """Compare several candidates with one baseline: scorers and candidates together are one family of tests.

    One list per candidate; the rest as `compare_rows`.
    """
    before = list(baseline)
    compared = [
        [
            _compare(old, new, declared(directions or {}, new.name, "higher"), confidence, max_lost, seed)
            for old, new in _pairs(before, candidate)
        ]
        for candidate in candidates
    ]
    corrected = iter(holm([row.p for rows in compared for row in rows]))
    correction = _family(compared)
    return [
        [
            _with_verdict(
                replace(row, p_corrected=next(corrected), correction=correction if row.p is not None else None)
            )
            for row in rows
        ]
        for rows in compared
    ]


def compare_run_values(baseline: Sequence[SummaryRow], candidate: Sequence[SummaryRow]) -> list[ComparisonRow]:
    """Scores of whole runs that both experiments have: their difference, and no test.

    One number per run is not paired by item, and its two intervals do not tell whether the difference is chance.
    """
    before = {row.scorer: row for row in baseline if row.level == "run"}
    pairs = [(before[row.scorer], row) for row in candidate if row.level == "run" and row.scorer in before]
    return [_run_values(old, new) for old, new in pairs]


def item_changes(
    baseline: Iterable[Row], candidate: Iterable[Row], *, directions: Mapping[str, Direction] | None = None
) -> list[ItemChange]:
    """Every item of either experiment under every scorer that both have: won, tied, lost a pair, or unmatched."""
    return [
        change
        for old, new in _pairs(baseline, candidate)
        for change in _changes(old, new, declared(directions or {}, new.name, "higher"))
    ]


def _family(compared: Sequence[Sequence[ComparisonRow]]) -> str | None:
    """The correction, by the tests that were made; None where there was one only."""
    tests = sum(row.p is not None for rows in compared for row in rows)
    if tests < 2:
        return None
    if len(compared) == 1:
        return f"Holm, {tests} scorers"
    return f"Holm, {tests} tests ({len(compared)} candidates)"


def _run_values(old: SummaryRow, new: SummaryRow) -> ComparisonRow:
    known = old.mean is not None and new.mean is not None
    reason = "a score of the whole run is one number per run: shown, not tested"
    return ComparisonRow(
        scorer=new.scorer,
        dtype=new.dtype,
        direction=new.direction,
        n_paired=0,
        n_lost=0,
        n_unmatched=0,
        wins=0,
        ties=0,
        losses=0,
        baseline_mean=old.mean,
        mean=new.mean,
        difference=new.mean - old.mean if old.mean is not None and new.mean is not None else None,
        confidence=new.confidence,
        verdict=f"{'Not tested' if known else 'Cannot be told'}: {reason}.",
        reason=reason,
        level="run",
    )


def overall_verdict(rows: Sequence[ComparisonRow]) -> str:
    """The comparison in one line: the scorers' names under what became of them."""
    if not rows:
        return "The experiments have no scorer in common: nothing can be compared."
    words: dict[Outcome, str] = {
        "improved": "improved",
        "regressed": "regressed",
        "unclear": "no clear difference",
        "undecided": "cannot be told",
    }
    of_items = [row for row in rows if row.level == "item"]
    named = {
        what: ", ".join(row.scorer for row in of_items if row.outcome == outcome) for outcome, what in words.items()
    }
    named["not tested"] = ", ".join(row.scorer for row in rows if row.level == "run")
    return "; ".join(f"{what}: {names}" for what, names in named.items() if names)


def _pairs(baseline: Iterable[Row], candidate: Iterable[Row]) -> list[tuple[ScorerCells, ScorerCells]]:
    old = {column.name: column for column in scorer_cells(baseline)}
    return [(old[column.name], column) for column in scorer_cells(candidate) if column.name in old]


def _compare(
    old: ScorerCells, new: ScorerCells, direction: Direction, confidence: float, max_lost: float, seed: int
) -> ComparisonRow:
    changes = _changes(old, new, direction)
    counted = {
        kind: sum(change.change == kind for change in changes) for kind in ("win", "tie", "loss", "lost", "unmatched")
    }
    labels = "category" in (old.dtype, new.dtype)
    old_means, new_means = ({}, {}) if labels else (old.item_means(), new.item_means())
    items = [item for item in new_means if item in old_means]
    n_paired = len(items) or counted["win"] + counted["tie"] + counted["loss"]
    row = ComparisonRow(
        scorer=new.name,
        dtype=new.dtype if new.dtype == old.dtype else ("category" if labels else "number"),
        direction=direction,
        n_paired=n_paired,
        n_lost=counted["lost"],
        n_unmatched=counted["unmatched"],
        baseline_mean=sum(old_means[item] for item in items) / len(items) if items else None,
        mean=sum(new_means[item] for item in items) / len(items) if items else None,
        confidence=confidence,
        wins=counted["win"],
        ties=counted["tie"],
        losses=counted["loss"],
    )
    if labels:
        changed = sum(c.baseline != c.candidate for c in changes if c.change == "tie")
        return replace(row, reason=f"labels have no order; {changed} of {n_paired} changed")
    if not items:
        return replace(row, reason="no item was scored in both experiments")
    differences = [new_means[item] - old_means[item] for item in items]
    row = replace(row, difference=sum(differences) / len(differences))
    lost_share = row.n_lost / (row.n_lost + n_paired)
    if lost_share > max_lost:
        return replace(
            row,
            reason=f"{row.n_lost} of {row.n_lost + n_paired} common items were not scored in both, more than "
            f"{max_lost:.0%}: those that are left may be the easy ones (to compare all the same: "
            f"max_lost={math.ceil(lost_share * 100) / 100})",
        )
    tested = paired_difference(
        differences,
        binary=old.binary and new.binary and old.scored_once and new.scored_once,
        clusters=cluster_labels({**old.clusters(), **new.clusters()}, items),
        confidence=confidence,
        seed=(seed + zlib.crc32(new.name.encode())) % 2**32,
    )
    return _tested(row, tested)


def _tested(row: ComparisonRow, tested: Difference) -> ComparisonRow:
    found = detectable_effect(tested.stderr, confidence=row.confidence)
    needed = math.ceil(row.n_paired * (found / tested.value) ** 2) if found and tested.value else None
    return replace(
        row,
        difference=tested.value,
        ci_low=tested.low,
        ci_high=tested.high,
        p=tested.p,
        method=tested.method,
        detectable_effect=found,
        items_needed=needed,
        reason=tested.reason,
    )


def _changes(old: ScorerCells, new: ScorerCells, direction: Direction) -> list[ItemChange]:
    """One change per item of either experiment; items to which the scorer applied in neither are left out."""
    labels = "category" in (old.dtype, new.dtype)
    before, after = (_labels(old), _labels(new)) if labels else (old.item_means(), new.item_means())
    items = {
        side: dict.fromkeys(cell.item_id for cell in column.cells) for side, column in (("old", old), ("new", new))
    }
    silent = _silent(old) & _silent(new)
    sign = 1 if direction == "higher" else -1
    changes = []
    for item in {**items["new"], **items["old"]}:
        if item in silent:
            continue
        was, now = before.get(item), after.get(item)
        change: Change
        if item not in items["old"] or item not in items["new"]:
            change = "unmatched"
        elif was is None or now is None:
            change = "lost"
        elif isinstance(was, str) or isinstance(now, str) or was == now:
            change = "tie"
        else:
            change = "win" if (now - was) * sign > 0 else "loss"
        changes.append(ItemChange(scorer=new.name, item_id=item, baseline=was, candidate=now, change=change))
    return changes


def _labels(column: ScorerCells) -> dict[str, float | str]:
    """The label of every item; of repeats that disagree, all of them in order."""
    found: dict[str, list[str]] = {}
    for cell in column.cells:
        if cell.outcome == "scored":
            found.setdefault(cell.item_id, []).append(str(cell.value))
    return {item: " | ".join(dict.fromkeys(labels)) for item, labels in found.items()}


def _silent(column: ScorerCells) -> set[str]:
    """Items to which the scorer did not apply, in any repeat."""
    spoken = {cell.item_id for cell in column.cells if cell.outcome != "not_applicable"}
    return {cell.item_id for cell in column.cells} - spoken


def _with_verdict(row: ComparisonRow) -> ComparisonRow:
    if row.p_corrected is None or row.difference is None or row.ci_low is None:
        return replace(row, outcome="undecided", verdict=f"Cannot be told: {row.reason}.")
    if row.p_corrected <= 1 - row.confidence:
        better = (row.difference > 0) == (row.direction == "higher")
        word: Outcome = "improved" if better else "regressed"
        return replace(row, outcome=word, verdict=f"{word.capitalize()} by {abs(row.difference):.3g}{_interval(row)}.")
    return replace(row, outcome="unclear", verdict=f"No clear difference{_interval(row)}{_how_much_would_do(row)}.")


def _interval(row: ComparisonRow) -> str:
    if row.ci_low is None or row.ci_high is None:
        return ""
    return f" ({row.confidence * 100:g} % interval of the difference {row.ci_low:+.3g} to {row.ci_high:+.3g})"


def _how_much_would_do(row: ComparisonRow) -> str:
    """Why the test saw nothing, and what would let it see."""
    if row.reason:
        return f": {row.reason}"
    if row.p is not None and row.p <= 1 - row.confidence:
        return f": alone it would count (p {row.p:.2g}), among {row.correction} it does not"
    if row.detectable_effect is None or row.difference is None:
        return ""
    seen = f": {row.n_paired} items show differences from {row.detectable_effect:.2g} on"
    if row.items_needed is None:
        return seen
    return f"{seen}; to tell one of {abs(row.difference):.2g}, about {row.items_needed:,} are needed"
