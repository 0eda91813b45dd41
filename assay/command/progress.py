"""Counts on one line of a terminal, for what takes a while."""

from __future__ import annotations

import sys


class Progress:
    """Silent where nobody looks at a terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._shown = sys.stderr.isatty()

    def __call__(self, count: int) -> None:
        self._count += count
        if self._shown and self._count % 100 < count:
            print(f"\r{self._count} {self._what}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print(f"\r{self._count} {self._what}", file=sys.stderr)
