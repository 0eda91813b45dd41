"""From what the child says of a trace to rows of scores and to what is written down of it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from assay.collector.registry.online_work import FAILED, NOT_APPLICABLE, SCORED, Outcome
from assay.collector.values import to_json

RETRY_AFTER_S = (30, 120, 600, 3600)  # and then it has failed
ID_CHARS = 32

Scorer = Mapping[str, Any]


def score_id(scorer: Scorer, trace_id: str) -> str:
    """How the ids of a scorer version's scores of a trace begin: the same each time it is asked."""
    text = f"online/{scorer['id']}/{scorer['version']}/{trace_id}"
    return hashlib.sha256(text.encode()).hexdigest()[:ID_CHARS]


def score_rows(scorer: Scorer, trace_id: str, scores: Sequence[Mapping[str, Any]], at_ns: int) -> list[dict[str, Any]]:
    """Rows of score_log: values, and failures with their reason. What has neither is not applicable, and no row."""
    kept = [score for score in scores if score["value"] is not None or score["error"]]
    return [_row(scorer, trace_id, score, number, at_ns) for number, score in enumerate(kept)]


def _row(scorer: Scorer, trace_id: str, score: Mapping[str, Any], number: int, at_ns: int) -> dict[str, Any]:
    metadata = {
        **(score["metadata"] or {}),
        "online_scorer": scorer["name"],
        "online_scorer_version": scorer["version"],
    }
    return {
        "id": f"{score_id(scorer, trace_id)}-{number}",
        "project": scorer["project"],
        "name": score["name"],
        "value": None if score["value"] is None else to_json(score["value"]),
        "explanation": score["explanation"],
        "source": score["source"],
        "author": f"online:{scorer['name']}",
        "trace_id": trace_id,
        "span_id": None,
        "session_id": None,
        "experiment_id": None,
        "item_id": None,
        "repeat": None,
        "status": "scored" if score["value"] is not None else "scorer_error",
        "error": score["error"],
        "metadata": to_json(metadata),
        "created_at": at_ns,
    }


def outcome_of(scorer: Scorer, trace_id: str, scores: Sequence[Mapping[str, Any]], *, attempts: int = 0) -> Outcome:
    """What became of a trace that was judged, well or badly, and what the calls cost.

    Args:
        attempts: before this one, each of which was noted with what it cost.
    """
    errors = [score["error"] for score in scores if score["error"]]
    values = [score for score in scores if score["value"] is not None]
    asked = [metadata for score in scores if (metadata := score["metadata"] or {}).get("calls")]
    paid = asked[:1] if len({metadata.get("trace_id") for metadata in asked}) == 1 else asked  # of one question, once
    return Outcome(
        trace_id=trace_id,
        state=SCORED if values else FAILED if errors else NOT_APPLICABLE,
        version=scorer["version"],
        error=errors[0] if errors else None,
        **_spent(paid, attempts),
    )


def outcome_of_outage(
    scorer: Scorer, trace_id: str, why: str, *, attempts: int, now: datetime, spent: Mapping[str, Any] | None = None
) -> Outcome:
    """What becomes of a trace that could not be judged now: it is tried again, until that has been done enough.

    Args:
        attempts: before this one.
        spent: metadata of the calls that were answered all the same.
    """
    retry_at = now + timedelta(seconds=RETRY_AFTER_S[attempts]) if attempts < len(RETRY_AFTER_S) else None
    paid = [spent] if spent and spent.get("calls") else []
    return Outcome(
        trace_id=trace_id,
        state=FAILED,
        version=scorer["version"],
        error=why,
        retry_at=retry_at,
        **_spent(paid, attempts),
    )


def _spent(paid: Sequence[Mapping[str, Any]], attempts: int) -> dict[str, Any]:
    """Each answer of a model once: with the attempt that asked for it, or, where that was never heard of, with the
    first that is.
    """
    calls, costs = 0, list[float | None]()
    for metadata in paid:
        kept = int(metadata.get("cached_calls") or 0)
        calls += int(metadata["calls"]) - (kept if attempts else 0)
        costs.append(metadata.get("cost_usd"))
        if kept and not attempts:
            costs.append(metadata.get("saved_usd"))
    return {
        "calls": calls,
        "cost_usd": sum(cost for cost in costs if cost is not None),
        "unpriced": sum(cost is None for cost in costs),
    }


def failed_score(scorer: Scorer, why: str) -> dict[str, Any]:
    """What stands on a trace that was given up: no value, and the reason."""
    return {
        "name": scorer["name"],
        "value": None,
        "explanation": None,
        "source": scorer["source"],
        "error": why,
        "metadata": {},
    }
