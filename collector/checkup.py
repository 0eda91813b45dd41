"""Looks a data directory over without touching it, whether or not a collector runs in it: for `assay doctor`."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import duckdb

from assay.collector.lock import lock_holder
from assay.collector.log_file import scan_log
from assay.collector.manifest import read_manifest
from assay.collector.service import REGISTRY_FILE
from assay.collector.start_checks import check_files, log_path, read_all
from assay.collector.store import FREE_BYTES_TO_INGEST, STORE_FILE
from assay.errors import StoreDamaged
from assay.finding import Check

FREE_BYTES_ADVISED = 1024**3


def check_directory(data_dir: Path) -> list[Check]:
    """Lock, disk, and every byte of the store. While a collector runs, its files are its own: only sizes are told."""
    if not data_dir.exists():
        return [Check("data directory", "ok", f"{data_dir} does not exist yet; `assay serve` makes it")]
    holder = lock_holder(data_dir)
    checks = [_lock(holder), _disk(data_dir)]
    if holder is None:
        return [*checks, _store(data_dir / STORE_FILE), _registry(data_dir / REGISTRY_FILE)]
    sizes = ", ".join(
        f"{file.name} {file.stat().st_size / 1e6:.1f} MB"
        for file in sorted(data_dir.glob("*"))
        if file.name.startswith((STORE_FILE, REGISTRY_FILE)) and file.is_file()
    )
    return [*checks, Check("store", "ok", f"{sizes}; stop the collector to have every byte read")]


def _lock(holder: str | None) -> Check:
    if holder is None:
        return Check("lock", "ok", "nobody holds it: no collector runs here")
    return Check("lock", "ok", f"held by process {holder}")


def _disk(data_dir: Path) -> Check:
    free = shutil.disk_usage(data_dir).free
    log = log_path(data_dir / STORE_FILE)
    needed = FREE_BYTES_TO_INGEST + 2 * (log.stat().st_size if log.exists() else 0)
    detail = f"{free / 1e9:.1f} GB free in {data_dir}"
    if free < needed:
        return Check("disk", "failed", detail, "Free some space: spans are refused with 503 until there is.")
    if free < FREE_BYTES_ADVISED:
        return Check("disk", "warning", detail, "Free some space: spans are refused when it runs out.")
    return Check("disk", "ok", detail)


def _store(path: Path) -> Check:
    try:
        file = check_files(path, within_s=float("inf"))
    except StoreDamaged as error:
        return Check("store", "failed", error.message, error.hint or "")
    if file is None:
        return Check("store", "ok", "empty: nothing was stored yet")
    file.close()
    log = log_path(path)
    scan = scan_log(log.read_bytes() if log.exists() else b"")
    try:
        with duckdb.connect(str(path), read_only=True) as db:
            read_all(db)
            [(spans,)] = db.execute("SELECT count(*) FROM span_log").fetchall()
            [(letters,)] = db.execute("SELECT count(*) FROM dead_letter").fetchall()
            [(schema,)] = db.execute("SELECT max(version) FROM schema_migrations").fetchall()
    except duckdb.CatalogException:
        return Check("store", "warning", f"{path} has an older schema", "It is migrated when the collector starts.")
    except duckdb.Error as error:
        return Check("store", "failed", f"{path}: {error}", "Restore it from a backup, or run: assay repair")
    manifest = read_manifest(path.parent)
    store_id = manifest.store_id if manifest else "unknown"
    detail = (
        f"{spans} spans, schema {schema}, {path.stat().st_size / 1e6:.1f} MB and {scan.n_bytes / 1e6:.1f} MB of log, "
        f"every block whole, store {store_id}"
    )
    if letters:
        hint = "SELECT received_at, project, reason FROM dead_letter tells why."
        return Check("store", "warning", f"{detail}; {letters} spans could not be stored", hint)
    return Check("store", "ok", detail)


def _registry(path: Path) -> Check:
    if not path.exists():
        return Check("registry", "ok", "empty: no prompts, data sets or keys yet")
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            [(found,)] = db.execute("PRAGMA quick_check(1)").fetchall()
            [(keys,)] = db.execute("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").fetchall()
        db.close()
    except sqlite3.Error as error:
        return Check("registry", "failed", f"{path}: {error}", "Restore it from a backup: assay restore")
    if found != "ok":
        return Check("registry", "failed", f"{path}: {found}", "Restore it from a backup: assay restore")
    return Check("registry", "ok", f"{path.stat().st_size / 1e6:.1f} MB, {keys} valid keys")
