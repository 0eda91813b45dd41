"""DuckDB's checksum, which its data blocks and the entries of its write-ahead log carry. Pure.

Here because DuckDB looks at a block only when a query needs it: a file with a damaged one opens without a word, and
even counts its rows. We read everything first.

Source: DuckDB, src/common/checksum.cpp. Tests compare it with files that DuckDB wrote.
"""

from __future__ import annotations

import struct
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_START = 5381
_FEW_WORDS = 512  # as in a header: for these numpy, some 11 MB, need not be loaded
_WORD_FACTOR = 0xBF58476D1CE4E5B9
_REST_FACTOR = 0xC6A4A7935BD1E995
_REST_START = 0xE17A1465
_MASK = 2**64 - 1


def checksum(data: bytes | memoryview) -> int:
    """Of the content that follows a stored checksum, as an unsigned 64-bit number."""
    n_words, n_rest = divmod(len(data), 8)
    of_words = _of_few_words(data, n_words) if n_words <= _FEW_WORDS else _of_words(data, n_words)
    of_rest = _rest(bytes(data[-n_rest:])) if n_rest else 0
    return _START ^ of_words ^ of_rest


def checksums(blocks: np.ndarray[tuple[int, int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Of many blocks of the same length at once: one row of little-endian words each."""
    import numpy as np

    of_words: np.ndarray[tuple[int], np.dtype[np.uint64]] = np.bitwise_xor.reduce(
        blocks * np.uint64(_WORD_FACTOR), axis=1
    )
    return of_words ^ np.uint64(_START)


def _of_few_words(data: bytes | memoryview, n_words: int) -> int:
    words = struct.unpack_from(f"<{n_words}Q", data)
    return reduce(xor, (word * _WORD_FACTOR & _MASK for word in words), 0)


def _of_words(data: bytes | memoryview, n_words: int) -> int:
    import numpy as np

    words = np.frombuffer(data, dtype="<u8", count=n_words)
    return int(np.bitwise_xor.reduce(words * np.uint64(_WORD_FACTOR)))


def _rest(data: bytes) -> int:
    # The fewer than eight bytes at the end, by MurmurHash's finish
    mixed = _REST_START ^ (len(data) * _REST_FACTOR & _MASK)
    mixed = (mixed ^ int.from_bytes(data, "little")) * _REST_FACTOR & _MASK
    mixed = (mixed ^ mixed >> 47) * _REST_FACTOR & _MASK
    return mixed ^ mixed >> 47
