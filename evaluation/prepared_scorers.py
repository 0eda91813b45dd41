"""Scorers before the first row: what there is to know of each, and whether it fits the data and the task."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.errors import ConfigurationError
from assay.evaluation.binding import is_async, scorer_arguments
from assay.evaluation.data.dataset import ALIASES, Item
from assay.evaluation.plain import plain
from assay.evaluation.scorers import BUILT_IN
from assay.evaluation.scorers.by_name import scorer_by_name
from assay.evaluation.scorers.protocol import scorer_name, source_hash
from assay.evaluation.summary import Direction
from assay.evaluation.threads import Threads

SOURCES = ("code", "llm", "human")
LEVELS = ("row", "run")
# What result.rows has beside the scores
ROW_COLUMNS = (
    "id",
    "repeat",
    "status",
    "input",
    "expected",
    "output",
    "error",
    "trace_id",
    "tokens",
    "cost_usd",
    "duration_ms",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedScorer:
    """A scorer with everything about it that does not change from row to row."""

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, str]  # parameter -> field of the row; empty for scorers of the whole run
    is_async: bool
    source: str
    direction: Direction
    range: tuple[float, float] | None
    version: str | None
    parameters: Mapping[str, Any]
    defined: str | None = None  # where its function or class can be imported from
    level: Literal["row", "run"] = "row"
    needs_expected: bool = False
    declares_expected: bool = False  # it says so itself: rows without an expected value are not applicable
    trace_is_optional: bool = False  # it can do without where a row has none
    bootstrap: bool = False  # of a scorer of the whole run: it may be called again on resampled items

    @property
    def is_built_in(self) -> bool:
        return self.defined is not None and self.defined.startswith("assay.evaluation.")

    def wants(self, field: str) -> bool:
        return field in self.arguments.values()

    def described(self) -> dict[str, Any]:
        """As the experiment records it."""
        return {
            "name": self.name,
            "version": self.version,
            "source": self.source,
            "direction": self.direction,
            "range": list(self.range) if self.range else None,
            "parameters": plain(self.parameters),
            "defined": self.defined,
            **({"level": "run"} if self.level == "run" else {}),
        }


def prepare_scorers(scorers: Any, items: Sequence[Item], *, has_task: bool) -> list[PreparedScorer]:
    """Look at every scorer before anything runs.

    Raises:
        ConfigurationError: one cannot be called, two share a name, or one needs what the data or the run do not have.
    """
    given = [scorers] if callable(scorers) or isinstance(scorers, str) else list(scorers or ())
    if not given:
        raise ConfigurationError("An evaluation needs a scorer.", hint="E.g. scorers=[assay.scorers.ExactMatch()]")
    prepared = [prepare_scorer(scorer) for scorer in given]
    names = [scorer.name for scorer in prepared]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigurationError(f"Two scorers are called {twice!r}.", hint="Give one another name: name=...")
    for scorer in prepared:
        needs_trace = scorer.wants("trace") and not scorer.trace_is_optional
        if needs_trace and not has_task and all(item.trace_id is None for item in items):
            raise ConfigurationError(f"Scorer {scorer.name!r} asks for the trace, and without a task there is none.")
        if scorer.needs_expected and all(item.expected is None for item in items):
            raise ConfigurationError(
                f"Scorer {scorer.name!r} needs an expected value, and no item has one.",
                hint=f"It is read from: {', '.join(ALIASES['expected'])}.",
            )
    return prepared


async def call_prepare(scorers: Sequence[PreparedScorer], threads: Threads) -> list[dict[str, Any]]:
    """Call every scorer's own `prepare`, one after the other; the scorers as they are recorded, with what they said.

    Raises:
        Exception: whatever a scorer raises; nothing has been paid for yet.
    """
    described = [scorer.described() for scorer in scorers]
    for record, scorer in zip(described, scorers, strict=True):
        if not callable(prepare := getattr(scorer.function, "prepare", None)):
            continue
        said = await prepare() if is_async(prepare) else await threads.run(prepare)
        if inspect.isawaitable(said):
            said = await said
        if said is not None:
            record["prepared"] = plain(dict(said))
    return described


def prepare_scorer(scorer: Any) -> PreparedScorer:
    """Look at one scorer.

    Raises:
        ConfigurationError: it cannot be called, or says of itself what cannot be.
    """
    if isinstance(scorer, str):
        scorer = scorer_by_name(scorer, BUILT_IN)
    if inspect.isclass(scorer) or not callable(scorer):
        what = f"{scorer.__name__} is a class" if inspect.isclass(scorer) else f"{scorer!r} cannot be called"
        raise ConfigurationError(f"{what}; a scorer is an object or a function.", hint="E.g. ExactMatch()")
    name = scorer_name(scorer)
    direction: Any = getattr(scorer, "direction", "higher")
    if direction not in ("higher", "lower"):
        raise ConfigurationError(f"Scorer {name!r} has the direction {direction!r}; it is 'higher' or 'lower'.")
    if "/" in name:
        raise ConfigurationError(f"Scorer {name!r} has a slash in its name, which separates a scorer from its keys.")
    if name in ROW_COLUMNS:
        raise ConfigurationError(
            f"Scorer {name!r} has the name of a column of result.rows.", hint="Give it another: name="
        )
    level: Any = getattr(scorer, "level", "row")
    if level not in LEVELS:
        raise ConfigurationError(f"Scorer {name!r} has the level {level!r}; it is 'row' or 'run'.")
    arguments = _run_arguments(name, scorer) if level == "run" else _row_arguments(name, scorer)
    declared = bool(getattr(scorer, "needs_expected", False))
    return PreparedScorer(
        name=name,
        function=scorer,
        arguments=arguments,
        is_async=is_async(scorer),
        source=source if (source := getattr(scorer, "source", "code")) in SOURCES else "code",
        direction=direction,
        range=_range(name, getattr(scorer, "range", None)),
        version=getattr(scorer, "version", None) or source_hash(scorer),
        parameters=_parameters(scorer),
        defined=import_path(scorer, of_class=True),
        level=level,
        needs_expected=declared or _requires_expected(scorer, arguments),
        declares_expected=declared,
        trace_is_optional=bool(getattr(scorer, "trace_is_optional", False)),
        bootstrap=bool(getattr(scorer, "bootstrap", False)),
    )


def import_path(target: Any, *, of_class: bool = False) -> str | None:
    """Where something can be imported from, as "module:name"; with `of_class`, else where its class can be.

    None for what has no such place: a lambda, a function inside another one, a partial.
    """
    for named in (target, type(target)) if of_class else (target,):
        module, name = getattr(named, "__module__", None), getattr(named, "__qualname__", None)
        found: Any = sys.modules.get(module) if isinstance(module, str) else None
        for part in str(name).split("."):
            found = getattr(found, part, None)
        if found is named:
            return f"{module}:{name}"
    return None


def _row_arguments(name: str, scorer: Any) -> Mapping[str, str]:
    """A trace costs a request to the collector: a scorer that can take one says whether it needs it."""
    arguments = scorer_arguments(name, scorer)
    if getattr(scorer, "needs_trace", True):
        return arguments
    return {parameter: field for parameter, field in arguments.items() if field != "trace"}


def _run_arguments(name: str, scorer: Any) -> Mapping[str, str]:
    try:
        inspect.signature(scorer).bind(())
    except TypeError as error:
        raise ConfigurationError(
            f"Scorer {name!r} is one of the whole run and cannot be called with its rows alone ({error})."
        ) from error
    return {}


def _range(name: str, declared: Any) -> tuple[float, float] | None:
    if declared is None:
        return None
    try:
        low, high = (float(end) for end in declared)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if not low <= high:
        raise ConfigurationError(f"Scorer {name!r} has the range {declared!r}; it is (least, greatest) value.")
    return low, high


def _parameters(scorer: Any) -> Mapping[str, Any]:
    if isinstance(given := getattr(scorer, "parameters", None), Mapping):
        return given
    if dataclasses.is_dataclass(scorer):
        return {field.name: getattr(scorer, field.name) for field in dataclasses.fields(scorer) if field.name != "name"}
    return {}


def _requires_expected(scorer: Any, arguments: Mapping[str, str]) -> bool:
    parameters = inspect.signature(scorer).parameters
    return any(
        field == "expected" and parameters[name].default is inspect.Parameter.empty
        for name, field in arguments.items()
        if name in parameters
    )
