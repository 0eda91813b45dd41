"""A/B tests in SQL: the table `ab_tests`, a copy of the registry, and the view `exposures`, which is made of spans."""

from __future__ import annotations

from assay import semconv

_EXPOSURES = """
SELECT project, ab_test, ab_arm AS arm, {unit} AS unit, TRY_CAST({phase} AS INTEGER) AS phase,
    TRY_CAST({weight} AS DOUBLE) AS weight, TRY_CAST({salt_version} AS INTEGER) AS salt_version,
    prompt_name, prompt_version, start_time AS exposed_at, trace_id, span_id, session_id, user_id
FROM {spans}
WHERE ab_test IS NOT NULL AND {unit} IS NOT NULL"""

_NAMES = {
    "unit": semconv.ASSAY_AB_UNIT,
    "phase": semconv.ASSAY_AB_PHASE,
    "weight": semconv.ASSAY_AB_WEIGHT,
    "salt_version": semconv.ASSAY_AB_SALT_VERSION,
}


def exposures_of_file() -> str:
    """The query over `span_log`, where attributes are a map."""
    values = {key: f"json_extract_string(attributes['{name}'], '$')" for key, name in _NAMES.items()}
    return _EXPOSURES.format(spans="span_log", **values)


def exposures_of_export(spans: str) -> str:
    """The query over exported spans, where attributes are JSON."""
    values = {key: f"json_extract_string(attributes, '/{name}')" for key, name in _NAMES.items()}
    return _EXPOSURES.format(spans=spans, **values)


SQL = f"""
CREATE TABLE ab_tests (
    project VARCHAR, name VARCHAR, description VARCHAR, status VARCHAR, arms JSON, baseline VARCHAR, weights JSON,
    coverage DOUBLE, phase INTEGER, phases JSON, salt VARCHAR, unit VARCHAR, primary_metric VARCHAR, metrics JSON,
    guardrails JSON, alpha DOUBLE, min_units INTEGER, min_days DOUBLE, window_hours DOUBLE, promoted VARCHAR,
    decisions JSON, author VARCHAR, created_at TIMESTAMP, updated_at TIMESTAMP, ends_at TIMESTAMP,
    stopped_at TIMESTAMP);
CREATE VIEW exposures AS {exposures_of_file()};
"""
