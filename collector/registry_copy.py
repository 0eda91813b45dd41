"""The registry's tables as they are copied into assay.duckdb, and which revision of the registry they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from assay.collector.rows import replace_tables
from assay.collector.store import SpanStore

REVISION = "registry_revision"


def copied_revision(store: SpanStore) -> int:
    """The revision that the copies show; 0 where nothing was copied yet, which is what an empty registry has."""
    with store.read() as db:
        found = db.execute("SELECT value FROM store_info WHERE key = ?", [REVISION]).fetchall()
    return int(found[0][0]) if found else 0


def copy_registry(
    cursor: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Mapping[str, Any]]], revision: int
) -> None:
    """Make the copies equal to what is given, within the caller's transaction."""
    replace_tables(cursor, tables)
    cursor.execute("INSERT OR REPLACE INTO store_info VALUES (?, ?)", [REVISION, str(revision)])


def forget_revision(db: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Have everything copied again: some of the copies may be gone."""
    db.execute(f"DELETE FROM {catalog}.store_info WHERE key = ?", [REVISION])
