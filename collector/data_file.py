"""The bytes of a DuckDB file, as far as one must know them to tell whether the file is whole.

Three headers of 4 KB: the file's own, and two of the database, of which the one with the higher iteration counts: a
checkpoint writes the other one last, so that it either happened or did not. Then blocks of one size, each with a
checksum.

Source: DuckDB, src/storage/single_file_block_manager.cpp.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from assay.collector.checksum import checksum, checksums

HEADER_BYTES = 4096
FIRST_BLOCK_AT = 3 * HEADER_BYTES
MAGIC = b"DUCK"
READ_BYTES = 8 * 1024**2  # at a time

_DATABASE_HEADER = struct.Struct("<QqqQQ")  # iteration, meta block, free list, number of blocks, size of a block


class NotADatabase(ValueError):
    """The headers are not those of a DuckDB file; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the newest database header says. `checkpoint` counts up with every checkpoint."""

    checkpoint: int
    n_blocks: int
    block_bytes: int


class DataFile:
    """A DuckDB file opened for looking at its bytes.

    Keep it open for as long as this process has the file open in DuckDB as well: DuckDB's lock on it is of a kind that
    vanishes when any descriptor of the same process for the same file is closed.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def close(self) -> None:
        os.close(self._descriptor)

    def header(self) -> Header:
        """
        Raises:
            NotADatabase: there is none.
        """
        raw = self._read(0, FIRST_BLOCK_AT)
        if len(raw) < FIRST_BLOCK_AT:
            raise NotADatabase(f"it has only {len(raw)} bytes")
        if raw[8:12] != MAGIC:
            raise NotADatabase("it is not a DuckDB file")
        headers = [raw[start : start + HEADER_BYTES] for start in range(0, FIRST_BLOCK_AT, HEADER_BYTES)]
        first, *of_database = headers
        if not _whole(first):
            raise NotADatabase("its first header is damaged")
        found = [_DATABASE_HEADER.unpack_from(header, 8) for header in of_database if _whole(header)]
        if not found:
            raise NotADatabase("both headers of the database are damaged")
        checkpoint, _, _, n_blocks, block_bytes = max(found)
        if block_bytes < HEADER_BYTES:
            raise NotADatabase(f"its blocks are said to have {block_bytes} bytes")
        return Header(checkpoint, n_blocks, block_bytes)

    def is_named(self, identifier: bytes) -> bool:
        """Whether this is the file of which a log speaks."""
        return identifier in self._read(0, HEADER_BYTES)

    def suspect_blocks(self, header: Header, *, within_s: float = float("inf")) -> list[int]:
        """Numbers of blocks that are cut off, or whose checksum is wrong; looks as far as `within_s` allows.

        Suspect only: a block that is free may hold anything.
        """
        import numpy as np  # of a new file nothing is looked at, and a collector starts without it

        deadline = time.monotonic() + within_s
        at_once = max(1, READ_BYTES // header.block_bytes)
        suspect: list[int] = []
        for first in range(0, header.n_blocks, at_once):
            if time.monotonic() > deadline:
                break
            wanted = min(at_once, header.n_blocks - first)
            raw = self._read(FIRST_BLOCK_AT + first * header.block_bytes, wanted * header.block_bytes)
            whole = len(raw) // header.block_bytes
            words = np.frombuffer(raw, dtype="<u8", count=whole * header.block_bytes // 8).reshape(
                whole, header.block_bytes // 8
            )
            wrong = checksums(words[:, 1:]) != words[:, 0]
            suspect += [first + int(index) for index in np.flatnonzero(wrong)]
            suspect += range(first + whole, first + wanted)
        return suspect

    def _read(self, start: int, n_bytes: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, n_bytes, start)
        os.lseek(self._descriptor, start, os.SEEK_SET)
        return os.read(self._descriptor, n_bytes)


def _whole(header: bytes) -> bool:
    (stored,) = struct.unpack_from("<Q", header)
    return bool(stored == checksum(header[8:]))
