"""What a dialect is: a table of names, and functions for what is more than a rename."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one convention spells a span's canonical columns.

    Every field is filled by the first dialect that has a value for it, since senders mix conventions on one span; the
    label `dialect` is the first one that recognises the span.

    `fields` maps a column to attribute names, best first. `functions` maps a column to a pure function of all
    attributes, asked when no name gave a value; it returns None when it has none, and never raises on values of a
    strange type.
    """

    name: str
    prefixes: tuple[str, ...]
    """Attribute names that start so belong to this dialect; without any, it is not asked."""
    recognises: Callable[[Attributes], bool]
    """Told from the names alone: the values may be missing."""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    functions: Mapping[str, Callable[[Attributes], Any]] = field(default_factory=dict)
