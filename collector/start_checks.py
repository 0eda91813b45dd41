"""Looks at the store's files before DuckDB does: a store never comes up pretending to be whole, or to be empty.

Nothing here writes. Every refusal names the file and the command that mends it.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import duckdb

from assay.collector.data_file import DataFile, Header, NotADatabase
from assay.collector.log_file import MAX_FIRST_ENTRY_BYTES, read_first_entry
from assay.collector.manifest import Manifest, read_manifest
from assay.errors import StoreDamaged

READ_WITHIN_S = 1.5  # what can be read in this time is read at every start; `assay doctor` reads all of it


def log_path(path: Path) -> Path:
    """Where DuckDB keeps the write-ahead log of the file at `path`."""
    return path.with_name(path.name + ".wal")


def check_files(path: Path, *, within_s: float = READ_WITHIN_S) -> DataFile | None:
    """Check the store's files; the opened data file, to be kept open while DuckDB has it. None: there is no store yet.

    Raises:
        StoreDamaged: they are not whole, or not those that were here before.
    """
    log, manifest = log_path(path), read_manifest(path.parent)
    n_log = log.stat().st_size if log.exists() else 0
    if not path.exists():
        if n_log:
            raise damaged(path, f"{path} is missing, but its write-ahead log {log.name} holds data.")
        if manifest:
            raise damaged(path, f"{path} is missing, but this directory has held a store.")
        return None
    if path.stat().st_size == 0:
        raise damaged(path, f"{path} is an empty file.")
    file = DataFile(path)
    try:
        header = _header(path, file)
        _check_age(path, header, n_log, manifest)
        _check_log_start(path, file, header)
        if suspect := file.suspect_blocks(header, within_s=within_s):
            _confirm(path, suspect)
    except BaseException:
        file.close()
        raise
    return file


def check_contents(path: Path, connection: duckdb.DuckDBPyConnection) -> str:
    """Refuse a file that took another's place, or that has lost spans; its id, empty while it is without tables.

    Raises:
        StoreDamaged: as it says.
    """
    try:
        store_id, counted, there = _contents(connection)
    except duckdb.Error as error:
        raise damaged(path, f"{path} is damaged: {error}") from error
    manifest = read_manifest(path.parent)
    if store_id and manifest and manifest.store_id != store_id:
        raise damaged(path, f"{path} is not the file that was here before: it is the store {store_id}.")
    if there < counted:
        raise damaged(path, f"{path} holds {there} spans, but held {counted} at its last checkpoint.")
    return store_id


def _contents(connection: duckdb.DuckDBPyConnection) -> tuple[str, int, int]:
    """The store's id, how many spans it had when they were last counted, and how many it has."""
    try:
        found = connection.execute("SELECT value FROM store_info WHERE key = 'store_id'").fetchall()
    except duckdb.CatalogException:  # no such table: told ten times as fast as by the list of all of them
        return "", 0, 0
    store_id = found[0][0] if found else "without an id"
    counted = connection.execute("SELECT span_count FROM span_count_log ORDER BY rowid DESC LIMIT 1").fetchall()
    [(there,)] = connection.execute("SELECT count(*) FROM span_log").fetchall()
    return store_id, counted[0][0] if counted else 0, there


def damaged(path: Path, message: str) -> StoreDamaged:
    command = f"assay repair --data-dir {shlex.quote(str(path.parent))}"
    return StoreDamaged(message, hint=f"Restore it from a backup, or run: {command}. Nothing was changed.")


def _header(path: Path, file: DataFile) -> Header:
    try:
        return file.header()
    except NotADatabase as error:
        raise damaged(path, f"{path} cannot be opened: {error}.") from error


def _check_age(path: Path, header: Header, n_log: int, manifest: Manifest | None) -> None:
    if manifest is None:
        return
    if header.checkpoint < manifest.checkpoint:
        raise damaged(
            path, f"{path} is older than it was: at checkpoint {header.checkpoint}, not {manifest.checkpoint}."
        )
    if header.checkpoint == manifest.checkpoint and n_log < manifest.log_bytes:
        raise damaged(
            path,
            f"The write-ahead log of {path} has {n_log} bytes, but had {manifest.log_bytes}: its end is missing.",
        )


def log_is_of(log_start: bytes, file: DataFile, header: Header) -> bool:
    """Whether DuckDB will take a log that begins like this for the file's: one that it does not, it overwrites."""
    first = read_first_entry(log_start)
    if first is None:
        return False
    # After a crash between the end of a checkpoint and the removal of its log, that log is one behind.
    of_checkpoint = first.checkpoint in (None, header.checkpoint, header.checkpoint - 1)
    return of_checkpoint and (first.identifier is None or file.is_named(first.identifier))


def read_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Have every table and index read.

    Raises:
        duckdb.Error: something of it is damaged.
    """
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY ALL"
    ).fetchall()
    for schema, table in tables:
        connection.execute(f'SELECT bit_xor(hash(t)) FROM "{schema}"."{table}" t').fetchall()
    # Indexes are read only by looking something up
    keys = connection.execute(
        "SELECT schema_name, table_name, constraint_column_names[1] FROM duckdb_constraints() "
        "WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND len(constraint_column_names) = 1 ORDER BY ALL"
    ).fetchall()
    for schema, table, column in keys:
        for (value,) in connection.execute(f'SELECT "{column}" FROM "{schema}"."{table}" LIMIT 100').fetchall():
            connection.execute(f'SELECT * FROM "{schema}"."{table}" WHERE "{column}" = ?', [value]).fetchall()


def _check_log_start(path: Path, file: DataFile, header: Header) -> None:
    log = log_path(path)
    if not log.exists():
        return
    with log.open("rb") as opened:
        start = opened.read(MAX_FIRST_ENTRY_BYTES)
    if start and not log_is_of(start, file, header):
        raise damaged(path, f"The write-ahead log {log} cannot be read: its first entry is damaged.")


def _confirm(path: Path, suspect: list[int]) -> None:
    """Refuse the file if DuckDB meets a damaged block. Free blocks may hold anything, so checksums alone do not tell.

    Opened for reading only, because closing must not write to what is damaged.
    """
    try:
        with duckdb.connect(str(path), read_only=True) as db:
            read_all(db)
    except duckdb.Error as error:
        raise damaged(
            path, f"{path} is damaged in {len(suspect)} of its blocks, the first at block {suspect[0]}: {error}"
        ) from error
