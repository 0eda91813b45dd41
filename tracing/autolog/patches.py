"""Methods of a library's classes, replaced for a while: reversibly, once, and peacefully beside others' patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Hook = Callable[[Any], Any]


class Patches:
    """A set of patches. `active` says whether what they do is wanted; a patch that cannot be taken out asks for it.

    A hook takes the method there was and returns the one to put in its place, with `functools.wraps`.
    """

    def __init__(self) -> None:
        self.active = False
        self._applied: dict[tuple[type, str], tuple[Any, Any]] = {}  # place -> what was there, what we put there

    def apply(self, *patches: tuple[type, str, Hook]) -> None:
        """Put these patches in. Those that are in place stay as they are."""
        for owner, name, hook in patches:
            current = owner.__dict__[name]
            before = self._applied.get((owner, name))
            if before is None or not _reaches(current, before[1]):
                patched = hook(current)
                self._applied[owner, name] = (current, patched)
                setattr(owner, name, patched)
        self.active = True

    def remove(self) -> None:
        """Put back what was there. A patch that somebody else patched since stays below theirs, and does nothing."""
        self.active = False
        for (owner, name), (original, patched) in list(self._applied.items()):
            if owner.__dict__.get(name) is patched:
                setattr(owner, name, original)
                del self._applied[owner, name]


def _reaches(method: Any, patched: Any) -> bool:
    """Is `patched` this method, or below others that wrap it?"""
    for _ in range(100):
        if method is patched:
            return True
        method = getattr(method, "__wrapped__", None)
        if method is None:
            return False
    return False
