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
_COMMIT_ENTRY = b"\x64\x00\x64\xff\xff"
_TYPE, _VERSION, _IDENTIFIER, _CHECKPOINT, _END = (
    b"\x64\x00\x62",  # field 100: this entry says which version the log has
    b"\x65\x00",  # 101: a number
    b"\x66\x00",  # 102: a list of numbers below 256
    b"\x67\x00",  # 103: a number
    b"\xff\xff",
)
MAX_FIRST_ENTRY_BYTES = 256
NEWEST_VERSION = 16  # of the log; far above any that there is


@dataclass(frozen=True, slots=True)
class FirstEntry:
    """To which file, as of which checkpoint, a log belongs; both None in a log of the first version."""

    n_bytes: int
    identifier: bytes | None
    checkpoint: int | None


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
    first = read_first_entry(log)
    if first is None:
        return LogScan(len(log), 0, 0, "its first entry is damaged") if log else LogScan(0, 0, 0, None)
    position = good = first.n_bytes
    commits, problem = 0, None
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


def read_first_entry(log: bytes) -> FirstEntry | None:
    """What a log begins with; None when that is not what it should be."""
    try:
        head = log[:MAX_FIRST_ENTRY_BYTES]
        rest = _after(head, _TYPE)
        version, rest = _number(_after(rest, _VERSION))
        if not 0 < version <= NEWEST_VERSION:
            return None
        identifier = checkpoint = None
        if rest.startswith(_IDENTIFIER):
            length, rest = _number(_after(rest, _IDENTIFIER))
            numbers = []
            for _ in range(length):
                number, rest = _number(rest)
                numbers.append(number)
            identifier = bytes(numbers)
        if rest.startswith(_CHECKPOINT):
            checkpoint, rest = _number(_after(rest, _CHECKPOINT))
        rest = _after(rest, _END)
    except (ValueError, IndexError):
        return None
    return FirstEntry(len(head) - len(rest), identifier, checkpoint)


def _after(data: bytes, expected: bytes) -> bytes:
    if not data.startswith(expected):
        raise ValueError("something else is there")
    return data[len(expected) :]


def _number(data: bytes) -> tuple[int, bytes]:
    """A number in pieces of seven bits, the lowest first, and what follows it."""
    number = 0
    for place in range(10):
        number |= (data[place] & 0x7F) << 7 * place
        if data[place] < 0x80:
            return number, data[place + 1 :]
    raise ValueError("a number does not end")


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
