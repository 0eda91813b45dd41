"""Figures and times as people read them. Unknown is a dash, never 0; the full value goes into the title beside it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

UNKNOWN = "–"
_MINUS = "−"
TIME_NOTES = {"in_progress": "so far", "interrupted": "interrupted"}
"""Status of a span or trace without an end -> what has to stand beside its time."""


def nanoseconds(moment: str) -> int:
    """Nanoseconds since the epoch of an ISO 8601 UTC time with up to nine decimals; microseconds tie short spans."""
    seconds, _, fraction = moment.removesuffix("Z").removesuffix("+00:00").partition(".")
    return _whole_seconds(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)


@lru_cache(maxsize=4096)  # the spans of a trace share few seconds
def _whole_seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


def duration(milliseconds: float | None) -> str:
    """0.42 ms · 640 ms · 1.2 s · 2 m 05 s · 1 h 12 m"""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 0:
        return _MINUS + duration(-milliseconds)
    if milliseconds < 9.95:
        return f"{_significant(milliseconds)} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {seconds:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m"


def time_note(status: str | None) -> str:
    """What a time means that is not the time something took: "so far" · "interrupted"; else ""."""
    return TIME_NOTES.get(status or "", "")


def count(number: float | None) -> str:
    """3,401"""
    return UNKNOWN if number is None else f"{number:,.0f}".replace("-", _MINUS)


def cost(dollars: float | None) -> str:
    """$0 · $0.00042 · $0.0124 · $1.24 · $1,204"""
    if dollars is None:
        return UNKNOWN
    if dollars < 0:
        return _MINUS + cost(-dollars)
    if dollars == 0:
        return "$0"
    if dollars < 0.01:
        return f"${_significant(dollars)}"
    if dollars < 1:
        return f"${dollars:.3f}"
    return f"${dollars:,.2f}" if dollars < 1000 else f"${dollars:,.0f}"


def figure(value: float | None, *, signed: bool = False, places: int | None = None) -> str:
    """A score or statistic in at most four significant digits: 0.85 · 0.003 · 12.5 · +0.125 when `signed`.

    Args:
        places: decimals to show of what is not too large or small for them, so that a column of figures lines up.
    """
    if value is None or math.isnan(value):
        return UNKNOWN
    size = abs(value)
    if places is not None and (size == 0 or 10**-places <= size < 100):
        text = f"{size:.{places}f}"
    elif size == 0 or size >= 1000:
        text = f"{size:,.0f}"
    elif size >= 1:
        text = f"{size:.2f}".rstrip("0").rstrip(".")
    elif size >= 0.001:
        text = f"{size:.3f}"
        text = text[:-1] if text.endswith("0") else text
    else:
        text = f"{size:.1e}"
    if value < 0:
        return _MINUS + text
    return "+" + text if signed and value > 0 else text


def p_value(p: float | None) -> str:
    """0.031 · < 0.001; never "0", which no test can show."""
    if p is None:
        return UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{100 * share:.0f} %"


def share(value: float | None) -> str:
    """A share in percent, with a decimal where it is small: 12 % · 0.4 % · 0 % is none at all, never a rounded few."""
    if value is None:
        return UNKNOWN
    size = 100 * value
    if size == 0 or size >= 9.95:
        return f"{size:.0f} %"
    return "< 0.1 %" if 0 < size < 0.05 else f"{size:.1f} %".replace("-", _MINUS)


def ago(moment: str | None, now: datetime) -> str:
    """ "just now" · "5 min ago" · "3 h ago" · "2 d ago", and the date from a month on. Times ahead are "in 5 min"."""
    if moment is None:
        return UNKNOWN
    then = datetime.fromtimestamp(nanoseconds(moment) / 1e9, tz=UTC)
    seconds = (now - then).total_seconds()
    if abs(seconds) < 10:
        return "just now"
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (30 * 86400, 86400, "d")):
        if abs(seconds) < limit:
            size = f"{abs(seconds) // unit:.0f} {name}"
            return f"{size} ago" if seconds > 0 else f"in {size}"
    return f"{then:%Y-%m-%d}"


def utc(moment: str | None) -> str:
    """2026-11-21 13:22:04.123 UTC"""
    if moment is None:
        return UNKNOWN
    day, _, time = moment.removesuffix("Z").removesuffix("+00:00").partition("T")
    clock, _, fraction = time.partition(".")
    return f"{day} {clock}.{fraction[:3]} UTC" if fraction else f"{day} {clock} UTC"


def plain(value: Any) -> str:
    """Any value as text: a string as it is, None as "", everything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def one_line(value: Any, limit: int = 240) -> str:
    """The first `limit` characters of `plain(value)` without line breaks: what fits a cell of a list."""
    text = " ".join(plain(value)[: 4 * limit].split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def readable(value: Any, limit: int = 240) -> str:
    """`one_line` of a value, with the arguments of a function as a person would say them: not JSON, but its texts."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return one_line(value, limit)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    elif isinstance(value, dict):
        value = " · ".join(f"{key}: {plain(one)}" for key, one in value.items())
    return one_line(value, limit)


def words(name: str | None) -> str:
    """A name with underscores as a person would write it."""
    return UNKNOWN if not name else name.replace("_", " ")


def _significant(number: float) -> str:
    """Two significant digits without an exponent: 0.42, 0.0012, 0.000031."""
    if number == 0:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(number)))
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
