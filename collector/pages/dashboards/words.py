"""Figures beside those of the period before, in words."""

from __future__ import annotations

from assay.collector.pages import formats
from assay.collector.pages.charts.units import Unit

SAME = 0.005  # of the value before: less is no change worth a word


def change_in_words(now: float | None, before: float | None, unit: Unit) -> str:
    """up 12 % from 1,024 · down 0.8 points from 3.2 % · as before · nothing before; "" where nothing is known now."""
    if now is None:
        return ""
    if before is None:
        return "nothing to compare with in the period before"
    if unit.name == "share":
        points = 100 * (now - before)
        if abs(points) < 0.05:
            return f"as before ({unit.text(before)})"
        return f"{'up' if points > 0 else 'down'} {abs(points):.1f} points from {unit.text(before)}"
    if before == 0:
        return "as before" if now == 0 else f"from {unit.text(before)}"
    ratio = now / before - 1
    if abs(ratio) < SAME:
        return f"as before ({unit.text(before)})"
    if ratio >= 2:
        return f"{formats.figure(now / before)} times the {unit.text(before)} before"
    return f"{'up' if ratio > 0 else 'down'} {formats.share(abs(ratio))} from {unit.text(before)}"
