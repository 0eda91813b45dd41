"""Methods of a library's classes, replaced for a while: reversibly, once, and peacefully beside others' patches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
            for place in (owner, *self._copies(owner, name)):
                current = place.__dict__[name]
                before = self._applied.get((place, name))
                if before is None or not _reaches(current, before[1]):
                    patched = hook(current)
                    self._applied[place, name] = (current, patched)
                    setattr(place, name, patched)
        self.active = True

    def _copies(self, owner: type, name: str) -> list[type]:
        """Classes below with the owner's method as their own: what somebody else's patch left when it was undone."""
        method, _ = self._applied.get((owner, name), (owner.__dict__[name], None))
        return [place for place in _below(owner) if place.__dict__.get(name) is method]

    def remove(self) -> None:
        """Put back what was there. A patch that somebody else patched since stays below theirs, and does nothing."""
        self.active = False
        for (owner, name), (original, patched) in list(self._applied.items()):
            if owner.__dict__.get(name) is patched:
                setattr(owner, name, original)
                del self._applied[owner, name]


def _below(owner: type) -> Iterator[type]:
    classes: list[type] = type.__subclasses__(owner)
    for each in classes:
        yield each
        yield from _below(each)


def _reaches(method: Any, patched: Any) -> bool:
    """Is `patched` this method, or below others that wrap it?"""
    for _ in range(100):
        if method is patched:
            return True
        method = getattr(method, "__wrapped__", None)
        if method is None:
            return False
    return False
