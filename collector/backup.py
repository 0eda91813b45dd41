"""A backup: the store and the registry as they are at one moment, with checksums, in a directory of their own.

Both are copied from within, so a collector goes on meanwhile. Keys are in the backup as they are in the registry: as
hashes.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import assay
from assay.backup_files import BACKUP_FILE, check_files, describe
from assay.collector.compaction import copy_database
from assay.collector.lock import DirectoryLock
from assay.collector.manifest import forget_manifest
from assay.collector.registry import Registry
from assay.collector.store import STORE_FILE, SpanStore
from assay.errors import ConfigurationError, StoreError

REGISTRY_FILE = "registry.db"
COPY_WITHIN_S = 24 * 3600.0
DERIVED = ("export", "tmp", "compact", "new")  # made again from the store when they are asked for


def write_backup(store: SpanStore, registry: Registry, target: Path) -> dict[str, Any]:
    """Write a backup into the empty directory `target`; what its `backup.json` says.

    Raises:
        StoreError: there is no room for it.
    """
    with store.read(timeout_s=COPY_WITHIN_S) as db:
        spans = copy_database(db, target / STORE_FILE)
    _copy_sqlite(registry.database.path, target / REGISTRY_FILE)
    described = {
        "assay": assay.__version__,
        "created_at": datetime.now(UTC).isoformat(),
        "store_id": store.store_id,
        "spans": spans,
        "files": {name: describe(target / name) for name in (STORE_FILE, REGISTRY_FILE)},
    }
    (target / BACKUP_FILE).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    return described


def restore_backup(directory: Path, data_dir: Path, *, replace: bool = False) -> dict[str, Any]:
    """Put a backup into a data directory that no collector serves.

    Args:
        replace: there may be a store, which is moved aside, not removed.

    Raises:
        ConfigurationError: there is no backup, or a store is there already.
        StoreDamaged: the backup has changed since it was written.
        StoreLocked: a collector serves the data directory.
    """
    described = check_files(directory)
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(data_dir)
    try:
        present = [path for path in sorted(data_dir.iterdir()) if path.name.startswith((STORE_FILE, REGISTRY_FILE))]
        if present and not replace:
            raise ConfigurationError(
                f"{data_dir} holds a store already.",
                hint="Choose another with --data-dir, or say --replace: what is there is moved aside.",
            )
        incoming = data_dir / "new"
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir()
        for name in described["files"]:
            shutil.copyfile(directory / name, incoming / name)
        check_copies(incoming, described)
        _move_aside(data_dir, present)
        forget_manifest(data_dir)
        for name in (REGISTRY_FILE, STORE_FILE):  # the store last: until it is there, there is none
            (incoming / name).replace(data_dir / name)
        for name in DERIVED:
            shutil.rmtree(data_dir / name, ignore_errors=True)
    finally:
        lock.release()
    return described


def check_copies(directory: Path, described: dict[str, Any]) -> None:
    for name, expected in described["files"].items():
        if describe(directory / name) != expected:
            raise StoreError(f"{directory / name} was not copied whole.", hint="Is the disk full? Nothing was changed.")


def _move_aside(data_dir: Path, present: list[Path]) -> None:
    if not present:
        return
    aside = data_dir / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    aside.mkdir()
    for path in present:
        path.replace(aside / path.name)


def _copy_sqlite(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as from_, closing(sqlite3.connect(target)) as to:
        from_.backup(to)
        to.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        to.commit()
