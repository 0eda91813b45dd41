"""Token counts as DESIGN wants them: input includes what a cache read and wrote, output includes reasoning, the total
is their sum. Pure.

Most instrumentations count so. Where a provider's own counts exclude the cache (Anthropic, Bedrock) or the reasoning
(Gemini) and an instrumentation passes them on as they are, it shows: a part larger than its whole, or a total that only
fits with the parts added. Where it need not show, a table knows the instrumentation.
"""

from __future__ import annotations

from dataclasses import dataclass

# instrumentation scope -> the providers whose counts it passes on without the cached tokens; None stands for all
WITHOUT_CACHED: dict[str, frozenset[str] | None] = {
    "openlit": frozenset({"anthropic", "aws.bedrock"}),
    "opentelemetry.instrumentation.bedrock": None,
}
SCOPES_WITHOUT_CACHED = tuple(WITHOUT_CACHED)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Totals; None is unknown."""

    input: int | None
    output: int | None
    total: int | None


def totals(
    *,
    input: int | None,
    output: int | None,
    total: int | None,
    cached: int = 0,
    reasoning: int = 0,
    input_excludes_cached: bool = False,
) -> Tokens:
    """Counts as a sender gave them -> counts that include their parts and add up.

    Args:
        total: as reported; it only helps to tell what the others mean, and stands where they are unknown.
        cached: read from and written to a cache, together.
        input_excludes_cached: known of this sender.
    """
    if cached or reasoning:
        missing = _missing(input, output, total, cached, reasoning, input_excludes_cached)
        input = None if input is None else input + missing[0]
        output = None if output is None else output + missing[1]
    if input is None and output is None:
        return Tokens(None, None, total)
    if input is None or output is None:  # an embedding has no output; of a call with one side unknown the sum is too
        known = (input or 0) + (output or 0)
        return Tokens(input, output, max(known, total) if total is not None else known)
    return Tokens(input, output, input + output)


def _missing(
    input: int | None, output: int | None, total: int | None, cached: int, reasoning: int, excludes_cached: bool
) -> tuple[int, int]:
    """What has to be added to input and output."""
    least_input = cached if input is not None and (excludes_cached or input < cached) else 0
    least_output = reasoning if output is not None and output < reasoning else 0
    if input is not None and output is not None and total is not None and not excludes_cached:
        for more_input in dict.fromkeys((least_input, cached)):
            for more_output in dict.fromkeys((least_output, reasoning)):
                if input + more_input + output + more_output == total:
                    return more_input, more_output
    return least_input, least_output


def excludes_cached(scope: str, provider: str | None) -> bool:
    """Whether this sender's input counts exclude cached tokens."""
    if not scope.startswith(SCOPES_WITHOUT_CACHED):
        return False
    providers = next(known for prefix, known in WITHOUT_CACHED.items() if scope.startswith(prefix))
    return providers is None or provider in providers
