"""What a scorer is, and `@scorer`, which makes one of a function."""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload, runtime_checkable

if TYPE_CHECKING:
    from assay.evaluation.summary import Direction
    from assay.scores import ScoreValue

F = TypeVar("F", bound=Callable[..., Any])


@runtime_checkable
class Scorer(Protocol):
    """Judges one result. Any callable will do; this is what is looked at.

    Called once per row whose task succeeded, with the arguments it names: input, output, expected, metadata, context
    (what was retrieved: the field of that name in the output or the metadata), item (the whole `Item`) and trace (the
    row's `Trace`). An async scorer runs on the event loop, a sync one in a thread, several rows at a time. It must not
    change what it is given. It returns a bool, a number, a label, a `Score`, or a dict or list of them; None means "not
    applicable". What it raises is recorded as `scorer_error`: it never counts as a value.

    Optional attributes, read once: `name` (else the function's name, or the class's in snake_case), `direction`
    ("higher" or "lower" is better), `range` (least and greatest value), `source` ("code", "llm" or "human"), `version`
    (else a hash of the source), `parameters` (else the fields of a dataclass), `needs_expected` (true: rows without an
    expected value are not applicable), `needs_trace` (false: the trace is not fetched although an argument of that
    name, with a default, would take it). `level = "run"` makes it a `RunScorer`. `prepare()`, sync or async, is called
    once before the first row; the mapping it returns is recorded with the experiment. A value outside `range` is
    recorded as invalid and never averaged.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One row as scorers of the whole run see it: its task succeeded, and it has been scored by the others."""

    item_id: str
    repeat: int = 0
    input: Any = None
    output: Any = None
    expected: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cluster: str | None = None
    trace_id: str | None = None
    scores: Mapping[str, ScoreValue] = field(default_factory=dict)  # of the row, by name; only those that have a value


class RunScorer(Protocol):
    """Judges a run as a whole, for what is no mean over rows (corpus BLEU, a confusion matrix).

    It has `level = "run"` and every optional attribute of a `Scorer`. Called once, after the last row, in a thread or
    on the event loop, with the rows whose task succeeded (and which have an expected value, where `needs_expected` is
    true), in the order of the items. It returns what a scorer returns; it must not change the rows.

    Two keys of a `Score`'s metadata mean something: `interval`, {"low", "high", "method"}, if it knows one (with
    `bootstrap = True` it is called again on resampled items, and the interval is the percentiles'), and `artifact`, a
    picture of the run: {"kind": "confusion_matrix", "labels": [...], "counts": [[...]]} or {"kind": "curve", "title",
    "x_label", "y_label", "x": [...], "y": [...], "area"}.
    """

    def __call__(self, rows: Sequence[RunRow], /) -> Any: ...


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
    return snake_case(type(target).__name__)


def snake_case(name: str) -> str:
    """ExactMatch -> exact_match, TokenF1 -> token_f1."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


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
