"""One line of what `assay doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and where it is not well, what to do."""

    name: str
    state: State
    detail: str
    hint: str = ""
