"""`assay.compare_pairwise`: candidates against each other, item by item, by a judge who sees two answers at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from assay.errors import AssayError, ConfigurationError, ScorerError
from assay.evaluation.judges.blocking import wait_for
from assay.evaluation.judges.candidates import Duel, Key, duels, read_candidates
from assay.evaluation.judges.pairwise_preference import PairwisePreference
from assay.evaluation.judges.pairwise_result import JudgedPair, PairwiseComparison, compared

CONCURRENCY = 8
HOPELESS = frozenset({401, 403, 404})  # the key or the model: no other pair would fare better


def compare_pairwise(
    *candidates: Any,
    judge: PairwisePreference | None = None,
    names: Sequence[str] | None = None,
    concurrency: int = CONCURRENCY,
    confidence: float = 0.95,
    seed: int = 0,
) -> PairwiseComparison:
    """Compare what candidates answered to the same items, two at a time and in both orders.

    print(assay.compare_pairwise(result_a, result_b, judge=assay.scorers.PairwisePreference(model="openai/gpt-4o")))

    The judge sees "the first" and "the second" answer and never whose they are. An item is won by the answer that is
    preferred in both orders, and tied otherwise. Repeats of an item count as one. What could not be judged is counted
    and plays no part.

    Args:
        candidates: two or more results of evaluations, or lists of items with outputs; or one dict of them by name.
        judge: `PairwisePreference()` if not given.
        names: of the candidates, for the table; those of the experiments if not given.
        concurrency: pairs judged at the same time.
        seed: of the resampling behind the ratings of three candidates and more.

    Raises:
        ConfigurationError: fewer than two candidates, one without outputs, or two without a common item.
        GatewayError: the key is refused, or there is no such model.
    """
    return wait_for(
        acompare_pairwise(
            *candidates, judge=judge, names=names, concurrency=concurrency, confidence=confidence, seed=seed
        )
    )


async def acompare_pairwise(
    *candidates: Any,
    judge: PairwisePreference | None = None,
    names: Sequence[str] | None = None,
    concurrency: int = CONCURRENCY,
    confidence: float = 0.95,
    seed: int = 0,
) -> PairwiseComparison:
    """`compare_pairwise`, awaited."""
    judge = PairwisePreference() if judge is None else judge
    if not isinstance(judge, PairwisePreference):
        raise ConfigurationError(
            f"{type(judge).__name__} judges one answer at a time.", hint="Give judge=PairwisePreference(...)."
        )
    if concurrency < 1:
        raise ConfigurationError(f"concurrency is a number from 1, not {concurrency}.")
    planned = list(duels(read_candidates(candidates, names)))
    prepared = await asyncio.to_thread(judge.prepare)
    places = asyncio.Semaphore(concurrency)

    async def judged(duel: Duel, key: Key) -> JudgedPair:
        async with places:
            return await _judged(judge, duel, key)

    first, *others = [(duel, key) for duel in planned for key in duel.keys]
    tried = await judged(*first)  # alone: what would fail every pair is told before the rest is asked for
    pairs = [tried, *await asyncio.gather(*(judged(*each) for each in others))]
    problems = [str(prepared["problem"])] if prepared.get("problem") else []
    return compared(planned, pairs, judge=judge.name, problems=problems, confidence=confidence, seed=seed)


async def _judged(judge: PairwisePreference, duel: Duel, key: Key) -> JudgedPair:
    one, other = duel.one.answered[key], duel.other.answered[key]
    about: dict[str, Any] = {
        "one": duel.one.name,
        "other": duel.other.name,
        "item_id": key[0],
        "repeat": key[1],
        "cluster": one.cluster,
    }
    try:
        found = await judge.prefer(one.input, one.output, other.output, one.expected)
    except AssayError as error:
        if getattr(error, "status", None) in HOPELESS:
            raise
        metadata = error.metadata if isinstance(error, ScorerError) else {}
        return JudgedPair(**about, error=str(error), metadata=metadata)
    return JudgedPair(
        **about,
        winner=found.winner,
        order=found.order,
        swapped=found.swapped,
        explanation=found.explanation,
        metadata=found.metadata,
    )
