"""The time that a page shows: `from` and `to` of its address, and the picker that changes them.

Each is relative to now (`-24h`, `30m`, `-7d`, `now`), a time (ISO 8601, UTC where it names no zone) or a day; a day as
`to` means its end. What is absent has no bound. `templates/time_range.html` draws a `Picker`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from assay.collector.pages import urls
from assay.errors import InvalidRequest

CHOICES = (
    ("-1h", "Last hour"),
    ("-24h", "Last 24 hours"),
    ("-7d", "Last 7 days"),
    ("-30d", "Last 30 days"),
)
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
FARTHEST_NS = 2**63 - 2  # what the store's clock can say, into 2262 and back to 1677
_RELATIVE = re.compile(r"-?(\d{1,6})([smhdw])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNIT_NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """What starts at `start_ns` or later and before `end_ns`; None: no bound. `query` is what the address says."""

    start_ns: int | None
    end_ns: int | None
    label: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def filter(self) -> str | None:
        """The condition on `start_time`, in the filter language; None when there is no bound."""
        bounds = ((">=", self.start_ns), ("<", self.end_ns))
        parts = [f"start_time {sign} '{iso(time)}'" for sign, time in bounds if time is not None]
        return " and ".join(parts) or None


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Picker:
    """What the control of a page shows: links, and a form that keeps the rest of the address."""

    label: str
    choices: list[Choice]
    wider: str | None  # twice as much time around the same middle
    path: str
    kept: list[tuple[str, str]]
    start: str  # as it stands in the address
    end: str


def parse(start: str, end: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> TimeRange:
    """The range that `from` and `to` of an address mean.

    Raises:
        InvalidRequest: one of them is no time, or nothing can be between them.
    """
    start, end, moment = start.strip(), end.strip(), now()
    lower, upper = _nanoseconds("from", start, moment), _nanoseconds("to", end, moment)
    if lower is not None and upper is not None and lower >= upper:
        raise InvalidRequest(
            f"The time starts at {start!r} and ends at {end!r}, which is not later.", hint="Swap `from` and `to`."
        )
    query = {name: text for name, text in (("from", start), ("to", end)) if text}
    return TimeRange(lower, upper, _label(start, end), query)


def picker(chosen: TimeRange, path: str, kept: Mapping[str, str | None]) -> Picker:
    """The control for a page at `path`; `kept` is what else its address holds, without the place in a list."""
    rest = {name: value for name, value in kept.items() if value}
    choices = [
        Choice(label, urls.with_query(path, **rest, **query), query == dict(chosen.query))
        for label, query in (("All time", {}), *((label, {"from": text}) for text, label in CHOICES))
    ]
    around = wider(chosen)
    return Picker(
        label=chosen.label,
        choices=choices,
        wider=urls.with_query(path, **rest, **around) if around else None,
        path=path,
        kept=list(rest.items()),
        start=chosen.query.get("from", ""),
        end=chosen.query.get("to", ""),
    )


def between(start_ns: int, end_ns: int) -> dict[str, str]:
    """`from` and `to` of an address for these times."""
    return {"from": iso(start_ns), "to": iso(end_ns)}


def wider(chosen: TimeRange) -> dict[str, str] | None:
    """`from` and `to` of twice as much time around the same middle; None where the time has no two ends."""
    if chosen.start_ns is None or chosen.end_ns is None:
        return None
    half = (chosen.end_ns - chosen.start_ns) // 2
    return between(_clamped(chosen.start_ns - half), _clamped(chosen.end_ns + half))


def iso(nanoseconds: int) -> str:
    """ISO 8601 in UTC with as many decimals of a second as it needs, at most nine."""
    seconds, rest = divmod(nanoseconds, 10**9)
    text = (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat()  # noqa: DTZ001  # before 1970, too
    decimals = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{decimals}Z"


def _nanoseconds(name: str, text: str, now: datetime) -> int | None:
    if not text:
        return None
    if text == "now":
        return _since_epoch(now)
    if relative := _RELATIVE.fullmatch(text):
        seconds = int(relative[1]) * UNITS_S[relative[2]]
        return _clamped(_since_epoch(now) - seconds * 10**9)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(
            f"{name} {text!r} is not a time.", hint="For example: -24h, 30m, now, 2026-11-21 or 2026-11-21T10:00:00Z"
        ) from error
    nanoseconds = _since_epoch(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) + _beyond_microseconds(text)
    is_last_day = name == "to" and _DAY.fullmatch(text) is not None
    return _clamped(nanoseconds + UNITS_S["d"] * 10**9 if is_last_day else nanoseconds)


def _since_epoch(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _beyond_microseconds(text: str) -> int:
    """The nanoseconds in an ISO time below its microseconds, which `datetime` forgets."""
    decimals = re.search(r"\.(\d{7,9})", text)
    return int(decimals[1].ljust(9, "0")[6:]) if decimals else 0


def _clamped(nanoseconds: int) -> int:
    return max(-FARTHEST_NS, min(nanoseconds, FARTHEST_NS))


def _label(start: str, end: str) -> str:
    """Last 24 hours · Since 2026-11-21 10:00 · Until 2026-11-22 · 2026-11-21 – 2026-11-22 · All time"""
    known = {text: label for text, label in CHOICES}
    if not start and not end:
        return "All time"
    if end in ("", "now"):
        relative = _RELATIVE.fullmatch(start)
        return known.get(start) or (_last(relative) if relative else f"Since {_said(start)}")
    return f"{_said(start)} – {_said(end)}" if start else f"Until {_said(end)}"


def _last(relative: re.Match[str]) -> str:
    number, unit = int(relative[1]), _UNIT_NAMES[relative[2]]
    return f"Last {unit}" if number == 1 else f"Last {number} {unit}s"


def _said(text: str) -> str:
    return re.sub(r"(\d)T(\d)", r"\1 \2", text).removesuffix("Z").removesuffix(":00")
