"""`assay stats`: figures over many traces or spans, by group and over time, beside those of the period before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from assay.command.columns import text
from assay.command.complete import one_of
from assay.command.connection import client
from assay.command.ending import EXIT_MISSED, say
from assay.command.figures_table import SCORES, TIME, columns, first_to_go, shown
from assay.command.frame import command
from assay.command.options import Filter, Json
from assay.command.printing import print_rows
from assay.command.threshold import Threshold, parse_threshold
from assay.errors import ConfigurationError

MEASURES = ("count", "error_rate", "latency_p50_ms", "latency_p95_ms", "total_tokens", "cost_usd")
BUCKETS = ("1m", "5m", "15m", "1h", "6h", "1d", "1w", "4w", "52w")
KEYS = (
    *("name", "model", "status", "user_id", "session_id", "tag", "environment", "release", "prompt_name"),
    *("prompt_version", "ab_arm", "experiment_id", "project", "kind", "provider", "tool_name"),
)
MOST_SCORES = 4  # shown without being asked for, the most frequent
AGO = re.compile(r"(\d+)\s*([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Names = Annotated[
    str | None,
    typer.Option("--by", metavar="FIELDS", help=f"Groups: {', '.join(KEYS)}, …", autocompletion=one_of(*KEYS)),
]
Period = Annotated[
    str | None, typer.Option(metavar="AGO", help="Only the last 30m, 24h, 7d or 4w. [default: all there is]")
]


def add_commands(app: typer.Typer) -> None:
    command(
        app,
        "stats",
        "assay stats --since 24h --previous",
        "assay stats --by model --every 1d --since 7d",
        "assay stats --measure scores.helpful --by prompt_version",
        'assay stats --since 1h --fail-if "error_rate > 5%" --fail-if "latency_p95_ms > 2000"',
    )(stats)


def stats(
    by: Names = None,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help=f"Over time, in steps of {', '.join(BUCKETS)}.", autocompletion=one_of(*BUCKETS)
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"What is figured: {', '.join(MEASURES)}, scores.NAME, …; several times: each. [default: these]",
            autocompletion=one_of(*MEASURES, "error_count", "latency_mean_ms", "latency_p90_ms", "latency_p99_ms"),
        ),
    ] = None,
    of: Annotated[
        str,
        typer.Option(
            metavar="WHAT", help="traces or spans: what is counted.", autocompletion=one_of("traces", "spans")
        ),
    ] = "traces",
    since: Period = None,
    start: Annotated[datetime | None, typer.Option("--from", help="Only what started then or later (UTC).")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Only what started before (UTC).")] = None,
    filter: Filter = None,
    previous: Annotated[bool, typer.Option("--previous", help="Also the change against the period before.")] = False,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help=f"End with {EXIT_MISSED} where a row is so, or its figure is unknown, or there is no row at all: "
            "'error_rate > 5%'; several times: any.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many groups, the largest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Count traces, errors, latency, tokens, cost and scores: in all, by group, over time.

    Latencies are in milliseconds; error_rate is a share from 0 to 1. Of scores there is the mean with its 95 %
    interval and the number of them. What is unknown, as the cost of a model without a price, is -, and never 0.
    """
    thresholds = [parse_threshold(each) for each in fail_if or ()]
    if every is not None and every not in BUCKETS:
        raise ConfigurationError(f"--every is {every!r}.", hint=f"It is one of: {', '.join(BUCKETS)}.")
    first, last = _period(since, start, end, previous)
    measures = list(dict.fromkeys([*(measure or _default_measures()), *(each.measure for each in thresholds)]))
    keys = [key.strip() for key in (by or "").split(",") if key.strip()]
    rows = client().get(
        "/stats",
        **{"of": of, "measures": ",".join(measures), "group_by": ",".join(keys) or None, "bucket": every},
        **{"from": first, "to": last, "filter": filter, "previous": previous or None, "limit": limit},
    )["items"]
    told = rows if as_json else [shown(row, measures) for row in rows]
    shape = columns(keys, measures, by_time=every is not None)
    print_rows(told, as_json, shape, drop=first_to_go(measures), asked=filter or since or start or end)
    if missed := _missed(rows, thresholds, keys):
        for why in missed:
            say(why)
        raise typer.Exit(EXIT_MISSED)


# Helpers ----------------------------------------------------------------------------------------------------------


def _default_measures() -> list[str]:
    scores = client().get("/values", field="scores", limit=MOST_SCORES)["items"]
    return [*MEASURES, *(f"{SCORES}{row['value']}" for row in scores)]


def _period(
    since: str | None, start: datetime | None, end: datetime | None, previous: bool
) -> tuple[str | None, str | None]:
    if since is not None and start is not None:
        raise ConfigurationError("--since and --from say the same thing.", hint="Give one of them.")
    last = _utc(end)
    if since is not None:
        start = (last or datetime.now(UTC)) - _ago(since)
    if previous and start is None:
        raise ConfigurationError("--previous needs to know how long the period is.", hint="For example: --since 24h")
    first = _utc(start)
    return (first.isoformat() if first else None), (last.isoformat() if last else None)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _ago(written: str) -> timedelta:
    found = AGO.fullmatch(written.strip())
    if not found:
        raise ConfigurationError(f"--since is {written!r}.", hint="Write it as 30m, 24h, 7d or 4w.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _missed(rows: Sequence[dict[str, Any]], thresholds: Sequence[Threshold], keys: Sequence[str]) -> list[str]:
    """What fails, in words; of no rows at all nothing is known, and a check of nothing passes for nothing."""
    if not rows:
        return [f"--fail-if {each.written!r}: there is no row, so {each.measure} is unknown" for each in thresholds]
    return [
        f"--fail-if {each.written!r}: {why}{_where(row, keys)}"
        for each in thresholds
        for row in rows
        if (why := each.verdict(row)) is not None
    ]


def _where(row: dict[str, Any], keys: Sequence[str]) -> str:
    named = [f"{key} {text(row[key])}" for key in (TIME, *keys) if row.get(key) is not None]
    return f" for {', '.join(named)}" if named else ""
