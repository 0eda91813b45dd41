"""Bounded decompression, piece by piece: no framework unpacks what strangers send. Pure.

80 kB of gzip can hold 80 MiB. So what comes out is counted while it comes out, and a body that grows beyond all
measure is given up before the memory is spent.
"""

from __future__ import annotations

import zlib
from typing import Final

from assay.collector.api.errors import TooLarge, UnsupportedMediaType
from assay.errors import InvalidRequest

WINDOW_BITS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
MAX_EXPANSION = 100  # times the bytes read, once more than FREE_EXPANSION_BYTES have come out
FREE_EXPANSION_BYTES = 1024**2
MAX_GZIP_MEMBERS = 1000  # a body of nothing but empty ones would keep us busy for seconds


class Inflater:
    """Call it with each piece of a compressed body, in order, then `finish` it."""

    def __init__(self, encoding: str, max_bytes: int) -> None:
        """
        Args:
            encoding: `gzip` or `deflate`.
            max_bytes: of what comes out.

        Raises:
            UnsupportedMediaType: it is another one.
        """
        if encoding not in WINDOW_BITS:
            raise UnsupportedMediaType(
                f"Content-Encoding {encoding!r} is not understood.", hint="Send gzip, deflate or identity."
            )
        self._encoding = encoding
        self._max_bytes = max_bytes
        self._stream = zlib.decompressobj(wbits=WINDOW_BITS[encoding])
        self._read = self._written = 0
        self._members = 1

    def __call__(self, piece: bytes) -> bytes:
        """What this piece holds.

        Raises:
            TooLarge: all together hold too much.
            InvalidRequest: the bytes are not in the encoding they were said to be in.
        """
        self._read += len(piece)
        out = []
        while piece:
            if self._stream.eof:
                self._start_next_member()
            allowed = self._allowed()
            try:
                unpacked = self._stream.decompress(piece, allowed + 1)
            except zlib.error as error:
                raise InvalidRequest(f"The body is not {self._encoding}: {error}.") from error
            self._written += len(unpacked)
            if len(unpacked) > allowed:
                raise TooLarge(
                    f"The body expands to more than {self._max_bytes} bytes, or to more than {MAX_EXPANSION} times "
                    "its size.",
                    hint="Send smaller batches.",
                )
            out.append(unpacked)
            piece = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        return b"".join(out)

    def finish(self) -> None:
        """Say that there are no more pieces.

        Raises:
            InvalidRequest: there should be.
        """
        if not self._stream.eof:
            raise InvalidRequest(f"The {self._encoding} body is truncated.")

    def _allowed(self) -> int:
        measure = max(FREE_EXPANSION_BYTES, MAX_EXPANSION * self._read)
        return max(0, min(self._max_bytes, measure) - self._written)

    def _start_next_member(self) -> None:
        # RFC 1952: a gzip file is a series of members; what they hold belongs together.
        if self._encoding != "gzip" or self._members == MAX_GZIP_MEMBERS:
            raise InvalidRequest(f"Bytes follow the end of the {self._encoding} body.")
        self._members += 1
        self._stream = zlib.decompressobj(wbits=WINDOW_BITS["gzip"])


def inflate(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """A whole body at once, within the same limits.

    Raises:
        TooLarge, UnsupportedMediaType, InvalidRequest: as `Inflater`.
    """
    inflater = Inflater(encoding, max_bytes)
    unpacked = inflater(body)
    inflater.finish()
    return unpacked
