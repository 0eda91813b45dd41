"""What a model call cost, by the price list of `genai-prices`. Unknown is None, never 0.

The collector prices every span, evaluations the rows under way. The list is loaded when the first price is asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

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
    for model in models:
        if model and (cost := _cost(provider, model, at // NANOSECONDS_PER_DAY, usage)) is not None:
            return cost
    return None


@lru_cache(maxsize=65_536)
def _cost(provider: str | None, model: str, day: int, usage: tuple[int, int, int, int]) -> float | None:
    try:
        from genai_prices import Usage, calc_price
    except ImportError:  # neither the server nor the eval extra is installed: no price is known
        return None
    provider_id, model_ref = _names(provider, model)
    input_tokens, output_tokens, cache_read, cache_write = usage
    try:
        price = calc_price(
            Usage(
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                cache_read_tokens=cache_read,
                cache_write_tokens=cache_write,
            ),
            model_ref=model_ref,
            provider_id=provider_id,
            genai_request_timestamp=datetime.fromtimestamp(day * 86_400, UTC),
        )
    except (LookupError, ValueError, OverflowError):
        return None  # not in the list, or counts that contradict each other
    return float(price.total_price)


def _names(provider: str | None, model: str) -> tuple[str | None, str]:
    """Provider and model in the price list's words; a LiteLLM-style `openai/gpt-4o` says both at once."""
    prefix, slash, rest = model.partition("/")
    if slash and provider is None:
        return PROVIDERS.get(prefix, prefix), rest
    return (PROVIDERS.get(provider, provider) if provider else None), model
