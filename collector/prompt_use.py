"""What one version of a prompt did in production and in experiments, summed up in the store.

A version's spans are those that name it: its model calls, and the spans around them in which it was filled in. Only
its model calls count as calls; of two, one directly below the other, only the inner one. What its traces were given
counts whole: a score of a trace says something of every prompt that was used in it. Scores that belong to an
experiment stand with the experiment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.collector.paging import fetch, iso_time
from assay.collector.store import SpanStore
from assay.collector.trace_sql import MODEL_KINDS
from assay.evaluation.statistics import interval_of_sums

DAY_NS = 86_400 * 10**9
DAYS_ONE_BY_ONE = 62  # a longer time is summed up by weeks
TOKENS = ("input_tokens", "output_tokens", "total_tokens")
MOST_SCORES = 50
MOST_ARMS = 100

# Whom repeated calls belong to: what one user gets is not independent
_CLUSTER = "coalesce(arg_min(p.user_id, p.start_time), arg_min(p.session_id, p.start_time), p.trace_id)"
_USED = f"""
WITH p AS MATERIALIZED (
    SELECT s.trace_id, s.span_id, s.parent_span_id, s.kind, s.status, s.start_time, s.duration_ms, s.cost_usd,
        s.input_tokens, s.output_tokens, s.total_tokens, s.user_id, s.session_id, s.experiment_id, s.ab_test, s.ab_arm
    FROM span_log s WHERE s.project = $project AND s.prompt_name = $name AND s.prompt_version = $version
),
calls AS (
    SELECT o.* FROM p o
    WHERE o.kind IN {MODEL_KINDS} AND (o.trace_id, o.span_id, o.kind) NOT IN (
        SELECT (i.trace_id, i.parent_span_id, i.kind) FROM p i
        WHERE i.kind IN {MODEL_KINDS} AND i.total_tokens IS NOT NULL AND i.parent_span_id IS NOT NULL
    )
),
used AS (
    SELECT p.trace_id, min(p.start_time) AS start_time, max(p.experiment_id) AS experiment_id, {_CLUSTER} AS cluster
    FROM p GROUP BY p.trace_id
)"""
# The scores of live traces, as the view `scores` has them; but looked for among those of these traces alone, which is
# many times as fast as to look among all that there are which is the newest of each
_JUDGED = f"""{_USED},
judged AS MATERIALIZED (
    SELECT l.name, l.trace_id, l.status, json_extract_string(l.value, '$') AS label,
        CASE json_type(l.value) WHEN 'BOOLEAN' THEN (l.value::BOOLEAN)::INT::DOUBLE WHEN 'VARCHAR' THEN NULL
            ELSE TRY_CAST(l.value AS DOUBLE) END AS number
    FROM score_log l
    WHERE l.project = $project AND l.experiment_id IS NULL
        AND l.trace_id IN (SELECT trace_id FROM used WHERE experiment_id IS NULL)
    QUALIFY row_number() OVER (
        PARTITION BY l.name, l.source, l.author, l.trace_id, l.span_id, l.session_id, l.item_id, l.repeat
        ORDER BY l.created_at DESC, l.id DESC
    ) = 1
)"""
_FIGURES = f"""{_USED}
SELECT * FROM (
    SELECT count(*) AS traces, count(*) FILTER (WHERE experiment_id IS NOT NULL) AS in_experiments,
        epoch_ns(min(start_time)) AS first, epoch_ns(max(start_time)) AS last FROM used
), (
    SELECT count(*) AS roots, count(*) FILTER (WHERE r.status = 'error') AS failed_roots FROM span_log r
    WHERE r.project = $project AND r.parent_span_id IS NULL AND r.trace_id IN (SELECT trace_id FROM used)
), (
    SELECT count(*) AS calls, count(*) FILTER (WHERE status = 'error') AS failed_calls, count(cost_usd) AS priced_calls,
        sum(cost_usd) AS cost_usd, avg(duration_ms) AS latency_mean_ms,
        quantile_cont(duration_ms, 0.5) AS latency_p50_ms, quantile_cont(duration_ms, 0.95) AS latency_p95_ms,
        {", ".join(f"avg({name}) AS {name}" for name in TOKENS)}
    FROM calls
)"""
# Every figure that has a mean: one row per name and per name and bucket. `spread` as interval_of_sums wants it.
_MEANS = f"""{_JUDGED},
figures AS (
    SELECT true AS of_calls, 'cost_usd' AS name, c.cost_usd AS value, used.cluster, used.start_time
    FROM calls c JOIN used USING (trace_id) WHERE c.cost_usd IS NOT NULL
    UNION ALL
    SELECT true, 'error_rate', (c.status = 'error')::INT, used.cluster, used.start_time
    FROM calls c JOIN used USING (trace_id)
    UNION ALL
    SELECT false, v.name, avg(v.number), any_value(used.cluster), any_value(used.start_time)
    FROM judged v JOIN used USING (trace_id) WHERE v.number IS NOT NULL
    GROUP BY v.name, v.trace_id
),
cut AS (
    SELECT of_calls, name, NULL AS bucket, cluster, value FROM figures
    UNION ALL
    SELECT of_calls, name, time_bucket($width::INTERVAL, start_time::TIMESTAMP), cluster, value FROM figures
    WHERE NOT of_calls
),
means AS (
    SELECT of_calls, name, bucket, count(*) AS n, avg(value) AS mean, min(value) AS least, max(value) AS most,
        bool_and(value IN (0, 1)) AS binary
    FROM cut GROUP BY ALL
),
clusters AS (
    SELECT of_calls, name, bucket, cluster, count(*) AS size, sum(value) AS total FROM cut GROUP BY ALL
)
SELECT m.of_calls, m.name, epoch_ns(m.bucket) AS time, m.n, m.mean, m.least, m.most, m.binary,
    count(*) AS clusters, sum((c.total - c.size * m.mean) ** 2) AS spread
FROM means m JOIN clusters c ON c.of_calls = m.of_calls AND c.name = m.name AND c.bucket IS NOT DISTINCT FROM m.bucket
GROUP BY ALL ORDER BY m.of_calls, m.name, time NULLS FIRST"""
# Scores without a number: labels, and those that failed
_OTHERS = f"""{_JUDGED}
SELECT v.name, CASE WHEN v.status = 'scored' THEN v.label END AS label, count(*) AS n
FROM judged v WHERE v.number IS NULL GROUP BY ALL ORDER BY v.name, n DESC, label"""
_LINKS = f"""{_USED}
SELECT experiment_id, ab_test, ab_arm, count(DISTINCT trace_id) AS traces,
    epoch_ns(min(start_time)) AS first, epoch_ns(max(start_time)) AS last
FROM p WHERE experiment_id IS NOT NULL OR ab_test IS NOT NULL
GROUP BY ALL ORDER BY last DESC"""


def prompt_use(store: SpanStore, project: str, name: str, version: int) -> dict[str, Any]:
    """`traces`, `calls`, `scores`, `experiments` (id -> traces) and `ab_tests` of one version. Unknown is None."""
    parameters = {"project": project, "name": name, "version": version}
    with store.read() as db:
        [figures] = fetch(db, _FIGURES, parameters)
        if not figures["traces"]:
            return {
                "traces": _traces(figures),
                "calls": _calls(figures, {}),
                "scores": [],
                "experiments": {},
                "ab_tests": [],
            }
        by_week = figures["last"] - figures["first"] > DAYS_ONE_BY_ONE * DAY_NS
        width = "7 days" if by_week else "1 day"
        means = fetch(db, _MEANS, {**parameters, "width": width})
        others = fetch(db, _OTHERS, parameters)
        links = fetch(db, _LINKS, parameters)
    of_calls = {row["name"]: _mean(row) for row in means if row["of_calls"]}
    return {
        "traces": _traces(figures),
        "calls": _calls(figures, of_calls),
        "scores": _scores([row for row in means if not row["of_calls"]], others, "1w" if by_week else "1d"),
        "experiments": _traces_by_experiment(links),
        "ab_tests": [_arm(row) for row in links if row["ab_test"] is not None][:MOST_ARMS],
    }


def _traces(row: Mapping[str, Any]) -> dict[str, Any]:
    """`error_rate` is the share of the traces whose root span failed, of those whose root span is known."""
    return {
        "count": row["traces"],
        "in_experiments": row["in_experiments"],
        "first": _time(row["first"]),
        "last": _time(row["last"]),
        "error_count": row["failed_roots"],
        "error_rate": row["failed_roots"] / row["roots"] if row["roots"] else None,
    }


def _calls(row: Mapping[str, Any], means: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "count": row["calls"],
        "error_count": row["failed_calls"],
        "error_rate": means.get("error_rate"),
        "latency_mean_ms": row["latency_mean_ms"],
        "latency_p50_ms": row["latency_p50_ms"],
        "latency_p95_ms": row["latency_p95_ms"],
        "priced_calls": row["priced_calls"],
        "cost_usd": row["cost_usd"],
        "cost_usd_per_call": means.get("cost_usd"),
        **{f"{name}_per_call": row[name] for name in TOKENS},
    }


def _scores(
    means: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], bucket: str
) -> list[dict[str, Any]]:
    """One entry for each name: its mean over all the time and by bucket, labels counted, failures apart."""
    names = dict.fromkeys([*(row["name"] for row in means), *(row["name"] for row in others)])
    found = []
    for name in sorted(names)[:MOST_SCORES]:
        rows = [row for row in means if row["name"] == name]
        whole = next((_mean(row) for row in rows if row["time"] is None), {**_NO_MEAN, "n": 0})
        found.append(
            {
                "name": name,
                **whole,
                "failed": sum(row["n"] for row in others if row["name"] == name and row["label"] is None),
                "labels": {
                    row["label"]: row["n"] for row in others if row["name"] == name and row["label"] is not None
                },
                "bucket": bucket,
                "over_time": [{"time": _time(row["time"]), **_mean(row)} for row in rows if row["time"] is not None],
            }
        )
    return found


_NO_MEAN: dict[str, Any] = {"mean": None, "low": None, "high": None, "binary": None, "method": None, "reason": None}


def _mean(row: Mapping[str, Any]) -> dict[str, Any]:
    estimate = interval_of_sums(
        n=row["n"],
        clusters=row["clusters"],
        mean=row["mean"],
        spread=row["spread"],
        all_equal=row["least"] == row["most"],
        binary=row["binary"],
    )
    return {
        "n": estimate.n,
        "mean": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "binary": row["binary"],
        "method": estimate.method,
        "reason": estimate.reason,
    }


def _traces_by_experiment(links: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in links:
        if row["experiment_id"] is not None:
            found[row["experiment_id"]] = found.get(row["experiment_id"], 0) + row["traces"]
    return found


def _arm(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": row["ab_test"],
        "arm": row["ab_arm"],
        "traces": row["traces"],
        "first": _time(row["first"]),
        "last": _time(row["last"]),
    }


def _time(nanoseconds: int | None) -> str | None:
    return None if nanoseconds is None else iso_time(nanoseconds)
