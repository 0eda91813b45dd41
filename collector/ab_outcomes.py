"""The units of an A/B test, as the store knows them: when each was first exposed, to what, and what came of it.

A unit is one row, however many traces it has: its value is the mean over them. What it did before its first exposure
does not count, nor what came after the metric's window. Failures to score are no values, and neither are unknown costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from assay import semconv
from assay.collector.ab_metrics import FIGURES, MetricSpec
from assay.collector.filter import compile_trace_filter
from assay.collector.store import SpanStore
from assay.collector.trace_sql import summed_up
from assay.evaluation.ab.report import UnitOutcome

READ_WITHIN_S = 60.0
CLOCKS_DIFFER = timedelta(days=1)  # exposures are looked for from so long before the test was made
HOUR_NS = 3600 * 10**9
RECENT_SPANS = 50_000
ENOUGH_TRACES = 100
CAP_OVER_P99 = 2.0
NO_ARM = ""  # no arm of any test has this name

# One row per span. A phase that is not said is the first
EXPOSURES = f"""
SELECT trace_id, start_time, session_id, nullif(ab_arm, '') AS arm,
    json_extract_string(attributes['{semconv.ASSAY_AB_UNIT}'], '$') AS unit,
    CASE WHEN attributes['{semconv.ASSAY_AB_PHASE}'] IS NULL THEN 1
        ELSE TRY_CAST(json_extract_string(attributes['{semconv.ASSAY_AB_PHASE}'], '$') AS INTEGER) END AS phase
FROM span_log
WHERE project = $project AND ab_test = $test AND start_time >= $since::TIMESTAMP_NS
"""
# One row per trace, unit and arm
EXPOSED = f"""
CREATE OR REPLACE TEMP TABLE ab_exposed AS
SELECT trace_id, unit, arm, min(start_time) AS seen_at, arg_min(phase, start_time) AS phase,
    any_value(session_id) AS session_id
FROM ({EXPOSURES})
WHERE unit IS NOT NULL AND arm IS NOT NULL AND phase IS NOT NULL
GROUP BY ALL
"""
# Units of which nothing else is known than exposures without an arm, or with a phase that is no number
UNREADABLE = f"""
SELECT unit, epoch_ns(min(start_time)) FROM ({EXPOSURES})
WHERE unit IS NOT NULL AND (arm IS NULL OR phase IS NULL) AND unit NOT IN (SELECT unit FROM ab_units)
GROUP BY unit
"""
# One row per unit, of its first exposure. `arms`: in how many it was seen; above 1 it has crossed over
UNITS = """
CREATE OR REPLACE TEMP TABLE ab_units AS
SELECT unit, min(seen_at) AS exposed_at, arg_min(arm, (seen_at, arm)) AS arm,
    arg_min(phase, (seen_at, arm)) AS phase,
    count(DISTINCT arm) AS arms
FROM ab_exposed GROUP BY unit
"""
CROSSED = """
SELECT unit, arm, arg_min(phase, seen_at), epoch_ns(min(seen_at))
FROM ab_exposed WHERE unit IN (SELECT unit FROM ab_units WHERE arms > 1) GROUP BY unit, arm
"""
# Each score once for each unit that it is about: by its trace, or by the session where it names no trace
SCORES_OF_UNITS = """
SELECT e.unit, v.number, v.created_at, v.trace_id AS subject
FROM scores v JOIN ab_exposed e ON e.trace_id = v.trace_id
WHERE v.project = ? AND v.name = ? AND v.number IS NOT NULL
UNION ALL
SELECT DISTINCT e.unit, v.number, v.created_at, v.session_id
FROM scores v JOIN ab_exposed e ON e.session_id = v.session_id
WHERE v.project = ? AND v.name = ? AND v.number IS NOT NULL AND v.trace_id IS NULL
"""


def units_of(
    store: SpanStore,
    project: str,
    test: str,
    metrics: Mapping[str, MetricSpec],
    *,
    since: datetime,
    now: datetime,
    window_hours: float | None = None,
) -> list[UnitOutcome]:
    """Every unit that was exposed, in the order of their first exposures. It is closed when its longest window is.

    Units of which no exposure can be read come last, in `NO_ARM`.

    Args:
        since: when the test was made.
        window_hours: how long after its first exposure a unit's outcomes count, for metrics that do not say; None: for
            ever, and each counts as soon as it is there.

    Raises:
        CollectorUnavailable: the store is too busy.
    """
    windows = {name: spec.window_hours or window_hours for name, spec in metrics.items()}
    with exposed(store, project, test, since) as db:
        columns = _values(db, project, metrics, windows, since)
        rows = db.execute(
            f"SELECT u.unit, u.arm, u.phase, epoch_ns(u.exposed_at)"
            f"{''.join(f', v{number}.value' for number in range(len(columns)))} FROM ab_units u"
            f"{''.join(f' LEFT JOIN {table} v{number} USING (unit)' for number, table in enumerate(columns))}"
            " WHERE u.arms = 1 ORDER BY u.exposed_at, u.unit"
        ).fetchall()
        crossed = db.execute(CROSSED).fetchall()
        unreadable = db.execute(UNREADABLE, _of_test(project, test, since)).fetchall()
    longest = max((hours for hours in windows.values() if hours), default=0.0)
    closed_before = int(now.timestamp() * 10**9) - int(longest * HOUR_NS)
    none = (None,) * len(metrics)
    return [
        UnitOutcome(
            unit=unit,
            arm=arm,
            phase=phase,
            exposed_at=datetime.fromtimestamp(at / 1e9, UTC),
            values=dict(zip(metrics, values or none, strict=True)),
            closed=not longest or at <= closed_before,
        )
        for unit, arm, phase, at, *values in (*rows, *crossed, *((unit, NO_ARM, 0, at) for unit, at in unreadable))
    ]


@contextmanager
def exposed(store: SpanStore, project: str, test: str, since: datetime) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor on one moment of the store, with the tables `ab_exposed` and `ab_units` of a test."""
    with store.read(timeout_s=READ_WITHIN_S) as db:
        db.execute("BEGIN TRANSACTION")
        try:
            db.execute(EXPOSED, _of_test(project, test, since))
            db.execute(UNITS)
            yield db
        finally:
            db.execute("ROLLBACK")


def _of_test(project: str, test: str, since: datetime) -> dict[str, str]:
    """The parameters of `EXPOSURES`."""
    return {"project": project, "test": test, "since": _text(since - CLOCKS_DIFFER)}


def first_exposures(
    store: SpanStore, project: str, test: str, since: datetime, *, before_phase: int, limit: int
) -> list[tuple[str, str, int]]:
    """(unit, arm, phase) of units whose first exposure was in an earlier phase; the newest of them where there are more
    than `limit`.
    """
    with exposed(store, project, test, since) as db:
        return db.execute(
            "SELECT unit, arm, phase FROM ab_units WHERE phase < ? ORDER BY exposed_at DESC LIMIT ?",
            [before_phase, limit],
        ).fetchall()


def first_exposure(
    store: SpanStore, project: str, test: str, since: datetime, recorded: Sequence[str]
) -> tuple[str, int] | None:
    """Arm and phase of one unit's first exposure, None where there has been none.

    Args:
        recorded: what may stand on spans for the unit.
    """
    with exposed(store, project, test, since) as db:
        found = db.execute(
            "SELECT arm, phase FROM ab_units WHERE list_contains(?, unit) ORDER BY exposed_at LIMIT 1", [list(recorded)]
        ).fetchall()
    return (found[0][0], found[0][1]) if found else None


def usual_caps(store: SpanStore, project: str) -> dict[str, float]:
    """Figure of traces -> a cap that leaves nearly all of the project's newest traces as they are.

    Twice the 99th percentile. Figures of which fewer than a hundred traces tell have none.
    """
    columns = [column for column, _ in FIGURES.values()]
    newest = f"SELECT trace_id FROM span_log WHERE project = ? ORDER BY start_time DESC LIMIT {RECENT_SPANS}"
    rows = summed_up(columns, f"s.project = ? AND s.trace_id IN ({newest})", project=project)
    measured = ", ".join(f"quantile_cont(t.{column}, 0.99), count(t.{column})" for column in columns)
    with store.read() as db:
        [found] = db.execute(f"SELECT {measured} FROM ({rows}) t", [project, project]).fetchall()
    pairs = zip(columns, found[::2], found[1::2], strict=True)
    return {column: _rounded(CAP_OVER_P99 * p99) for column, p99, n in pairs if n >= ENOUGH_TRACES and p99 > 0}


# Values -----------------------------------------------------------------------------------------------------------


def _values(
    db: duckdb.DuckDBPyConnection,
    project: str,
    metrics: Mapping[str, MetricSpec],
    windows: Mapping[str, float | None],
    since: datetime,
) -> list[str]:
    """A table (unit, value) for each metric, in their order; the names of the tables."""
    figures = {spec.figure for spec in metrics.values() if spec.figure}
    if figures:
        rows, parameters = _traces(sorted(figures), project, since)
        db.execute(f"CREATE OR REPLACE TEMP TABLE ab_traces AS SELECT * FROM ({rows})", parameters)
    tables = []
    for number, (name, spec) in enumerate(metrics.items()):
        table = f"ab_metric_{number}"
        sql, parameters = _metric(project, spec, windows[name], since)
        db.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}", parameters)
        tables.append(table)
    return tables


def _metric(project: str, spec: MetricSpec, window_hours: float | None, since: datetime) -> tuple[str, list[Any]]:
    """The query of (unit, value) for one metric, and its parameters."""
    if spec.score is not None:
        counted = f"v.created_at >= u.exposed_at{_within('v.created_at', window_hours)}"
        sql = (
            "SELECT unit, avg(value) AS value FROM (SELECT v.unit, avg(v.number) AS value"
            f" FROM ({SCORES_OF_UNITS}) v JOIN ab_units u USING (unit) WHERE {counted} GROUP BY v.unit, v.subject)"
            " GROUP BY unit"
        )
        return sql, [project, spec.score] * 2
    counted = f"true{_within('t.start_time', window_hours)}"
    join = "JOIN ab_exposed e ON e.trace_id = t.trace_id JOIN ab_units u ON u.unit = e.unit"
    if spec.figure is not None:
        return (
            f"SELECT u.unit, avg(t.{spec.figure}::DOUBLE) AS value FROM ab_traces t {join} WHERE {counted}"
            " GROUP BY u.unit",
            [],
        )
    condition = compile_trace_filter(spec.filter)
    rows, parameters = _traces(
        sorted(condition.fields - {"project", "trace_id"} | {"start_time"}),
        project,
        since,
        span_conditions=[each.sql for each in condition.span_conditions],
    )
    of_spans = [value for each in condition.span_conditions for value in each.parameters]
    matched = f"SELECT t.trace_id, t.start_time, coalesce({condition.condition.sql}, false) AS matches FROM ({rows}) t"
    share = "SELECT u.unit, avg(t.matches::INTEGER::DOUBLE) AS value"
    sql = f"{share} FROM ({matched}) t {join} WHERE {counted} GROUP BY u.unit"
    return sql, [*condition.condition.parameters, *of_spans, *parameters]


def _traces(
    fields: Sequence[str], project: str, since: datetime, *, span_conditions: Sequence[str] = ()
) -> tuple[str, list[Any]]:
    """The query of the traces with an exposure, one row each, and its parameters behind those of the conditions."""
    where = "s.project = ? AND s.start_time >= ?::TIMESTAMP_NS AND s.trace_id IN (SELECT trace_id FROM ab_exposed)"
    rows = summed_up(sorted({*fields, "start_time"}), where, span_conditions=span_conditions, project=project)
    return rows, [project, _text(since - 2 * CLOCKS_DIFFER)]


def _within(time: str, window_hours: float | None) -> str:
    if not window_hours:
        return ""
    return f" AND epoch_ns({time}) <= epoch_ns(u.exposed_at) + {int(window_hours * HOUR_NS)}"


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _rounded(number: float) -> float:
    """Two digits are enough for a cap that people are to read."""
    return float(f"{number:.2g}")
