"""Makes a damaged store open again, with everything in it that can still be read, and says what could not.

Nothing is destroyed: the files as they were found are copied aside first, and stay there.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import duckdb

from assay.collector.data_file import DataFile, Header, NotADatabase
from assay.collector.lock import DirectoryLock
from assay.collector.log_file import LogScan, find_entries, read_first_entry, scan_log
from assay.collector.manifest import MANIFEST_FILE, forget_manifest, read_manifest
from assay.collector.salvage import salvage
from assay.collector.start_checks import log_is_of, log_path
from assay.collector.store import STORE_FILE, SpanStore
from assay.errors import StoreDamaged, StoreError

Result = TypeVar("Result")

NO_EXTENSIONS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


@dataclass(slots=True)
class Repair:
    """What was found, what was done, and what is gone. `lost` is empty when everything is there."""

    found: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    copies: Path | None = None
    spans: int = 0


def repair(data_dir: Path, *, now: Callable[[], float] = time.time) -> Repair:
    """Repair the store of `data_dir`, where it needs it.

    Raises:
        StoreLocked: a collector is running.
        StoreDamaged: too little is left of the file; the message says what to do instead.
        StoreError: there is no store, or no room for copies of it.
    """
    path = data_dir / STORE_FILE
    if not data_dir.is_dir():
        raise StoreError(f"There is no directory {data_dir}.", hint="Name the one of the collector with --data-dir.")
    lock = DirectoryLock(data_dir)
    try:
        report = Repair()
        blocks_damaged = _look_at_file(path, report)
        scan = _look_at_log(path, report)
        if scan.problem or report.found:
            report.copies = _copy_aside(path, now())
        if scan.problem:
            _mend_log(path, scan, report)
        if blocks_damaged:
            salvage(path, read_manifest(data_dir), report.lost)
        else:
            _compare_with_what_was(path, report)
        forget_manifest(data_dir)
        report.spans = _open_anew(path, report)
        return report
    finally:
        lock.release()


def _look_at_file(path: Path, report: Repair) -> bool:
    """Whether it has damaged blocks."""
    log = log_path(path)
    if not path.exists() or path.stat().st_size == 0:
        what = "is missing" if not path.exists() else "is empty"
        left = (
            f" What is left is the write-ahead log {log.name}, which is of no use without it." if log.exists() else ""
        )
        raise StoreDamaged(f"{path} {what}.{left}", hint=_no_way_out(path))
    header, suspect = _with_file(path, lambda file, header: (header, file.suspect_blocks(header)))
    if suspect:
        report.found.append(f"{len(suspect)} of {header.n_blocks} blocks of {path.name} do not match their checksums")
    return bool(suspect)


def _with_file(path: Path, look: Callable[[DataFile, Header], Result]) -> Result:
    file = DataFile(path)
    try:
        return look(file, file.header())
    except NotADatabase as error:
        raise StoreDamaged(f"{path} cannot be read: {error}.", hint=_no_way_out(path)) from error
    finally:
        file.close()


def _look_at_log(path: Path, report: Repair) -> LogScan:
    log = log_path(path)
    raw = log.read_bytes() if log.exists() else b""
    scan = scan_log(raw)
    if raw and not _with_file(path, lambda file, header: log_is_of(raw, file, header)):
        scan = LogScan(len(raw), 0, 0, "its first entry is damaged")
    if scan.problem:
        report.found.append(f"{log.name}: {scan.problem}")
    return scan


def _copy_aside(path: Path, now: float) -> Path:
    files = [*path.parent.glob(f"{path.name}*"), *path.parent.glob(MANIFEST_FILE)]
    needed, free = sum(file.stat().st_size for file in files), shutil.disk_usage(path.parent).free
    if free < 2 * needed:
        raise StoreError(
            f"A repair copies {needed} bytes aside and may write as many; {free} are free.",
            hint="Free some space, or move the data directory to a larger disk. Nothing was changed.",
        )
    copies = path.with_name(time.strftime("before-repair-%Y%m%dT%H%M%SZ", time.gmtime(now)))
    copies.mkdir()
    for file in files:
        shutil.copy2(file, copies / file.name)
    return copies


def _mend_log(path: Path, scan: LogScan, report: Repair) -> None:
    """Cut the log where it is damaged; with a damaged first entry, put a sound one in its place."""
    log = log_path(path)
    raw = log.read_bytes()
    if scan.good_bytes == 0:
        start = find_entries(raw)
        raw = _first_entry(path) + (raw[start:] if start is not None else b"")
        scan = scan_log(raw)
        if start is None:
            report.lost.append(f"all of {log.name}: none of its entries can be read")
    if cut := len(raw) - scan.good_bytes:
        unfinished = " (a transaction that was never acknowledged)" if "never finished" in (scan.problem or "") else ""
        zeros = not any(raw[scan.good_bytes :])
        if not unfinished and not zeros:
            report.lost.append(
                f"{cut} bytes of {log.name} from byte {scan.good_bytes} on, behind {scan.commits} whole transactions"
            )
        else:
            report.found.append(f"cut {cut} bytes from byte {scan.good_bytes} on{unfinished or ': zeros'}")
    log.write_bytes(raw[: scan.good_bytes])


def _first_entry(path: Path) -> bytes:
    """What the log of this file begins with: as DuckDB writes it, for a copy of the file."""
    directory = path.with_name("repair")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    try:
        copy = directory / path.name
        shutil.copyfile(path, copy)
        with duckdb.connect(str(copy), config={"checkpoint_threshold": "1TB", **NO_EXTENSIONS}) as db:
            db.execute("CREATE TABLE begins_a_log (i INTEGER)")
            begun = log_path(copy).read_bytes()
    except duckdb.Error as error:
        raise StoreDamaged(f"{path} cannot be opened: {error}", hint=_no_way_out(path)) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    first = read_first_entry(begun)
    assert first is not None, "DuckDB began a log in a way that is not known here"
    return begun[: first.n_bytes]


def _compare_with_what_was(path: Path, report: Repair) -> None:
    """Say by how much the store is less than it was."""
    manifest = read_manifest(path.parent)
    checkpoint = _with_file(path, lambda file, header: header.checkpoint)
    log = log_path(path)
    n_log = log.stat().st_size if log.exists() else 0
    if manifest and checkpoint < manifest.checkpoint:
        report.lost.append(f"what came after checkpoint {checkpoint}: there had been {manifest.checkpoint}")
    elif manifest and checkpoint == manifest.checkpoint and n_log < manifest.log_bytes and not report.lost:
        report.lost.append(f"the end of {log.name}: {n_log} bytes are there of {manifest.log_bytes}")


def _open_anew(path: Path, report: Repair) -> int:
    """Replay the log, run every check of a start, and checkpoint; the number of spans."""
    _accept_row_count(path, report)
    store = SpanStore(path)
    with store.read() as db:
        [(spans,)] = db.execute("SELECT count(*) FROM span_log").fetchall()
    store.close()
    return int(spans)


def _accept_row_count(path: Path, report: Repair) -> None:
    try:
        with duckdb.connect(str(path), config={"checkpoint_threshold": "1TB", **NO_EXTENSIONS}) as db:
            db.execute("PRAGMA disable_checkpoint_on_shutdown")
            if not db.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'span_count_log'").fetchall():
                return
            counted = db.execute("SELECT span_count FROM span_count_log ORDER BY rowid DESC LIMIT 1").fetchall()
            [(there,)] = db.execute("SELECT count(*) FROM span_log").fetchall()
            if counted and there < counted[0][0]:
                report.lost.append(f"{counted[0][0] - there} spans: {counted[0][0]} were counted, {there} are there")
                db.execute("INSERT INTO span_count_log VALUES (?, now()::TIMESTAMP)", [there])
    except duckdb.Error as error:
        raise StoreDamaged(f"{path} cannot be opened: {error}", hint=_no_way_out(path)) from error


def _no_way_out(path: Path) -> str:
    return (
        f"Restore it from a backup with assay restore; to start empty instead, move {path.parent} aside. "
        "Nothing was changed."
    )
