"""Who changes something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for a change: a key's id, or `local` where no key is needed; and from which address."""

    name: str = "local"
    address: str | None = None
    is_admin: bool = False  # may move aliases that are protected


LOCAL = Actor(is_admin=True)
