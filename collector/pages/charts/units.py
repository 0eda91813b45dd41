"""What figures are figures of: how one is written in full, and how briefly on an axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assay.collector.pages import formats


@dataclass(frozen=True, slots=True)
class Unit:
    """`name` stands at the axis; `text` writes a value in full, `tick` as briefly as it can."""

    name: str
    text: Callable[[float | None], str]
    tick: Callable[[float], str]
    is_whole: bool = False


def short(number: float) -> str:
    """950 · 1.2k · 34k · 5M · 0.25"""
    size = abs(number)
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= limit:
            return f"{number / limit:.3g}{letter}".replace("-", "−")
    return f"{number:.3g}".replace("-", "−")


def _dollars(number: float) -> str:
    return f"${short(number)}" if abs(number) >= 1000 else formats.cost(number)


COUNT = Unit("number", formats.count, short, is_whole=True)
TOKENS = Unit("tokens", formats.count, short, is_whole=True)
MONEY = Unit("US dollars", formats.cost, _dollars)
TIME = Unit("time", formats.duration, lambda value: formats.duration(value) if value else "0")
SHARE = Unit("share", formats.share, lambda value: formats.percent(value) if value in (0, 1) else formats.share(value))
SCORE = Unit("mean", formats.figure, lambda value: f"{value:.3g}".replace("-", "−"))
