"""The bytes of DuckDB's write-ahead log: how much of it is whole.

First an entry that says to which database and checkpoint the log belongs, without a checksum; DuckDB throws the whole
log away, without a word, when that entry reads as another database's. Then entries with length and checksum; one that
says "commit" ends each transaction.

Source: DuckDB, src/storage/write_ahead_log.cpp and wal_replay.cpp.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from assay.collector.checksum import checksum

_ENTRY = struct.Struct("<QQ")  # length and checksum of what follows
_END = b"\xff\xff"
_VERSION_ENTRY = b"\x64\x00\x62"  # the type of the first entry, as its first field
_COMMIT_ENTRY = b"\x64\x00\x64\xff\xff"
MAX_FIRST_ENTRY_BYTES = 256


@dataclass(frozen=True, slots=True)
class LogScan:
    """What a log holds. Bytes from `good_bytes` on are damaged, cut off, or belong to no finished transaction.

    `problem` says why reading stopped before the end; None when everything is whole.
    """

    n_bytes: int
    good_bytes: int
    commits: int
    problem: str | None


def scan_log(log: bytes) -> LogScan:
    """Read a log from its beginning to the first entry that is not whole."""
    position = first_entry_end(log)
    if position is None:
        return LogScan(len(log), 0, 0, "its first entry is damaged") if log else LogScan(0, 0, 0, None)
    good, commits, problem = position, 0, None
    view = memoryview(log)
    while position < len(log):
        payload, problem = _entry_at(view, position)
        if payload is None:
            break
        position += _ENTRY.size + len(payload)
        if payload == _COMMIT_ENTRY:
            good, commits = position, commits + 1
    if problem is None and good < len(log):
        problem = f"the transaction at byte {good} was never finished"
    return LogScan(len(log), good, commits, problem)


def first_entry_end(log: bytes) -> int | None:
    """Where the entries with checksums begin; None when the first entry is not what it should be."""
    if not log.startswith(_VERSION_ENTRY):
        return None
    end = log.find(_END, 0, MAX_FIRST_ENTRY_BYTES)
    while end >= 0:  # a number within may hold the same two bytes
        if end + len(_END) == len(log) or _entry_at(memoryview(log), end + len(_END))[0] is not None:
            return end + len(_END)
        end = log.find(_END, end + 1, MAX_FIRST_ENTRY_BYTES)
    return None


def find_entries(log: bytes) -> int | None:
    """Where entries with checksums begin in a log whose first entry is damaged; None when they cannot be found."""
    view = memoryview(log)
    starts = range(min(MAX_FIRST_ENTRY_BYTES, len(log)))
    return next((start for start in starts if _entry_at(view, start)[0] is not None), None)


def _entry_at(log: memoryview, position: int) -> tuple[memoryview | None, str | None]:
    """What the entry holds; or None, and why."""
    if position + _ENTRY.size > len(log):
        return None, f"the entry at byte {position} is cut off"
    length, stored = _ENTRY.unpack_from(log, position)
    end = position + _ENTRY.size + length
    if length == 0 or end > len(log):
        nothing_left = not any(log[position:])
        return None, f"there is nothing but zeros from byte {position} on" if nothing_left else (
            f"the entry at byte {position} is cut off"
        )
    payload = log[position + _ENTRY.size : end]
    if checksum(payload) != stored:
        return None, f"the entry at byte {position} does not match its checksum"
    return payload, None
