"""One figure as one line of text, with everything that it must not be read without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.evaluation.report import number
from assay.evaluation.summary import SummaryRow


def figure_line(row: SummaryRow, *, judge: str | None = None, aligned: str | None = None) -> str:
    """Value, interval and method; how many rows stand behind it and what became of the others; repeats; the judge.

        judge: correctness 0.860 [0.778, 0.918] 95 % Wilson, clustered (41 clusters), n=96 of 100 rows (3 task errors,
        1 judge error; bounds 0.826-0.866), K=3 repeats, within-row sd 0.210, judge m@judges/correctness v4 (human ...)

    Args:
        judge: model and prompt, where a model judged.
        aligned: how well the judge agrees with people, and the corrected figure.
    """
    name = f"judge: {row.scorer}" if row.kind == "judge" else row.scorer
    parts = [f"{name} {_value(row)}", *_size(row), *_repeats(row)]
    if judge:
        parts.append(f"judge {judge}" + (f" ({aligned})" if aligned else ""))
    elif aligned:
        parts.append(aligned)
    return ", ".join(parts)


def judge_name(scorer: Mapping[str, Any]) -> str | None:
    """Model and prompt of a judge, as its experiment recorded them; None of other scorers."""
    if scorer.get("source") != "llm":
        return None
    model = (scorer.get("parameters") or {}).get("model")
    prepared = scorer.get("prepared") or {}
    prompt = prepared.get("prompt")
    told = f"{prompt} v{prepared['version']}" if prompt and prepared.get("version") is not None else prompt
    return "@".join(str(each) for each in (model, told) if each) or None


def _value(row: SummaryRow) -> str:
    if row.counts:
        return ", ".join(f"{label} {count}" for label, count in row.counts.items())
    if row.mean is None:
        return f"unknown ({row.reason})"
    if row.ci_low is None or row.ci_high is None:
        return f"{number(row.mean)} without interval ({row.reason or 'none is known'})"
    interval = f"[{number(row.ci_low)}, {number(row.ci_high)}]"
    method = (row.method or "").removesuffix(f", {row.clusters} clusters")
    clustered = f", clustered ({row.clusters} clusters)" if row.clusters else ""
    return f"{number(row.mean)} {interval} {row.confidence * 100:g} % {method}{clustered}"


def _size(row: SummaryRow) -> list[str]:
    """The rows behind the figure, and what became of the others."""
    judge = "judge error" if row.kind == "judge" else "scorer error"
    failures = ((row.n_task_error, "task error"), (row.n_scorer_error, judge), (row.n_invalid, "invalid score"))
    lost = [f"{count} {what}{'' if count == 1 else 's'}" for count, what in failures if count]
    if row.n_na:
        lost.append(f"{row.n_na} not applicable")
    told = ", ".join(lost)
    if row.bound_low is not None and row.bound_high is not None:
        told += f"; bounds {number(row.bound_low)}-{number(row.bound_high)}"
    items = f"{row.n} items, " if row.n != row.n_scored else ""
    size = f"n={items}{row.n_scored} of {row.n_rows} rows"
    return [f"{size} ({told})" if told else size]


def _repeats(row: SummaryRow) -> list[str]:
    if row.repeats is None:
        return []
    spread = [] if row.within_sd is None else [f"within-row sd {number(row.within_sd)}"]
    return [f"K={row.repeats:.3g} repeats", *spread]
