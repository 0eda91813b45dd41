"""What a model call cost: by prices of one's own, else by the price list of `genai-prices`. Unknown is None, never 0.

The collector prices every span, evaluations the rows under way. The list is loaded when the first price is asked for.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import ConfigurationError
from assay.own_prices import OwnPrice, read_own_prices
from assay.settings import current_settings

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

logger = logging.getLogger("assay")

# provider as the GenAI conventions spell it -> as the price list does
PROVIDERS = {
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "aws.bedrock": "aws",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "gcp.gen_ai": "google",
    "mistral_ai": "mistral",
    "x_ai": "x-ai",
}
NANOSECONDS_PER_DAY = 86_400 * 10**9
EPOCH = date(1970, 1, 1)

_kept_here: Path | None = None  # own prices that the collector of this process keeps


def cost_usd(
    *,
    provider: str | None,
    models: tuple[str | None, ...],
    at: int,
    input_tokens: int | None,
    output_tokens: int | None,
    cache_read_tokens: int | None,
    cache_write_tokens: int | None,
) -> float | None:
    """Cost in US dollars of one call, at the prices of that day.

    Args:
        models: names to try, best first; a server's own name for a model may be one nobody else knows.
        at: nanoseconds since the epoch.
        input_tokens: cached ones included, as the conventions count.
    """
    if input_tokens is None and output_tokens is None:
        return None
    usage = (input_tokens or 0, output_tokens or 0, cache_read_tokens or 0, cache_write_tokens or 0)
    day = at // NANOSECONDS_PER_DAY
    for cost_of in (_own_cost, _cost) if _own_file() else (_cost,):
        for model in models:
            if model and (cost := cost_of(provider, model, day, usage)) is not None:
                return cost
    return None


def keep_own_prices(path: Path | None) -> None:
    """Read own prices from this file from now on, where the settings name none."""
    global _kept_here
    _kept_here = path
    forget_own_prices()


def _own_file() -> Path | None:
    return current_settings().prices or _kept_here


def forget_own_prices() -> None:
    """Have the file of own prices read again when the next price is asked for."""
    _own_prices.cache_clear()
    _own_price.cache_clear()


def _own_cost(provider: str | None, model: str, day: int, usage: tuple[int, int, int, int]) -> float | None:
    input_tokens, output_tokens, cache_read, cache_write = usage
    uncached = input_tokens - cache_read - cache_write
    path = _own_file()
    tiers = (price.above_input_tokens for price in _own_prices(path) if input_tokens > price.above_input_tokens)
    price = _own_price(path, provider, model, day, max(tiers, default=0))
    if price is None or uncached < 0:
        return None
    return price.cost_usd(input=uncached, output=output_tokens, cache_read=cache_read, cache_write=cache_write)


@lru_cache(maxsize=4096)
def _own_price(path: Path | None, provider: str | None, model: str, day: int, longer_than: int) -> OwnPrice | None:
    at = EPOCH + timedelta(days=day)
    return next((price for price in _own_prices(path) if price.fits(provider, model, at, longer_than)), None)


@lru_cache(maxsize=8)
def _own_prices(path: Path | None) -> tuple[OwnPrice, ...]:
    """A file that cannot be used is told in the log, and the price list alone is used: spans go on being stored."""
    try:
        return read_own_prices(path)
    except ConfigurationError as error:
        logger.error("%s", error)
        return ()


def _cost(provider: str | None, model: str, day: int, usage: tuple[int, int, int, int]) -> float | None:
    input_tokens, output_tokens, cache_read, cache_write = usage
    if cache_read + cache_write > input_tokens:
        return None  # the counts contradict each other
    starts = _tier_starts(provider, model, day)
    if starts is None:
        return None
    start = max((start for start in starts if input_tokens > start), default=0) if len(starts) > 1 else 0
    rates = _rates(provider, model, day, start)
    counts = (input_tokens - cache_read - cache_write, output_tokens, cache_read, cache_write)
    total = Decimal(0)
    for count, rate in zip(counts, rates, strict=True):
        if count:
            if rate is None:
                return None
            total += count * rate
    return float(total)


# The price list answers in 0.3 ms, which is more than all the rest that is done to a span. But what it says is linear
# in the counts, apart from prices that depend on the length of the input: so it is asked once for each model, day and
# tier.


@lru_cache(maxsize=4096)
def _tier_starts(provider: str | None, model: str, day: int) -> tuple[int, ...] | None:
    """From how many input tokens on other prices hold; None when the list does not know the model."""
    found = _calculated(provider, model, day, input_tokens=1)
    if found is None:
        return None
    tiers = (tier for price in vars(found.model_price).values() for tier in getattr(price, "tiers", ()))
    return tuple(sorted({0, *(tier.start for tier in tiers)}))


@lru_cache(maxsize=4096)
def _rates(provider: str | None, model: str, day: int, start: int) -> tuple[Decimal | None, ...]:
    """US dollars per token in a request of more than `start` input tokens: uncached input, output, cache read, cache
    write."""
    size = start + 1

    def price(**counts: int) -> Decimal | None:
        found = _calculated(provider, model, day, input_tokens=size, **counts)
        return None if found is None else found.total_price

    plain, answered = price(), price(output_tokens=size)
    read, written = price(cache_read_tokens=size), price(cache_write_tokens=size)
    answer = None if plain is None or answered is None else answered - plain
    return tuple(None if total is None else total / size for total in (plain, answer, read, written))


def _calculated(provider: str | None, model: str, day: int, **counts: int) -> PriceCalculation | None:
    try:
        from genai_prices import Usage, calc_price
    except ImportError:  # neither the server nor the eval extra is installed: no price is known
        return None
    provider_id, model_ref = _names(provider, model)
    moment = datetime.fromtimestamp(day * 86_400, UTC)
    try:
        return calc_price(Usage(**counts), model_ref=model_ref, provider_id=provider_id, genai_request_timestamp=moment)
    except (LookupError, ValueError, OverflowError):
        return None


def _names(provider: str | None, model: str) -> tuple[str | None, str]:
    """Provider and model in the price list's words; a LiteLLM-style `openai/gpt-4o` says both at once."""
    prefix, slash, rest = model.partition("/")
    if slash and (provider is None or provider == prefix):
        return PROVIDERS.get(prefix, prefix), rest
    return (PROVIDERS.get(provider, provider) if provider else None), model
