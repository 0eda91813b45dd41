"""Scorers of a whole run: called once, after the rows, with those whose task succeeded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from assay.evaluation.data.dataset import Item
from assay.evaluation.prepared_scorers import PreparedScorer
from assay.evaluation.scorers.protocol import RunRow
from assay.evaluation.scoring import Judged, call_scorer
from assay.evaluation.summary import KINDS, SummaryRow
from assay.evaluation.threads import Threads

CONFIDENCE = 0.95
MOST_RESAMPLES = 1_000
FEWEST_RESAMPLES = 200
RESAMPLED_ROWS = 2_000_000  # in all, roughly: the number of resamples falls as the number of rows grows

Row = Mapping[str, Any]


async def score_run(
    scorers: Sequence[PreparedScorer], rows: Sequence[Row], items: Mapping[str, Item], *, threads: Threads, seed: int
) -> list[SummaryRow]:
    """One summary row for each value that the scorers give, in their order. A scorer that fails has one that says why.

    Args:
        rows: of the run, as they are stored, in the order of the data.
        items: of the data, by id.
        seed: of the run; each scorer's resamples have one of their own, made of it and of the scorer's name.
    """
    if not scorers:
        return []
    seen = [run_row(row, items) for row in rows if row["status"] == "ok" and row["item_id"] in items]
    found: list[SummaryRow] = []
    for scorer in scorers:
        given = [row for row in seen if row.expected is not None] if scorer.needs_expected else seen
        judged = await call_scorer(scorer, threads, None, given)
        intervals = await _intervals(scorer, given, judged, threads, seed) if scorer.bootstrap else {}
        failed = sum(row["status"] != "ok" for row in rows)
        found += [_summary_row(scorer, score, given, len(rows), failed, intervals) for score in judged.scores]
    return found


def run_row(row: Row, items: Mapping[str, Item]) -> RunRow:
    item = items[row["item_id"]]
    return RunRow(
        item_id=row["item_id"],
        repeat=row["repeat"],
        input=item.input,
        output=row["output"],
        expected=item.expected,
        metadata=item.metadata,
        cluster=item.cluster,
        trace_id=row["trace_id"],
        scores={score["name"]: score["value"] for score in row["scores"] if score["value"] is not None},
    )


def derived_seed(seed: int, name: str) -> int:
    """A seed for one metric of a run: the same run draws the same numbers for it, whichever other metrics there are."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


async def _intervals(
    scorer: PreparedScorer, rows: Sequence[RunRow], judged: Judged, threads: Threads, seed: int
) -> dict[str, dict[str, Any]]:
    """Percentile intervals by score name, of the scorer's values on resampled items (clusters, where all have one).

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    import numpy as np

    named = all(row.cluster is not None for row in rows)
    units: dict[str, list[RunRow]] = {}
    for row in rows:
        units.setdefault(str(row.cluster) if named else row.item_id, []).append(row)
    numbers = [score["name"] for score in judged.scores if isinstance(score["value"], int | float)]
    if len(units) < 2 or not numbers:
        return {}
    groups = list(units.values())
    resamples = min(MOST_RESAMPLES, max(FEWEST_RESAMPLES, RESAMPLED_ROWS // len(rows)))
    random = np.random.default_rng(derived_seed(seed, scorer.name))
    drawn: dict[str, list[float]] = {name: [] for name in numbers}
    for _ in range(resamples):
        sample = [row for index in random.integers(len(groups), size=len(groups)) for row in groups[index]]
        for score in (await call_scorer(scorer, threads, None, sample)).scores:
            if score["name"] in drawn and isinstance(score["value"], int | float):
                drawn[score["name"]].append(float(score["value"]))
    method = f"percentile bootstrap over {len(groups)} {'clusters' if named else 'items'}, {resamples} resamples"
    found = {}
    for name, values in drawn.items():
        if len(values) >= resamples * CONFIDENCE:  # undefined on many resamples: no interval of the others
            low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
            found[name] = {"low": float(low), "high": float(high), "method": method}
    return found


def _summary_row(
    scorer: PreparedScorer,
    score: Mapping[str, Any],
    seen: Sequence[RunRow],
    n_rows: int,
    failed: int,
    intervals: Mapping[str, Mapping[str, Any]],
) -> SummaryRow:
    status, value, metadata = score["status"], score["value"], score["metadata"] or {}
    number = float(value) if isinstance(value, int | float) else None
    interval = metadata.get("interval") or intervals.get(score["name"]) or {}
    said = {outcome: len(seen) if status == outcome else 0 for outcome in ("scored", "scorer_error", "invalid")}
    return SummaryRow(
        scorer=score["name"],
        kind=KINDS.get(score["source"], "code"),
        dtype="bool" if isinstance(value, bool) else "category" if isinstance(value, str) else "number",
        direction=scorer.direction,
        n=len({row.item_id for row in seen}) if status == "scored" else 0,
        n_rows=n_rows,
        n_scored=said["scored"],
        failed=failed + said["scorer_error"] + said["invalid"],
        n_task_error=failed,
        n_scorer_error=said["scorer_error"],
        n_invalid=said["invalid"],
        n_na=n_rows - failed - sum(said.values()),
        mean=number,
        ci_low=interval.get("low"),
        ci_high=interval.get("high"),
        confidence=CONFIDENCE,
        method=interval.get("method"),
        stderr=None,
        sd=None,
        bound_low=None,
        bound_high=None,
        counts={value: 1} if isinstance(value, str) else {},
        reason=score["error"] or score["explanation"],
        level="run",
        artifact=metadata.get("artifact"),
    )
