"""One scorer on one row: from whatever it returns or raises to scores as they are stored. Nothing escapes."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.errors import AssayError, ConfigurationError, ScorerError
from assay.evaluation.binding import is_async, scorer_arguments
from assay.evaluation.dataset import ALIASES, Item
from assay.evaluation.plain import plain
from assay.evaluation.scorers import BUILT_IN
from assay.evaluation.scorers.by_name import scorer_by_name
from assay.evaluation.scorers.protocol import scorer_name, source_hash
from assay.evaluation.summary import Direction
from assay.evaluation.threads import Threads
from assay.scores import Score
from assay.tracing.serialise import describe_error

SOURCES = ("code", "llm", "human")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedScorer:
    """A scorer with everything about it that does not change from row to row."""

    name: str
    function: Callable[..., Any]
    arguments: Mapping[str, str]  # parameter -> field of the row
    is_async: bool
    source: str
    direction: Direction
    range: tuple[float, float] | None
    version: str | None
    parameters: Mapping[str, Any]

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
        }


def prepare_scorers(scorers: Any, items: Sequence[Item], *, has_task: bool) -> list[PreparedScorer]:
    """Look at every scorer before anything runs.

    Raises:
        ConfigurationError: one cannot be called, two share a name, or one needs what the data or the run do not have.
    """
    given = [scorers] if callable(scorers) or isinstance(scorers, str) else list(scorers or ())
    if not given:
        raise ConfigurationError("An evaluation needs a scorer.", hint="E.g. scorers=[assay.scorers.ExactMatch()]")
    prepared = [_prepare(scorer) for scorer in given]
    names = [scorer.name for scorer in prepared]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigurationError(f"Two scorers are called {twice!r}.", hint="Give one another name: name=...")
    for scorer in prepared:
        if scorer.wants("trace") and not has_task:
            raise ConfigurationError(f"Scorer {scorer.name!r} asks for the trace, and without a task there is none.")
        if _needs_expected(scorer) and all(item.expected is None for item in items):
            raise ConfigurationError(
                f"Scorer {scorer.name!r} needs an expected value, and no item has one.",
                hint=f"It is read from: {', '.join(ALIASES['expected'])}.",
            )
    return prepared


def _prepare(scorer: Any) -> PreparedScorer:
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
    return PreparedScorer(
        name=name,
        function=scorer,
        arguments=_arguments(name, scorer),
        is_async=is_async(scorer),
        source=source if (source := getattr(scorer, "source", "code")) in SOURCES else "code",
        direction=direction,
        range=getattr(scorer, "range", None),
        version=getattr(scorer, "version", None) or source_hash(scorer),
        parameters=_parameters(scorer),
    )


def _arguments(name: str, scorer: Any) -> Mapping[str, str]:
    """A trace costs a request to the collector: a scorer that can take one says whether it needs it."""
    arguments = scorer_arguments(name, scorer)
    if getattr(scorer, "needs_trace", True):
        return arguments
    return {parameter: field for parameter, field in arguments.items() if field != "trace"}


def _parameters(scorer: Any) -> Mapping[str, Any]:
    if isinstance(given := getattr(scorer, "parameters", None), Mapping):
        return given
    if dataclasses.is_dataclass(scorer):
        return {field.name: getattr(scorer, field.name) for field in dataclasses.fields(scorer) if field.name != "name"}
    return {}


def _needs_expected(scorer: PreparedScorer) -> bool:
    if getattr(scorer.function, "needs_expected", False):
        return True
    parameters = inspect.signature(scorer.function).parameters
    return any(
        field == "expected" and parameters[name].default is inspect.Parameter.empty
        for name, field in scorer.arguments.items()
        if name in parameters
    )


async def run_scorer(
    scorer: PreparedScorer, row: Mapping[str, Any], threads: Threads, timeout_s: float | None
) -> list[dict[str, Any]]:
    """Call a scorer on one row's fields; its scores, or the one that says why there is none."""
    arguments = {parameter: row[field] for parameter, field in scorer.arguments.items()}
    limit = asyncio.timeout(timeout_s)
    try:
        if missing := next((value for value in arguments.values() if isinstance(value, ScorerError)), None):
            raise missing  # a field that could not be had
        async with limit:
            if scorer.is_async:
                returned = await scorer.function(**arguments)
            else:
                returned = await threads.run(scorer.function, **arguments)
                if inspect.isawaitable(returned):
                    returned = await returned
        return as_scores(scorer.name, returned, scorer.source)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # somebody stops the run; else it is the scorer's own doing
        return [_failure(scorer, describe_error(error), {})]
    except TimeoutError as error:
        message = f"it took longer than {timeout_s:g} s" if limit.expired() else describe_error(error)
        return [_failure(scorer, message, {})]
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # SystemExit too: a scorer that exits has failed its score, not the evaluation
        metadata = error.metadata if isinstance(error, ScorerError) else {}
        # ours say all there is to say; of others the type is half of it
        message = str(error) if isinstance(error, AssayError) else describe_error(error)
        return [_failure(scorer, message, metadata)]


def as_scores(name: str, returned: Any, source: str) -> list[dict[str, Any]]:
    """What a scorer returned as stored scores. One value goes by the scorer's name, several by "scorer/key".

    Raises:
        ScorerError: it returned something that is no score; the message says what would be.
    """
    if isinstance(returned, Mapping):
        if not returned:
            raise ScorerError(f"Scorer {name!r} returned an empty dict.", hint='None says "not applicable".')
        return [_score(f"{name}/{key}", value, source) for key, value in returned.items()]
    if isinstance(returned, Iterable) and not isinstance(returned, str | bytes) and not hasattr(returned, "dtype"):
        scores = list(returned)
        if not scores or not all(isinstance(score, Score) for score in scores):
            raise ScorerError(f"Scorer {name!r} returned a list of something else than Scores: {str(returned)[:100]}")
        if len({score.name for score in scores}) < len(scores):
            raise ScorerError(f"Scorer {name!r} returned two Scores of the same name.")
        return [_score(f"{name}/{score.name}", score, source) for score in scores]
    if isinstance(returned, Score) and returned.name != name:
        return [_score(f"{name}/{returned.name}", returned, source)]
    return [_score(name, returned, source)]


def _score(name: str, returned: Any, source: str) -> dict[str, Any]:
    score = returned if isinstance(returned, Score) else None
    value = _value(name, score.value if score else returned)
    return {
        "name": name,
        "value": value,
        "explanation": score.explanation if score else None,
        "error": None,
        "status": "not_applicable" if value is None else "scored",
        "source": score.source if score and score.source != "code" else source,
        "metadata": plain(score.metadata) if score else {},
    }


def _value(name: str, value: Any) -> bool | int | float | str | None:
    if hasattr(value, "dtype") and callable(item := getattr(value, "item", None)):  # numpy's scalars
        value = item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ScorerError(f"Scorer {name!r} returned {value}, which is no score.", hint="None: not applicable.")
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, str):
        return str(value)
    raise ScorerError(
        f"Scorer {name!r} returned {type(value).__name__}: {str(value)[:100]}",
        hint="It may return a bool, a number, a text, a Score, a dict or list of them, or None.",
    )


def _failure(scorer: PreparedScorer, message: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": scorer.name,
        "value": None,
        "explanation": None,
        "error": message,
        "status": "scorer_error",
        "source": scorer.source,
        "metadata": plain(metadata),
    }
