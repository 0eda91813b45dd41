"""Responses that the server makes in the background: their tokens are told when one asks for them, and counted once.

`responses.create(background=True)` answers before there is anything to record. Whoever asks for the response later and
finds it done sees the answer and its tokens; who asks again sees them again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from assay.tracing.autolog.values import get

MAX_REMEMBERED = 10_000
TERMINAL = frozenset({"completed", "failed", "incomplete", "cancelled"})

_counted: OrderedDict[str, None] = OrderedDict()  # ids of responses whose tokens are on a span of this process


def is_over(response: Any) -> bool:
    """Was it made in the background, and is it done?"""
    return get(response, "background") is True and get(response, "status") in TERMINAL


def counts_now(response_id: str) -> bool:
    """True the first time that the tokens of this response come up in this process."""
    if response_id in _counted:
        return False
    _counted[response_id] = None
    if len(_counted) > MAX_REMEMBERED:
        _counted.popitem(last=False)
    return True


def forget() -> None:
    """Count anew."""
    _counted.clear()
