"""What an answer took, in one line; and an answer as a form carries it along. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.collector.pages import formats
from assay.collector.pages.playground.sheet import Answered


def figures_line(told: Mapping[str, Any]) -> str:
    """ "1.2 s · first text 320 ms · 20 → 3 tokens · $0.00042 · gpt-4o-mini"; "" where nothing was measured."""
    if not _is_number(told.get("duration_ms")):
        return ""
    first, cost, reason = told.get("first_text_ms"), told.get("cost_usd"), told.get("finish_reason")
    parts = (
        formats.duration(told["duration_ms"]),
        f"first text {formats.duration(first)}" if _is_number(first) else "",
        f"{_count(told.get('input_tokens'))} → {_count(told.get('output_tokens'))} tokens",
        formats.cost(cost) if _is_number(cost) else "cost not known",
        str(told.get("model") or ""),
        str(reason) if reason and reason != "stop" else "",
    )
    return " · ".join(part for part in parts if part)


def kept(answer: Answered | None) -> str:
    """JSON that `sheet.sheet_of_form` reads again; "" for none."""
    if answer is None:
        return ""
    return json.dumps({**answer.figures, "text": answer.text, "trace_id": answer.trace_id, "problem": answer.problem})


def _count(value: Any) -> str:
    return formats.count(value) if _is_number(value) else "?"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
