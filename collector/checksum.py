"""DuckDB's checksum, which its data blocks and the entries of its write-ahead log carry. Pure.

Here because DuckDB looks at a block only when a query needs it: a file with a damaged one opens without a word, and
even counts its rows. We read everything first.

Source: DuckDB, src/common/checksum.cpp. Tests compare it with files that DuckDB wrote.
"""

from __future__ import annotations

import numpy as np

_START = 5381
_WORD_FACTOR = 0xBF58476D1CE4E5B9
_REST_FACTOR = 0xC6A4A7935BD1E995
_REST_START = 0xE17A1465
_MASK = 2**64 - 1


def checksum(data: bytes | memoryview) -> int:
    """Of the content that follows a stored checksum, as an unsigned 64-bit number."""
    n_words, n_rest = divmod(len(data), 8)
    words = np.frombuffer(data, dtype="<u8", count=n_words)
    of_words = int(np.bitwise_xor.reduce(words * np.uint64(_WORD_FACTOR))) if n_words else 0
    of_rest = _rest(bytes(data[-n_rest:])) if n_rest else 0
    return _START ^ of_words ^ of_rest


def checksums(blocks: np.ndarray[tuple[int, int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Of many blocks of the same length at once: one row of little-endian words each."""
    of_words: np.ndarray[tuple[int], np.dtype[np.uint64]] = np.bitwise_xor.reduce(
        blocks * np.uint64(_WORD_FACTOR), axis=1
    )
    return of_words ^ np.uint64(_START)


def _rest(data: bytes) -> int:
    # The fewer than eight bytes at the end, by MurmurHash's finish
    mixed = _REST_START ^ (len(data) * _REST_FACTOR & _MASK)
    mixed = (mixed ^ int.from_bytes(data, "little")) * _REST_FACTOR & _MASK
    mixed = (mixed ^ mixed >> 47) * _REST_FACTOR & _MASK
    return mixed ^ mixed >> 47
