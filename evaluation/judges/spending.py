"""What the answers of a judge's model took, as a score's metadata record it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.evaluation.gateway import Completion


def spent(answers: Sequence[Completion]) -> dict[str, Any]:
    """Tokens, cost and calls, summed; a sum is None as soon as one part is unknown. `cached`: no model was asked.

    `cached_calls` of the calls were answered from kept answers, which once cost `saved_usd`.
    """
    kept = [answer for answer in answers if answer.cached]
    return {
        "response_model": joined([answer.model for answer in answers]),
        "system_fingerprint": joined([answer.system_fingerprint for answer in answers]),
        "input_tokens": _total([answer.input_tokens for answer in answers]),
        "output_tokens": _total([answer.output_tokens for answer in answers]),
        "cost_usd": _total([answer.cost_usd for answer in answers]),
        "calls": len(answers),
        "cached": bool(answers) and len(kept) == len(answers),
        **({"cached_calls": len(kept), "saved_usd": _total([each.original_cost_usd for each in kept])} if kept else {}),
    }


def joined(names: Sequence[str | None]) -> str | None:
    """Each name once, in the order of their first use; None when none is known."""
    return ", ".join(dict.fromkeys(name for name in names if name)) or None


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
