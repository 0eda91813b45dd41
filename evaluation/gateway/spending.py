"""Model calls inside of an evaluation with a budget: room is set aside before each, what it took is booked after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from assay.errors import GatewayError
from assay.evaluation.budget import NOTHING, Use, spending_on
from assay.evaluation.gateway.protocol import Answer, Completion


async def booked(ask: Callable[[], Awaitable[Answer]], *, expected: Callable[[], Use]) -> Answer:
    """What `ask` gets, paid from the budget of the row that asks; without one, just that.

    Raises:
        GatewayError: the budget has no room for it.
        ConfigurationError: the price is unknown, and the limits say that this matters.
    """
    row = spending_on()
    if row is None:
        return await ask()
    held = row.reserve(expected())
    if held is None:
        raise GatewayError(
            "A model was not asked: the run's budget has no room left for the call.",
            hint="Resume the run with higher limits.",
        )
    used = NOTHING
    try:
        answer = await ask()
        used = _used(answer)
        return answer
    finally:
        held.settle(used)


def _used(answer: Answer) -> Use:
    output = answer.output_tokens if isinstance(answer, Completion) else None
    return Use(cost_usd=answer.cost_usd, tokens=(answer.input_tokens or 0) + (output or 0), calls=1)
