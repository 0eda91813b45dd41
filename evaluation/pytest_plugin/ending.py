"""The end of a run of pytest: rows become experiments, which are summed up, compared and gated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assay.client import Client, current_client
from assay.errors import AssayError, ConfigurationError
from assay.evaluation.ci.verdict import Verdict, judged
from assay.evaluation.experiment import SCHEMA_VERSION, process_state
from assay.evaluation.gate import parse_gate
from assay.evaluation.pytest_plugin.rows import PASS_SCORER
from assay.evaluation.redacted_rows import redacted_row
from assay.evaluation.result import EvaluationResult, find_baseline, summarised
from assay.tracing import flush

EXIT_PASSED, EXIT_FAILED, EXIT_NOT_ENOUGH_EVIDENCE, EXIT_BROKEN = 0, 1, 2, 3
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int  # of the gate
    told: list[str]  # for the terminal


def end_run(rows: Sequence[Mapping[str, Any]], *, gate: str | None, alpha: float, baseline: str | None) -> Ended:
    """Make the experiments, decide the gate on each, and say what came of them. Never raises for want of a collector:
    then nothing is kept, and the gate is decided all the same.
    """
    told: list[str] = []
    verdicts: list[Verdict] = []
    problem: str | None = None
    flush()
    for of_one in _by_experiment(rows):
        result, kept = _result(of_one)
        told.append(str(result))
        if kept is not None:
            told.append(f"It could not be kept: {kept}")
        try:
            other = find_baseline(baseline, result.name, result.client, before=result.id) if baseline else None
            comparison = result.compare(other) if other is not None else None
            if comparison is not None:
                told.append(str(comparison))
            verdicts.append(judged(result, gate=bounds(gate), alpha=alpha, comparison=comparison))
        except AssayError as error:
            problem = problem or str(error)
    if problem is not None:
        told.append(f"The gate cannot be decided: {problem}" if gate else problem)
    told += [f"{verdict.result.name}: {verdict.words} {verdict.gate}" for verdict in verdicts if verdict.gate]
    if gate and not rows:
        told.append("The gate lacks evidence: no test of a data set has run.")
    return Ended(_exit_code(rows, verdicts, problem) if gate else EXIT_PASSED, told)


def _exit_code(rows: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict], problem: str | None) -> int:
    """The worst that can be said: it fails, tests broke, nobody can tell."""
    said = [verdict.gate.verdict for verdict in verdicts if verdict.gate]
    if "failed" in said:
        return EXIT_FAILED
    if problem is not None or any(row["row"]["status"] == "task_error" for row in rows):
        return EXIT_BROKEN
    return EXIT_PASSED if said and all(each == "passed" for each in said) else EXIT_NOT_ENOUGH_EVIDENCE


def _by_experiment(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["experiment_id"], []).append(row)
    return list(groups.values())


def _result(of_one: Sequence[Mapping[str, Any]]) -> tuple[EvaluationResult, str | None]:
    """The experiment of these rows, kept by the collector; else why it was not."""
    rows = sorted((each["row"] for each in of_one), key=lambda row: row["repeat"])
    repeats = 1 + max(row["repeat"] for row in rows)
    scorers = {scorer["name"]: scorer for each in of_one for scorer in each["scorers"]}
    body = {
        "id": of_one[0]["experiment_id"],
        "name": of_one[0]["experiment_name"],
        "dataset": {"name": None, "version": None, "hash": None, "item_count": len({row["item_id"] for row in rows})},
        "scorers": [*scorers.values(), PASS_SCORER],
        "config": {"schema_version": SCHEMA_VERSION, **process_state()},
        "baseline_id": None,
        "tags": {"runner": "pytest"},
        "repeats": repeats,
        "seed": 0,
    }
    clean = all(row["status"] == "ok" for row in rows)
    result = EvaluationResult(
        id=body["id"],
        name=body["name"],
        status="completed" if clean else "completed_with_errors",
        experiment=body,
        records=rows,
        summary_rows=summarised(rows, body["scorers"]),
        planned=len(rows),
        cost_usd=sum(row["cost_usd"] or 0.0 for row in rows) or None,
        client=current_client(),
    )
    try:
        _keep(result, result.client)
    except AssayError as error:
        return result, str(error)
    return result, None


def _keep(result: EvaluationResult, client: Client) -> None:
    client.post("/experiments", dict(result.experiment))
    rows = [redacted_row(dict(row)) for row in result.records]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        client.post(f"/experiments/{result.id}/rows", {"rows": rows[start : start + ROWS_AT_ONCE]})
    client.put(
        f"/experiments/{result.id}",
        {
            "status": result.status,
            "summary": [row.to_dict() for row in result.summary_rows],
            "finished_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        },
    )


def bounds(gate: str | None) -> str | None:
    """A gate with `.lower` and `.upper` written out, which is what gates go by anyway: pass_rate.lower >= 0.9."""
    if gate is None:
        return None
    said = []
    for condition in parse_gate(gate):
        name, dot, end = condition.scorer.rpartition(".")
        if dot and end in ("lower", "upper"):
            if (end == "lower") is not (condition.operator in (">=", ">")):
                raise ConfigurationError(
                    f"{condition} asks for the wrong end of the interval.", hint="Write name.lower >= or name.upper <=."
                )
            said.append(str(condition).replace(condition.scorer, name, 1))
        else:
            said.append(str(condition))
    return " and ".join(said)
