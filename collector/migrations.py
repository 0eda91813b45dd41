"""Numbered migrations of assay.duckdb. A migration, once released, never changes; a new one is added below it.

Tables named `*_log` are append-only: rows are only added, or deleted by whole ranges. Readers use the views, which
carry the public names and say what the newest state is. There is no primary key on spans: keeping one costs ten times
the insert (measured); the writer drops spans it has already by looking at the batch's own time range.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from assay.collector import ab_views, dead_letters, deletions, open_spans, prompt_tables, schema_2
from assay.errors import StoreDamaged


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str


# LLM calls that have an LLM call directly below them are the same call seen by two layers: only the inner one counts.
# Agents and chains repeat their children's sums, so only model calls count at all.
TRACES_VIEW = """
CREATE OR REPLACE VIEW traces AS
WITH counted AS (
    SELECT s.*,
        s.kind IN ('llm', 'embedding') AND NOT EXISTS (
            SELECT 1 FROM span_log c
            WHERE c.project = s.project AND c.trace_id = s.trace_id AND c.parent_span_id = s.span_id
              AND c.kind = s.kind AND c.total_tokens IS NOT NULL
        ) AS is_model_call,
        row_number() OVER (
            PARTITION BY s.project, s.trace_id
            ORDER BY (s.parent_span_id IS NOT NULL)::INT, s.start_time, s.span_id
        ) = 1 AS is_root
    FROM span_log s
)
SELECT
    project,
    trace_id,
    coalesce(max(trace_name), any_value(name) FILTER (WHERE is_root)) AS name,
    any_value(input) FILTER (WHERE is_root) AS input,
    any_value(output) FILTER (WHERE is_root) AS output,
    any_value(status) FILTER (WHERE is_root) AS status,
    any_value(status_message) FILTER (WHERE is_root) AS status_message,
    any_value(kind) FILTER (WHERE is_root) AS kind,
    min(start_time) AS start_time,
    max(end_time) AS end_time,
    (epoch_ns(max(end_time)) - epoch_ns(min(start_time))) / 1e6 AS duration_ms,
    count(*) AS span_count,
    count(*) FILTER (WHERE status = 'error') AS error_count,
    sum(input_tokens) FILTER (WHERE is_model_call)::BIGINT AS input_tokens,
    sum(output_tokens) FILTER (WHERE is_model_call)::BIGINT AS output_tokens,
    sum(total_tokens) FILTER (WHERE is_model_call)::BIGINT AS total_tokens,
    sum(cache_read_tokens) FILTER (WHERE is_model_call)::BIGINT AS cache_read_tokens,
    sum(cache_write_tokens) FILTER (WHERE is_model_call)::BIGINT AS cache_write_tokens,
    sum(reasoning_tokens) FILTER (WHERE is_model_call)::BIGINT AS reasoning_tokens,
    sum(cost_usd) FILTER (WHERE is_model_call) AS cost_usd,
    list_sort(list(DISTINCT coalesce(response_model, request_model))
        FILTER (WHERE is_model_call AND coalesce(response_model, request_model) IS NOT NULL)) AS models,
    any_value(session_id ORDER BY start_time) AS session_id,
    any_value(user_id ORDER BY start_time) AS user_id,
    list_sort(list_distinct(flatten(list(tags)))) AS tags,
    any_value(metadata ORDER BY (NOT is_root)::INT, start_time) AS metadata,
    any_value(service_name) FILTER (WHERE is_root) AS service_name,
    any_value(environment) FILTER (WHERE is_root) AS environment,
    any_value(release) FILTER (WHERE is_root) AS release,
    any_value(prompt_name ORDER BY start_time) AS prompt_name,
    any_value(prompt_version ORDER BY start_time) AS prompt_version,
    any_value(ab_test ORDER BY start_time) AS ab_test,
    any_value(ab_arm ORDER BY start_time) AS ab_arm,
    any_value(experiment_id ORDER BY start_time) AS experiment_id,
    any_value(item_id ORDER BY start_time) AS item_id,
    any_value(judged.scores) AS scores
FROM counted
LEFT JOIN (
    SELECT project, trace_id, to_json(map(list(name ORDER BY name), list(value ORDER BY name))) AS scores
    FROM (
        SELECT * FROM scores WHERE trace_id IS NOT NULL AND value IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY project, trace_id, name ORDER BY created_at DESC) = 1
    )
    GROUP BY project, trace_id
) judged USING (project, trace_id)
GROUP BY project, trace_id
"""

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        "spans, scores, experiment rows, and a copy of the registry for readers of the file",
        """
        CREATE TABLE store_info (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
        INSERT INTO store_info VALUES ('store_id', uuid()::VARCHAR), ('created_at', now()::VARCHAR);
        -- How many spans there were at each checkpoint: a file that has fewer when it is opened has lost some.
        CREATE TABLE span_count_log (span_count BIGINT NOT NULL, counted_at TIMESTAMP NOT NULL);

        CREATE TABLE span_log (
            project VARCHAR NOT NULL, trace_id VARCHAR NOT NULL, span_id VARCHAR NOT NULL, parent_span_id VARCHAR,
            name VARCHAR NOT NULL, kind VARCHAR, operation VARCHAR, dialect VARCHAR NOT NULL,
            start_time TIMESTAMP_NS NOT NULL, end_time TIMESTAMP_NS NOT NULL, duration_ms DOUBLE NOT NULL,
            status VARCHAR NOT NULL, status_message VARCHAR,
            service_name VARCHAR, environment VARCHAR, release VARCHAR,
            session_id VARCHAR, user_id VARCHAR, tags VARCHAR[], metadata JSON,
            provider VARCHAR, request_model VARCHAR, response_model VARCHAR, finish_reasons VARCHAR[],
            model_parameters JSON,
            input_messages JSON, output_messages JSON, tools JSON, input VARCHAR, output VARCHAR, documents JSON,
            tool_name VARCHAR, tool_call_names VARCHAR[],
            input_tokens BIGINT, output_tokens BIGINT, total_tokens BIGINT,
            cache_read_tokens BIGINT, cache_write_tokens BIGINT, reasoning_tokens BIGINT, cost_usd DOUBLE,
            prompt_name VARCHAR, prompt_version BIGINT, ab_test VARCHAR, ab_arm VARCHAR,
            experiment_id VARCHAR, item_id VARCHAR,
            attributes MAP(VARCHAR, JSON), resource JSON, events JSON, links JSON,
            trace_name VARCHAR, scope_name VARCHAR, scope_version VARCHAR, span_kind VARCHAR, trace_state VARCHAR,
            dropped_attributes_count BIGINT, received_at TIMESTAMP_NS NOT NULL
        );
        CREATE VIEW spans AS
            SELECT * EXCLUDE (attributes, trace_name, scope_name, scope_version, span_kind, trace_state,
                              dropped_attributes_count, received_at, resource, events, links),
                   to_json(attributes) AS attributes, resource, events, links
            FROM span_log;

        CREATE TABLE score_log (
            id VARCHAR NOT NULL, project VARCHAR NOT NULL, name VARCHAR NOT NULL, value JSON, explanation VARCHAR,
            source VARCHAR NOT NULL, author VARCHAR, trace_id VARCHAR, span_id VARCHAR, session_id VARCHAR,
            experiment_id VARCHAR, item_id VARCHAR, repeat INTEGER, status VARCHAR NOT NULL, error VARCHAR,
            metadata JSON, created_at TIMESTAMP_NS NOT NULL
        );
        CREATE VIEW scores AS
            SELECT *,
                CASE json_type(value) WHEN 'BOOLEAN' THEN (value::BOOLEAN)::INT::DOUBLE
                    WHEN 'VARCHAR' THEN NULL ELSE TRY_CAST(value AS DOUBLE) END AS number,
                json_extract_string(value, '$') AS label
            FROM score_log
            QUALIFY row_number() OVER (
                PARTITION BY project, name, source, author,
                    trace_id, span_id, session_id, experiment_id, item_id, repeat
                ORDER BY created_at DESC, id DESC
            ) = 1;

        CREATE SEQUENCE experiment_row_position;
        CREATE TABLE experiment_row_log (
            experiment_id VARCHAR NOT NULL, project VARCHAR NOT NULL, item_id VARCHAR NOT NULL, repeat INTEGER NOT NULL,
            position BIGINT NOT NULL DEFAULT nextval('experiment_row_position'),
            status VARCHAR NOT NULL, input JSON, expected JSON, output JSON, error VARCHAR, error_type VARCHAR,
            trace_id VARCHAR, cluster VARCHAR, started_at TIMESTAMP_NS, duration_ms DOUBLE,
            input_tokens BIGINT, output_tokens BIGINT, cost_usd DOUBLE, scores JSON, received_at TIMESTAMP_NS NOT NULL
        );
        CREATE VIEW experiment_rows AS
            SELECT * EXCLUDE (position, received_at),
                min(position) OVER (PARTITION BY experiment_id, item_id, repeat) AS position
            FROM experiment_row_log log
            QUALIFY row_number() OVER (PARTITION BY experiment_id, item_id, repeat ORDER BY log.position DESC) = 1;

        CREATE TABLE prompts (
            project VARCHAR, name VARCHAR, latest_version INTEGER, tags JSON,
            created_at TIMESTAMP, updated_at TIMESTAMP);
        CREATE TABLE prompt_versions (
            project VARCHAR, name VARCHAR, version INTEGER, type VARCHAR, template JSON, config JSON, tags JSON,
            commit_message VARCHAR, author VARCHAR, created_at TIMESTAMP,
            content_hash VARCHAR, parent_version INTEGER);
        CREATE TABLE prompt_aliases (
            project VARCHAR, name VARCHAR, alias VARCHAR, version INTEGER, updated_at TIMESTAMP);
        CREATE TABLE datasets (
            project VARCHAR, name VARCHAR, description VARCHAR, latest_version INTEGER, created_at TIMESTAMP);
        CREATE TABLE dataset_versions (
            project VARCHAR, name VARCHAR, version INTEGER, content_hash VARCHAR, item_count INTEGER,
            created_at TIMESTAMP);
        CREATE TABLE dataset_items (
            project VARCHAR, name VARCHAR, version INTEGER, item_id VARCHAR, position INTEGER,
            input JSON, expected JSON, metadata JSON);
        CREATE TABLE experiments (
            project VARCHAR, id VARCHAR, name VARCHAR, status VARCHAR, dataset JSON, scorers JSON, config JSON,
            tags JSON, repeats INTEGER, seed BIGINT, baseline_id VARCHAR, summary JSON,
            created_at TIMESTAMP, finished_at TIMESTAMP);
        CREATE TABLE comparisons (
            project VARCHAR, id VARCHAR, experiment_id VARCHAR, baseline_id VARCHAR, rows JSON, verdict VARCHAR,
            created_at TIMESTAMP);
        """
        + TRACES_VIEW
        + ";",
    ),
    Migration(2, "each piece of long text stored once", schema_2.SQL),
    Migration(
        3,
        "events of log records, while they wait for their span",
        """
        CREATE TABLE log_event_log (
            project VARCHAR NOT NULL, trace_id VARCHAR NOT NULL, span_id VARCHAR NOT NULL,
            event JSON NOT NULL, received_at TIMESTAMP_NS NOT NULL
        );
        """,
    ),
    Migration(4, "spans that cannot be stored are kept aside", dead_letters.SQL),
    Migration(5, "what was deleted and changed, and how long projects keep their traces", deletions.SQL),
    Migration(6, "spans that are still open", open_spans.SQL),
    Migration(7, "A/B tests, and who was exposed to them", ab_views.SQL),
    Migration(8, "all of a prompt version, protected aliases, and the moves of aliases", prompt_tables.SQL),
)

# Copies of the registry's tables, for people who read the file: name -> columns.
MIRRORED_TABLES = (
    "prompts",
    "prompt_versions",
    "prompt_aliases",
    "prompt_alias_moves",
    "datasets",
    "dataset_versions",
    "dataset_items",
    "experiments",
    "comparisons",
    "ab_tests",
)


def migrate(connection: duckdb.DuckDBPyConnection) -> list[Migration]:
    """Bring the file to the newest schema, each step in a transaction of its own; the steps taken.

    Raises:
        StoreDamaged: the file was written by a newer Assay.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations "
        "(version INTEGER, name VARCHAR, applied_at TIMESTAMP DEFAULT now()::TIMESTAMP)"
    )
    [(present,)] = connection.execute("SELECT coalesce(max(version), 0) FROM schema_migrations").fetchall()
    if present > MIGRATIONS[-1].version:
        raise StoreDamaged(
            f"The store has schema version {present}; this Assay knows versions up to {MIGRATIONS[-1].version}.",
            hint="Open it with the newer Assay that wrote it.",
        )
    taken = [migration for migration in MIGRATIONS if migration.version > present]
    for migration in taken:
        connection.execute("BEGIN")
        try:
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_migrations (version, name) VALUES (?, ?)", [migration.version, migration.name]
            )
            connection.execute("COMMIT")
        except Exception:
            connection.execute("ROLLBACK")
            raise
    return taken
