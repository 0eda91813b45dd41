"""A store with something in it, and the ways in which disks and people damage one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from assay.collector.service import Service
from support.load import batch

STORE, LOG = "assay.duckdb", "assay.duckdb.wal"
BLOCK = 262_144
N_SPANS = 300

Damage = Callable[[Path], object]


def crashed_store(data_dir: Path) -> None:
    """A data directory as `kill -9` leaves it: 200 spans in the file, 100 in its log."""
    running = data_dir.with_name("running")
    service = Service(running)
    for number in range(2):
        service.ingest(batch(1, number, 100)).result()
    assert service.writer.checkpoint().result()
    service.ingest(batch(1, 2, 100)).result()
    service.writer.put_job(lambda cursor: service.store.note_progress()).result()
    data_dir.mkdir()
    for name in (STORE, LOG, "store.json"):
        shutil.copy(running / name, data_dir / name)
    service.close()


def flip(file: Path, at: int) -> None:
    raw = bytearray(file.read_bytes())
    raw[at] ^= 0xFF
    file.write_bytes(bytes(raw))


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip_data_block(data_dir: Path) -> None:
    """One byte of each block but the first, which holds the list of tables."""
    blocks = ((data_dir / STORE).stat().st_size - 3 * 4096) // BLOCK
    for block in range(1, blocks):
        flip(data_dir / STORE, 3 * 4096 + block * BLOCK + 2000)


# What is wrong -> how it comes about
DAMAGES: dict[str, Damage] = {
    "garbage": lambda it: (it / STORE).write_bytes(b"not a database" * 1000),
    "first-header": lambda it: flip(it / STORE, 20),
    "block": flip_data_block,
    "halved": lambda it: halve(it / STORE),
    "cut-in-the-header": lambda it: (it / STORE).write_bytes((it / STORE).read_bytes()[:5000]),
    "empty": lambda it: (it / STORE).write_bytes(b""),
    "log-only": lambda it: (it / STORE).unlink(),
    "vanished": lambda it: [(it / STORE).unlink(), (it / LOG).unlink()],
    "log-entry": lambda it: flip(it / LOG, (it / LOG).stat().st_size // 2),
    "log-first-entry": lambda it: flip(it / LOG, 5),
    "log-of-another": lambda it: flip(it / LOG, 12),
    "log-cut": lambda it: halve(it / LOG),
    "log-vanished": lambda it: (it / LOG).unlink(),
}


def contents(data_dir: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in data_dir.iterdir() if file.name != "LOCK" and file.is_file()}


def torn_by_a_crash(data_dir: Path) -> None:
    """The log ends within a transaction that nobody was told of."""
    log = data_dir / LOG
    log.write_bytes(log.read_bytes() + os.urandom(100))
