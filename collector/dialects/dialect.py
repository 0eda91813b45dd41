"""What a dialect is: a table of names, and functions for what is more than a rename."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Attributes = Mapping[str, Any]
Function = Callable[[Attributes], Any]

# What a span says beside its attributes stands among them under these names, for fields and functions alike. Tests
# of a function may leave them out: read them with `get`.
NAME = "@name"  # the span's name
SCOPE = "@scope"  # the instrumentation scope's name
SPAN_KIND = "@span_kind"  # client, server, internal, ...; None when unset
EVENTS = "@events"  # [{"name", "time_unix_nano", "attributes"}]; a merged log record's body is its attribute "body"
RESOURCE = "@resource"  # the resource's attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one convention spells a span's canonical columns.

    Every field is filled by the first dialect that has a value for it, since senders mix conventions on one span; the
    label `dialect` is that of the first one that recognises the span.

    `fields` maps a column to attribute names, best first. `functions` maps a column to a pure function of all
    attributes, or to several, best first, asked when no name gave a value; it returns None when it has none, and never
    raises on values of a strange type. `needs` spares a function the spans that cannot hold anything for it; a name
    that a span does not carry reads as None.
    """

    name: str
    """The label. Several modules may share one: a library that speaks a known convention with words of its own."""
    prefixes: tuple[str, ...] = ()
    """Attribute names that start so belong to this dialect."""
    scopes: tuple[str, ...] = ()
    """Instrumentation scopes whose names start so belong to it."""
    events: tuple[str, ...] = ()
    """Events whose names start so belong to it. A span with none of the three is not asked about."""
    recognises: Callable[[Attributes], bool]
    """Told from the names alone, and from SCOPE: other values are missing. Names of numbered lists may be left out
    from number 1 on, so ask for number 0. EVENTS holds the names of those events that any dialect declares."""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    functions: Mapping[str, Function | tuple[Function, ...]] = field(default_factory=dict)

    def functions_of(self, column: str) -> tuple[Function, ...]:
        """Its functions for a column, best first."""
        given = self.functions.get(column, ())
        return given if isinstance(given, tuple) else (given,)


F = TypeVar("F", bound=Function)


def needs(*starts: str) -> Callable[[F], F]:
    """Mark a function as one to be called only where the name of an attribute starts with one of `starts`.

    `EVENTS` stands for: or where the span has events that a dialect declares.
    """

    def mark(function: F) -> F:
        function.needs = starts  # type: ignore[attr-defined]
        return function

    return mark
