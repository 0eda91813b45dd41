"""Made-up prompts for the pages: versions, the moves of their aliases, what came of one."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from support.page_times import BASE_ID, OTHER_ID, PROJECT, moment

Row = dict[str, Any]
ANSWER = {"type": "object", "properties": {"answer": {"type": "string"}, "sources": {"type": "array"}}}
TONE_PROMPT = "team/tone of voice@production"
LOOK_UP = {"type": "function", "function": {"name": "order_status", "parameters": {"type": "object"}}}


def prompt_versions(name: str) -> list[Row]:
    """Three versions, newest first: text, then chat, then the chat changed, with all that a version can be."""
    system = "You are a support assistant. Answer in at most two sentences."
    chat = [
        {"role": "system", "content": system},
        {"role": "user", "content": "Articles:\n{{context}}\n\nQuestion: {{question}}"},
    ]
    changed = [
        {
            "role": "system",
            "content": system
            + " Answer only from the articles; when they do not hold the answer, say so.\n\n{{> "
            + TONE_PROMPT
            + "}}",
        },
        {"role": "placeholder", "content": "history"},
        {"role": "user", "content": "Articles:\n{{context}}\n\nQuestion from {{customer}}: {{question}}"},
    ]
    texts: list[tuple[Any, str, Row, list[str], list[str]]] = [
        (
            changed,
            "ground answers in the articles",
            {"model": "openai/gpt-4o-mini", "temperature": 0},
            ["context", "customer", "question"],
            ["challenger"],
        ),
        (
            chat,
            "shorter answers, articles in the user message",
            {"model": "openai/gpt-4o-mini", "temperature": 0.7},
            ["context", "question"],
            ["production"],
        ),
        ("Answer the question: {{question}}", "first version", {}, ["question"], []),
    ]
    return [
        {
            "project": PROJECT,
            "name": name,
            "version": 3 - index,
            "type": "text" if isinstance(template, str) else "chat",
            "template": template,
            "config": config,
            "tags": {"team": "docs"},
            "commit_message": message,
            "author": "mira",
            "created_at": moment(timedelta(days=-index)),
            "format": "simple",
            "response_format": ANSWER if index == 0 else None,
            "tools": [LOOK_UP] if index == 0 else None,
            "placeholders": ["history"] if index == 0 else [],
            "includes": [{"name": "team/tone of voice", "reference": TONE_PROMPT}] if index == 0 else [],
            "content_hash": f"{index + 1:064x}",
            "parent_version": 2 - index or None,
            "variables": variables,
            "aliases": aliases,
        }
        for index, (template, message, config, variables, aliases) in enumerate(texts)
    ]


def prompt_summary(versions: list[Row]) -> Row:
    newest = versions[0]
    return {
        "name": newest["name"],
        "latest_version": newest["version"],
        "aliases": {alias: version["version"] for version in versions for alias in version["aliases"]},
        "tags": newest["tags"],
        "created_at": versions[-1]["created_at"],
        "updated_at": newest["created_at"],
        "commit_message": newest["commit_message"],
    }


def alias_moves() -> list[Row]:
    """Newest first: production went to 2, back to 1, and to 2 again."""
    steps: list[tuple[str, int | None, int | None, float, str | None]] = [
        ("challenger", None, 3, 0.2, "try grounding on a tenth of the users"),
        ("production", 1, 2, 1, "won the A/B test qa-tone"),
        ("production", 2, 1, 20, "answers were cut short"),
        ("production", 1, 2, 21, "shorter answers"),
        ("beta", 1, None, 30, None),
        ("beta", None, 1, 40, "first tries"),
        ("production", None, 1, 41, "launch"),
    ]
    return [
        {
            "id": len(steps) - at,
            "alias": alias,
            "from_version": source,
            "to_version": target,
            "author": "mira" if at % 2 else "ops",
            "actor": "local",
            "reason": reason,
            "moved_at": moment(timedelta(days=-days)),
            "evidence": {"ab_test": "qa-tone", "explanation": "helpful +4.1 pp"} if at == 1 else None,
            "undoes": 4 if at == 2 else None,
        }
        for at, (alias, source, target, days, reason) in enumerate(steps)
    ]


def aliases() -> list[Row]:
    return [
        {
            "alias": "challenger",
            "version": 3,
            "updated_at": moment(timedelta(days=-0.2)),
            "protected": False,
            "gate": None,
        },
        {
            "alias": "production",
            "version": 2,
            "updated_at": moment(timedelta(days=-1)),
            "protected": True,
            "gate": "correctness >= baseline - 0.02",
        },
    ]


def unused(version: int) -> Row:
    """What is known of a version that nothing has used yet: nothing, and no zeros."""
    none = dict.fromkeys(("first", "last", "error_rate"))
    figures = ("latency_mean_ms", "latency_p50_ms", "latency_p95_ms", "cost_usd", "error_rate", "cost_usd_per_call")
    tokens = ("input_tokens_per_call", "output_tokens_per_call", "total_tokens_per_call")
    return {
        "project": PROJECT,
        "name": "qa",
        "version": version,
        "traces": {"count": 0, "in_experiments": 0, "error_count": 0, **none},
        "calls": {"count": 0, "error_count": 0, "priced_calls": 0, **dict.fromkeys((*figures, *tokens))},
        "scores": [],
        "experiments": [],
        "ab_tests": [],
        "aliases": [],
    }


def lineage(version: int) -> Row:
    nothing = unused(version)
    return {
        **nothing,
        "traces": {
            **nothing["traces"],
            "count": 1284,
            "in_experiments": 80,
            "first": moment(timedelta(days=-21)),
            "last": moment(timedelta(minutes=-4)),
            "error_count": 11,
            "error_rate": 11 / 1284,
        },
        "calls": {
            **nothing["calls"],
            "count": 1301,
            "error_count": 9,
            "error_rate": mean(1301, 9 / 1301, 0.0035, binary=True),
            "latency_mean_ms": 940.0,
            "latency_p50_ms": 812.0,
            "latency_p95_ms": 2140.0,
            "priced_calls": 1290,
            "cost_usd": 0.1419,
            "cost_usd_per_call": mean(1290, 0.00011, 0.000006),
            "input_tokens_per_call": 468.2,
            "output_tokens_per_call": 61.4,
            "total_tokens_per_call": 529.6,
        },
        "scores": [score_over_time("helpful", 0.78, 0.9, binary=True), score_over_time("stars", 3.9, 5.0), TONE],
        "experiments": [experiment_in_short(OTHER_ID, "qa-v3-grounded"), experiment_in_short(BASE_ID, "qa-v2")],
        "ab_tests": [
            {"name": "qa-tone", "arm": "short", "traces": 640, "first": moment(timedelta(days=-14)), "last": moment()},
            {"name": "qa-skewed", "arm": "control", "traces": 0, "first": None, "last": None},
        ],
        "aliases": [
            stay("production", 1, None, "won the A/B test qa-tone"),
            stay("production", 21, 20, "shorter answers", next_version=1, end_reason="answers were cut short"),
        ],
    }


def stay(alias: str, since: float, until: float | None, reason: str, **fields: Any) -> Row:
    none = dict.fromkeys(("next_version", "ended_by", "end_reason"))
    to = None if until is None else moment(timedelta(days=-until))
    return {"alias": alias, "from": moment(timedelta(days=-since)), "to": to, "moved_by": "mira", "reason": reason, **none, **fields}  # fmt: skip  # noqa: E501


def mean(n: int, value: float, half: float, *, binary: bool = False) -> Row:
    method = "Wilson, 402 clusters" if binary else "t, 402 clusters"
    ends = {"low": value - half, "high": value + half}
    return {"n": n, "mean": value, **ends, "binary": binary, "method": method, "reason": None}


def score_over_time(name: str, value: float, most: float, *, binary: bool = False) -> Row:
    size = 0.1 * value
    days = [
        {"time": moment(timedelta(days=day - 20)), **mean(30 + day, value + size * math.sin(day), size, binary=binary)}
        for day in range(0, 20, 2)
    ]
    whole = mean(880, value, size / 4, binary=binary)
    return {"name": name, **whole, "failed": 3 if binary else 0, "labels": {}, "bucket": "1d", "over_time": days}


TONE = {
    "name": "tone",
    "n": 0,
    **dict.fromkeys(("mean", "low", "high", "binary", "method", "reason")),
    "failed": 0,
    "labels": {"warm": 61, "neutral": 12},
    "bucket": "1d",
    "over_time": [],
}


def experiment_in_short(identity: str, name: str) -> Row:
    summary = {"scorer": "correctness", "mean": 0.82, "ci_low": 0.68, "ci_high": 0.91, "n": 40, "failed": 1}
    dataset = {"name": "support-qa", "version": 1, "hash": "c" * 64, "item_count": 40}
    return {
        "id": identity,
        "name": name,
        "status": "completed",
        "stalled": False,
        "dataset": dataset,
        "baseline_id": None,
        "summary": [summary],
        "created_at": moment(timedelta(hours=-3)),
        "finished_at": moment(timedelta(hours=-2)),
        "traces": 40,
    }
