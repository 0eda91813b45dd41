"""What an answer's headers say of the provider's rate limits, in whichever of the known forms. Pure.

OpenAI, Azure and gateways:  x-ratelimit-{limit,remaining,reset}-{requests,tokens}      reset: "1s", "6m0s", "120ms"
Anthropic:                   anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}
                                                                                        reset: an ISO time
LiteLLM:                     the same behind `llm_provider-`
Everybody:                   retry-after (seconds or a date), retry-after-ms
"""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

DIMENSIONS = ("requests", "tokens", "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Reading:
    """One limit as an answer tells it; None is not told."""

    limit: float | None = None
    remaining: float | None = None
    reset_s: float | None = None  # until all of the limit is there again
    reset_error_s: float = 0.0  # by how much the reset may be off, as it is written


@dataclass(frozen=True, slots=True)
class Told:
    """All that an answer's headers say about rates."""

    readings: Mapping[str, Reading] = field(default_factory=dict)  # by dimension
    retry_after_s: float | None = None


_NAMES = {
    f"{prefix}{name}": (dimension, part)
    for dimension in DIMENSIONS
    for part in ("limit", "remaining", "reset")
    for prefix, name in (
        ("x-ratelimit-", f"{part}-{dimension.replace('_', '-')}"),
        ("anthropic-ratelimit-", f"{dimension.replace('_', '-')}-{part}"),
    )
}
_LITELLM = "llm_provider-"


def read_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]], *, now: float) -> Told:
    """Read what is there and skip what makes no sense. `now` is the time since the epoch, for resets that are times."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    values = {str(name).lower().removeprefix(_LITELLM): str(value).strip() for name, value in pairs}
    parts: dict[str, dict[str, str]] = {}
    for name, value in values.items():
        if known := _NAMES.get(name):
            dimension, part = known
            parts.setdefault(dimension, {})[part] = value
    readings = {dimension: _reading(found, now) for dimension, found in parts.items()}
    return Told(
        readings={name: reading for name, reading in readings.items() if reading != Reading()},
        retry_after_s=_retry_after_s(values, now),
    )


def _reading(parts: Mapping[str, str], now: float) -> Reading:
    reset = duration_s(parts.get("reset", ""), now=now)
    return Reading(
        limit=_count(parts.get("limit")),
        remaining=_count(parts.get("remaining")),
        reset_s=reset[0] if reset else None,
        reset_error_s=reset[1] if reset else 0.0,
    )


def _count(text: str | None) -> float | None:
    """A number of 0 or more. A limit of 0 or less says nothing: some gateways send -1 for "none"."""
    try:
        number = float(text) if text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _retry_after_s(values: Mapping[str, str], now: float) -> float | None:
    milliseconds = _count(values.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    found = duration_s(values.get("retry-after", ""), now=now)
    return found[0] if found else None


_UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_UNITED = re.compile(r"(\d+(?:\.\d*)?)(ms|us|µs|ns|d|h|m|s)")
_WHOLE = re.compile(rf"(?:{_UNITED.pattern})+")
_NUMBER = re.compile(r"\d+(?:\.(\d*))?")
_EPOCH_S, _EPOCH_MS = 1e9, 1e12  # numbers as great as these are times, not durations


def duration_s(text: str, *, now: float) -> tuple[float, float] | None:
    """Seconds from `now`, and by how much they may be off as they are written; None: not a time. What is past is 0.

    Takes "1s", "6m0s", "1h2m3.5s", "120ms", "30" (seconds), seconds or milliseconds since the epoch, ISO times and
    the dates of HTTP.
    """
    text = text.strip()
    if number := _NUMBER.fullmatch(text):
        value, error = float(text), 10.0 ** -len(number[1] or "")
        if value >= _EPOCH_MS:
            value, error = value / 1000, 1e-3
        return max(0.0, value - now if value >= _EPOCH_S else value), error
    if _WHOLE.fullmatch(text):
        found = _UNITED.findall(text)
        size, unit = found[-1]  # the last is the finest
        error = _UNITS_S[unit] * 10.0 ** -len(size.partition(".")[2])
        return sum(float(size) * _UNITS_S[unit] for size, unit in found), error
    moment = _moment(text)
    return (max(0.0, moment - now), 1e-3 if "." in text else 1.0) if moment is not None else None


def _moment(text: str) -> float | None:
    for parse in (datetime.fromisoformat, email.utils.parsedate_to_datetime):
        try:
            found = parse(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError):
            continue
    return None
