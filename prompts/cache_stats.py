"""What a process serves when it loads prompts, and how old that is."""

from __future__ import annotations

from dataclasses import dataclass

from assay.prompts.version import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedPrompt:
    """One reference that this process has loaded, e.g. `prompts:/qa@production`, and the version behind it now."""

    reference: str
    project: str
    version: int
    source: Source
    age_s: float  # since the collector last said so
    is_stale: bool  # that is longer ago than the loads allow
    is_failing: bool  # the last attempt to ask failed


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCacheStats:
    """Loads of this process so far, by what they were served. Nothing is reset but by a new process.

    `from_collector` counts loads that waited for it, all others did not; `stale` those, of any source but a fallback,
    whose version had not been confirmed within the time to live, and `oldest_served_s` the greatest age among them.
    """

    prompts: tuple[CachedPrompt, ...]
    from_collector: int
    from_cache: int
    from_disk: int
    from_fallback: int
    stale: int
    oldest_served_s: float
    refreshes: int  # answers of the collector
    failures: int  # attempts that brought none
    last_error: str | None
