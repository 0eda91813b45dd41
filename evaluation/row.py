"""One row: the task on one item inside a trace of its own, then every scorer on what came out. Failures are data."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assay.errors import AssayError, ScorerError
from assay.evaluation.binding import is_async
from assay.evaluation.data.dataset import Item
from assay.evaluation.journal import Key, Row, is_exact, key_of
from assay.evaluation.models import answer_of
from assay.evaluation.plain import plain
from assay.evaluation.prepared_scorers import PreparedScorer
from assay.evaluation.rates import current_row
from assay.evaluation.retrieved import context_of
from assay.evaluation.scoring import Judged, NoTrace, run_quick_scorers, run_scorer, timeout_of
from assay.evaluation.threads import Threads
from assay.evaluation.usage import Usage, UsageMeter
from assay.tracing import context, flush, get_trace, start_span
from assay.tracing.experiment import experiment_row
from assay.tracing.serialise import describe_error, error_type

QUICK_S = 0.002  # a scorer that takes less shares a thread with others
SLOW_AGAIN_S = 0.1  # until together they take this long: then each is asked alone again


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of the task on one item."""

    status: str = "ok"  # ok, task_error or timeout
    output: Any = None
    error: str | None = None
    error_type: str | None = None
    exception: BaseException | None = None
    trace_id: str | None = None
    started_at: str | None = field(default_factory=lambda: datetime.now(UTC).isoformat().replace("+00:00", "Z"))
    duration_ms: float | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Begun:
    """A row whose task is done and not all of its scorers: what was paid for is not paid for again."""

    row: Row
    scores: Mapping[str, list[dict[str, Any]]] = field(
        default_factory=dict
    )  # by scorer: those that are not asked again

    def outcome(self) -> Outcome:
        row = self.row
        usage = Usage(
            input_tokens=row.get("input_tokens"), output_tokens=row.get("output_tokens"), cost_usd=row.get("cost_usd")
        )
        return Outcome(
            output=row.get("output"),
            trace_id=row.get("trace_id"),
            started_at=row.get("started_at"),
            duration_ms=row.get("duration_ms"),
            usage=usage,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A row as it is stored, and what is known of it besides."""

    row: Row
    usage: Usage  # of the task
    raised: Sequence[BaseException] = ()  # by the task, or by scorers


@dataclass(slots=True, kw_only=True)
class RowRunner:
    """Runs the rows of one experiment. It has no state but that of its parts, so rows may run in any order and
    number.

    `task_done` and `scorer_done` are told of what a row has so far, before it is asked for more: see `Journal`.
    """

    experiment_id: str
    experiment_name: str
    task: Callable[..., Any] | None
    bind: Callable[[Item], tuple[tuple[Any, ...], dict[str, Any]]] | None
    scorers: Sequence[PreparedScorer]
    timeout_s: float | None
    threads: Threads
    meter: UsageMeter
    task_done: Callable[[Row], None]
    scorer_done: Callable[[Key, str, list[dict[str, Any]]], None]
    score_on_error: bool = False
    _quick: set[str] = field(default_factory=set)  # scorers that took no time when last asked alone

    async def run(self, item: Item, repeat: int, begun: Begun | None = None) -> Made:
        """Run what is left of a row: all of it, or the scorers that have not been asked yet."""
        if begun is not None:
            outcome = begun.outcome()
        elif self.task is not None:
            outcome = await self._run_task(item, repeat)
        else:
            outcome = Outcome(output=item.output, trace_id=item.trace_id)
        row = _row(item, repeat, outcome)
        judged: Sequence[Judged] = ()
        if outcome.status == "ok" or self.score_on_error:
            judged = await self._score(item, outcome, row, begun)
        row["scores"] = [score for each in judged for score in each.scores]
        raised = [error for error in (outcome.exception, *(each.error for each in judged)) if error is not None]
        return Made(row=row, usage=outcome.usage, raised=raised)

    async def _run_task(self, item: Item, repeat: int) -> Outcome:
        outcome = Outcome()
        limit: asyncio.Timeout | None = None
        started = time.perf_counter()
        try:
            with (
                experiment_row(self.experiment_id, item.id, repeat),
                start_span(self.experiment_name, kind="task") as span,
            ):
                outcome.trace_id = span.trace_id
                if outcome.trace_id:
                    outcome.usage = self.meter.watch(outcome.trace_id)
                span.set_inputs(item.input)
                async with timeout_of(self.timeout_s) as limit:
                    outcome.output = await self._call(item)
                span.set_outputs(outcome.output)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # somebody stops the run; else it is the task's own doing
            _fail(outcome, "task_error", error)
        except TimeoutError as error:
            expired = limit is not None and limit.expired()
            _fail(outcome, "timeout" if expired else "task_error", error)
            if expired:
                outcome.error = f"the task took longer than {self.timeout_s:g} s"
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # SystemExit too: a task that exits has failed its row, not the evaluation
            _fail(outcome, "task_error", error)
        finally:
            pace = current_row()  # waiting for a rate limit is not the task's slowness
            outcome.duration_ms = (time.perf_counter() - started - (pace.waited_s if pace else 0.0)) * 1000
            if outcome.trace_id:
                self.meter.forget(outcome.trace_id)
        return outcome

    async def _call(self, item: Item) -> Any:
        assert self.task is not None
        assert self.bind is not None
        args, kwargs = self.bind(item)
        if is_async(self.task):
            returned = await self.task(*args, **kwargs)
        else:
            returned = await self.threads.run(_call_and_drain, self.task, *args, **kwargs)
            if inspect.isawaitable(returned):
                returned = await returned
        if inspect.isasyncgen(returned):
            returned = _joined([part async for part in returned])
        return returned

    async def _score(self, item: Item, outcome: Outcome, row: Row, begun: Begun | None) -> Sequence[Judged]:
        """What every scorer says, in the order of the scorers.

        Judges call models, and those are not the task's: their spans are traces of their own, which carry the
        experiment and the item, and in their metadata the trace they judged. So a row's trace holds, and costs, what
        the task did and nothing else.
        """
        values = {
            "input": item.input,
            "output": answer_of(outcome.output),
            "expected": item.expected,
            "metadata": item.metadata,
            "context": context_of(outcome.output, item.metadata),
            "item": item,
        }
        if begun is None and (at_once := self._said_at_once(values)):
            return at_once
        known = begun.scores if begun else {}
        asked = [scorer for scorer in self.scorers if scorer.name not in known]
        if any(scorer.wants("trace") for scorer in asked):
            values["trace"] = await self.threads.run(stored_trace, outcome.trace_id)
        if begun is None and self.task is not None and outcome.status == "ok" and is_exact(outcome.output):
            self.task_done(row)
        said = {name: Judged(scores) for name, scores in known.items()}
        judged = {"judged_trace_id": outcome.trace_id}
        with experiment_row(self.experiment_id, item.id, row["repeat"]), context(metadata=judged):
            for scorer, found in zip(asked, await self._ask(asked, values, key_of(row)), strict=True):
                said[scorer.name] = found
        return [said[scorer.name] for scorer in self.scorers]

    def _said_at_once(self, values: Mapping[str, Any]) -> Sequence[Judged]:
        """What the scorers say where all are quick and come with Assay: those wait for nothing, start no loop and make
        no spans, so they need no thread, and nothing has to be written down before. Empty: they are asked otherwise.
        """
        if not all(s.name in self._quick and s.is_built_in and not s.wants("trace") for s in self.scorers):
            return ()
        started = time.perf_counter()
        said = [judged for judged in run_quick_scorers(self.scorers, values) if judged is not None]
        if time.perf_counter() - started > SLOW_AGAIN_S:
            self._quick.clear()
        return said if len(said) == len(self.scorers) else ()

    async def _ask(self, scorers: Sequence[PreparedScorer], values: Mapping[str, Any], key: Key) -> list[Judged]:
        """What these scorers say, all at once but for the quick ones, which share a thread."""
        said: dict[str, Judged | None] = {}
        if quick := [scorer for scorer in scorers if scorer.name in self._quick]:
            started = time.perf_counter()
            found = await self.threads.run(run_quick_scorers, quick, values)
            said = dict(zip((scorer.name for scorer in quick), found, strict=True))
            if time.perf_counter() - started > SLOW_AGAIN_S:
                self._quick.clear()
        slow = [scorer for scorer in scorers if said.get(scorer.name) is None]
        if len(slow) == 1:
            said[slow[0].name] = await self._ask_one(slow[0], values, key)
        elif slow:
            found = await asyncio.gather(*(self._ask_one(scorer, values, key) for scorer in slow))
            said |= dict(zip((scorer.name for scorer in slow), found, strict=True))
        return [judged for scorer in scorers if (judged := said[scorer.name]) is not None]

    async def _ask_one(self, scorer: PreparedScorer, values: Mapping[str, Any], key: Key) -> Judged:
        judged = await run_scorer(scorer, values, self.threads, self.timeout_s)
        if scorer.source != "code":
            if judged.error is None:
                self.scorer_done(key, scorer.name, judged.scores)
        elif self.timeout_s is None and judged.took_s is not None and judged.took_s < QUICK_S:
            self._quick.add(scorer.name)
        return judged


def unfinished_row(item: Item, repeat: int, status: str, why: str) -> Row:
    """A row that never ran, or did not run to its end: stopped by somebody, or by a budget."""
    outcome = Outcome(status=status, error=why, trace_id=None)
    return {**_row(item, repeat, outcome), "started_at": None, "scores": []}


def _row(item: Item, repeat: int, outcome: Outcome) -> Row:
    """The task's part of a row, as it is stored."""
    return {
        "item_id": item.id,
        "repeat": repeat,
        "status": outcome.status,
        "input": plain(item.input),
        "expected": plain(item.expected),
        "output": plain(outcome.output),
        "error": outcome.error,
        "error_type": outcome.error_type,
        "trace_id": outcome.trace_id,
        "cluster": item.cluster,
        "started_at": outcome.started_at,
        "duration_ms": outcome.duration_ms,
        "input_tokens": outcome.usage.input_tokens,
        "output_tokens": outcome.usage.output_tokens,
        "cost_usd": outcome.usage.cost_usd,
    }


def spent(row: Mapping[str, Any], usage: Usage) -> tuple[float, set[str]]:
    """Dollars that a row cost, task and judges, and the models whose price is unknown."""
    unknown = set(usage.unpriced)
    total = usage.cost_usd or 0.0
    for score in row["scores"]:
        if (score["metadata"] or {}).get("calls"):
            cost = score["metadata"].get("cost_usd")
            total += cost or 0.0
            if cost is None:
                unknown.add(str(score["metadata"].get("response_model") or score["metadata"].get("model")))
    return total, unknown


def _fail(outcome: Outcome, status: str, error: BaseException) -> None:
    outcome.status = status
    outcome.error = describe_error(error)
    outcome.error_type = error_type(error)
    outcome.exception = error


def _call_and_drain(task: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a task in its thread; one that yields has to be listened to there, to the end."""
    returned = task(*args, **kwargs)
    return _joined(list(returned)) if inspect.isgenerator(returned) else returned


def _joined(parts: list[Any]) -> Any:
    """What a stream comes to: its texts joined, else its parts."""
    return "".join(parts) if parts and all(isinstance(part, str) for part in parts) else parts


def stored_trace(trace_id: str | None) -> Any:
    """The row's trace as the collector has it, with the task's last span in it; a ScorerError for those who want it."""
    if trace_id is None:
        return NoTrace("there is no trace: tracing is off", hint="Set ASSAY_TRACING=true.")
    flush()
    try:
        return get_trace(trace_id)
    except AssayError as error:
        return ScorerError(f"the row's trace cannot be had: {error}")
