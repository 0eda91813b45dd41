"""Whether answers of models are kept and used again: a context variable around whatever asks them.

with answering("reuse", repeat=2) as tally:
    await gateway.complete(...)
tally.hits
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Literal

from assay.errors import ConfigurationError

Policy = Literal["reuse", "refresh", "off"]
POLICIES = ("reuse", "refresh", "off")


@dataclass(slots=True)
class Tally:
    """Calls made under one policy: `hits` were answered from the cache, `misses` by a model and then kept if sound."""

    hits: int = 0
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Answering:
    """What holds here. `repeat` and `namespace` are part of the key: calls that differ in them share no answer."""

    policy: Policy = "off"
    repeat: int = 0
    namespace: str = ""
    tally: Tally = field(default_factory=Tally, compare=False)


_here: ContextVar[Answering | None] = ContextVar("assay_answering", default=None)


def answering_here() -> Answering:
    return _here.get() or Answering()


@contextmanager
def answering(
    policy: Policy | None = None, *, repeat: int | None = None, namespace: str | None = None
) -> Iterator[Tally]:
    """Set how model calls inside are answered; what is None stays as it is outside, where the default is "off".

    Args:
        policy: "reuse" takes an answer that was kept and keeps new ones, "refresh" asks anew and keeps, "off" neither.
        repeat: which of several calls with the same request this is.
        namespace: set apart from calls elsewhere; inside another namespace both count.

    Yields:
        The tally of the calls inside; with no policy given, the one from outside.

    Raises:
        ConfigurationError: there is no such policy.
    """
    if policy is not None and policy not in POLICIES:
        raise ConfigurationError(f"The answer cache knows {', '.join(POLICIES)}, not {policy!r}.")
    outside = answering_here()
    inside = replace(
        outside,
        policy=policy or outside.policy,
        repeat=outside.repeat if repeat is None else repeat,
        namespace="/".join(part for part in (outside.namespace, namespace) if part),
        tally=Tally() if policy else outside.tally,
    )
    token = _here.set(inside)
    try:
        yield inside.tally
    finally:
        _here.reset(token)
