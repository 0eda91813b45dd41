"""What a test of answers says: which data it runs over, and how an answer is checked."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.data.items import Item
from assay.evaluation.plain import plain
from assay.evaluation.prepared_scorers import PreparedScorer, prepare_scorers
from assay.evaluation.retrieved import context_of
from assay.evaluation.row import stored_trace
from assay.evaluation.scoring import run_scorer
from assay.evaluation.threads import Threads
from assay.tracing import current_trace_id

F = TypeVar("F", bound=Callable[..., Any])
FAILED = ("scorer_error", "invalid")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the scorers said of one answer."""

    scores: Sequence[Mapping[str, Any]]
    missed: Sequence[str]  # each in words; empty: the answer is as it should be


def dataset(data: Any, *, repeats: int | None = None, id: str = "id", cluster: str | None = None) -> Callable[[F], F]:
    """Run a test once for every item of a data set, which it takes as its argument `item`.

    @assay.dataset("qa.jsonl")
    def test_answers(item):
        assay.check(item, output=answer(**item.input), scorers=["exact_match"])

    Each is a test of its own, named after the item; repeats are tests too. All rows of a test function are one
    experiment. The same as the marker ``pytest.mark.assay(data, ...)``.

    Args:
        data: what `evaluate` takes as data. A file is looked for beside the test, then in pytest's root directory.
        repeats: times each item is tested; --assay-repeats goes before it.
        id, cluster: fields of the data; see `evaluate`.
    """
    import pytest

    def marked(test: F) -> F:
        return pytest.mark.assay(data, repeats=repeats, id=id, cluster=cluster)(test)  # type: ignore[no-any-return]

    return marked


def check(
    item: Item | Any = None, *, output: Any, scorers: Any, threshold: float | Mapping[str, float] | None = None
) -> Checked:
    """Score an answer, and fail the test if a score is wrong, or misses its threshold.

    A right-or-wrong score must be right. A number must reach its threshold (for scorers of which less is better: must
    not go over it); without one it is recorded only, as labels are. In a test of `@assay.dataset` everything is
    recorded as a row of its experiment.

    Args:
        item: the test's item, or the input alone where there is none.
        threshold: for all scorers that give numbers, or by scorer.

    Raises:
        AssertionError: a score is not as it should be; the message says which, and why.
        ScorerError: a scorer failed: then nobody knows what the answer is worth.
        ConfigurationError: a scorer cannot be used here.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    item = item if isinstance(item, Item) else Item(id="", input=item)
    prepared = prepare_scorers(scorers, [item], has_task=True)
    if of_the_run := [scorer.name for scorer in prepared if scorer.level == "run"]:
        raise ConfigurationError(f"{of_the_run[0]} looks at a whole run, not at one answer.", hint="Use evaluate().")
    thresholds = _thresholds(threshold, prepared)
    scores = _run(_score(prepared, item, output))
    checked = Checked(scores, [word for score in scores if (word := _missed(score, prepared, thresholds))])
    from assay.evaluation.pytest_plugin.rows import current_row

    if (row := current_row()) is not None:
        row.add(output, checked, prepared)
    if broken := [score for score in scores if score["status"] in FAILED]:
        raise ScorerError("; ".join(f"{score['name']}: {score['error']}" for score in broken))
    if checked.missed:
        raise AssertionError("; ".join(checked.missed))
    return checked


async def _score(scorers: Sequence[PreparedScorer], item: Item, output: Any) -> list[dict[str, Any]]:
    threads = Threads()
    try:
        values = {
            "input": item.input,
            "output": output,
            "expected": item.expected,
            "metadata": item.metadata,
            "context": context_of(output, item.metadata),
            "item": item,
        }
        if any(scorer.wants("trace") for scorer in scorers):
            values["trace"] = await threads.run(stored_trace, current_trace_id())
        found = await asyncio.gather(*(run_scorer(scorer, values, threads, None) for scorer in scorers))
        return [score for judged in found for score in judged.scores]
    finally:
        threads.close()


def _thresholds(threshold: Any, scorers: Sequence[PreparedScorer]) -> Mapping[str, float]:
    names = [scorer.name for scorer in scorers]
    if threshold is None:
        return {}
    if not isinstance(threshold, Mapping):
        return dict.fromkeys(names, float(threshold))
    if unknown := [name for name in threshold if name.partition("/")[0] not in names]:
        raise ConfigurationError(f"threshold= names {unknown[0]!r}, which is none of the scorers: {', '.join(names)}.")
    return threshold


def _missed(score: Mapping[str, Any], scorers: Sequence[PreparedScorer], thresholds: Mapping[str, float]) -> str | None:
    """What is wrong with a score, in words; None if it is as it should be."""
    if score["status"] != "scored":
        return None
    name, value = score["name"], score["value"]
    scorer = next(scorer for scorer in scorers if scorer.name == name.partition("/")[0])
    why = f" ({score['explanation']})" if score["explanation"] else ""
    bound = thresholds.get(name, thresholds.get(scorer.name))
    if isinstance(value, bool):
        wanted = scorer.direction == "higher"
        return None if value is wanted else f"{name} is {value}{why}"
    if bound is None or isinstance(value, str):
        return None
    if scorer.direction == "higher":
        return None if value >= bound else f"{name} is {value:.4g}, under {bound:g}{why}"
    return None if value <= bound else f"{name} is {value:.4g}, over {bound:g}{why}"


def _run(coroutine: Coroutine[Any, Any, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Await in a thread of its own: a test may be on an event loop itself."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(context.run, asyncio.run, coroutine).result()


def plain_scores(scores: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(plain(score)) for score in scores]
