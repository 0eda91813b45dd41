"""One scorer on one row: from whatever it returns or raises to scores as they are stored. Nothing escapes."""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from assay.errors import AssayError, ScorerError
from assay.evaluation.plain import plain, plain_text
from assay.evaluation.prepared_scorers import PreparedScorer
from assay.evaluation.rates import patient_timeout
from assay.evaluation.threads import Threads
from assay.scores import Score
from assay.tracing.serialise import describe_error


class NoTrace(ScorerError):
    """The row was not traced: there never was a trace to be had."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one scorer said of one row: its scores, or the one that says why there is none, and what it raised."""

    scores: list[dict[str, Any]]
    error: BaseException | None = None
    took_s: float | None = None  # of a sync scorer: how long it had its thread


async def run_scorer(
    scorer: PreparedScorer, row: Mapping[str, Any], threads: Threads, timeout_s: float | None
) -> Judged:
    """Call a scorer on one row's fields."""
    arguments = _arguments(scorer, row)
    if isinstance(arguments, Judged):
        return arguments
    return await call_scorer(scorer, threads, timeout_s, **arguments)


def run_quick_scorers(scorers: Sequence[PreparedScorer], row: Mapping[str, Any]) -> list[Judged | None]:
    """Call scorers that take next to no time one after the other, in a thread: to hand each over to a thread of its own
    would cost more than they do. None for one that must be asked on the event loop after all.
    """
    return [_run_here(scorer, row) for scorer in scorers]


def _run_here(scorer: PreparedScorer, row: Mapping[str, Any]) -> Judged | None:
    arguments = _arguments(scorer, row)
    if isinstance(arguments, Judged):
        return arguments
    try:
        returned = scorer.function(**arguments)
        if inspect.iscoroutine(returned):
            returned.close()
        return None if inspect.isawaitable(returned) else _judged(scorer, returned)
    except BaseException as error:  # SystemExit too: a scorer that exits has failed its score, not the evaluation
        return _failed(scorer, error)


def _arguments(scorer: PreparedScorer, row: Mapping[str, Any]) -> dict[str, Any] | Judged:
    """What to call a scorer with; where there is no use in calling it, what comes of it."""
    if scorer.declares_expected and row["expected"] is None:
        return Judged([_empty(scorer, "not_applicable", explanation="the item has no expected value")])
    arguments = {parameter: row[field] for parameter, field in scorer.arguments.items()}
    for parameter, value in arguments.items():
        if isinstance(value, ScorerError):  # a field that could not be had
            if not (scorer.trace_is_optional and scorer.arguments[parameter] == "trace"):
                return _failed(scorer, value)
            if isinstance(value, NoTrace):
                arguments[parameter] = None  # any other failure is the scorer's to raise, if it comes to need the trace
    return arguments


def timeout_of(seconds: float | None) -> AbstractAsyncContextManager[asyncio.Timeout | None]:
    """A timeout that stands still while a rate is waited for; without a limit there is nothing to set up."""
    return nullcontext() if seconds is None else patient_timeout(seconds)


async def call_scorer(
    scorer: PreparedScorer, threads: Threads, timeout_s: float | None, /, *args: Any, **kwargs: Any
) -> Judged:
    """Call a scorer in its way: a coroutine on the event loop, anything else in a thread. Only whoever stops the run
    gets an exception out of it.
    """
    limit: asyncio.Timeout | None = None
    took_s: float | None = None
    try:
        async with timeout_of(timeout_s) as limit:
            if scorer.is_async:
                returned = await scorer.function(*args, **kwargs)
            else:
                returned, took_s = await threads.run(_timed, scorer.function, *args, **kwargs)
                if inspect.isawaitable(returned):
                    returned, took_s = await returned, None
        return _judged(scorer, returned, took_s)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # somebody stops the run; else it is the scorer's own doing
        return _failed(scorer, error)
    except TimeoutError as error:
        expired = limit is not None and limit.expired()
        return _failed(scorer, error, f"it took longer than {timeout_s:g} s" if expired else None)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # SystemExit too: a scorer that exits has failed its score, not the evaluation
        return _failed(scorer, error)


def _timed(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    returned = function(*args, **kwargs)
    return returned, time.perf_counter() - started


def _judged(scorer: PreparedScorer, returned: Any, took_s: float | None = None) -> Judged:
    scores = as_scores(scorer.name, returned, scorer.source)
    return Judged([within(scorer.range, score) for score in scores] if scorer.range else scores, took_s=took_s)


def within(value_range: tuple[float, float], score: dict[str, Any]) -> dict[str, Any]:
    """The score, or an invalid one in its place: what is outside of the declared range is kept and never averaged."""
    value = score["value"]
    if not isinstance(value, int | float) or value_range[0] <= value <= value_range[1]:
        return score
    error = f"{value!r} is outside of the scorer's range, {value_range[0]:g} to {value_range[1]:g}"
    metadata = {**score["metadata"], "value": value}
    return {**score, "value": None, "status": "invalid", "error": error, "metadata": metadata}


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
            raise ScorerError(
                f"Scorer {name!r} returned a list of something else than Scores: {str(returned)[:100]}",
                hint="Several values have names: return a dict of them, or Scores.",
            )
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
        "name": plain_text(name),
        "value": value,
        "explanation": plain_text(score.explanation) if score and score.explanation is not None else None,
        "error": None,
        "status": "not_applicable" if value is None else "scored",
        "source": score.source if score and score.source != "code" else source,
        "metadata": plain(score.metadata) if score else {},
    }


def _value(name: str, value: Any) -> bool | int | float | str | None:
    if hasattr(value, "dtype") and getattr(value, "size", 1) == 1 and callable(item := getattr(value, "item", None)):
        value = item()  # numpy's scalars
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() > 1023:
        raise ScorerError(f"Scorer {name!r} returned a number of {value.bit_length()} bits, too large for a score.")
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ScorerError(f"Scorer {name!r} returned {value}, which is no score.", hint="None: not applicable.")
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, str):
        return plain_text(value)
    raise ScorerError(
        f"Scorer {name!r} returned {type(value).__name__}: {str(value)[:100]}",
        hint="It may return a bool, an int, a float, a text, a Score, a dict of these, a list of Scores, or None.",
    )


def _failed(scorer: PreparedScorer, error: BaseException, message: str | None = None) -> Judged:
    metadata = error.metadata if isinstance(error, ScorerError) else {}
    # ours say all there is to say; of others the type is half of it
    message = message or (str(error) if isinstance(error, AssayError) else describe_error(error))
    return Judged([_empty(scorer, "scorer_error", error=message, metadata=plain(metadata))], error)


def _empty(scorer: PreparedScorer, status: str, **fields: Any) -> dict[str, Any]:
    """A score without a value."""
    nothing = {"name": scorer.name, "value": None, "explanation": None, "error": None, "status": status}
    return {**nothing, "source": scorer.source, "metadata": {}, **fields}
