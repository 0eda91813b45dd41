"""What of the chaos tests runs when: `make chaos-short` takes one of each kind, `make chaos` all of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

FULL = os.environ.get("CHAOS") == "full"
only_full = pytest.mark.skipif(not FULL, reason="in the full set: make chaos")


def short(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """All cases, as parameters (a tuple is several); only those `kept` are in the short set."""
    return [_param(case, () if case in kept else only_full) for case in cases]


def _param(case: Any, marks: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks)
