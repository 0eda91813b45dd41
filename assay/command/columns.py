"""What stands in the columns of a table for terminals. Light: `table.py` draws it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

UNKNOWN = "-"
JOINERS = "\u200c\u200d"


def text(value: Any) -> str:
    """Any value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        value = ", ".join(f"{key}: {item}" for key, item in value.items())
    elif isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    return harmless(" ".join(str(value).split()))


def harmless(line: str) -> str:
    """Without what a terminal obeys: escapes, other control characters, marks that turn the direction of writing.

    Data may hold anything. Of format characters only the joiners stay, which make one emoji of several.
    """
    if line.isascii() and line.isprintable():
        return line
    return "".join(char if _is_harmless(char) else "\N{REPLACEMENT CHARACTER}" for char in line)


def _is_harmless(char: str) -> bool:
    return char in JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def lines(values: list[Any]) -> str:
    return "\n".join(text(value) for value in values)


def time(value: str) -> str:
    """To the second, in UTC: 2026-11-21 14:43:43."""
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(ms: float) -> str:
    if ms < 999.5:
        return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.1f} ms"
    return f"{ms / 1000:.1f} s"


def count(number: float) -> str:
    """With its thousands apart: 12,345."""
    return f"{number:,.0f}"


def share(part: float) -> str:
    """0.0312 -> 3.1%"""
    return f"{part:.1%}"


def cost(usd: float) -> str:
    if 0 < usd < 0.00005:
        return "<$0.0001"
    return f"${usd:.2f}" if usd >= 100 or usd == 0 else f"${usd:.4f}"


@dataclass(frozen=True)
class Column:
    """How one field of a row is shown. `least` is how narrow it may get, `most` how wide; without them, it is whole."""

    field: str
    header: str = ""
    show: Callable[[Any], str] = text
    right: bool = False
    least: int | None = None
    most: int = 1_000
    wrap: bool = False

    @property
    def title(self) -> str:
        return self.header or self.field

    def cell(self, row: dict[str, Any]) -> str:
        value = row.get(self.field)
        return UNKNOWN if value is None else self.show(value) or UNKNOWN
