"""What a scorer is, and `@scorer`, which makes one of a function."""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload, runtime_checkable

from assay.evaluation.summary import Direction

F = TypeVar("F", bound=Callable[..., Any])


@runtime_checkable
class Scorer(Protocol):
    """Judges one result. Any callable will do; this is what is looked at.

    Called once per row whose task succeeded, with the arguments it names: input, output, expected, metadata, item
    (the whole `Item`) and trace (the row's `Trace`). An async scorer runs on the event loop, a sync one in a thread,
    several rows at a time. It must not change what it is given. It returns a bool, a number, a label, a `Score`, or a
    dict or list of them; None means "not applicable". What it raises is recorded as `scorer_error`: it never counts
    as a value.

    Optional attributes, read once: `name` (else the function's name, or the class's in snake_case), `direction`
    ("higher" or "lower" is better), `range` (least and greatest value), `source` ("code", "llm" or "human"), `version`
    (else a hash of the source), `parameters` (else the fields of a dataclass).
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


@overload
def scorer(function: F, /) -> F: ...


@overload
def scorer(
    *, name: str | None = None, direction: Direction = "higher", range: tuple[float, float] | None = None
) -> Callable[[F], F]: ...


def scorer(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    direction: Direction = "higher",
    range: tuple[float, float] | None = None,
) -> Any:
    """Declare a function as a scorer. It stays what it is: call it, test it, decorate it further.

    @scorer(direction="lower")
    def words(output):
        return len(output.split())

    Args:
        name: of its scores; the function's own if not given.
        direction: which way is better; comparisons need to know.
        range: least and greatest value it can give; lets the summary bound what failed rows could have changed.
    """

    def declare(target: Any) -> Any:
        target.name = name or target.__name__
        target.direction = direction
        target.range = range
        return target

    return declare if function is None else declare(function)


def scorer_name(target: Any) -> str:
    """`name`, else the function's name, else the class's in snake_case."""
    if isinstance(name := getattr(target, "name", None), str) and name:
        return name
    while isinstance(target, functools.partial):
        target = target.func
    if function_name := getattr(target, "__name__", None):
        return str(function_name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(target).__name__).lower()


def source_hash(target: Any) -> str | None:
    """A fingerprint of the source text of a function or of an object's class; None where the text cannot be had."""
    while isinstance(target, functools.partial):
        target = target.func
    described = inspect.unwrap(target) if inspect.isroutine(target) or inspect.isclass(target) else type(target)
    try:
        text = inspect.getsource(described)
    except (OSError, TypeError):  # a builtin, or typed at a prompt
        return None
    return hashlib.sha256(text.encode()).hexdigest()[:16]
