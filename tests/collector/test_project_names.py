"""Which projects there are: asked of the store once, and again when something was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.collector.project_names import project_names
from assay.collector.store import STORE_FILE, SpanStore

NEW_SPAN = """
INSERT INTO span_log BY NAME SELECT '{}' AS project, 't' AS trace_id, 's' AS span_id, 'answer' AS name,
    'generic' AS dialect, 'ok' AS status, now()::TIMESTAMP_NS AS start_time, now()::TIMESTAMP_NS AS end_time,
    1.0 AS duration_ms, now()::TIMESTAMP_NS AS received_at, MAP([]::VARCHAR[], []::JSON[]) AS attributes,
    MAP([]::VARCHAR[], []::BIGINT[][]) AS text_attributes, MAP([]::VARCHAR[], []::BIGINT[][]) AS json_attributes
"""


def test_a_project_is_there_as_soon_as_its_first_span_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SpanStore(tmp_path / STORE_FILE)
    try:
        assert project_names(store) == []
        for name in ("one", "two"):
            store.write(lambda db, name=name: db.execute(NEW_SPAN.format(name)))
            assert name in project_names(store)
        monkeypatch.setattr(store, "read", None)  # nothing was written since
        assert sorted(project_names(store)) == ["one", "two"]
    finally:
        store.close()
