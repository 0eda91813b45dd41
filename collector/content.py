"""Long text, stored once however often it is sent.

A conversation of k turns sends its first message k times. So long values are cut into pieces where messages end, each
piece is stored once, and a span keeps the ids of its pieces: joined, they are what was sent, to the byte.

Pieces are shared by the spans received on one day (UTC) and no longer: what is old can then be deleted by whole days,
spans and content alike, without asking who else refers to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

# After an object of a list, in JSON and in JSON within JSON. The comma goes with what follows, so that the last message
# of one turn is the same piece when the next turn adds another behind it.
BOUNDARY = re.compile(r"\}(?=,\s?\{|\])")
MIN_PIECE_CHARS = 64
PLAIN_CHARS = 64 * 1024  # longer text is cut more coarsely, so that a huge list does not become a million rows
COARSE_PIECE_CHARS = 1024
KNOWN_PIECES = 50_000  # remembered at least, twice that at most: some 20 MB


def pieces(text: str) -> list[str]:
    """Cut `text` so that lists which share messages share pieces; `"".join` gives it back."""
    least = MIN_PIECE_CHARS if len(text) <= PLAIN_CHARS else COARSE_PIECE_CHARS
    if len(text) <= least or "}" not in text:  # most long text is prose, which this tells far sooner than the pattern
        return [text]
    cut, found = 0, []
    while boundary := BOUNDARY.search(text, cut + least - 1):
        end = boundary.end()
        found.append(text[cut:end])
        cut = end
    found.append(text[cut:])
    return found


def digest(piece: str) -> bytes:
    """What two pieces are compared by: 128 bits of BLAKE2b, which nobody can make collide."""
    return hashlib.blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class KnownContent:
    """Which pieces are stored already, as far as is remembered, and the ids of the next ones.

    Used by the writer's thread alone. What a transaction adds counts only once it is committed: `keep` after the
    commit, `forget` when there was none.
    """

    def __init__(self, next_id: int = 1) -> None:
        self._next_id = next_id
        self._day: int | None = None
        self._known: dict[bytes, int] = {}
        self._older: dict[bytes, int] = {}
        self._pending: dict[bytes, int] = {}

    def identify(self, digests: list[bytes], day: int) -> Iterator[tuple[int, bool]]:
        """For each piece its id, and whether it is new and so must be stored under that id.

        Args:
            day: days since the epoch on which the spans were received; pieces of another day are not shared.
        """
        if day != self._day:
            self._known, self._older, self._day = {}, {}, day
            self._pending = {}
        for key in digests:
            number = self._known.get(key) or self._pending.get(key)
            if number is None and (number := self._older.get(key)):
                self._known[key] = number
            if number is not None:
                yield number, False
                continue
            number, self._next_id = self._next_id, self._next_id + 1
            self._pending[key] = number
            yield number, True

    def keep(self) -> None:
        """The transaction was committed: its pieces may be referred to from now on."""
        self._known.update(self._pending)
        self._pending = {}
        if len(self._known) > KNOWN_PIECES:
            self._known, self._older = {}, self._known

    def forget(self) -> None:
        """The transaction was rolled back: its pieces are not there. Their ids stay unused."""
        self._pending = {}

    def forget_all(self) -> None:
        """Content was deleted: nothing that is remembered may be referred to any more."""
        self._known, self._older, self._pending = {}, {}, {}
