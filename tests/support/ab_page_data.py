"""Made-up reports of A/B tests for the pages: one that may ship, one whose health forbids every figure, one stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from support.page_times import PROJECT, moment

Row = dict[str, Any]
ARMS = {
    "control": "prompts:/qa/1",
    "short": {"prompt": "prompts:/qa/2", "config": {"temperature": 0}},
    "plain": {"prompt": None, "config": {"model": "openai/gpt-4o-mini"}},
}
EVEN = {"control": 0.4, "short": 0.4, "plain": 0.2}
METRICS = {
    "scores.helpful": {"of": "scores.helpful", "kind": "auto", "low": 0.0, "high": 1.0, "higher_is_better": True},
    "cost_usd": {"of": "cost_usd", "kind": "capped", "low": 0.0, "high": 0.02, "higher_is_better": False},
    "latency_ms": {"of": "latency_ms", "kind": "capped", "low": 0.0, "high": 9000.0, "higher_is_better": False},
    "error_rate": {"of": "error_rate", "kind": "auto", "low": 0.0, "high": 1.0, "higher_is_better": False},
}

STOPPED = {"words": "Stopped on 2026-11-21; short was promoted. Known then: short may go to everybody."}


def ab_reports() -> dict[str, Row]:
    return {name: report(name) for name in ("qa-skewed", "qa-tone", "qa-welcome")}


def report(name: str) -> Row:
    is_blocked, is_stopped = name == "qa-skewed", name == "qa-welcome"
    test = ab_test(name, is_stopped=is_stopped)
    counts = (612, 1240, 320) if is_blocked else (1204, 1198, 601)
    return {
        "at": moment(),
        "status": test["status"],
        "health": health(is_blocked),
        "arms": [
            {"arm": arm, "weight": EVEN[arm], "units": units, "closed": units - 30, "metrics": arm_metrics(arm, units)}
            for arm, units in zip(ARMS, counts, strict=True)
        ],
        "effects": [] if is_blocked else effects(),
        "decision": decision(is_blocked) | (STOPPED if is_stopped else {}),
        "counts": {"units": sum(counts), "crossovers": 2, "open": 90, "closed": sum(counts) - 90},
        "data_hash": "d" * 64,
        "test": test,
        "phases": [
            {
                "phase": 1,
                "weights": {"control": 0.8, "short": 0.1, "plain": 0.1},
                "coverage": 0.1,
                "started_at": moment(timedelta(days=-14)),
            },
            {"phase": 2, "weights": EVEN, "coverage": 0.5, "started_at": moment(timedelta(days=-9))},
        ],
        "decisions": decisions(is_stopped),
        "prompts": {
            "control": {"uri": "prompts:/qa/1", "name": "qa", "version": 1},
            "short": {"uri": "prompts:/qa/2", "name": "qa", "version": 2},
            "plain": None,
        },
    }


def ab_test(name: str, *, is_stopped: bool) -> Row:
    return {
        "project": PROJECT,
        "name": name,
        "description": "Shorter answers: are they as helpful, and how much cheaper?",
        "arms": ARMS,
        "baseline": "control",
        "weights": EVEN,
        "coverage": 0.5,
        "phase": 2,
        "salt": "5f2a9c",
        "unit": "user_id",
        "primary": "scores.helpful",
        "metrics": METRICS,
        "guardrails": {"cost_usd": "<= +10%", "error_rate": "<= +1pp"},
        "alpha": 0.05,
        "min_units": 100,
        "min_days": 7.0,
        "window_hours": 24.0,
        "ends_at": moment(timedelta(days=14)),
        "author": "mira",
        "status": "stopped" if is_stopped else "running",
        "promoted": "short" if is_stopped else None,
        "created_at": moment(timedelta(days=-14)),
        "updated_at": moment(timedelta(days=-1)),
        "stopped_at": moment(timedelta(days=-1)) if is_stopped else None,
    }


def health(is_blocked: bool) -> Row:
    ratio: Row = {
        "name": "sample_ratio",
        "state": "ok",
        "figure": 0.41,
        "words": "The arms have as many units as their weights say.",
    }
    if is_blocked:
        words = "short has 1,240 of 2,172 units where 869 were expected: units are lost or assigned wrongly."
        ratio = {"name": "sample_ratio", "state": "failed", "figure": 8.1e21, "words": words}
    checks = [
        ratio,
        {
            "name": "crossovers",
            "state": "warn",
            "figure": 0.0007,
            "words": "2 units were seen in two arms and are left out.",
        },
        {
            "name": "missing_outcomes",
            "state": "ok",
            "figure": 0.02,
            "words": "Outcomes are missing as often in every arm.",
        },
    ]
    return {"verdict": "blocked" if is_blocked else "ok", "checks": checks}


def arm_metrics(arm: str, units: int) -> Row:
    factor = {"control": 1.0, "short": 1.06, "plain": 0.97}[arm]
    figures = {
        "scores.helpful": (0.712 * factor, 0.03),
        "cost_usd": (0.0031 / factor, 0.0002),
        "latency_ms": (1850.0 / factor, 90.0),
        "error_rate": (0.004, None),
    }
    return {
        name: {
            "n": units - 40,
            "value": value,
            "low": None if half is None else value - half,
            "high": None if half is None else value + half,
            "missing": 10,
            "method": "confidence sequence",
            "reason": "too few failures to bound" if half is None else None,
        }
        for name, (value, half) in figures.items()
    }


def effects() -> list[Row]:
    rows: list[tuple[str, str, str, str, tuple[float | None, float | None, float | None], float | None, str, str]] = [
        (
            "scores.helpful",
            "primary",
            "short",
            "absolute",
            (0.043, 0.009, 0.077),
            0.008,
            "better",
            "short is more helpful.",
        ),
        (
            "scores.helpful",
            "primary",
            "plain",
            "absolute",
            (-0.021, -0.07, 0.028),
            0.62,
            "no verdict yet",
            "About 2,400 more units would tell.",
        ),
        (
            "cost_usd",
            "guardrail",
            "short",
            "relative",
            (-0.061, -0.12, -0.004),
            0.03,
            "held",
            "Costs no more than 10 % more.",
        ),
        ("cost_usd", "guardrail", "plain", "relative", (0.16, 0.11, 0.21), 0.001, "violated", "Costs over 10 % more."),
        (
            "error_rate",
            "guardrail",
            "short",
            "absolute",
            (0.0, None, None),
            None,
            "no verdict yet",
            "No call has failed in either arm.",
        ),
        (
            "error_rate",
            "guardrail",
            "plain",
            "absolute",
            (0.001, -0.006, 0.008),
            0.8,
            "held",
            "Fails no more than 1 point more.",
        ),
        (
            "latency_ms",
            "exploratory",
            "short",
            "absolute",
            (-104.0, -260.0, 52.0),
            0.2,
            "no verdict yet",
            "Not known yet.",
        ),
    ]
    return [
        {
            "metric": metric,
            "role": role,
            "arm": arm,
            "baseline": "control",
            "scale": scale,
            "n": 2402,
            "difference": figures[0],
            "low": figures[1],
            "high": figures[2],
            "p_value": p,
            "alpha": 0.025,
            "family": "Holm over 2 arms",
            "method": "sequential multinomial test",
            "verdict": verdict,
            "words": words,
            "reason": "too few failures to bound" if figures[1] is None else None,
            "approximate": None,
        }
        for metric, role, arm, scale, figures, p, verdict, words in rows
    ]


def decision(is_blocked: bool) -> Row:
    if is_blocked:
        reasons = ["The sample ratio is not that of the weights."]
        return {"state": "blocked", "arm": None, "words": "No verdict: the comparison is not fair.", "reasons": reasons}
    reasons = ["short is better in scores.helpful", "every guardrail of short held", "14 days, 1,198 units"]
    return {"state": "ship", "arm": "short", "words": "short may go to everybody.", "reasons": reasons}


def decisions(is_stopped: bool) -> list[Row]:
    none = dict.fromkeys(("arm", "alias", "reason", "author", "data_hash", "report"))
    log: list[Row] = [
        {"at": moment(timedelta(days=-14)), "action": "start", **none, "author": "mira", "detail": {"weights": {"control": 0.8, "short": 0.1, "plain": 0.1}, "coverage": 0.1}},  # noqa: E501
        {"at": moment(timedelta(days=-10)), "action": "ramp", **none, "detail": {"from": 0.1, "to": 0.5}, "reason": "nothing broke"},  # noqa: E501
        {"at": moment(timedelta(days=-9)), "action": "weights", **none, "detail": {"from": {}, "to": EVEN, "phase": 2}},
    ]  # fmt: skip
    if is_stopped:
        known = {"decision": decision(False)}
        end = {**none, "arm": "short", "alias": "production", "reason": "it won", "data_hash": "d" * 64}
        log.append({"at": moment(timedelta(days=-1)), "action": "stop", "detail": {}, **end, "report": known})
    return log
