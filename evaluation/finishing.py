"""The end of a run: the last rows stored, scorers of the whole run, the summary, the record, the comparison."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from assay.errors import AssayError
from assay.evaluation.journal import Row
from assay.evaluation.report import counted
from assay.evaluation.result import EvaluationResult, summarised
from assay.evaluation.run import Run, RunStatus
from assay.evaluation.run_scorers import score_run
from assay.evaluation.summary import SummaryRow
from assay.tracing import flush


async def finish(run: Run) -> EvaluationResult:
    """Store the rest and the summary, compare, and tell. Whatever fails here, the rows are kept and the caller is
    told.
    """
    try:
        rows = [run.rows[position] for position in sorted(run.rows)]
        of_the_run = [scorer for scorer in run.scorers if scorer.level == "run"]
        items = {item.id: item for item in run.dataset.items}
        summary = await score_run(of_the_run, rows, items, threads=run.runner.threads, seed=run.options.seed)
        return await asyncio.to_thread(_store, run, rows, summary)
    finally:
        run.runner.threads.close()


def _store(run: Run, rows: Sequence[Row], of_the_run: Sequence[SummaryRow]) -> EvaluationResult:
    assert run.store is not None
    with ThreadPoolExecutor(2, thread_name_prefix="assay-finish") as beside:  # the last rows and spans are sent
        stored, _ = beside.submit(run.store.close), beside.submit(flush)  # while all of them are summed up
        status = run.stopped[0] if run.stopped else _status(rows, of_the_run)
        summary = [*summarised(rows, run.body["scorers"]), *of_the_run]
    stored.result()
    result = EvaluationResult(
        id=run.id,
        name=run.name,
        status=status,
        experiment=run.body,
        records=rows,
        summary_rows=summary,
        planned=run.planned,
        problems=list(_problems(run, rows)),
        cost_usd=run.ledger.cost_usd or None,
        client=run.client,
    )
    _store_end(run, result)
    run.journal.close(stored=not run.store.unstored)
    if run.baseline is not None:
        result.compare_with_baseline(run.baseline)
    run.progress.stop(result.headline())
    return result


def _status(rows: Sequence[Row], of_the_run: Sequence[SummaryRow]) -> RunStatus:
    wrong = ("scorer_error", "invalid")
    clean = all(row["status"] == "ok" and not any(s["status"] in wrong for s in row["scores"]) for row in rows)
    clean = clean and not any(row.n_scorer_error or row.n_invalid for row in of_the_run)
    return "completed" if clean else "completed_with_errors"


def _problems(run: Run, rows: Sequence[Row]) -> list[str]:
    """What a reader must know beside the figures."""
    problems = []
    if run.stopped:
        ran = sum(row["status"] not in ("skipped_budget", "cancelled") for row in rows)
        problems.append(f"{ran} of {counted(run.planned, 'row')} ran: {run.stopped[1]}.")
    if run.store is not None and run.store.unstored:
        problems.append(
            f"Rows that could not be stored and are only in this result: {len(run.store.unstored)}. "
            f"{run.store.unstored[0][1]}"
        )
    if run.unplanned:
        problems.append(f"Rows of items that the data no longer hold: {run.unplanned}. They are stored, not counted.")
    if run.journal.problem:
        problems.append(run.journal.problem)
    said = [scorer.get("prepared") or {} for scorer in run.body["scorers"]]
    return [*problems, *(str(prepared["problem"]) for prepared in said if prepared.get("problem"))]


def _store_end(run: Run, result: EvaluationResult) -> None:
    config = {**run.body["config"], "used": used_by(run, result)}
    run.body["config"] = config
    body: dict[str, Any] = {
        "status": result.status,
        "summary": [row.to_dict() for row in result.summary_rows],
        "config": config,
        "finished_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    if result.status in ("failed", "failed_infrastructure") and run.stopped:
        body["error"] = run.stopped[1]
    try:
        run.client.put(f"/experiments/{run.id}", body)
    except AssayError as error:
        result.problems.append(f"The experiment's summary could not be stored: {error}")


def used_by(run: Run, result: EvaluationResult) -> dict[str, Any]:
    """What the run met and used, as its record says it beside what it was asked to do."""
    return {
        **run.ledger.record(),
        "answers": {"reused": run.answers.hits, "asked": run.answers.misses},
        "estimated_cost_usd": run.estimated_cost_usd,
        "rows_planned": run.planned,
        "rows_run": len(result.records),
        "rows_by_status": dict(Counter(row["status"] for row in result.records)),
        "scores_by_status": dict(Counter(score["status"] for row in result.records for score in row["scores"])),
        "problems": result.problems,
    }
