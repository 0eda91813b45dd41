"""Copies what can be read of a DuckDB file with damaged blocks into a new one, and puts that in its place."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from assay.collector.columns import CONTENT_COLUMNS, JSON_ATTRIBUTES, LONG_TEXT_COLUMNS, TEXT_ATTRIBUTES
from assay.collector.manifest import Manifest
from assay.collector.registry_copy import forget_revision
from assay.collector.start_checks import log_path
from assay.errors import StoreDamaged

LEAST_ROWS = 2048  # as many as DuckDB decompresses at once: within them there is nothing to gain
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "checkpoint_threshold": "1TB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def salvage(path: Path, manifest: Manifest | None, lost: list[str]) -> None:
    """Make a new file of what is readable, log included; what is not is added to `lost`.

    Args:
        manifest: says which store it is, where the file itself cannot.

    Raises:
        StoreDamaged: not even the list of its tables is. Nothing was changed.
    """
    directory = path.with_name("repair")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    target = directory / path.name
    try:
        with duckdb.connect(str(path), config=CONFIG) as db:
            db.execute("PRAGMA disable_checkpoint_on_shutdown")
            _copy(db, path.stem, target, lost)
            _let_go_of_lost_content(db, lost)
            _identify(db, manifest)
            db.execute("CHECKPOINT mended")
            db.execute("DETACH mended")
    except duckdb.Error as error:
        shutil.rmtree(directory)
        raise StoreDamaged(
            f"{path} cannot be read: {error}", hint="Restore it from a backup. Nothing was changed."
        ) from error
    log_path(path).unlink(missing_ok=True)  # replayed into the new file
    target.replace(path)
    shutil.rmtree(directory)


def _copy(db: duckdb.DuckDBPyConnection, source: str, target: Path, lost: list[str]) -> None:
    quoted = str(target).replace("'", "''")
    db.execute(f"ATTACH '{quoted}' AS mended (STORAGE_VERSION 'v1.5.0')")
    db.execute(f'COPY FROM DATABASE "{source}" TO mended (SCHEMA)')
    for (table,) in db.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL", [source]
    ).fetchall():
        gone: Counter[str] = Counter()
        for first, end in _copy_rows(db, source, table):
            gone[_copy_columns(db, source, table, first, end)] += end - first
        lost += [f"{what} {rows} rows of {table}: their blocks are damaged" for what, rows in gone.items()]


def _let_go_of_lost_content(db: duckdb.DuckDBPyConnection, lost: list[str]) -> None:
    """Empty what refers to pieces of text that are gone: readers look for them, and new pieces get their numbers."""
    tables = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'mended'"
    if ("content",) not in db.execute(tables).fetchall():
        return  # of a schema that kept all text in the span
    lists = [f"{name}_ids" for name in CONTENT_COLUMNS]
    maps = [TEXT_ATTRIBUTES, JSON_ATTRIBUTES]
    singles = [f"{name}_id" for name in LONG_TEXT_COLUMNS]
    referred = " UNION ".join(
        f"SELECT unnest({ids}) AS id FROM mended.span_log"
        for ids in [*lists, *(f"flatten(map_values({name}))" for name in maps), *(f"[{name}]" for name in singles)]
    )
    db.execute(f"SET VARIABLE gone = (SELECT list(id) FROM ({referred}) ANTI JOIN mended.content USING (id))")
    values = {
        **{name: f"CASE WHEN NOT list_has_any({name}, getvariable('gone')) THEN {name} END" for name in lists},
        **{name: f"map_from_entries({_without_lost(name)})" for name in maps},
        **{name: f"CASE WHEN NOT list_contains(getvariable('gone'), {name}) THEN {name} END" for name in singles},
    }
    [(spans,)] = db.execute(
        f"UPDATE mended.span_log SET {', '.join(f'{name} = {value}' for name, value in values.items())} WHERE "
        + " OR ".join(
            [
                *(f"list_has_any({name}, getvariable('gone'))" for name in lists),
                *(f"list_has_any(flatten(map_values({name})), getvariable('gone'))" for name in maps),
                *(f"list_contains(getvariable('gone'), {name})" for name in singles),
            ]
        )
    ).fetchall()
    if spans:
        lost.append(f"long texts that {spans} spans refer to")


def _without_lost(attributes: str) -> str:
    return f"list_filter(map_entries({attributes}), lambda e: NOT list_has_any(e.value, getvariable('gone')))"


def _identify(db: duckdb.DuckDBPyConnection, manifest: Manifest | None) -> None:
    """Put back what the tables that say what this file is have lost."""
    if not db.execute("SELECT 1 FROM mended.store_info WHERE key = 'store_id'").fetchall():
        store_id = manifest.store_id if manifest else str(uuid.uuid4())
        db.execute("INSERT INTO mended.store_info VALUES ('store_id', ?)", [store_id])
    forget_revision(db, "mended")
    if manifest and not db.execute("SELECT 1 FROM mended.schema_migrations WHERE version IS NOT NULL").fetchall():
        db.execute(
            "INSERT INTO mended.schema_migrations (version, name) VALUES (?, 'as it was before the repair')",
            [manifest.schema],
        )


def _copy_rows(db: duckdb.DuckDBPyConnection, source: str, table: str) -> Iterator[tuple[int, int]]:
    """Copy a table, in halves where that fails; gives the ranges of row numbers that cannot be read whole."""
    [(rows,)] = db.execute(f'SELECT coalesce(max(rowid) + 1, 0) FROM "{source}"."{table}"').fetchall()
    ranges = [(0, rows)]
    while ranges:
        first, end = ranges.pop()
        try:
            db.execute(f'INSERT INTO mended."{table}" SELECT * {_rows(source, table)}', [first, end])
        except duckdb.Error:
            if end - first <= LEAST_ROWS:
                yield first, end
                continue
            # At a boundary of LEAST_ROWS, so that rows are not given up for their neighbours
            middle = first + max(LEAST_ROWS, (end - first) // 2 // LEAST_ROWS * LEAST_ROWS)
            ranges += [(middle, end), (first, middle)]


def _copy_columns(db: duckdb.DuckDBPyConnection, source: str, table: str, first: int, end: int) -> str:
    """Copy rows without the columns that cannot be read, where those may be empty; what is lost of the rows."""
    columns = db.execute(
        "SELECT column_name, is_nullable FROM duckdb_columns() "
        "WHERE database_name = ? AND table_name = ? ORDER BY column_index",
        [source, table],
    ).fetchall()
    readable = {name: _is_readable(db, source, table, name, first, end) for name, _ in columns}
    if not all(readable[name] or nullable for name, nullable in columns):
        return "the whole of"
    chosen = ", ".join(f'"{name}"' if readable[name] else "NULL" for name, _ in columns)
    db.execute(f'INSERT INTO mended."{table}" SELECT {chosen} {_rows(source, table)}', [first, end])
    return f"{', '.join(name for name, _ in columns if not readable[name])} of"


def _is_readable(db: duckdb.DuckDBPyConnection, source: str, table: str, column: str, first: int, end: int) -> bool:
    try:
        db.execute(f'SELECT bit_xor(hash("{column}")) {_rows(source, table)}', [first, end]).fetchall()
    except duckdb.Error:
        return False
    return True


def _rows(source: str, table: str) -> str:
    return f'FROM "{source}"."{table}" WHERE rowid >= ? AND rowid < ?'
