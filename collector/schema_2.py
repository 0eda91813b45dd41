"""Migration 2: long text moves out of the spans' table into `content`, where each piece is stored once.

Kept apart from the list of migrations only for its length. The view `spans` puts everything together again for people
who open the file; the collector itself reads `span_log` and asks for content where it needs it.
"""

_TEXT_COLUMNS = ("input_messages", "output_messages", "tools", "documents", "resource", "events")
_LONG_TEXT_COLUMNS = ("input", "output")

_SCALARS_1 = """project, trace_id, span_id, parent_span_id, name, kind, operation, dialect, start_time, end_time,
    duration_ms, status, status_message, service_name, environment, release, session_id, user_id, tags, metadata,
    provider, request_model, response_model, finish_reasons, model_parameters"""
_SCALARS_2 = """tool_name, tool_call_names, input_tokens, output_tokens, total_tokens, cache_read_tokens,
    cache_write_tokens, reasoning_tokens, cost_usd, prompt_name, prompt_version, ab_test, ab_arm, experiment_id,
    item_id"""
_KEPT = """links, trace_name, scope_name, scope_version, span_kind, trace_state, dropped_attributes_count,
    received_at"""

TABLES = """
CREATE TABLE content (id BIGINT NOT NULL, received_on DATE NOT NULL, text VARCHAR NOT NULL);
CREATE SEQUENCE span_row_id;
CREATE TABLE span_log_2 (
    row_id BIGINT NOT NULL DEFAULT nextval('span_row_id'),
    project VARCHAR NOT NULL, trace_id VARCHAR NOT NULL, span_id VARCHAR NOT NULL, parent_span_id VARCHAR,
    name VARCHAR NOT NULL, kind VARCHAR, operation VARCHAR, dialect VARCHAR NOT NULL,
    start_time TIMESTAMP_NS NOT NULL, end_time TIMESTAMP_NS NOT NULL, duration_ms DOUBLE NOT NULL,
    status VARCHAR NOT NULL, status_message VARCHAR,
    service_name VARCHAR, environment VARCHAR, release VARCHAR,
    session_id VARCHAR, user_id VARCHAR, tags VARCHAR[], metadata JSON,
    provider VARCHAR, request_model VARCHAR, response_model VARCHAR, finish_reasons VARCHAR[],
    model_parameters JSON,
    input_messages_ids BIGINT[], output_messages_ids BIGINT[], tools_ids BIGINT[],
    input VARCHAR, input_id BIGINT, output VARCHAR, output_id BIGINT, documents_ids BIGINT[],
    tool_name VARCHAR, tool_call_names VARCHAR[],
    input_tokens BIGINT, output_tokens BIGINT, total_tokens BIGINT,
    cache_read_tokens BIGINT, cache_write_tokens BIGINT, reasoning_tokens BIGINT, cost_usd DOUBLE,
    prompt_name VARCHAR, prompt_version BIGINT, ab_test VARCHAR, ab_arm VARCHAR,
    experiment_id VARCHAR, item_id VARCHAR,
    attributes MAP(VARCHAR, JSON), text_attributes MAP(VARCHAR, BIGINT[]), json_attributes MAP(VARCHAR, BIGINT[]),
    resource_ids BIGINT[], events_ids BIGINT[], links JSON,
    trace_name VARCHAR, scope_name VARCHAR, scope_version VARCHAR, span_kind VARCHAR, trace_state VARCHAR,
    dropped_attributes_count BIGINT, received_at TIMESTAMP_NS NOT NULL
);
"""

_OLD_TEXTS = " UNION ALL ".join(
    [f"SELECT received_at::DATE AS received_on, {name}::VARCHAR AS text FROM span_log" for name in _TEXT_COLUMNS]
    + [f"SELECT received_at::DATE, {name} FROM span_log WHERE length({name}) > 1024" for name in _LONG_TEXT_COLUMNS]
    + ["SELECT received_on, text FROM old_attributes WHERE length(text) > 128"]
)

_JOINS = "".join(
    f" LEFT JOIN old_texts t_{name} ON t_{name}.received_on = o.received_at::DATE AND t_{name}.text = o.{name}::VARCHAR"
    + (f" AND length(o.{name}) > 1024" if name in _LONG_TEXT_COLUMNS else "")
    for name in (*_TEXT_COLUMNS, *_LONG_TEXT_COLUMNS)
)

_IDS = ", ".join(f"CASE WHEN t_{name}.id IS NOT NULL THEN [t_{name}.id] END" for name in _TEXT_COLUMNS)

MOVE = f"""
CREATE TEMP TABLE old_attributes AS
SELECT number, received_on, key, json_type(value) = 'VARCHAR' AS is_text, value,
    CASE json_type(value) WHEN 'VARCHAR' THEN json_extract_string(value, '$') ELSE value::VARCHAR END AS text
FROM (
    SELECT rowid AS number, received_at::DATE AS received_on,
        unnest(map_keys(attributes)) AS key, unnest(map_values(attributes)) AS value
    FROM span_log
);
CREATE TEMP TABLE old_texts AS
SELECT row_number() OVER (ORDER BY received_on) AS id, received_on, text
FROM (SELECT DISTINCT received_on, text FROM ({_OLD_TEXTS}) WHERE text IS NOT NULL);
INSERT INTO content SELECT id, received_on, text FROM old_texts ORDER BY id;
CREATE TEMP TABLE new_attributes AS
SELECT a.number,
    map_from_entries(list({{'key': a.key, 'value': a.value}}) FILTER (WHERE length(a.text) <= 128)) AS short,
    map_from_entries(list({{'key': a.key, 'value': [t.id]}}) FILTER (WHERE a.is_text AND length(a.text) > 128)) AS text,
    map_from_entries(list({{'key': a.key, 'value': [t.id]}})
        FILTER (WHERE NOT a.is_text AND length(a.text) > 128)) AS structure
FROM old_attributes a
LEFT JOIN old_texts t ON t.received_on = a.received_on AND t.text = a.text AND length(a.text) > 128
GROUP BY a.number;
INSERT INTO span_log_2 (
    {_SCALARS_1}, {", ".join(f"{name}_ids" for name in _TEXT_COLUMNS)}, input, input_id, output, output_id,
    {_SCALARS_2}, attributes, text_attributes, json_attributes, {_KEPT}
)
SELECT {_SCALARS_1}, {_IDS}, o.input[:1024], t_input.id, o.output[:1024], t_output.id, {_SCALARS_2},
    coalesce(n.short, map([]::VARCHAR[], []::JSON[])), coalesce(n.text, map([]::VARCHAR[], []::BIGINT[][])),
    coalesce(n.structure, map([]::VARCHAR[], []::BIGINT[][])), {_KEPT}
FROM (SELECT *, rowid AS number FROM span_log) o
LEFT JOIN new_attributes n ON n.number = o.number {_JOINS}
ORDER BY o.number;
DROP TABLE old_attributes;
DROP TABLE old_texts;
DROP TABLE new_attributes;
DROP VIEW traces;
DROP VIEW spans;
DROP TABLE span_log;
ALTER TABLE span_log_2 RENAME TO span_log;
"""


def _put_together(name: str) -> str:
    return f"""
LEFT JOIN (
    SELECT r.row_id, string_agg(c.text, '' ORDER BY r.place) AS text
    FROM (
        SELECT row_id, unnest({name}_ids) AS id, generate_subscripts({name}_ids, 1) AS place FROM span_log
    ) r
    JOIN content c ON c.id = r.id
    GROUP BY r.row_id
) {name} ON {name}.row_id = s.row_id"""


SPANS_VIEW = f"""
CREATE OR REPLACE VIEW spans AS
SELECT {", ".join("s." + name.strip() for name in _SCALARS_1.split(","))},
    input_messages.text::JSON AS input_messages, output_messages.text::JSON AS output_messages,
    tools.text::JSON AS tools, coalesce(input.text, s.input) AS input, coalesce(output.text, s.output) AS output,
    documents.text::JSON AS documents, {", ".join("s." + name.strip() for name in _SCALARS_2.split(","))},
    to_json(CASE WHEN long.values IS NULL THEN s.attributes ELSE map_concat(s.attributes, long.values) END)
        AS attributes,
    resource.text::JSON AS resource, events.text::JSON AS events, s.links
FROM span_log s
{"".join(_put_together(name) for name in _TEXT_COLUMNS)}
LEFT JOIN content input ON input.id = s.input_id
LEFT JOIN content output ON output.id = s.output_id
LEFT JOIN (
    SELECT row_id, map_from_entries(list({{'key': key, 'value': value}})) AS values
    FROM (
        SELECT p.row_id, p.key,
            CASE WHEN p.is_text THEN to_json(string_agg(c.text, '' ORDER BY p.place))
                ELSE string_agg(c.text, '' ORDER BY p.place)::JSON END AS value
        FROM (
            SELECT row_id, key, is_text, unnest(ids) AS id, generate_subscripts(ids, 1) AS place
            FROM (
                SELECT row_id, true AS is_text, unnest(map_keys(text_attributes)) AS key,
                    unnest(map_values(text_attributes)) AS ids
                FROM span_log
                UNION ALL
                SELECT row_id, false, unnest(map_keys(json_attributes)), unnest(map_values(json_attributes))
                FROM span_log
            )
        ) p
        JOIN content c ON c.id = p.id
        GROUP BY p.row_id, p.key, p.is_text
    )
    GROUP BY row_id
) long ON long.row_id = s.row_id;
"""

# What an agent reports is the sum of its model calls, so it counts only where none of them arrived.
_COUNTED = ",\n    ".join(
    f"coalesce(sum({name}) FILTER (WHERE is_model_call), max({name}) FILTER (WHERE NOT is_model))::{sql} AS {name}"
    for name, sql in (
        *(
            (f"{name}_tokens", "BIGINT")
            for name in ("input", "output", "total", "cache_read", "cache_write", "reasoning")
        ),
        ("cost_usd", "DOUBLE"),
    )
)

TRACES_VIEW = f"""
CREATE OR REPLACE VIEW traces AS
WITH counted AS (
    SELECT s.*,
        coalesce(s.kind IN ('llm', 'embedding'), false) AS is_model,
        is_model AND NOT EXISTS (
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
SELECT t.* EXCLUDE (input_id, output_id)
    REPLACE (coalesce(input.text, t.input) AS input, coalesce(output.text, t.output) AS output)
FROM (SELECT
    project,
    trace_id,
    coalesce(max(trace_name), any_value(name) FILTER (WHERE is_root)) AS name,
    any_value(input) FILTER (WHERE is_root) AS input,
    any_value(input_id) FILTER (WHERE is_root) AS input_id,
    any_value(output) FILTER (WHERE is_root) AS output,
    any_value(output_id) FILTER (WHERE is_root) AS output_id,
    any_value(status) FILTER (WHERE is_root) AS status,
    any_value(status_message) FILTER (WHERE is_root) AS status_message,
    any_value(kind) FILTER (WHERE is_root) AS kind,
    min(start_time) AS start_time,
    max(end_time) AS end_time,
    (epoch_ns(max(end_time)) - epoch_ns(min(start_time))) / 1e6 AS duration_ms,
    count(*) AS span_count,
    count(*) FILTER (WHERE status = 'error') AS error_count,
    {_COUNTED},
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
) t
LEFT JOIN content input ON input.id = t.input_id
LEFT JOIN content output ON output.id = t.output_id;
"""

SQL = TABLES + MOVE + SPANS_VIEW + TRACES_VIEW
